"""Workbooks as spreadsheet programs write them, and hostile ones."""

import re
import zipfile
from collections.abc import Callable, Mapping
from datetime import date, time
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook

from sessions_app.administration.classes.people import Person
from sessions_app.administration.classes.tables import StudentList, read_roster
from testing_engine import importing
from testing_engine.interchange.imported import Upload, UploadRefused
from testing_engine.interchange.readers import format_of, read_upload
from testing_engine.interchange.table_templates import EXAMPLES, FORMS, Form, table_template
from testing_engine.interchange.tables import TableRefused, read_table

HEADER = ["id", "content", "options", "correct_answer", "concept:Math", "difficulty"]


def workbook(rows: list[list[Any]], more: Mapping[str, list[list[Any]]] | None = None) -> bytes:
    book = Workbook()
    sheets = {"Questions": rows, **(more or {})}
    for name, filled in sheets.items():
        sheet = book.create_sheet(name)
        for row in filled:
            sheet.append(row)
    book.remove(book.worksheets[0])
    made = BytesIO()
    book.save(made)
    return made.getvalue()


def changed(content: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its parts rewritten."""
    made = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return made.getvalue()


def sheet(content: bytes, old: bytes, new: bytes) -> bytes:
    return changed(content, "xl/worksheets/sheet1.xml", lambda part: re.sub(old, new, part))


def refusal(content: bytes) -> str:
    with pytest.raises(TableRefused) as refused:
        read_table(content)
    return str(refused.value)


def test_a_workbook_of_questions_is_read_as_its_author_sees_it() -> None:
    content = workbook([
        HEADER, ["q1", "2 + 2?", "3|4", 4, 1, -0.25], [],
        ["q2", "Größer?\nJa", " a | b ", "b", 1.0, None, None],
        ["q3", "Is it so?", "TRUE|FALSE", True, 1, 0.1 + 0.2],
    ], {"Empty": [], "Blank": [["  "]]})  # fmt: skip
    upload = Upload("bank.xlsx", content)
    assert format_of(upload) == "xlsx"
    pool = read_upload(upload)
    assert [question.source for question in pool.questions] == ["line 2", "line 4", "line 5"]
    rows = [question.row or {} for question in pool.questions]
    assert rows[0] == {
        "id": "q1", "content": "2 + 2?", "options": ["3", "4"], "correct_answer": "4", "concepts": [1],
        "difficulty": -0.25,
    }  # fmt: skip
    assert (rows[1]["content"], rows[1]["options"]) == ("Größer?\nJa", ["a", "b"])
    assert "difficulty" not in rows[1]
    assert (rows[2]["correct_answer"], rows[2]["difficulty"]) == ("TRUE", 0.3)


def test_a_formula_counts_as_the_value_that_was_saved() -> None:
    content = workbook([["id", "n"], ["a", "=1+1"]])
    assert "Line 2, column n: its formula has no value" in refusal(content)
    saved = sheet(content, rb"<v ?/>|<v></v>", b"<v>2</v>")
    assert read_table(saved).rows[0].cells == {"id": "a", "n": "2"}
    error = sheet(content, rb'<c r="B2".*?</c>', b'<c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c>')
    assert "Line 2, column n: it shows the error #DIV/0!." in refusal(error)


def test_signs_written_as_codes_are_signs() -> None:
    assert read_table(workbook([["a"], ["x_x000D_\ny"]])).rows[0].cells == {"a": "x\ny"}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["id", "n"], ["a", date(2026, 2, 1)], ["b", time(9)]], "Line 3, column n: it is a date or a time"),
        ([["id", "options"], ["a", "x", "y"]], "Line 2, column 3: “y” stands in a column without a name."),
        ([["id", "id"], ["a", "x"]], "Line 1, column id: it is there twice."),
        ([["id", *["x"] * 600]], "more than 100000 rows or 500 columns"),
    ],
    ids=["dates", "nameless", "twice", "wide"],
)  # fmt: skip
def test_what_is_wrong_is_named_by_row_and_column(rows: list[list[Any]], said: str) -> None:
    assert said in refusal(workbook(rows))


def test_of_several_sheets_none_is_guessed() -> None:
    content = workbook([HEADER], {"Old ones": [["id"]]})
    assert "2 sheets with something in them: “Questions”, “Old ones”" in refusal(content)
    hidden = changed(
        content, "xl/workbook.xml",
        lambda part: re.sub(rb'(name="Old ones"[^>]*)state="visible"', rb'\1state="hidden"', part),
    )  # fmt: skip
    assert read_table(hidden).header == tuple(HEADER)


ENTITY = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
GOOD = workbook([["id"], ["a"]])
HOSTILE = {
    "entities": changed(GOOD, "xl/worksheets/sheet1.xml", lambda part: ENTITY + part),
    "UTF-16": changed(GOOD, "xl/workbook.xml", lambda xml: (ENTITY + xml).decode().encode("utf-16")),
    "a row far away": sheet(GOOD, rb'r="2"', b'r="99999999999"'),
    "a column far away": sheet(GOOD, rb'r="A2"', b'r="ZZZ2"'),
    "no text of that number": sheet(GOOD, rb'<c r="A2".*?</c>', b'<c r="A2" t="s"><v>99</v></c>'),
    "unclosed": sheet(GOOD, rb"</sheetData>", b""),
    "no sheet": changed(GOOD, "xl/workbook.xml", lambda _: b"<x/>"),
    "cut off": GOOD[:-40],
    "a bomb": changed(GOOD, "xl/worksheets/sheet1.xml", lambda part: part + b" " * 9_000_000),
    "Excel 97": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512),
}  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_or_broken_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(UploadRefused):
        read_upload(Upload("bank.xlsx", content), "xlsx")


def test_what_a_workbook_says_of_its_size_does_not_count() -> None:
    content = sheet(GOOD, rb'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD1048576"')
    assert len(read_table(content).rows) == 1


def test_a_bomb_and_files_of_other_programs_are_told_by_name() -> None:
    other = BytesIO()
    with zipfile.ZipFile(other, "w") as made:
        made.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        made.writestr("content.xml", "<office/>")
    with pytest.raises(UploadRefused, match="OpenDocument"):
        read_upload(Upload("bank.ods", other.getvalue()))
    with pytest.raises(UploadRefused, match=r"Excel 97 \(\.xls\) or has a password"):
        read_upload(Upload("bank.xls", HOSTILE["Excel 97"]))


@pytest.mark.parametrize("form", FORMS)
def test_the_template_comes_in_as_it_is(db: None, form: Form) -> None:
    report = importing.import_pool(Upload(f"Template.{form}", table_template(form)))
    assert report.format == form
    assert [(q.id, q.outcome, q.reasons) for q in report.questions] == [
        (str(example["id"]), "taken", ()) for example in EXAMPLES
    ]


def test_a_list_of_students_may_be_a_workbook() -> None:
    lines = read_roster(StudentList(workbook([["Student_ID", "Grade"], [4711, 9], ["s2", None]])))
    assert [line.person for line in lines] == [Person("4711", grade="9"), Person("s2")]


def test_a_part_is_checked_whatever_it_is_called() -> None:
    content = workbook([["id", "n"], ["a", 1]])
    made = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            part = old.read(name).replace(b"sheet1.xml", b"sheet1.bin")
            declared = b"<!DOCTYPE a>" if name.endswith("sheet1.xml") else b""
            new.writestr(name.replace("sheet1.xml", "sheet1.bin"), declared + part)
    assert "declares a document type" in refusal(made.getvalue())
