"""Tables as spreadsheets of many countries write them, and broken ones: nothing is cut, filled up or lost."""

from pathlib import Path
from typing import Any

import pytest

from testing_engine.interchange.files import PoolFile, UnreadableFile, read_pool_file
from testing_engine.interchange.questions import PoolRefused, parse_pool
from testing_engine.interchange.tables import TableRefused, number_in, open_table, read_table

HEADER = "id,content,options,correct_answer,concept:Math,difficulty,guessing"
ROW = "m1,Which is the largest?,7|9|11,11,1,-0.4,0.2"


def read(tmp_path: Path, text: str | bytes, name: str = "pool.csv") -> PoolFile:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_pool_file(path)


def questions(tmp_path: Path, text: str | bytes, name: str = "pool.csv") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read(tmp_path, text, name).document["questions"]
    return found


def refusal(tmp_path: Path, text: str | bytes) -> str:
    with pytest.raises(UnreadableFile) as refused:
        read(tmp_path, text)
    return str(refused.value)


# --- What is no table ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            "m1,Which, by far?,7|9|11,11,1,-0.4,0.2",
            "Line 2, column 8: it has 8 cells, the header has 7",
        ),
        ("m1,Which?,7|9|11,11,1,-0.4,0.2,", "Line 2, column 8: it has 8 cells, the header has 7"),
        (f"{ROW}\nm2,Which?,1|2,2,1", "Line 3, column difficulty: it has 5 cells, the header has 7."),
        (f"{ROW}\nm2", "Line 3, column content: it has 1 cell, the header has 7."),
        ('m1,"What does "ibid." mean?",a|b,a,1,0,0', "Line 2: this is no CSV: text follows a closing"),
        (
            f'{ROW}\nm2,"Which?,1|2,2,1,0,0',
            "Line 3: this is no CSV: a quotation mark opens",
        ),
        ('m1,"Two\nlines",a|b,a,1,0,0\nm2,x', "Line 4, column options: it has 2 cells"),
        ("m1,Which?,$P(A|B)$|$P(B)$,$P(B)$,1,0,0", "Line 2, column options: a | stands inside “P(A|B)”"),
        ("m1,Which?,`a|b`|c,c,1,0,0", "Line 2, column options: a | stands inside “a|b”"),
    ],
)
def test_it_refuses_rows_of_another_size_and_broken_quotation_marks(
    tmp_path: Path, rows: str, said: str
) -> None:
    assert said in refusal(tmp_path, f"{HEADER}\n{rows}\n")


def test_a_header_is_read_in_one_pass() -> None:
    """As many columns as one request can bring: to count each anew would take hours."""
    names = [f"c{number}" for number in range(300_000)]
    header = ",".join([*names, "c0"]).encode()
    with pytest.raises(TableRefused, match="column c0: it is there twice"):
        read_table(header)
    with pytest.raises(TableRefused, match="column c0: it is there twice"):
        open_table(header)


def test_it_names_every_line_at_once(tmp_path: Path) -> None:
    said = refusal(tmp_path, f"{HEADER}\na\nb\n{ROW}\nc,d\n")
    assert [line.split(",")[0].strip() for line in said.splitlines()[1:]] == ["Line 2", "Line 3", "Line 5"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{HEADER},difficulty\n{ROW},1\n", "Line 1, column difficulty: it is there twice."),
        (f"{HEADER},\n{ROW},lost\n", "Line 2, column 8: “lost” stands in a column without a name."),
        ("id,content\n1,2\n", "Line 1: no column is named concept:NAME."),
        (
            b"id,concept:Gr\xf6\xdfe\n",
            "Line 1: this is not UTF-8. It may be Windows-1252, where “öße” stands",
        ),
        (HEADER.encode() + b"\r\n\rm1,\x81\n", "Line 3: this is not UTF-8. Save"),
        ("", "no column is named concept:NAME"),
    ],
)
def test_it_refuses_what_is_no_pool(tmp_path: Path, text: str | bytes, said: str) -> None:
    assert said in refusal(tmp_path, text)


# --- What is one ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"{HEADER}\n{ROW}\n", "pool.csv"),
        (f"\ufeff{HEADER}\r\n{ROW}\r\n,,,,,,\r\n , ,,,,,\r\n\r\n", "pool.csv"),
        (f",,,,,,\n{HEADER}\n\n{ROW}", "pool.csv"),
        (f"{HEADER},,\r{ROW},,\r", "pool.csv"),
        (f"{HEADER}\n{ROW}\n".replace(",", ";").replace("0.", "0,"), "pool.csv"),
        (f"sep=;\r\n{HEADER}\r\n{ROW}\r\n".replace(",", ";").replace("0.", "0,"), "pool.csv"),
        (f"{HEADER}\n{ROW}\n".replace(",", "\t"), "pool.txt"),
        (f"{HEADER}\n{ROW}\n".replace(",", "\t").replace("0.", "0,").encode("utf-16"), "pool.tsv"),
        (f"{HEADER}\n{ROW}\n".replace("-0.4", "\N{MINUS SIGN}0.4"), "pool.csv"),
    ],
)
def test_it_reads_what_spreadsheets_write(tmp_path: Path, text: str | bytes, name: str) -> None:
    (found,) = questions(tmp_path, text, name)
    assert found["options"] == ["7", "9", "11"]
    assert (found["difficulty"], found["guessing"], found["concepts"]) == (-0.4, 0.2, [1])
    parse_pool(read(tmp_path, text, name).document)


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\u0085", "\v", "\f", "\x1c", "\x1d", "\x1e"])
def test_only_line_ends_end_a_row(tmp_path: Path, sign: str) -> None:
    found = questions(
        tmp_path, f"{HEADER}\nm1,Read.{sign}Which?,7|9|11,11,1,-0.4,0.2\n{ROW.replace('m1', 'm2')}\n"
    )
    assert [question["content"] for question in found] == [f"Read.{sign}Which?", "Which is the largest?"]


def test_cells_keep_what_was_typed(tmp_path: Path) -> None:
    text = f'{HEADER}\nm1,"  a ""b"", c\r\n\n d ",7|9|11,11,1,,\n'
    (found,) = questions(tmp_path, text)
    assert found["content"] == '  a "b", c\r\n\n d '
    assert "difficulty" not in found
    assert "guessing" not in found


@pytest.mark.parametrize(
    ("cell", "separator", "number"),
    [
        ("-0.4", ",", -0.4),
        ("-0,4", ";", -0.4),
        (",5", "\t", 0.5),
        ("2", ",", 2),
        (" 1e-1 ", ",", 0.1),
        ("-0,4", ",", "-0,4"),
        *((text, ";", text) for text in ("1_000", "nan", "inf", "1.234,5", "１", "0x1", "1 0", "--1")),
    ],
)
def test_numbers_are_read_or_left_for_the_check(cell: str, separator: str, number: object) -> None:
    assert number_in(cell, separator) == number


def test_the_separator_is_what_the_header_has_outside_quotation_marks() -> None:
    table = read_table(b'"a,b,c,d";e\n1;2\n')
    assert (table.separator, table.header) == (";", ("a,b,c,d", "e"))
    assert read_table(b"a\nx;y\n").rows[0].cells == {"a": "x;y"}


def test_lines_are_those_that_an_editor_shows() -> None:
    rows = read_table(b'a,b\n"1\n2",x\n\ny,z\r\n"\r\n",w\n').rows
    assert [row.line for row in rows] == [2, 5, 6]
    with pytest.raises(TableRefused, match="Line 4, column b"):
        read_table(b'sep=,\na,b\n"1",2\n3\n')


def test_problems_of_questions_are_named_by_line_and_column(tmp_path: Path) -> None:
    file = read(tmp_path, f'{HEADER}\n{ROW}\n\n"m\u200b1","x\ny",4|4 ,4,no,-0.4,2\nm3,x,1|2,1,1,"-0,4",0\n')
    with pytest.raises(PoolRefused) as refused:
        parse_pool(file.document)
    assert {file.place_of(pointer) for pointer, _ in refused.value.problems} == {
        "Line 4, column id",
        "Line 4, column options",
        "Line 4, column concept:Math",
        "Line 6, column difficulty",
    }


def test_a_field_that_comes_twice_in_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="'id' is there twice"):
        read(tmp_path, '{"questions": [{"id": "a", "id": "b"}]}', "pool.json")


# --- Columns that are called otherwise -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("b", "difficulty"),
        ("a", "discrimination"),
        ("c", "guessing"),
        ("d", "upper_asymptote"),
        ("Difficulty", "difficulty"),
        ("dificulty", "difficulty"),
        ("logit(g)", "guessing"),
        ("Dffclt", "difficulty"),
        ("upper asymptote", "upper_asymptote"),
        ("treshold", "thresholds"),
        ("Area", "area"),
    ],
)
def test_no_default_stands_in_for_a_column_of_another_name(tmp_path: Path, name: str, meant: str) -> None:
    pool = read(tmp_path, f"id,content,options,correct_answer,concept:Math,{name}\nm1,Which?,7|9,9,1,1.5\n")
    with pytest.raises(PoolRefused) as refused:
        parse_pool(pool.document)
    ((pointer, message),) = refused.value.problems
    assert pool.place_of(pointer) == f"Line 2, column {name}"
    assert f"If {meant} is meant" in message


@pytest.mark.parametrize(("name", "cell"), [("teacher", "Ms B."), ("points", "3"), ("b", "brown"), ("b", "")])
def test_names_of_their_own_are_left_out_and_told(tmp_path: Path, name: str, cell: str) -> None:
    pool = read(
        tmp_path, f"id,content,options,correct_answer,concept:Math,{name}\nm1,Which?,7|9,9,1,{cell}\n"
    )
    assert parse_pool(pool.document).ignored == ((name,) if cell else ())


def test_two_spellings_of_one_asymptote_are_refused() -> None:
    row = {"id": "x", "content": "Which?", "options": ["7", "9"], "correct_answer": "9", "concepts": [1]}
    with pytest.raises(PoolRefused) as refused:
        parse_pool({"questions": [{**row, "slipping": 0.1, "upper_asymptote": 0.8}]})
    assert "not both" in refused.value.problems[0][1]
