"""Workbooks (XLSX) → the rows of their one sheet, as texts. What would not be what its author saw is refused.

A formula counts as the value that the spreadsheet program saved with it. A date is refused: programs make
dates of "1/2" and "3-4", and what was typed is gone. Nothing of the file is run or followed.
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any

from testing_engine.interchange.archives import SIGNATURE, Archive, ArchiveRefused
from testing_engine.sentences import Sentence, reason_of, say

MOST_BYTES = 64 * 1024 * 1024  # of all parts together, unpacked
MOST_TAGS = 4_000_000  # in all parts; a cell has four or six
MOST_ROWS = 100_000  # the last row's number
MOST_COLUMNS = 500
MOST_PROBLEMS = 1000
MADE_OF = "[Content_Types].xml"  # every file of Office has it
_BOOK = "xl/workbook.xml"
_OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the container of .xls, and of workbooks with a password
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_CODED_SIGN = re.compile(r"_x([0-9A-Fa-f]{4})_")
_DIGITS = 15  # that spreadsheets compute with
# What a library for well-meant files raises for others.
_BROKEN = (
    *(ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, NotImplementedError, OSError),
    *(RecursionError, SyntaxError, TypeError, ValueError, zipfile.BadZipFile, zlib.error),
)


class WorkbookRefused(ValueError):
    """No workbook that can be taken. `problems`: one sentence each."""

    def __init__(self, *problems: Sentence) -> None:
        super().__init__(" ".join(problems))
        self.problems = list(problems)


def is_workbook(content: bytes) -> bool:
    """Whether it is a workbook, or what its author will have taken for one."""
    if content.startswith(_OLD):
        return True
    names = _names(content) if content.startswith(SIGNATURE) else ()
    return _BOOK in names or _is_open_document(names)


def is_office_file(content: bytes) -> bool:
    """Whether a zip is a file of an office program (texts and slides, too)."""
    return MADE_OF in (names := _names(content)) or _is_open_document(names)


def _is_open_document(names: Sequence[str]) -> bool:
    return "mimetype" in names and "content.xml" in names


def _names(content: bytes) -> tuple[str, ...]:
    try:
        return Archive(content).names
    except ArchiveRefused:
        return ()


def sheet_rows(
    content: bytes, place: Callable[[int, str | int | None], Sentence]
) -> list[tuple[int, list[str]]]:
    """(number of the row, its cells as texts) of the one sheet that holds something; rows without text are
    passed over. `place` says where something is. Raises `WorkbookRefused` with all that is wrong.
    """
    if content.startswith(_OLD):
        raise WorkbookRefused(say("It is a workbook of Excel 97 (.xls) or has a password. Save it as .xlsx."))
    try:
        has_formulas = _check_parts(Archive(content))
        sheets = _Sheets(content, has_formulas).read(place)
    except ArchiveRefused as error:
        raise WorkbookRefused(reason_of(error)) from error
    except WorkbookRefused:
        raise
    except _BROKEN as error:
        raise WorkbookRefused(
            say("The workbook is broken. Open it in a spreadsheet and save it anew.")
        ) from error
    if len(sheets) > 1:
        named = ", ".join(f"“{name}”" for name in sheets)
        raise WorkbookRefused(
            say(
                "It has {count} sheets with something in them: {named}. Leave one.",
                count=len(sheets),
                named=named,
            )
        )
    return next(iter(sheets.values()), [])


def _check_parts(archive: Archive) -> bool:
    """Refuse declarations in any part; whether there are formulas."""
    if _BOOK not in archive.names:
        raise WorkbookRefused(say("It is a file of OpenDocument. Save it as .xlsx."))
    parts = [name for name in archive.names if _is_markup(archive.head(name, 100))]
    if archive.size_of(parts) > MOST_BYTES:
        raise WorkbookRefused(
            say("Unpacked, the workbook is larger than {most} MiB.", most=MOST_BYTES // 1024**2)
        )
    has_formulas, tags = False, 0
    for name in parts:
        part = archive.read(name)
        tags += part.count(b"<")
        if tags > MOST_TAGS:
            raise WorkbookRefused(
                say("The workbook holds more than {most} tags: too many cells.", most=MOST_TAGS)
            )
        if b"\x00" in part or _DECLARATION.search(part):
            raise WorkbookRefused(
                say("{name} in the workbook declares a document type, which no program writes.", name=name)
            )
        has_formulas |= _FORMULA.search(part) is not None
    return has_formulas


def _is_markup(head: bytes) -> bool:
    """By its content: a workbook may call its parts as it likes. UTF-16 is, too."""
    return head.startswith((b"\xff\xfe", b"\xfe\xff")) or head.lstrip(b"\xef\xbb\xbf \t\r\n\0")[:1] in (
        b"<",
        b"",
    )


class _Sheets:
    def __init__(self, content: bytes, has_formulas: bool) -> None:
        from openpyxl import load_workbook  # a second to load, and few requests need it

        self._values = load_workbook(BytesIO(content), read_only=True, data_only=True)
        self._formulas = load_workbook(BytesIO(content), read_only=True) if has_formulas else None
        self._problems: list[Sentence] = []

    def read(
        self, place: Callable[[int, str | int | None], Sentence]
    ) -> dict[str, list[tuple[int, list[str]]]]:
        found = {}
        for sheet in self._values.worksheets:
            if sheet.sheet_state != "visible":
                continue
            formulas = None if self._formulas is None else self._formulas[sheet.title]
            if rows := list(self._rows(sheet, formulas, place)):
                found[sheet.title] = rows
        if self._problems and len(found) == 1:
            raise WorkbookRefused(*self._problems)
        return found

    def _rows(
        self, sheet: Any, formulas: Any, place: Callable[[int, str | int | None], Sentence]
    ) -> Iterator[tuple[int, list[str]]]:
        sheet.reset_dimensions()  # what a file says of its size need not be so
        written = None
        if formulas is not None:
            formulas.reset_dimensions()
            written = formulas.iter_rows()
        names: list[str] = []
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            if number > MOST_ROWS or len(cells) > MOST_COLUMNS:
                raise WorkbookRefused(
                    say(
                        "{place}: more than {rows} rows or {columns} columns.",
                        place=place(number, None),
                        rows=MOST_ROWS,
                        columns=MOST_COLUMNS,
                    )
                )
            meant = [None] * len(cells) if written is None else [cell.value for cell in next(written)]
            row = []
            for column, (cell, formula) in enumerate(zip(cells, meant, strict=True)):
                name = names[column] if column < len(names) and names[column].strip() else column + 1
                row.append(self._text(cell, formula, place(number, name)))
            while row and not row[-1]:
                row.pop()
            if any(cell.strip() for cell in row):
                names = names or row
                yield number, row

    def _text(self, cell: Any, formula: Any, where: Sentence) -> str:
        """What the cell shows; a problem is noted, and something stands for it."""
        value = cell.value
        if value is None:
            if formula is not None:
                self._note(where, say("its formula has no value. Open the file in a spreadsheet and save it"))
            return "" if formula is None else "?"
        if cell.data_type == "e":
            self._note(where, say("it shows the error {value}", value=value))
            return "?"
        match value:
            case bool():
                return "TRUE" if value else "FALSE"
            case datetime() | date() | time() | timedelta():
                self._note(
                    where,
                    say(
                        "it is a date or a time, which a spreadsheet may have made of something else "
                        "({value}). Type it again in a cell of the format Text",
                        value=value,
                    ),
                )
                return "?"
            case int():
                return str(value)
            case float():
                whole = value.is_integer() and abs(value) < 10.0**_DIGITS
                return str(int(value)) if whole else f"{value:.{_DIGITS}g}"
        return _CODED_SIGN.sub(lambda code: chr(int(code[1], 16)), str(value)).replace("\r\n", "\n")

    def _note(self, where: Sentence, problem: Sentence) -> None:
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append(say("{place}: {problem}.", place=where, problem=problem))
