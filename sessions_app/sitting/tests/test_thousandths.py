"""The one rounding of θ: equal θ, equal level, in Python and in PostgreSQL."""

import json
import math
import re

import pytest
from django.db import connection
from django.db.models import FloatField, Value
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.models import ApiClient
from sessions_app.sitting.result_specs import USUAL_CUTS
from sessions_app.sitting.thousandths import in_level, level_index, plain, thousandths, told
from sessions_app.tests.factories import ApiClientFactory

CUTS = st.lists(st.floats(-20, 20), min_size=1, max_size=6).filter(
    lambda cuts: len({thousandths(cut) for cut in cuts}) == len(cuts)
)
NEAR = [0.0, -0.0, 6e-17, -8.6e-17, 1e-9, -1e-9, 4.9e-4, -4.9e-4, 5e-4, -5e-4, 1e-3, -1e-3, 0.3, -0.3]


def level_in_sql(theta: float, cuts: list[float]) -> list[int]:
    """The levels that PostgreSQL finds a θ in."""
    row = ApiClient.objects.annotate(theta=Value(theta, output_field=FloatField()))
    return [level for level in range(len(cuts) + 1) if row.filter(in_level("theta", cuts, level)).exists()]


@pytest.mark.parametrize("cut", [*USUAL_CUTS, 0.5, -0.125, 1.234])
def test_dust_decides_no_level(cut: float) -> None:
    for dust in (1e-16, 8.6e-17, 1e-9, 4e-4):
        assert level_index(cut - dust, [cut]) == level_index(cut + dust, [cut]) == 1
    assert (level_index(cut - 0.0011, [cut]), level_index(cut + 0.0011, [cut])) == (0, 1)


@given(st.floats(-50, 50), st.floats(-50, 50), CUTS)
def test_equal_as_told_is_equal_in_level(one: float, other: float, cuts: list[float]) -> None:
    cuts = sorted(cuts)
    if told(one) == told(other):
        assert level_index(one, cuts) == level_index(other, cuts)
    low, high = sorted((one, other))
    assert level_index(low, cuts) <= level_index(high, cuts)
    written = float(told(one).replace("−", "-"))
    assert level_index(written, cuts) == level_index(one, cuts)  # it can be found again from what is written


@pytest.mark.django_db
def test_postgresql_finds_the_same_level_around_every_cut() -> None:
    ApiClientFactory.create()
    for cuts in ([*USUAL_CUTS], [0.00015], [-1.0005, 0.4995, 1.0005]):
        for cut in cuts:
            around = [cut + near for near in NEAR] + [math.nextafter(cut, end) for end in (-9, 9)]
            halves = [(thousandths(cut) + half) / 1000 for half in (-1.5, -0.5, 0.5)]
            for theta in [*around, *halves, *(math.nextafter(half, 9) for half in halves)]:
                assert level_in_sql(theta, cuts) == [level_index(theta, cuts)], (theta, cuts)


@pytest.mark.django_db
@given(st.lists(st.floats(-30, 30), min_size=1, max_size=20), CUTS)
def test_postgresql_rounds_the_same(thetas: list[float], cuts: list[float]) -> None:
    with connection.cursor() as cursor:
        numbers = [*thetas, *cuts]
        cursor.execute("SELECT floor(t * 1000.0::float8 + 0.5) FROM unnest(%s::float8[]) AS t", [numbers])
        assert [int(row[0]) for row in cursor.fetchall()] == [thousandths(number) for number in numbers]


@given(st.floats(-50, 50))
def test_no_minus_zero_and_no_dust(theta: float) -> None:
    assert re.fullmatch(r"−?\d+\.\d{3}", told(theta))
    assert told(theta) != "−0.000"
    assert abs(thousandths(theta) / 1000 - theta) <= 0.0005 + 1e-12
    assert json.dumps(plain(theta)) != "-0.0"
    assert plain(theta) == (theta if abs(theta) >= 5e-10 else 0)


@pytest.mark.parametrize(
    ("theta", "text"), [(-8.6e-17, "0.000"), (-0.0, "0.000"), (-0.4996, "−0.500"), (12, "12.000")]
)
def test_it_tells(theta: float, text: str) -> None:
    assert told(theta) == text
