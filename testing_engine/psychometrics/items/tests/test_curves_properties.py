"""What must hold for any question: closed forms, finite differences, the bound that ranking uses."""

import numpy as np
import pytest
from hypothesis import given
from scipy.special import expit

from testing_engine.psychometrics.items.bank import MODELS, ItemBank, ItemParameters
from testing_engine.psychometrics.items.response import Curves
from testing_engine.psychometrics.tests.pools import SEEDS, random_pool

H = 1e-4  # step of the central differences; their error is about H² times a derivative two orders higher


@given(SEEDS)
def test_probabilities_add_up_and_derivatives_cancel(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bank = random_pool(rng, dimensions=3)
    curves = bank.curves(rng.normal(0, 2, (5, 3)))
    np.testing.assert_allclose(curves.p.sum(axis=0), 1, atol=1e-12)
    for ratio in (curves.r1, curves.r2, curves.r3):
        np.testing.assert_allclose((curves.p * ratio).sum(axis=0), 0, atol=1e-9)


@given(SEEDS)
def test_derivatives_are_finite_differences(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bank = random_pool(rng)
    t = rng.normal(0, 2, bank.n_items)
    low, here, high = (bank.curves_at(t + shift) for shift in (-H, 0, H))
    names = ("p", "r1", "r2", "r3")
    levels = [[c.p * (1 if name == "p" else getattr(c, name)) for name in names] for c in (low, here, high)]
    for order in range(3):
        difference = (levels[2][order] - levels[0][order]) / (2 * H)
        np.testing.assert_allclose(levels[1][order + 1], difference, atol=1e-5)
    pairs = [("information", "information_slope"), ("information_slope", "information_curvature")]
    for value, slope in [*pairs, ("warm", "warm_slope")]:
        difference = (getattr(high, value)() - getattr(low, value)()) / (2 * H)
        np.testing.assert_allclose(getattr(here, slope)(), difference, atol=1e-4)


@given(SEEDS)
def test_information_is_the_mean_of_what_is_observed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bank = random_pool(rng, dimensions=2)
    theta = rng.normal(0, 2, (4, 2))
    curves = bank.curves(theta)
    np.testing.assert_allclose((curves.p * curves.observed()).sum(axis=0), curves.information(), atol=1e-9)
    np.testing.assert_allclose(bank.information(theta), curves.information(), atol=1e-12)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(bank.log_probabilities(theta), np.log(curves.p), atol=1e-9)


@given(SEEDS)
def test_growth_bounds_information_everywhere(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bank = random_pool(rng)
    here, there = rng.normal(0, 3, 2)
    distance = np.abs(bank.predictor([there]) - bank.predictor([here]))
    bound = bank.information([here]) * np.exp(bank.growth([here]) * distance)
    assert (bank.information([there]) <= bound * (1 + 1e-9)).all()


@given(SEEDS)
def test_no_question_tells_more_than_its_ceiling(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bank = random_pool(rng)
    told = bank.information(np.linspace(-12, 12, 241)[:, None]).max(axis=1)
    assert (told <= bank.ceiling * (1 + 1e-12)).all()


@pytest.mark.parametrize("guessing", [0.0, 0.2, 0.6, 0.95])
def test_a_question_without_slips_reaches_its_ceiling(guessing: float) -> None:
    # so that ceilings tell good questions from others; beyond a guessing parameter of 0.9 the bound is
    # coarser
    bank = ItemBank.from_arrays(np.ones((1, 1)), "3PL", discrimination=1.7, guessing=guessing)
    most = bank.information(np.linspace(-4, 6, 20_001)[:, None]).max()
    assert bank.ceiling[0] == pytest.approx(most, rel=1e-6 if guessing < 0.9 else 1.5)


@pytest.mark.parametrize("t", [-1e4, -800.0, -40.0, 40.0, 800.0, 1e4])
@pytest.mark.parametrize("model", MODELS)
def test_far_away_nothing_breaks(model: str, t: float) -> None:
    bank = random_pool(np.random.default_rng(0), models=(model,))
    curves = bank.curves_at(np.full(bank.n_items, t))
    values = [curves.p, curves.r1, curves.r2, curves.r3, curves.information(), curves.warm()]
    assert all(np.isfinite(value).all() for value in values)
    np.testing.assert_allclose(curves.p.sum(axis=0), 1, atol=1e-12)


def test_four_parameter_curve_in_closed_form() -> None:
    # c + (u − c) σ(D a (θ − b)) with a = 1.2, b = 0.5, c = 0.2, u = 0.9, D = 1.702 at θ = 1
    item = ItemParameters((1.0,), "4PL", difficulty=0.5, discrimination=1.2, guessing=0.2, upper=0.9)
    bank = ItemBank.from_parameters([item], scaling=1.702)
    expected = 0.2 + 0.7 * expit(1.702 * 1.2 * 0.5)
    assert bank.probabilities([1.0])[0, 1] == pytest.approx(expected, abs=1e-15)


def test_graded_curve_in_closed_form() -> None:
    item = ItemParameters((1.0,), "GRM", difficulty=0.3, discrimination=1.5, thresholds=(-1.0, 0.4))
    reach = expit(1.5 * (0.7 - 0.3 - np.array([-1.0, 0.4])))
    expected = [1 - reach[0], reach[0] - reach[1], reach[1]]
    np.testing.assert_allclose(ItemBank.from_parameters([item]).probabilities([0.7])[0], expected, atol=1e-15)


def test_partial_credit_curve_in_closed_form() -> None:
    item = ItemParameters((1.0,), "PCM", difficulty=0.3, thresholds=(-1.0, 0.4))
    steps = 0.7 - 0.3 - np.array([-1.0, 0.4])
    odds = np.exp([0, steps[0], steps.sum()])
    computed = ItemBank.from_parameters([item]).probabilities([0.7])[0]
    np.testing.assert_allclose(computed, odds / odds.sum(), atol=1e-15)


def test_several_dimensions_follow_mdiff() -> None:
    # at θ = b · slopes / ‖slopes‖ a question without guessing is right with probability ½
    item = ItemParameters((0.6, 0.0, 0.8), difficulty=1.3, discrimination=1.7)
    bank = ItemBank.from_parameters([item])
    assert bank.probabilities(1.3 * np.array([0.6, 0.0, 0.8]))[0, 1] == pytest.approx(0.5, abs=1e-15)
    assert bank.measured.tolist() == [True, False, True]


@given(SEEDS)
def test_a_subset_is_the_same_questions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bank = random_pool(rng)
    items = np.sort(rng.permutation(bank.n_items)[:7])
    subset, theta = bank.subset(items), rng.normal(size=(1,))
    assert (subset.information(theta) == bank.information(theta)[items]).all()
    whole: Curves = bank.curves(theta, items)
    width = int(subset.n_categories.max())
    assert (subset.curves(theta).p == whole.p[:width]).all()
