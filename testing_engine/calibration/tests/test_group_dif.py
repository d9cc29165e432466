"""DIF among several groups."""

import numpy as np
import pytest

from testing_engine.calibration import Responses, calibrate, dif, dif_among
from testing_engine.calibration.group_dif import differences
from testing_engine.calibration.responses import FloatArray
from testing_engine.calibration.score_tests import ScoreTestError

ITEMS, GROUPS = 20, 3
B = np.linspace(-1.5, 1.5, ITEMS)
MEANS = np.array([0.0, -0.6, 0.4])  # impact


def answers(n: int, shift: FloatArray, rng: np.random.Generator) -> Responses:
    """`shift` (groups, items) of the difficulties."""
    group = np.arange(n) % GROUPS
    theta = MEANS[group] + rng.normal(size=n)
    chance = 1 / (1 + np.exp(-1.3 * (theta[:, None] - B - shift[group])))
    labels = [f"g{each}" for each in group]
    return Responses.from_matrix((rng.random(chance.shape) < chance).astype(int), group=labels)


def test_items_that_differ_are_found_with_their_group() -> None:
    shift = np.zeros((GROUPS, ITEMS))
    shift[2, 4], shift[1, 11] = 0.9, -0.9  # harder for the third, easier for the second
    found = dif_among(answers(3000, shift, np.random.default_rng()))
    assert {item for item, test in found.items.items() if test.flagged} >= {4, 11}
    harder, easier = found.items[4], found.items[11]
    assert (harder.base, harder.uniform_df, harder.df, harder.n) == ("g0", 2, 4, 3000)
    assert harder.effect["g2"] < -0.5 < harder.effect["g1"] < 0.5
    assert easier.effect["g1"] > 0.5 > abs(easier.effect["g2"])
    assert harder.set_aside
    assert found.population["g1"].mean == pytest.approx(-0.6, abs=0.2)
    others = [test for item, test in found.items.items() if item not in (4, 11)]
    assert np.mean([test.p < 0.05 for test in others]) < 0.34
    assert sum(test.flagged for test in others) < 4


def test_with_two_groups_it_is_the_test_of_two() -> None:
    rng = np.random.default_rng(5)
    whole = answers(900, np.zeros((GROUPS, ITEMS)), rng)
    two = Responses.from_matrix(whole.dense(), group=["R", "F"] * 450)
    one, other = dif(two), dif_among(two)
    for item in range(ITEMS):
        assert other.items[item].chi2 == pytest.approx(one.items[item].chi2, rel=1e-9)
        assert other.items[item].p == pytest.approx(one.items[item].p, rel=1e-9)
        assert other.items[item].effect["F"] == pytest.approx(one.items[item].effect, rel=1e-9)


def test_a_group_that_hardly_answered_an_item_is_left_out_of_it() -> None:
    rng = np.random.default_rng()
    data = answers(900, np.zeros((GROUPS, ITEMS)), rng)
    x = data.dense().copy()
    x[2::3, 0] = -1
    x[1::3, 1] = x[2::3, 1] = -1
    found = dif_among(Responses.from_matrix(x, group=["g0", "g1", "g2"] * 300), rounds=1)
    assert set(found.items[0].effect) == {"g1"}
    assert (found.items[0].df, found.items[2].df) == (2, 4)
    assert 1 not in found.items
    with pytest.raises(ScoreTestError, match="two groups"):
        dif_among(Responses.from_matrix(x))


def test_what_differs_between_items_with_an_asymptote_is_the_intercept_and_the_slope() -> None:
    fit = calibrate(answers(600, np.zeros((GROUPS, ITEMS)), np.random.default_rng(6)), "3PL")
    found = differences(fit, [4, 11])
    known = fit.parameters.covariance([4, 11])  # of slope, intercept and asymptote of each
    assert found is not None
    assert known is not None
    values, covariance = found
    one, other = fit.parameters[4], fit.parameters[11]
    assert values == pytest.approx([other.d[0] - one.d[0], other.a[0] - one.a[0]])
    for row, (first, second) in enumerate(((1, 4), (0, 3))):
        expected = known[first, first] + known[second, second] - 2 * known[first, second]
        assert covariance[row, row] == pytest.approx(expected)
