"""Cells of files that people open in spreadsheets: what one would run as a formula is made a text."""

import re
from itertools import pairwise
from typing import Any

# OWASP, "CSV Injection": a cell that begins with one of these, or with a tab or a carriage return, is a
# formula. A spreadsheet whose separator is not the comma (Excel's is the semicolon wherever a comma stands
# before decimals) begins cells in the middle of ours, behind its separator or a line's end; blanks and
# quotation marks may stand between, which some programs leave out. A text that has the apostrophe already
# gets one more, so that two texts stay two.
_SEPARATORS = ";|\t\r\n\v\f\x85\u2028\u2029"
_SIGNS = "=+\\-@＝＋－＠"
# What no formula can begin in: most cells, and every UUID and time.
_SUSPECT = re.compile(rf"""(?:^|["'\s{_SEPARATORS}])[{_SIGNS}]|[\t\r]""")
# All blanks and quotation marks before a sign: found where they begin, so that none is gone over twice.
_BEFORE_SIGN = re.compile(rf"""(?<!["'\s])["'\s]*(?=[{_SIGNS}])""")
_BEFORE_TAB = re.compile(rf"(?:^|[{_SEPARATORS}])(?=[ ']*[\t\r])")


def safe_cell(value: Any) -> Any:
    """A text with an apostrophe before all that could be read as a formula; a number stays a number."""
    if not isinstance(value, str) or not _SUSPECT.search(value):
        return value
    places = sorted({0, len(value), *(beginnings := _beginnings(value))})
    parts = (value[start:end] for start, end in pairwise(places))
    return "".join(
        "'" + part if start in beginnings else part for start, part in zip(places, parts, strict=False)
    )


def unguarded(text: str) -> str:
    """The text that `safe_cell` was given."""
    added = {place for place in _beginnings(text) if text[place] == "'"} if _SUSPECT.search(text) else ()
    return "".join(sign for place, sign in enumerate(text) if place not in added) if added else text


def _beginnings(text: str) -> set[int]:
    """Where in the text a formula could begin, for some spreadsheet."""
    found = {before.end() for before in _BEFORE_TAB.finditer(text)}
    for before in _BEFORE_SIGN.finditer(text):
        start, end = before.span()
        if start == 0:
            found.add(0)
        found.update(at + 1 for at in range(max(start - 1, 0), end) if text[at] in _SEPARATORS)
    return found
