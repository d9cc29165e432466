"""θ as scores, errors in the same unit, and cuts that no rounding contradicts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testing_engine.reporting_scales import FARTHEST, ReportingScale, ReportingScaleError

T = ReportingScale(name="T")
IQ = ReportingScale(at_zero=100.0, per_unit=15.0, minimum=40.0, maximum=160.0)
TABLE = ReportingScale(points=((-2.0, 0.0), (0.0, 60.0), (2.0, 100.0)), digits=1)


@pytest.mark.parametrize(
    ("scale", "theta", "score"),
    [
        *[(T, 0.0, 50), (T, 1.05, 61), (T, -0.05, 50), (T, 1.04949, 60), (IQ, 5.0, 160), (IQ, -5.0, 40)],
        *[(TABLE, -3.0, 0), (TABLE, -1.0, 30), (TABLE, 1.0, 80), (TABLE, 9.0, 100), (TABLE, 0.111, 62.2)],
    ],
)
def test_scores(scale: ReportingScale, theta: float, score: float) -> None:
    assert scale.score(theta) == score


def test_errors_are_in_the_scales_unit() -> None:
    assert T.error(1.3, 0.25) == pytest.approx(2.5)
    assert TABLE.error(-1.0, 0.5) == pytest.approx(15.0)  # 30 points a unit left of 0
    assert TABLE.error(0.0, 0.5) == pytest.approx((70 - 45) / 2)


scales = st.builds(
    ReportingScale,
    at_zero=st.floats(-200, 200),
    per_unit=st.floats(0.5, 200),
    digits=st.integers(0, 3),
    cuts=st.just(()),
)


@given(scales, st.floats(-4, 4), st.floats(-4, 4))
def test_a_level_begins_with_its_score(scale: ReportingScale, at: float, theta: float) -> None:
    """Who has the cut's score is in the level, who has less is not: rounded as it is told."""
    cut = scale.score(at)
    edge = ReportingScale(scale.name, scale.at_zero, scale.per_unit, digits=scale.digits, cuts=(cut,))
    (reached,) = edge.theta_cuts()
    if abs(reached) < FARTHEST:
        is_in = math.floor(theta * 1000 + 0.5) >= math.floor(reached * 1000 + 0.5)
        assert is_in == (scale.score(theta) >= cut)


def test_it_comes_back_from_json() -> None:
    for scale in (T, IQ, TABLE, ReportingScale(cuts=(40.0, 60.0))):
        assert ReportingScale.from_json(scale.to_json()) == scale
    named = {"cuts": [40], "levels": [{"name": "low"}, {"name": "high", "meaning": "well done"}]}
    assert ReportingScale.from_json(named).levels[1].meaning == "well done"


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        ("T", ""),
        ({"unit": 3}, "/unit"),
        ({"per_unit": 0}, "/per_unit"),
        ({"per_unit": "ten"}, "/per_unit"),
        ({"digits": 9}, "/digits"),
        ({"minimum": 10, "maximum": 5}, "/maximum"),
        ({"points": [[0, 1]]}, "/points"),
        ({"points": [[0, 1], [1, 0]]}, "/points"),
        ({"cuts": [60, 40]}, "/cuts"),
        ({"cuts": [40, 40.2]}, "/cuts"),
        ({"minimum": 20, "cuts": [20]}, "/cuts"),
        ({"maximum": 80, "cuts": [90]}, "/cuts"),
        ({"cuts": [40], "levels": [{"name": "one"}]}, "/levels"),
        ({"cuts": [40], "levels": [{"name": "a"}, {"name": "a"}]}, "/levels"),
    ],
)
def test_what_is_no_scale_is_refused_by_name(content: object, pointer: str) -> None:
    with pytest.raises(ReportingScaleError) as refused:
        ReportingScale.from_json(content)
    assert pointer in [at for at, _ in refused.value.problems]
