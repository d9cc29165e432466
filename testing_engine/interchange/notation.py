"""The notation of a question's content, as readers of other formats write it.

Text goes in as pieces: words, `GAP` and `LINE` between blocks, and notation inside `raw`, which stays.
"""

import re
import unicodedata
from urllib.parse import quote

# Stand for a blank line between blocks, and for a new line, until all is together; never in what is returned.
GAP, LINE = "\ue000", "\ue004"
_BREAKS = re.compile(f"[ \n{GAP}{LINE}]+")
_CLOSED_BY = {"\\(": "\\)", "\\[": "\\]", "$$": "$$"}
_OF_FORMULAS = re.compile(r"\\\\|\\[()\[\]]|\$\$")  # "\\\\" is TeX's new line: "\\\\[2pt]" begins no formula


def media_name(path: str) -> str:
    """A file's name as it can stand in `media:NAME`: without blanks and brackets, which would end it."""
    return quote(unicodedata.normalize("NFC", path), safe="/-_.~")


def plain_text(text: str) -> str:
    r"""Plain text as content: dollars and backticks are escaped, formulas kept as in HTML."""
    return escaped(storable(text).replace("\r\n", "\n").replace("\r", "\n")).strip()


_RAW = re.compile("\ue001([^\ue002]*)\ue002")


def raw(notation: str) -> str:
    """What is notation already, so that nothing in it is escaped."""
    return f"\ue001{notation}\ue002"


def joined(pieces: list[str], is_one_line: bool) -> str:
    """The pieces as text: words escaped, blanks at the ends of lines gone, one blank line between blocks."""
    parts: list[str] = []
    kept: list[str] = []  # notation, out of reach of what is done to blanks
    for index, part in enumerate(_RAW.split("".join(pieces))):
        if index % 2:
            kept.append(part)
            parts.append("\ue003")
        else:
            parts.append(escaped(part))
    text = "".join(parts)
    text = _BREAKS.sub(_one_break, text)
    if is_one_line:
        text = text.replace("\n\n", "\n")
    text = "\n".join(line.strip(" \u00a0") for line in text.split("\n"))
    rest = iter(kept)
    return re.sub("\ue003", lambda _: next(rest), text.strip())


def _one_break(found: re.Match[str]) -> str:
    blanks = found[0]
    if GAP in blanks or blanks.count("\n") > 1:
        return "\n\n"
    return "\n" if LINE in blanks or "\n" in blanks else " "


def escaped(text: str) -> str:
    """Dollars and backticks as signs, formulas as formulas; `![a](b)` that somebody wrote is no picture."""
    parts: list[str] = []
    end = 0
    opening: re.Match[str] | None = None
    for sign in _OF_FORMULAS.finditer(text):
        if (
            opening is not None
            and sign[0] == _CLOSED_BY[opening[0]]
            and text[opening.end() : sign.start()].strip()
        ):
            inside = text[opening.end() : sign.start()]
            parts += [_escaped_words(text[end : opening.start()]), _formula(opening[0], inside)]
            end, opening = sign.end(), None
        elif sign[0] in _CLOSED_BY:
            opening = sign
    return "".join([*parts, _escaped_words(text[end:])])


def _formula(opening: str, inside: str) -> str:
    inside = re.sub(f"[\n{GAP}{LINE}]+", " ", inside)
    return f"\\({inside}\\)" if opening == "\\(" else f"\\[{inside}\\]"


def _escaped_words(text: str) -> str:
    escaped = re.sub(r"[$`]", lambda sign: "\\" + sign[0], text)
    return escaped.replace("](", "] (") if "![" in escaped else escaped


def storable(text: str) -> str:
    """Without control characters, halves of surrogate pairs and the signs that this module uses itself."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ue000-\ue004]", "", text)
