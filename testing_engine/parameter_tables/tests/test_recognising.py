"""What a header can be is told with a reason, and nothing that it leaves open is guessed."""

from io import BytesIO

import pytest
from openpyxl import Workbook

from testing_engine.parameter_tables.candidates import Columns
from testing_engine.parameter_tables.forms import parameters_of
from testing_engine.parameter_tables.joining import (
    PoolQuestion,
    best_id_column,
    id_columns,
    join,
    told_apart,
)
from testing_engine.parameter_tables.problems import TableProblem
from testing_engine.parameter_tables.reading import ParameterTable, TableUnreadable, read_parameters
from testing_engine.parameter_tables.recognising import candidates_of, named
from testing_engine.psychometrics.items.bank import ItemParameters


def read(text: str) -> ParameterTable:
    return read_parameters(text.encode())


@pytest.mark.parametrize(
    ("header", "sources"),
    [
        ("id,a1,d,g,u", ["mirt"]),
        ("id,a1,a2,d", ["mirt"]),
        ("id,a1,d1,d2", ["mirt"]),
        ("id,a,b,g,u", ["mirt_IRTpars"]),
        ("id,a1,a2,c1,c2", ["mirt_nominal"]),
        ("id,a1,b1,b2,c", ["mirt_rsm"]),
        ("Question,Option.1,Option.2,Answer.1,Type,a1,d", ["mirtCAT"]),
        ("id,a,b,c,d", ["catR", "slipping", "thresholds_bcd"]),
        ("id,a,b,c", ["plain"]),
        ("id,A,B", ["plain"]),
        ("id,a,b1,b2", ["thresholds"]),
        ("id,alphaj,betaj1,betaj2", ["catR"]),
        ("id,deltaj1,deltaj2", ["catR"]),
        ("id,alphaj1,cj1,alphaj2,cj2", ["catR"]),
        ("item,xsi.item,AXsi_.Cat1,B.Cat1.Dim1", ["TAM"]),
        ("item,alpha,beta,tau.Cat1,tau.Cat2", ["TAM"]),
        ("id,Location,Threshold 1,Threshold 2", ["eRm"]),
        ("id,Dffclt,Dscrmn", ["ltm"]),
        ("ENTRY,MEASURE,STTS", ["Winsteps"]),
        ("itemID,a,cb1,cb2,NCAT", ["PROMIS"]),
        ("id,discrimination,difficulty,guessing,slipping", ["own", "jsCAT"]),
        ("id,discrimination,difficulty,guessing,upper_asymptote", ["own"]),
        ("id,weight,points", []),
    ],
)
def test_candidates_by_header(header: str, sources: list[str]) -> None:
    columns = header.split(",")
    values = {
        "d": "0.5",
        "slipping": "0.9",
        "c": "0.2",
        "d2": "-1",
        "b2": "1.2",
        "cb2": "1.2",
        "betaj2": "1.2",
    }
    row = ",".join(values.get(name.lower(), "0.5") if place else "x" for place, name in enumerate(columns))
    found = candidates_of(read(f"{header}\n{row}\n"))
    assert sorted(candidate.source for candidate in found) == sorted(sources)
    for candidate in found:
        assert str(candidate.reason)
        assert {"model", "scaling", "sign"} <= {choice.name for choice in candidate.choices}
        assert all(str(choice.reason) for choice in candidate.choices)


def test_four_letters_alone_are_always_asked_for() -> None:
    found = candidates_of(read("id,a,b,c,d\nx,1.2,0.3,0.2,0.98\ny,0.9,-1,0.1,1\n"))
    assert len(found) > 1
    assert found[0].source == "catR"
    doubts = {candidate.source: [str(doubt) for doubt in candidate.doubts] for candidate in found}
    assert doubts["catR"] == []
    assert "2 of 2 rows" in doubts["slipping"][0]  # 1 − 0.98 is below c
    assert "GRM" in doubts["thresholds_bcd"][0]  # they do not rise


def test_what_the_header_leaves_open_must_be_said() -> None:
    (candidate,) = candidates_of(read("id,a,b,c\nx,1.2,0.3,0.2\n"))
    assert candidate.proposal is None
    with pytest.raises(TableProblem, match="scaling must be said"):
        candidate.completed({})
    with pytest.raises(TableProblem, match=r"one of 1, 1\.7, 1\.702"):
        candidate.completed({"scaling": "2"})
    with pytest.raises(TableProblem, match="nothing that can be chosen"):
        candidate.completed({"scaling": "1", "D": "1"})
    assert candidate.completed({"scaling": "1.7"}) == {"model": "3PL", "scaling": "1.7", "sign": "difficulty"}


def test_a_source_that_the_table_is_not() -> None:
    with pytest.raises(TableProblem, match=r"not TAM's; it could be plain"):
        named(candidates_of(read("id,a,b\nx,1,0\n")), "TAM")


def test_logits_in_columns_called_g_are_seen() -> None:
    (candidate,) = candidates_of(read("id,a1,d,g,u\nx,1.2,0.3,-1.4,999\n"))
    assert "1 of 1 rows" in str(candidate.doubts[0])
    assert "guessing" in str(candidate.doubts[0])


# --- Reading ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "item,a,b\nx,1.5,-0.25\n",
        "item;a;b\r\nx;1,5;-0,25\r\n",
        "item\ta\tb\nx\t1,5\t−0,25\n",
        "item a b\nx 1.5 -0.25\n",
        '"","a","b"\n"x",1.5,-0.25\n',
        '"a","b"\n"x",1.5,-0.25\n',
        "a\tb\nx\t1.5\t-0.25\n",
        "        a     b\nx 1.50 -0.25\n",
        "\ufeffitem,a,b\nx,1.5,-0.25\n",
        "$items\n    a     b\nx 1.5 -0.25\n\n$means\nF1 \n 0 \n",
        "    a\nx 1.5\n\n       b\nx -0.25\n",
    ],
)
def test_one_table_written_in_many_ways(text: str) -> None:
    table = read(text)
    (candidate,) = candidates_of(table)
    (row,) = table.rows
    cells = Columns(table).cells(row)
    assert (cells.get("a"), cells.get("b")) == (1.5, -0.25)
    assert row.cells[id_columns(table)[0]] == "x"
    assert candidate.source == "plain"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no row"),
        ("item,a,b\n", "no row"),
        ("item,a,b\nx,1\n", "Line 2, column b"),
        ("item a b\nx 1\n", "Line 2: it has 2 cells, the header has 3"),
        ("1.5 2.5\n3 4\n", "no row"),
    ],
)
def test_what_is_no_table(text: str, said: str) -> None:
    with pytest.raises(TableUnreadable) as refused:
        read(text)
    assert said in str(refused.value)


def test_a_workbook() -> None:
    book = Workbook()
    for row in (["item", "a", "b"], ["x", 1.5, -0.25], ["7", "0,5", 1]):
        book.worksheets[0].append(row)
    file = BytesIO()
    book.save(file)
    table = read_parameters(file.getvalue())
    columns = Columns(table)
    assert [(columns.cells(row).get("a"), columns.cells(row).get("b")) for row in table.rows] == [
        (1.5, -0.25),
        (0.5, 1.0),
    ]
    assert [row.cells["item"] for row in table.rows] == ["x", "7"]


def test_a_name_of_several_words_in_what_r_prints() -> None:
    table = read("   a   b\nItem 1 1.5 -0.25\nItem 2 1.25 0.5\n")
    assert [row.cells[id_columns(table)[0]] for row in table.rows] == ["Item 1", "Item 2"]


# --- Beside a pool ---------------------------------------------------------------------------------------


def question(identifier: str, n_categories: int = 2, concepts: tuple[float, ...] = (1.0,)) -> PoolQuestion:
    parameters = ItemParameters(concepts, difficulty=0.1, area="algebra", enemy_groups=("e",))
    return PoolQuestion(identifier, parameters, n_categories)


def test_both_sides_are_listed_and_only_numbers_change() -> None:
    table = read("nr,item,a,b\n1,x,1.5,-0.25\n2,strange,1,0\n3,y,0,0\n4,z,1,seven\n5,x,1,0\n6,v,1,7.5\n")
    (candidate,) = candidates_of(table)
    pool = [question(name) for name in ("v", "w", "x", "y", "z")]
    column = best_id_column(table, candidate, [each.id for each in pool])
    assert column == "item"
    found = join(table, candidate, candidate.completed({"scaling": "1"}), column, pool)
    after = {match.id: match.after for match in found.matches}
    assert set(after) == {"x", "v"}
    assert (after["x"].difficulty, after["x"].discrimination) == (-0.25, 1.5)
    assert (after["x"].area, after["x"].enemy_groups, after["x"].concepts) == ("algebra", ("e",), (1.0,))
    assert found.not_in_pool == ((3, "strange"),)
    assert found.not_in_table == ("w",)
    said = {(problem.line, problem.id): str(problem.sentence) for problem in found.problems}
    assert "slope is 0" in said[(4, "y")]
    assert "“seven” is no number" in said[(5, "z")]
    assert "line 2" in said[(6, "x")]
    assert [(warning.id, warning.line) for warning in found.warnings] == [("v", 7)]
    assert [match.id for match in told_apart(found.matches)] == ["x", "v"]


@pytest.mark.parametrize(
    ("text", "chosen", "wanted", "said"),
    [
        ("id,a,b\nx,-1,0\n", {"scaling": "1"}, question("x"), "below 0"),
        ("id,a,b\nx,90,0\n", {"scaling": "1"}, question("x"), "above 50"),
        ("id,a,b\nx,1,300\n", {"scaling": "1"}, question("x"), "between"),
        ("id,a,b\nx,,0\n", {"scaling": "1"}, question("x"), "a is empty"),
        ("id,a,b\nx,1,0\n", {"scaling": "1"}, question("x", 4), "2 categories, the question's key 4"),
        ("id,a,b\nx,1,0\n", {"scaling": "1"}, question("x", concepts=(1.0, 1.0)), "measures 2 concepts"),
        ("id,a1,a2,d\nx,1,1,0\n", {}, question("x"), "2 slopes, the pool 1"),
        ("id,a,b1,b2\nx,1,1,0\n", {"scaling": "1", "model": "GRM"}, question("x", 3), "must increase"),
        ("id,a,b1,b2,b3\nx,1,1,NA,2\n", {"scaling": "1", "model": "GRM"}, question("x", 3), "b2 is empty"),
        ("id,a,b,c\nx,1,0,1.2\n", {"scaling": "1"}, question("x"), "guessing"),
    ],
)
def test_rows_that_cannot_be(text: str, chosen: dict[str, str], wanted: PoolQuestion, said: str) -> None:
    table = read(text)
    (candidate,) = candidates_of(table)
    found = join(table, candidate, candidate.completed(chosen), "id", [wanted])
    assert not found.matches
    assert said in str(found.problems[0].sentence)


def test_a_question_of_one_concept_among_several_keeps_its_row() -> None:
    table = read("id,a,b\nx,1.5,0.3\n")
    (candidate,) = candidates_of(table)
    settings = candidate.completed({"scaling": "1"})
    (match,) = join(table, candidate, settings, "id", [question("x", concepts=(0.0, 0.5))]).matches
    assert match.after.concepts == (0.0, 0.5)
    assert match.after.discrimination * 0.5 == 1.5


def test_a_rasch_model_keeps_its_name() -> None:
    table = read("  xsi\nx 0.4\n")
    (candidate,) = candidates_of(table)
    form = candidate.form(Columns(table).cells(table.rows[0]), candidate.completed({}))
    assert parameters_of(form, ItemParameters((1.0,))).model == "1PL"
