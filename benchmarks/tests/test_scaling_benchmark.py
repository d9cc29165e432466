"""What an exam takes, from what an answer costs."""

from pathlib import Path

import pytest

from benchmarks import scaling
from benchmarks.scaling import (
    CARRIERS,
    MEASURED,
    Costs,
    Exam,
    Measured,
    costs_table,
    model_table,
    needs,
    walls,
    walls_table,
)

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "SCALING.md").read_text()
SMALL = Exam(students=3600, hours=1, questions=10)  # 10 answers a second, 20 at the most; 6 starts a second


def test_beginnings_come_on_top_of_the_mean_and_the_peak_alone() -> None:
    """By hand: 20 answers of 2 ms, or 10 of them and 6 starts of 10 ms, on processors that are 60 % busy."""
    answer, start = Costs(2, 1, 0.1, 1, 1000, 500, 100), Costs(10, 1, 0.1, 2, 1000, 300, 100)
    found = needs(Measured(answer, start, 400), SMALL)
    assert found["answers a second"] == 20
    assert found["starts a second"] == 6
    assert found["web: processors"] == pytest.approx((10 * 2 + 6 * 10) / 1000 / 0.6)
    assert found["PostgreSQL: processors"] == pytest.approx(20 * 1 / 1000 / 0.6)
    assert found["PostgreSQL: commits a second"] == 22
    assert found["PostgreSQL: WAL, MB a second"] == pytest.approx(20 * 1000 / 1e6)
    assert found["PostgreSQL: stored, GB"] == pytest.approx(3600 * (10 * 500 + 300) / 1e9)
    assert found["Redis: memory, MB"] == pytest.approx(3600 * 400 / 1e6)


def test_the_page_shows_what_the_model_says_of_what_was_measured() -> None:
    """`python -m benchmarks.scaling` prints the tables and the line for `MEASURED`."""
    assert costs_table(MEASURED) in PAGE
    assert model_table(MEASURED) in PAGE
    assert walls_table(MEASURED) in PAGE


def test_a_carrier_bears_what_its_processors_do() -> None:
    """One at 60 % for answers of 2 ms: 300 a second, and a student of the small exam sends one in 180 s."""
    answer = Costs(2, 2, 2, 1, 1000, 500, 100)
    found = walls(Measured(answer, answer, 400), SMALL)
    assert found["one Redis node"] == pytest.approx((300, 300 * 180))
    assert set(found) == {name for name, _, _ in CARRIERS}


def test_every_part_of_a_cost_grows_with_requests() -> None:
    before, after = Costs(1, 1, 1, 1, 1, 1, 1), Costs(5, 5, 5, 5, 5, 5, 5)
    assert scaling.each(before, after, 4) == Costs(1, 1, 1, 1, 1, 1, 1)
