"""A file or a pasted text → a table: CSV, a workbook, or columns that blanks hold apart."""

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from testing_engine.interchange.tables import SEPARATORS, TableRefused, number_in, read_table
from testing_engine.interchange.workbooks import is_workbook
from testing_engine.parameter_tables.problems import TableProblem
from testing_engine.parameter_tables.r_output import MISSING, ROW_NAMES, read_printed
from testing_engine.sentences import Sentence, say

MOST_ROWS = 200_000
MOST_COLUMNS = 500
_BLANKS = " "
# Winsteps begins a file with remarks, and the header with the sign of one.
_REMARK = re.compile(r"^[ \t]*;(.*)$")


@dataclass(frozen=True)
class TableRow:
    line: int
    cells: Mapping[str, str]  # by column as it is called in the table


@dataclass(frozen=True)
class ParameterTable:
    """`columns` in order. `separator`: what cannot be in a number. `sha256`: of the bytes as they came."""

    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]
    separator: str
    sha256: str
    passed_over: tuple[str, ...] = ()  # lines that belong to no table

    def number(self, row: TableRow, column: str) -> float | None:
        """The cell's number; None where there is none. Raises `TableProblem` for what is no number."""
        cell = row.cells.get(column, "").strip()
        if cell in MISSING:
            return None
        value = number_in(cell, self.separator)
        if isinstance(value, str) or not math.isfinite(value):
            raise TableProblem(say("{column}: “{cell}” is no number.", column=column, cell=cell[:40]))
        return float(value)

    def is_numeric(self, column: str) -> bool:
        """Whether the column has numbers only, and at least one."""
        cells = [cell for row in self.rows if (cell := row.cells.get(column, "").strip()) not in MISSING]
        return bool(cells) and not any(isinstance(number_in(cell, self.separator), str) for cell in cells)


class TableUnreadable(ValueError):
    """This is no table of parameters; `problems` say why."""

    def __init__(self, problems: tuple[Sentence, ...]) -> None:
        super().__init__(" ".join(map(str, problems)))
        self.problems = problems


def read_parameters(content: bytes) -> ParameterTable:
    """The table in a file, or in a pasted text as UTF-8. Raises `TableUnreadable`."""
    sha256 = hashlib.sha256(content).hexdigest()
    content = _without_remarks(content)
    table = _separated(content, sha256) if _is_separated(content) else _printed(content, sha256)

    if not table.rows:
        raise TableUnreadable((say("There is no row with numbers under a row with names of columns."),))
    if len(table.rows) > MOST_ROWS or len(table.columns) > MOST_COLUMNS:
        raise TableUnreadable(
            (say("At most {rows} rows and {columns} columns.", rows=MOST_ROWS, columns=MOST_COLUMNS),)
        )
    return table


def _without_remarks(content: bytes) -> bytes:
    """Lines that begin with a semicolon are blanked, but for the one that names Winsteps' columns."""
    if not content.lstrip().startswith(b";"):
        return content
    lines = content.decode("utf-8", errors="surrogateescape").splitlines(keepends=True)
    for number, line in enumerate(lines):
        found = _REMARK.match(line.rstrip("\r\n"))
        if found is None:
            break
        is_header = {"ENTRY", "MEASURE"} <= set(re.split(r"[\s,;\t\"]+", found[1].upper()))
        lines[number] = f"{found[1]}\n" if is_header else "\n"
        if is_header:
            break
    return "".join(lines).encode("utf-8", errors="surrogateescape")


def _is_separated(content: bytes) -> bool:
    """By the first line that has a text: in what R prints it names columns, or an element of a list."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or is_workbook(content):
        return True
    for line in re.split(rb"[\r\n]+", content.removeprefix(b"\xef\xbb\xbf")):
        if text := line.strip():
            outside = re.sub(rb'"[^"]*"', b"", text)
            return any(separator.encode() in outside for separator in SEPARATORS)
    return False


def _separated(content: bytes, sha256: str) -> ParameterTable:
    try:
        table = read_table(content, row_names=ROW_NAMES)
    except TableRefused as refused:
        raise TableUnreadable(
            tuple(say("{problem}", problem=problem) for problem in refused.problems)
        ) from refused
    rows = tuple(TableRow(row.line, row.cells) for row in table.rows)
    return ParameterTable(table.header, rows, table.separator, sha256)


def _printed(content: bytes, sha256: str) -> ParameterTable:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableUnreadable((say("This is not UTF-8."),)) from error
    printed = read_printed(text)
    if printed.problems:
        raise TableUnreadable(printed.problems)
    twice = [name for name in dict.fromkeys(printed.header) if printed.header.count(name) > 1]
    if twice:
        raise TableUnreadable(
            tuple(say("The column {column} is there twice.", column=name) for name in twice)
        )
    rows = tuple(TableRow(line, cells) for line, cells in printed.rows)
    return ParameterTable(printed.header, rows, _BLANKS, sha256, printed.passed_over)
