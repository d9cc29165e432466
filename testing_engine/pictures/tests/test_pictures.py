"""Every picture of the engine: labelled, deterministic, within the palette, and equal to its data."""

import csv
import io
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from testing_engine.pictures.canvas import ForeignColour, svg_of
from testing_engine.pictures.palette import ROLES
from testing_engine.pictures.picture import Picture, label
from testing_engine.pictures.pools import POPULATION_EDGES, pool_pictures
from testing_engine.pictures.questions import curves
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.tests.pools import random_pool

STYLES = Path(__file__).resolve().parents[3] / "sessions_app/static/pictures/pictures.css"
SVG = "{http://www.w3.org/2000/svg}"


def names(bank: ItemBank, prefix: str = "q") -> tuple[str, ...]:
    return tuple(f"{prefix}{index}" for index in range(bank.n_items))


def pictures_of(bank: ItemBank, concept_names: tuple[str, ...]) -> tuple[Picture, ...]:
    students = (*[1] * 5, 40, *[2] * (len(POPULATION_EDGES) - 7))
    population = (students, *((),) * (len(concept_names) - 1))
    return (*pool_pictures(bank, names(bank), concept_names, population).pictures, curves(bank, 1))


@pytest.fixture(scope="module")
def pictures() -> tuple[Picture, ...]:
    return pictures_of(random_pool(np.random.default_rng(1), 36, dimensions=4), ("A", "B", "C", "D"))


def test_each_is_labelled_well_formed_svg(pictures: tuple[Picture, ...]) -> None:
    for picture in pictures:
        root = ElementTree.fromstring(picture.svg)
        assert root.tag == f"{SVG}svg"
        assert root.get("role") == "img"
        assert root.get("aria-label") == root[0].text == picture.title
        assert (root[1].tag, root[1].text) == (f"{SVG}desc", picture.description)
        assert root.get("aria-describedby") == root[1].get("id")
        assert root.get("viewBox")


def test_each_has_text_as_text(pictures: tuple[Picture, ...]) -> None:
    for picture in pictures:
        texts = [element.text for element in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")]
        assert "0" in texts or "0.0" in texts


def test_each_keeps_to_the_palette_without_style_attributes(pictures: tuple[Picture, ...]) -> None:
    for picture in pictures:
        for element in ElementTree.fromstring(picture.svg).iter():
            assert "style" not in element.attrib
            for key in ("fill", "stroke"):
                colour = element.get(key)
                if colour not in (None, "none"):
                    assert f"{key}-{ROLES[str(colour)]}" in str(element.get("class")).split()
        assert "<style" not in picture.svg


def test_ids_are_unique_on_a_page(pictures: tuple[Picture, ...]) -> None:
    page = "".join(picture.svg for picture in pictures)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"(?:url\(|href=\")#([^)\"]+)", page)) <= set(ids)


def test_each_is_the_same_every_time(pictures: tuple[Picture, ...]) -> None:
    again = pictures_of(random_pool(np.random.default_rng(1), 36, dimensions=4), ("A", "B", "C", "D"))
    assert [picture.svg for picture in again] == [picture.svg for picture in pictures]


def test_its_csv_is_its_data(pictures: tuple[Picture, ...]) -> None:
    for picture in pictures:
        header, *rows = csv.reader(io.StringIO(picture.csv))
        assert tuple(header) == picture.columns
        assert len(rows) == len(picture.rows)
        for read, row in zip(rows, picture.rows, strict=True):
            assert read == ["" if cell is None else str(cell) for cell in row]


def test_it_draws_what_its_data_say() -> None:
    """The bars of the concepts are as long as the numbers in the table."""
    bank = ItemBank.from_arrays(np.eye(2)[[0, 0, 0, 1]])
    picture = next(
        p for p in pool_pictures(bank, names(bank), ("A", "B"), ((), ())).pictures if p.name == "concepts"
    )
    assert picture.rows == (("A", 3, 0.75), ("B", 1, 0.25))
    bars = re.findall(r'<path d="M ([\d.]+) [\d.]+ L ([\d.]+) [^"]*z"[^>]*class="fill-series-1', picture.svg)
    first, second, *_ = [float(right) - float(left) for left, right in bars]
    assert first == pytest.approx(3 * second, rel=0.01)


def test_a_downloaded_text_is_no_formula() -> None:
    picture = Picture(
        "x", "X", "", ("a", "b"), (("=1+1", -1.5), ("@x", None), ("fine", 2)), lambda figure: None
    )
    assert list(csv.reader(io.StringIO(picture.csv)))[1:] == [["'=1+1", "-1.5"], ["'@x", ""], ["fine", "2"]]


@pytest.mark.parametrize(
    "concepts",
    [
        ("<b>&amp;", "$x_1$ and $", "_hidden"),
        ("代数", "جبر", "line\nbreak\x0b"),
        ("long " * 40, "'\"", "%s {}"),
    ],
)
def test_it_takes_any_name(concepts: tuple[str, ...]) -> None:
    bank = random_pool(np.random.default_rng(2), 12, dimensions=3)
    for picture in pictures_of(bank, concepts):
        root = ElementTree.fromstring(picture.svg)
        if picture.name in ("information", "concepts"):
            shown = [element.text or "" for element in root.iter(f"{SVG}text")]
            written = [text.replace("\u200b", "").strip() for text in shown]
            assert {label(name).strip() for name in concepts} <= set(written)


def test_it_refuses_a_colour_that_no_style_sheet_replaces() -> None:
    def draw(figure: Figure) -> None:
        figure.subplots().plot([0, 1], color="red")

    with pytest.raises(ForeignColour, match="#ff0000"):
        svg_of(draw, "x", "X", "", 3)


def test_the_style_sheet_knows_every_colour() -> None:
    styles = STYLES.read_text()
    for colour, role in ROLES.items():
        variable = f"--picture-{role.removeprefix('series-')}"
        for key in ("fill", "stroke"):
            assert f".{key}-{role} {{ {key}: var({variable}); }}" in styles
        assert f"{variable}: {colour};" in styles  # on paper and on light pages, as in the file itself
        assert styles.count(f"{variable}: ") == 3  # and in the dark, as the admin or the browser says


def test_a_large_pool_makes_no_large_picture() -> None:
    rng = np.random.default_rng(4)
    bank = ItemBank.from_arrays(
        np.eye(5)[rng.integers(0, 5, 5000)],
        difficulty=rng.normal(size=5000),
        discrimination=np.exp(rng.normal(0, 0.3, 5000)),
        guessing=0.2,
    )
    for picture in pictures_of(bank, ("A", "B", "C", "D", "E")):
        assert len(picture.svg) < 150_000
    (scatter,) = [
        p
        for p in pool_pictures(bank, names(bank), tuple("ABCDE"), ((),) * 5).pictures
        if p.name == "questions"
    ]
    assert len(scatter.rows) == 5000
    assert len(scatter.first_rows) + scatter.rows_left_out == 5000


def test_gaps_are_said_in_words() -> None:
    bank = ItemBank.from_arrays(np.tile([0.0, 1.0], (60, 1)), difficulty=-1.0, discrimination=2.0)
    first, *rest = pool_pictures(bank, names(bank), ("Algebra", "Geometry"), ((), ())).gaps
    assert first == "No questions near θ = -2.5 in Algebra: nothing is measured from θ = -2.5 to 2.5."
    assert rest[-1].startswith("No questions near θ = 2.5 in Geometry: from θ = ")
    assert "even the 20 best leave a standard error above 0.4, up to " in rest[-1]


def test_a_process_that_draws_nothing_does_not_load_the_drawing_library() -> None:
    check = (
        "import sys; import testing_engine.pictures.pools, testing_engine.pictures.questions;"
        "sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
