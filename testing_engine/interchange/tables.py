"""Tables as spreadsheets write them, CSV, tabs or workbooks (XLSX) → rows, each with its line. The one reader
of tables.

Nothing is guessed away: what is no table, or has a cell too many, is refused with its line and column, and
a cell holds what was typed. Separators are commas, semicolons or tabs; a row ends with CR, LF or CRLF alone;
rows without any text are passed over, as are columns that have neither a name nor a text.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from testing_engine.interchange.workbooks import WorkbookRefused, is_workbook, sheet_rows
from testing_engine.sentences import Sentence, quoted, say

SEPARATORS = ",;\t"
CALLED = {",": say("comma"), ";": say("semicolon"), "\t": say("tab")}
PROBLEMS_LISTED = 1000
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_SHOWN = 40  # characters of a cell in a message
# Excel's own first line, "sep=;": which separator it shall take.
_SEPARATOR_LINE = re.compile(r"\s*\"?sep=([,;\t])\"?(?:\r\n|\r|\n|$)", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?")


class TableRefused(ValueError):
    """This is no table. `problems`: one sentence each, with line and column."""

    def __init__(self, problems: Sequence[Sentence]) -> None:
        super().__init__(" ".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class Row:
    """One row: the line on which it begins, and its cells by column."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """`header`: the columns in order. `line` is the header's own."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    separator: str
    line: int = 1


def place(line: int, column: str | int | None = None) -> Sentence:
    """Where something is, for a message."""
    return (
        say("Line {line}", line=line)
        if column is None
        else say("Line {line}, column {column}", line=line, column=column)
    )


def read_table(
    content: bytes, *, is_lower_case: bool = False, row_names: str = "", first_line: int = 1
) -> Table:
    """The table that a file holds. Names of columns lose the blanks around them, cells nothing.

    `is_lower_case`: columns may be called in capitals too. `row_names`: what to call a first column that the
    header gives no name or leaves out, as R writes it. `first_line`: which number a text's first line
    has, 0 where a header was put before what people see. Raises `TableRefused` with all that is wrong.
    """
    if is_workbook(content):
        return _of_workbook(content, is_lower_case, row_names)
    text = _decoded(content)
    if announced := _SEPARATOR_LINE.match(text):
        text, first_line = text[announced.end() :], first_line + 1
    separator = announced[1] if announced else _separator_of(text)
    lines = _Lines(text, separator, first_line)
    numbered = iter(lines)
    try:
        line, header = next(numbered, (first_line, []))
        names = _names(header, is_lower_case)
        if row_names:
            first = next(numbered, None)
            numbered = chain([first] if first else [], numbered)
            names = _with_row_names(names, first[1] if first else [], row_names)
        return _table(line, names, numbered, separator)
    except csv.Error as error:
        raise TableRefused(
            [say("{place}: this is no CSV: {problem}.", place=place(lines.line), problem=_in_words(error))]
        ) from error


def _of_workbook(content: bytes, is_lower_case: bool, row_names: str) -> Table:
    """Rows of a sheet have no size: what is missing at a row's end is empty."""
    padded = _padded(content)
    line, header = next(padded, (1, []))
    names = _names(header, is_lower_case)
    return _table(line, _with_row_names(names, [], row_names) if row_names else names, padded, separator="\t")


def _names(header: Sequence[str], is_lower_case: bool) -> list[str]:
    return [name.strip().lower() if is_lower_case else name.strip() for name in header]


def _padded(content: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        rows = sheet_rows(content, place)
    except WorkbookRefused as refused:
        raise TableRefused(refused.problems) from refused
    width = max((len(cells) for _, cells in rows), default=0)
    return ((line, cells + [""] * (width - len(cells))) for line, cells in rows)


@dataclass(frozen=True)
class OpenTable:
    """A table that is read row by row: (line, cells), as many as columns or a sentence about the line."""

    header: tuple[str, ...]
    rows: Iterator[tuple[int, list[str] | Sentence]]
    separator: str


def open_table(content: bytes) -> OpenTable:
    """The same for large files, where a bad row is told and the rest goes on. Raises `TableRefused`."""
    if is_workbook(content):
        numbered, separator = _padded(content), "\t"
    else:
        text = _decoded(content)
        announced = _SEPARATOR_LINE.match(text)
        text = text[announced.end() :] if announced else text
        separator = announced[1] if announced else _separator_of(text)
        numbered = _rows_or_refusal(_Lines(text, separator, 2 if announced else 1))
    line, header = next(numbered, (1, []))
    names = [name.strip() for name in header]
    if twice := _named_twice(names):
        raise TableRefused([say("{place}: it is there twice.", place=place(line, twice[0]))])
    if nameless := [number for number, name in enumerate(names, start=1) if not name and number > 1]:
        raise TableRefused([say("{place}: the column has no name.", place=place(line, nameless[0]))])
    rows = ((at, _size_problem(at, cells, names, separator) or cells) for at, cells in numbered)
    return OpenTable(tuple(names), rows, separator)


def _rows_or_refusal(lines: "_Lines") -> Iterator[tuple[int, list[str]]]:
    try:
        yield from lines
    except csv.Error as error:
        raise TableRefused(
            [say("{place}: this is no CSV: {problem}.", place=place(lines.line), problem=_in_words(error))]
        ) from error


def number_in(cell: str, separator: str) -> float | int | str:
    """The number of a cell. What is none stays a text, for whoever checks it.

    A comma is a decimal one where it does not separate cells: spreadsheets of many countries write so. Digits
    are ASCII; nothing that only Python takes for a number ("1_000", "nan") is one.
    """
    text = cell.strip(" ").replace("\N{MINUS SIGN}", "-")
    if not _NUMBER.fullmatch(text) or ("," in text and separator == ","):
        return cell
    value = float(text.replace(",", "."))
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _with_row_names(names: list[str], first_row: list[str], called: str) -> list[str]:
    if len(first_row) == len(names) + 1:
        return [called, *names]
    return [called, *names[1:]] if names and not names[0] else names


class _Lines:
    """Rows that have a text, with the line on which each begins."""

    def __init__(self, text: str, separator: str, first_line: int) -> None:
        self._reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        self._before = first_line - 1
        self.line = first_line

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        read = 0
        while True:
            self.line = self._before + read + 1
            cells = next(self._reader, None)
            if cells is None:
                return
            read = self._reader.line_num
            if any(cell.strip() for cell in cells):
                yield self.line, cells


def _table(line: int, names: list[str], rows: Iterator[tuple[int, list[str]]], separator: str) -> Table:
    problems = [say("{place}: it is there twice.", place=place(line, name)) for name in _named_twice(names)]
    found: list[Row] = []
    for at, cells in rows:
        wrong = _size_problem(at, cells, names, separator) or _nameless_problem(at, cells, names)
        if wrong:
            problems.append(wrong)
            if len(problems) >= PROBLEMS_LISTED:
                break
        else:
            found.append(Row(at, {name: cell for name, cell in zip(names, cells, strict=True) if name}))
    if problems:
        raise TableRefused(problems)
    return Table(tuple(name for name in names if name), tuple(found), separator, line)


def _named_twice(names: Sequence[str]) -> list[str]:
    """In one pass: a header may have a million columns before somebody counts them."""
    return [name for name, times in Counter(names).items() if times > 1 and name]


def _size_problem(line: int, cells: list[str], names: list[str], separator: str) -> Sentence | None:
    if len(cells) == len(names):
        return None
    if len(cells) == 1:
        said = say("it has 1 cell, the header has {wanted}", wanted=len(names))
    else:
        said = say("it has {cells} cells, the header has {wanted}", cells=len(cells), wanted=len(names))
    if len(cells) < len(names):
        return say(
            "{place}: {problem}.", place=place(line, names[len(cells)] or len(cells) + 1), problem=said
        )
    more = _short(cells[len(names)])
    return say(
        "{place}: {problem}; “{more}” has no column. "
        "A text that holds a {separator} stands in quotation marks.",
        place=place(line, len(names) + 1),
        problem=said,
        more=more,
        separator=CALLED[separator],
    )


def _nameless_problem(line: int, cells: list[str], names: list[str]) -> Sentence | None:
    for number, (name, cell) in enumerate(zip(names, cells, strict=True), start=1):
        if not name and cell.strip():
            return say(
                "{place}: “{text}” stands in a column without a name.",
                place=place(line, number),
                text=_short(cell),
            )
    return None


def _short(cell: str) -> str:
    text = " ".join(cell.split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _decoded(content: bytes) -> str:
    """UTF-8 with or without its mark, or UTF-16 with it. Another encoding is named, not guessed."""
    encoding = "utf-16" if content.startswith(_UTF_16) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = len(re.findall(rb"\r\n|\r|\n", before)) + 1
        raise TableRefused(
            [say("{place}: {problem}", place=place(line), problem=_encoding_problem(content, error))]
        ) from error


def _encoding_problem(content: bytes, error: UnicodeDecodeError) -> Sentence:
    advice = say("Save the list as “CSV UTF-8”.")
    try:
        end = min(error.start + 20, len(content))
        word = re.split(r"[\r\n]", content[error.start : end].decode("cp1252"))[0]
        return say(
            "this is not UTF-8. It may be Windows-1252, where “{word}” stands here. {advice}",
            word=word,
            advice=advice,
        )
    except UnicodeDecodeError:
        return say("this is not UTF-8. {advice}", advice=advice)


def _separator_of(text: str) -> str:
    """What stands most often in the first row that has a text, outside quotation marks."""
    first = next((line for line in re.split(r"[\r\n]+", text) if line.strip(f'{SEPARATORS} "')), "")
    outside = re.sub(r'"[^"]*"', "", first)
    return max(SEPARATORS, key=outside.count)


_MESSAGES = {
    "unexpected end of data": say("a quotation mark opens and never closes"),
    "field larger than field limit": say("a cell is too long, perhaps because a quotation mark never closes"),
    "expected after": say("text follows a closing quotation mark; a mark inside a text is doubled"),
}


def _in_words(error: csv.Error) -> Sentence:
    return next((words for said, words in _MESSAGES.items() if said in str(error)), quoted(error))
