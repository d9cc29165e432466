"""Cells of files that people open in spreadsheets: what one would run as a formula is made a text."""

import re
from typing import Any

# OWASP, "CSV Injection": a cell that begins with one of these, or with a tab or a carriage return, is a
# formula. A spreadsheet whose separator is not the comma (Excel's is the semicolon wherever a comma stands
# before decimals) begins cells in the middle of ours, behind its separator or a line's end; blanks and
# quotation marks may stand between, which some programs leave out. A text that has the apostrophe already
# gets one more, so that two texts stay two.
_FORMULA = re.compile(r"""(^|[;|\t\r\n\v\f\x85\u2028\u2029])(?=["'\s]*[=+\-@＝＋－＠]|[ ']*[\t\r])""")


def safe_cell(value: Any) -> Any:
    """A text with an apostrophe before all that could be read as a formula; a number stays a number."""
    return _FORMULA.sub(r"\1'", value) if isinstance(value, str) else value


_GUARDED = re.compile(r"""(^|[;|\t\r\n\v\f\x85\u2028\u2029])'(?=["'\s]*[=+\-@＝＋－＠]|[ ']*[\t\r])""")


def unguarded(text: str) -> str:
    """The text that `safe_cell` was given."""
    return _GUARDED.sub(r"\1", text)
