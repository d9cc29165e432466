"""Thresholds of questions from the times that they took."""

import numpy as np
import pytest

from testing_engine.psychometrics.response_times import Method, efforts, threshold, thresholds


def test_normative_threshold_is_a_tenth_of_the_usual_time_within_bounds() -> None:
    times = np.full(200, 40.0)
    found = threshold(times)
    assert (found.found, found.n) == ("normative", 200)
    assert (found.seconds, found.usual) == pytest.approx((4, 40))
    assert threshold(times, Method(share=0.15)).seconds == pytest.approx(6)
    assert threshold(times * 10).seconds == 10
    assert threshold(times / 10).seconds == 1
    assert threshold(times[:99]).seconds == 3
    assert threshold(times[:99]).found == "fixed"


def test_who_leaves_the_room_does_not_move_the_threshold() -> None:
    times = np.exp(np.random.default_rng(1).normal(3, 0.4, 500))
    away = np.append(times, [3600.0] * 5)
    assert threshold(away).seconds == pytest.approx(threshold(times).seconds, rel=1e-9)


def test_valley_between_guessing_and_working_is_found() -> None:
    rng = np.random.default_rng(2)
    times = np.exp(np.concatenate([rng.normal(0.6, 0.4, 150), rng.normal(3.4, 0.5, 1200)]))
    found = threshold(times, Method("mixture"))
    assert found.found == "mixture"
    assert 3 < found.seconds < 10
    # One hump, however skewed, has no valley.
    alone = threshold(np.exp(rng.normal(3.4, 0.5, 1200)), Method("mixture"))
    assert alone.found == "normative"


def test_thresholds_of_many_questions_leave_out_what_is_no_time() -> None:
    item = np.repeat([2, 0], 120)
    seconds = np.concatenate([np.full(120, 20.0), np.full(120, 50.0)])
    item, seconds = np.append(item, [1, 0, 0]), np.append(seconds, [np.nan, -2.0, np.inf])
    found = thresholds(item, seconds, 4)
    assert [each.seconds for each in found] == pytest.approx([5, 3, 2, 3])
    assert [each.n for each in found] == [120, 0, 120, 0]


def test_effort_of_each_person() -> None:
    both = efforts([0, 0, 2, 2, 2], [True, False, False, False, True], 3)
    assert both == pytest.approx([0.5, np.nan, 2 / 3], nan_ok=True)


@pytest.mark.parametrize(
    "wrong", [{"name": "other"}, {"share": 1.0}, {"least": 11.0}, {"fewest": 1}, {"otherwise": 0.0}]
)
def test_methods_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Method(**wrong)  # type: ignore[arg-type]
