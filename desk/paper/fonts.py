"""The letters of our PDFs, and which signs they can set right.

The fonts are DejaVu Sans as matplotlib brings them: free, and the same on every machine. They have Latin,
Greek, Cyrillic, Armenian and Georgian letters. They lack Chinese, Japanese, Korean and the scripts of India;
Arabic and Hebrew are in them, but running to the left and joining letters is more than is done here. Such a
text is refused and never drawn as boxes or backwards: a browser's own print can do all of them.
"""

import unicodedata
from functools import lru_cache
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

PLAIN, BOLD, FIXED = "DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono-Bold"
TO_THE_LEFT = ("R", "AL", "AN")  # bidirectional classes
UNSEEN = ("Cc", "Cf")  # general categories: pages draw nothing for them, either
MOST_NAMED = 10


class CannotWrite(Exception):
    """A text has signs that our fonts lack or that we cannot set. `signs`: the first of them."""

    def __init__(self, signs: str, text: str) -> None:
        super().__init__(f"no letters for {signs!r}")
        self.signs, self.text = signs, text


def written(text: object) -> str:
    """The text as one run of words, escaped for a paragraph. Raises `CannotWrite`."""
    return escape(plain(text))


def plain(text: object) -> str:
    """The text as one run of words, as pages show it. Raises `CannotWrite`."""
    one_line = " ".join(unicodedata.normalize("NFC", str(text)).split())
    seen = "".join(sign for sign in one_line if unicodedata.category(sign) not in UNSEEN)
    there = letters()
    lacking = [
        sign
        for sign in dict.fromkeys(seen)
        if ord(sign) not in there or unicodedata.bidirectional(sign) in TO_THE_LEFT
    ]
    if lacking:
        raise CannotWrite("".join(lacking[:MOST_NAMED]), seen)
    return seen


@lru_cache(maxsize=1)
def letters() -> frozenset[int]:
    """The signs that all our fonts have, which are ready from then on."""
    import matplotlib  # takes a moment, and most processes make no PDF

    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    fonts = [TTFont(name, str(folder / f"{name}.ttf")) for name in (PLAIN, BOLD, FIXED)]
    for font in fonts:
        pdfmetrics.registerFont(font)
    plain_font, bold_font, _fixed = fonts  # in the fixed one only codes and addresses of ours are set
    return frozenset(plain_font.face.charToGlyph) & frozenset(bold_font.face.charToGlyph)
