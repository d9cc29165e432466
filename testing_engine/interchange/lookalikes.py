"""Whether two options look the same to a student: then whoever chooses cannot know which one is right.

What is compared is what is shown, not what was typed: blanks that HTML closes up, signs that nobody sees,
letters composed or decomposed, letters of other alphabets with one shape, one formula spelled in two ways.
"""

import re
import unicodedata
from collections.abc import Sequence
from html.parser import HTMLParser

from testing_engine.interchange.names import is_unseen
from testing_engine.rendering import option_html

# Letters and signs that are drawn alike, as Latin ones (a small part of Unicode's confusables, UTS 39).
_CYRILLIC = str.maketrans("АВЕЅІЈКМНОРСТХаеоѕіјрсух", "ABESIJKMHOPCTXaeosijpcyx")
_GREEK = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEZHIKMNOPTYXo")
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2212", "-"),
        **{ligature: unicodedata.normalize("NFKC", ligature) for ligature in "ﬀﬁﬂﬃﬄﬅﬆ"},
        "\u2026": "...",
        "\u037e": ";",
        "\u2215": "/",
        "\u2044": "/",
    }
)
# Upright words and numbers look the same inside a formula and outside it; `mi` is in italics.
_FRAMES = {"math", "p", "span", "div"}
_UPRIGHT = {*_FRAMES, "mrow", "mn", "mo", "mtext", "mstyle", "mpadded"}
_DRAWN = ("class", "linethickness", "mathcolor", "mathvariant")  # attributes that change what is seen
_MARKUP = re.compile(r"[$`\\\n]|!\[")  # a text without any of these is shown as it is


def alike(options: Sequence[str]) -> tuple[int, int] | None:
    """The first two options that look the same, as indices; None where all differ."""
    seen: dict[str, int] = {}
    for index, option in enumerate(options):
        earlier = seen.setdefault(look_of(option), index)
        if earlier != index:
            return earlier, index
    return None


def look_of(option: str) -> str:
    """The same text for any two options that a student cannot tell apart."""
    if not _MARKUP.search(option):
        return _shape(option)
    reader = _Shown()
    reader.feed(option_html(option))
    reader.close()
    return reader.look()


class _Shown(HTMLParser):
    """What is left of HTML when what changes nothing on the screen is gone."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._in_code = 0
        self._open: list[bool] = []  # of each tag that is open, whether it is seen

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "img":  # its words are for who cannot see it
            self._parts.append(f"<img {given.get('src')}>")
        elif tag == "br":
            self._parts.append("<br>")
        else:
            self._in_code += tag == "code"
            drawn = " ".join(f"{name}={given[name]}" for name in _DRAWN if name in given)
            is_seen = tag not in _UPRIGHT or (bool(drawn) and tag not in _FRAMES)
            self._open.append(is_seen)
            if is_seen:
                self._parts.append(f"<{tag} {drawn}>")

    def handle_endtag(self, tag: str) -> None:
        self._in_code -= tag == "code"
        if self._open.pop():
            self._parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self._parts.append(_drawn(data) if self._in_code else _shape(data, is_part=True))

    def look(self) -> str:
        return "".join(self._parts).strip()


def _shape(text: str, *, is_part: bool = False) -> str:
    """Blanks as HTML shows them: one for many. `is_part`: of a longer text, so blanks at the ends stay."""
    closed = re.sub(r"\s+", " ", _drawn(text))
    return closed if is_part else closed.strip()


def _drawn(text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    seen = "".join(
        " " if unicodedata.category(sign) == "Zs" else sign for sign in composed if not is_unseen(sign)
    )
    return seen.translate(_SIGNS).translate(_CYRILLIC).translate(_GREEK)
