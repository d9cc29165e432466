"""What a report says, against closed forms; and how it is worded."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.reporting.report import Measured, finding, measured, overall, report_of, told_apart
from sessions_app.reporting.sentences import sentences_of
from sessions_app.sitting.result_specs import USUAL, Kind, Level, ResultSpec

NORMAL = NormalDist()
PASSING = ResultSpec(Kind.PASSING.value, (0.5,))


def found(theta: list[float], error: list[float]) -> Measured:
    return measured([f"c{i}" for i in range(len(theta))], theta, error, [True] * len(theta))


def test_the_whole_is_the_mean_with_its_error() -> None:
    theta, error = overall(found([1.0, 0.0, -0.4], [0.3, 0.4, 1.2]))
    assert theta == pytest.approx(0.2)
    assert error == pytest.approx(1.3 / 3)  # √(.09 + .16 + 1.44) / 3
    correlated = Measured(("a", "b"), np.array([1.0, 0.0]), np.array([[1.0, 0.5], [0.5, 1.0]]))
    assert overall(correlated) == pytest.approx((0.5, math.sqrt(3) / 2))


def test_a_concept_without_a_question_has_no_part() -> None:
    both = measured(["a", "b"], [1.0, 9.0], [0.5, 0.1], [True, False])
    assert (both.names, overall(both)) == (("a",), (1.0, 0.5))


def test_told_apart_by_the_interval_of_the_difference() -> None:
    """Of two, the difference from their mean is ±(a − b) / 2, with standard error √(s² + t²) / 2."""
    beyond, within = 1.97 * 0.5, 1.95 * 0.5
    assert told_apart(found([beyond, 0.0], [0.3, 0.4])) == [1, -1]
    assert told_apart(found([within, 0.0], [0.3, 0.4])) == [0, 0]
    assert told_apart(found([0.0, 0.0, 0.0, 4.0], [0.5] * 4))[3] == 1
    assert told_apart(found([2.0], [0.1])) == [0]


def test_told_apart_as_the_errors_correlate() -> None:
    """Of two, the standard error of half their difference is √(s² + t² − 2ρst) / 2; of n with the same
    errors, that of one's difference from the mean is s √((1 − ρ)(n − 1) / n)."""
    s, t, rho = 0.3, 0.4, 0.6
    both = np.array([[1.0, rho], [rho, 1.0]])
    least = 1.959964 * math.sqrt(s**2 + t**2 - 2 * rho * s * t)
    for difference, sign in ((1.001 * least, 1), (0.999 * least, 0)):
        two = found([difference, 0.0], [s, t])
        assert told_apart(two.correlated(both)) == [sign, -sign]
        assert told_apart(two) == [0, 0]  # they would have to be √(s² + t²) apart
        assert report_of(USUAL, 9, two, correlations=both).concepts[0].stands_out == sign
    n, rho = 5, -0.2
    alike = np.full((n, n), rho) + (1 - rho) * np.eye(n)
    least = 1.959964 * 0.5 * math.sqrt((1 - rho) * (n - 1) / n)
    for above, sign in ((1.001 * least, 1), (0.999 * least, 0)):
        one = found([above * n / (n - 1), 0.0, 0.0, 0.0, 0.0], [0.5] * n)
        assert told_apart(one.correlated(alike))[0] == sign
        assert told_apart(one)[0] == 1


@given(
    st.lists(st.integers(-30, 30), min_size=0, max_size=6, unique=True),
    st.floats(-6, 6),
    st.floats(0.01, 3),
)
def test_probabilities_of_the_levels_add_up(cuts: list[int], theta: float, error: float) -> None:
    spec = ResultSpec(cuts=tuple(cut / 10 for cut in sorted(cuts)))
    one = finding(spec, theta, error)
    if not cuts:
        assert one.level is None
        return
    edges = [-math.inf, *spec.cuts, math.inf]
    whole = NormalDist(theta, error)
    assert one.level is not None
    low, high = edges[one.level], edges[one.level + 1]
    below = 1.0 if high == math.inf else whole.cdf(high)
    assert one.probability == pytest.approx(below - (0.0 if low == -math.inf else whole.cdf(low)), abs=1e-9)
    assert one.likely is not None
    assert one.likely[0] <= one.level <= one.likely[1]


@pytest.mark.parametrize(
    ("spec", "theta", "english", "german"),
    [
        (USUAL, -0.0, "Secure (probability 48 %)", "Sicher (Wahrscheinlichkeit 48 %)"),
        (PASSING, 0.5, "Passed (probability 50 %)", "Bestanden (Wahrscheinlichkeit 50 %)"),
        (PASSING, -4.0, "Not passed (probability 99 %)", "Nicht bestanden (Wahrscheinlichkeit 99 %)"),
        (
            ResultSpec(Kind.SCALE.value, ()),
            0.7,
            "Score 57 (very likely 47 to 67)",
            "Wert 57 (sehr wahrscheinlich 47 bis 67)",
        ),
        (
            ResultSpec(cuts=(0.0, 2.0)),
            1.0,
            "Level 2 of 3 (probability 95 %)",
            "Stufe 2 von 3 (Wahrscheinlichkeit 95 %)",
        ),
    ],
)
def test_it_words_the_whole(spec: ResultSpec, theta: float, english: str, german: str) -> None:
    report = report_of(spec, 3, found([theta], [0.5]))
    for language, text in (("en", english), ("de", german)):
        with override(language):
            assert sentences_of(report).headline == text


def test_a_rating_scale_has_levels_and_points_of_its_own() -> None:
    spec = ResultSpec("scale", (1.0,), (Level("calm", "fine"), Level("tense")), mean=0.0, sd=1.0)
    said = sentences_of(report_of(spec, 3, found([-0.001], [0.5])))
    assert said.headline == "calm: score 0.0 (very likely −1.0 to 1.0)"
    assert said.lines[0] == "calm: fine."


def test_thanks_only_says_no_more_to_a_student() -> None:
    report = report_of(ResultSpec("thanks"), 3, found([1.0], [0.5]))
    assert sentences_of(report).headline == "Thank you. Your answers are recorded."
    assert not sentences_of(report).estimate
    assert sentences_of(report, for_teacher=True).headline.startswith("Advanced (")
