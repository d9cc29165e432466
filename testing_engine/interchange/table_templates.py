"""A table to fill in, as CSV or XLSX: the columns with what stands in them, and questions to copy from."""

import csv
from collections.abc import Mapping
from io import BytesIO, StringIO
from typing import Any, Literal

Form = Literal["csv", "xlsx"]
FORMS: tuple[Form, ...] = ("csv", "xlsx")
CONTENT_TYPES: Mapping[Form, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# Column → (width in characters, what stands in it).
COLUMNS: Mapping[str, tuple[int, str]] = {
    "id": (12, "A name of your own for the question, different in every row. Students see it."),
    "content": (48, "The question. Formulas stand between dollars: $x^2$. A blank line begins a paragraph."),
    "options": (36, "2 to 50 options, separated by | signs."),
    "correct_answer": (18, "One of the options, written as there. Empty where options have scores."),
    "option_scores": (
        16,
        "Instead, for a rating scale: what each option earns, from 0, separated by | signs.",
    ),
    "area": (16, "A word to group questions by. May be empty."),
    "difficulty": (11, "In logits, if it is known from a calibration; else leave it empty."),
    "discrimination": (14, "Above 0, if it is known from a calibration; else leave it empty."),
    "guessing": (11, "From 0 to below 1; with a 3PL or 4PL model only. May be empty."),
    "thresholds": (12, "Where options have scores: a step between each two, rising, such as -1|0|1."),
    "model": (9, "1PL, 2PL, 3PL, 4PL, GRM, GPCM, PCM, RSM or NRM. Empty: 2PL, or GPCM for scores."),
}
EXAMPLES: tuple[Mapping[str, str | float], ...] = (
    {
        "id": "example-1",
        "content": "Solve $3x - 7 = 11$.",
        "options": "$x = 4$|$x = 6$|$x = 18$",
        "correct_answer": "$x = 6$",
        "area": "Algebra",
        "difficulty": -0.5,
        "discrimination": 1.2,
    },
    {
        "id": "example-2",
        "content": "Which of these is a prime number?",
        "options": "21|27|29|33",
        "correct_answer": "29",
        "area": "Numbers",
    },
    {
        "id": "example-3",
        "content": "I can explain to others what I have learnt.",
        "options": "Never|Sometimes|Often|Always",
        "option_scores": "0|1|2|3",
        "area": "About me",
        "thresholds": "-1|0|1",
        "model": "GPCM",
    },
)
_TEXT = "@"  # a cell's format: what is typed stays a text, 1/2 does not become a date
_NUMBERS = ("difficulty", "discrimination", "guessing")
_SHEET = "Questions"


def table_template(form: Form) -> bytes:
    """The file. It can be imported as it is."""
    return _as_csv() if form == "csv" else _as_workbook()


def _rows() -> list[list[str | float | None]]:
    return [list(COLUMNS), *([example.get(name) for name in COLUMNS] for example in EXAMPLES)]


def _as_csv() -> bytes:
    """With the mark of UTF-8 in front, without which Excel takes the machine's own code page."""
    text = StringIO(newline="")
    csv.writer(text).writerows(_rows())
    return text.getvalue().encode("utf-8-sig")


def _as_workbook() -> bytes:
    """With a note at each column's name, and columns of texts formatted as such."""
    from openpyxl import Workbook  # a second to load, and few requests need it
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font

    book = Workbook()
    sheet: Any = book.active
    sheet.title = _SHEET
    for row in _rows():
        sheet.append(row)
    for column, (name, (width, note)) in enumerate(COLUMNS.items(), start=1):
        head = sheet.cell(1, column)
        head.font = Font(bold=True)
        head.comment = Comment(note, "", width=320, height=90)
        letter = head.column_letter
        sheet.column_dimensions[letter].width = width
        if name in _NUMBERS:
            continue
        sheet.column_dimensions[letter].number_format = _TEXT
        for row_number in range(2, sheet.max_row + 1):
            cell = sheet.cell(row_number, column)
            cell.number_format = _TEXT
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "B2"
    made = BytesIO()
    book.save(made)
    return made.getvalue()
