"""Expectation propagation against posteriors on fine grids, in closed cases, and where it does not settle."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings

from testing_engine.psychometrics.ability import expectation_propagation
from testing_engine.psychometrics.ability.estimators import (
    ExpectationPropagation,
    ExpectedAPosteriori,
    MaximumAPosteriori,
)
from testing_engine.psychometrics.ability.expectation_propagation import posterior_moments
from testing_engine.psychometrics.ability.posterior import (
    AbilityEstimate,
    Answers,
    Likelihood,
    probability_below,
)
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.ability.tests.fine_grids import FineGrid
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.tests.pools import SEEDS, random_answers, random_pool

FAMILIES = {"logistic": ("2PL", "3PL", "4PL"), "GRM": ("GRM",), "GPCM": ("GPCM", "PCM"), "NRM": ("NRM",)}


def simulated(
    seed: int, dimensions: int, count: int, sd: float = 1.0, rho: float = 0.0, guessing: float = 0.25
) -> tuple[ItemBank, Answers, NormalPrior]:
    """A student's answers to questions on one or two concepts each."""
    rng = np.random.default_rng(seed)
    weights = np.zeros((count, dimensions))
    weights[np.arange(count), rng.integers(0, dimensions, count)] = 1
    two = np.flatnonzero(rng.random(count) < 0.5)
    weights[two, rng.integers(0, dimensions, len(two))] = 1
    bank = ItemBank.from_arrays(
        weights,
        discrimination=rng.uniform(0.7, 2.2, count),
        difficulty=rng.normal(0, 1.2, count),
        guessing=guessing,
    )
    prior = NormalPrior(
        np.zeros(dimensions), sd**2 * ((1 - rho) * np.eye(dimensions) + np.full((dimensions,) * 2, rho))
    )
    theta = np.linalg.cholesky(prior.covariance) @ rng.normal(size=dimensions)
    scores = (rng.random(count) < bank.curves(theta).p[1]).astype(np.intp)
    return bank, Answers(np.arange(count), scores), prior


def root_mean_square(values: list[FloatArray]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.mark.parametrize(("sd", "rho"), [(1.0, 0.0), (1.0, 0.6), (2.0, 0.0)])
def test_moments_are_those_of_the_posterior(sd: float, rho: float) -> None:
    """And Laplace's, which the estimator replaces, are not: the test can tell."""
    mean, error, mode, laplace = [], [], [], []
    for seed in range(12):
        bank, answers, prior = simulated(seed, 2, 12, sd, rho)
        exact = FineGrid.of(bank, answers, prior, 0.08)
        found = posterior_moments(bank, answers, prior)
        old = MaximumAPosteriori().estimate(bank, answers, prior)[0]
        mean.append((found.theta - exact.mean) / exact.standard_error)
        error.append(found.standard_error / exact.standard_error - 1)
        mode.append((old.theta - exact.mean) / exact.standard_error)
        laplace.append(old.standard_error / exact.standard_error - 1)
        assert found.found_by == "EP"
    assert root_mean_square(mean) < 0.01 < 0.05 < root_mean_square(mode)
    assert root_mean_square(error) < 0.015 < 0.05 < root_mean_square(laplace)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_of_response_models(family: str) -> None:
    mean, error = [], []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        bank = random_pool(rng, 14, 2, FAMILIES[family])
        answers = Answers.given(*random_answers(rng, bank, 10))
        prior = NormalPrior.standard(2)
        exact = FineGrid.of(bank, answers, prior, 0.06)
        found = posterior_moments(bank, answers, prior)
        mean.append((found.theta - exact.mean) / exact.standard_error)
        error.append(found.standard_error / exact.standard_error - 1)
    assert root_mean_square(mean) < 0.01
    assert root_mean_square(error) < 0.015


def test_it_is_exact_where_every_question_measures_one_concept() -> None:
    rng = np.random.default_rng(5)
    weights = np.eye(4)[rng.integers(0, 4, 40)]
    bank = ItemBank.from_arrays(weights, difficulty=rng.normal(size=40), discrimination=1.4, guessing=0.2)
    answers = Answers(np.arange(40), (rng.random(40) < bank.curves(np.zeros(4)).p[1]).astype(np.intp))
    prior = NormalPrior(rng.normal(0, 0.3, 4), np.diag(rng.uniform(0.5, 2, 4)))
    found = posterior_moments(bank, answers, prior)
    for concept in range(4):
        own = np.flatnonzero(weights[:, concept])
        alone = ItemBank.from_arrays(
            np.ones((len(own), 1)), difficulty=bank.difficulty[own], discrimination=1.4, guessing=0.2
        )
        one = NormalPrior(prior.mean[[concept]], prior.covariance[[concept]][:, [concept]])
        expected, _ = ExpectedAPosteriori().estimate(
            alone, Answers(np.arange(len(own)), answers.scores[own]), one
        )
        assert found.theta[concept] == pytest.approx(expected.theta[0], abs=1e-3)
        assert found.standard_error[concept] == pytest.approx(expected.standard_error[0], rel=1e-3)


def test_no_answer_is_the_prior() -> None:
    bank, _, prior = simulated(1, 3, 5, 1.5, 0.3)
    found = posterior_moments(bank, Answers.given([], []), prior)
    np.testing.assert_array_equal(found.theta, prior.mean)
    np.testing.assert_array_equal(found.covariance, prior.covariance)


def test_one_dimension_is_eap() -> None:
    bank, answers, prior = simulated(2, 1, 9)
    ours, posterior = ExpectationPropagation().estimate(bank, answers, prior)
    theirs, _ = ExpectedAPosteriori().estimate(bank, answers, prior)
    np.testing.assert_array_equal(ours.theta, theirs.theta)
    assert posterior is not None


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_any_pool_gives_finite_numbers_and_the_same_bits_again(seed: int) -> None:
    rng = np.random.default_rng(seed)
    dimensions = int(rng.integers(2, 7))
    bank = random_pool(rng, 27, dimensions)
    answers = Answers.given(*random_answers(rng, bank, int(rng.integers(1, 28))))
    root = rng.normal(0, 0.5, (dimensions, dimensions))
    prior = NormalPrior(rng.normal(0, 0.5, dimensions), 0.3 * np.eye(dimensions) + root @ root.T)
    found = posterior_moments(bank, answers, prior)
    again = posterior_moments(bank, answers, prior)
    assert found.theta.tobytes() == again.theta.tobytes()
    assert found.covariance.tobytes() == again.covariance.tobytes()
    assert np.isfinite(found.theta).all()
    assert np.linalg.eigvalsh(found.covariance)[0] > 0
    np.testing.assert_array_equal(found.covariance, found.covariance.T)


def test_the_share_below_a_cut_knows_the_skewness() -> None:
    with_skewness, normal = [], []
    for seed in range(10):
        bank, answers, prior = simulated(seed, 2, 6)
        exact = FineGrid.of(bank, answers, prior, 0.05)
        found = posterior_moments(bank, answers, prior)
        without = AbilityEstimate(found.theta, found.covariance)
        for cut in (-1.0, 0.0, 1.0):
            for dimension in (0, 1):
                below = exact.below(cut, dimension)
                with_skewness.append(probability_below(found, cut, dimension) - below)
                normal.append(probability_below(without, cut, dimension) - below)
    assert root_mean_square([np.array(with_skewness)]) < 0.6 * root_mean_square([np.array(normal)])
    assert max(map(abs, with_skewness)) < 0.02


def test_shares_below_rising_cuts_are_shares() -> None:
    lopsided = AbilityEstimate(np.zeros(1), np.eye(1), np.array([[1.2]]))
    shares = [probability_below(lopsided, cut) for cut in np.linspace(-6, 6, 60)]
    assert all(0 <= share <= 1 for share in shares)
    assert shares[0] == pytest.approx(0, abs=1e-6)
    assert shares[-1] == pytest.approx(1, abs=1e-6)


def test_the_overall_score_and_its_error() -> None:
    bank, answers, prior = simulated(4, 2, 12, 1.0, 0.3)
    exact = FineGrid.of(bank, answers, prior, 0.05)
    found = posterior_moments(bank, answers, prior)
    assert found.overall.theta == pytest.approx(exact.mean.mean(), abs=0.005)
    assert found.overall.standard_error == pytest.approx(np.sqrt(exact.covariance.sum()) / 2, rel=0.01)
    mean = np.full(2, 0.5)
    third = exact.third(mean) / found.overall.standard_error**3
    assert found.overall.skewness == pytest.approx(third, abs=0.12)  # it is of first order
    for dimension, weights in enumerate(np.eye(2)):
        third = exact.third(weights) / exact.standard_error[dimension] ** 3
        assert found.skewness[dimension] == pytest.approx(third, abs=0.12)


def test_what_has_not_settled_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    bank, answers, prior = simulated(7, 5, 20)
    settled = posterior_moments(bank, answers, prior)
    monkeypatch.setattr(expectation_propagation, "QUICK", (1.0, 1))
    from_mode = posterior_moments(bank, answers, prior)
    assert from_mode.found_by == "EP from the mode"
    np.testing.assert_allclose(from_mode.theta, settled.theta, atol=0.01)
    np.testing.assert_allclose(from_mode.standard_error, settled.standard_error, rtol=0.01)
    monkeypatch.setattr(expectation_propagation, "GENTLE", (0.3, 1))
    mode = posterior_moments(bank, answers, prior)
    laplace = MaximumAPosteriori().estimate(bank, answers, prior)[0]
    assert mode.found_by == "mode"
    np.testing.assert_allclose(mode.theta, laplace.theta, atol=1e-6)
    assert (mode.standard_error > laplace.standard_error).all()
    assert (mode.standard_error < np.sqrt(np.diagonal(prior.covariance))).all()


def test_in_two_dimensions_a_grid_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    bank, answers, prior = simulated(8, 2, 15)
    monkeypatch.setattr(expectation_propagation, "QUICK", (1.0, 1))
    monkeypatch.setattr(expectation_propagation, "GENTLE", (0.3, 1))
    found, _ = ExpectationPropagation().estimate(bank, answers, prior)
    exact = FineGrid.of(bank, answers, prior, 0.06)
    assert found.found_by == "grid"
    np.testing.assert_allclose(found.theta, exact.mean, atol=1e-6)
    np.testing.assert_allclose(found.standard_error, exact.standard_error, atol=1e-6)


def test_steep_questions_and_contradicting_answers_still_give_errors_that_hold() -> None:
    """The hardest 40 of the stress cases: slopes around 5, a wide prior, answers the wrong way round."""
    distances = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        weights = rng.uniform(0, 1, (30, 4))
        bank = ItemBank.from_arrays(
            weights, discrimination=4.0, difficulty=rng.uniform(-2, 2, 30), guessing=0.2
        )
        prior = NormalPrior(np.zeros(4), 4 * np.eye(4))
        theta = 2 * rng.normal(size=4)
        scores = (rng.random(30) < bank.curves(theta).p[1]).astype(np.intp)
        scores[:3] = bank.difficulty[:3] > 0
        found = posterior_moments(bank, Answers(np.arange(30), scores), prior)
        assert np.isfinite(found.standard_error).all()
        distances.append((found.theta - theta) / found.standard_error)
    assert np.mean(np.abs(distances) < 1.96) > 0.8


@pytest.mark.parametrize(("sd", "rho", "count"), [(1.0, 0.0, 8), (2.0, 0.0, 8), (2.0, 0.5, 20)])
def test_eap_in_two_dimensions_is_exact_to_a_millionth(sd: float, rho: float, count: int) -> None:
    """At a prior standard deviation of 2, guessing makes Laplace's covariance far too narrow for a grid."""
    for seed in range(8):
        bank, answers, prior = simulated(seed, 2, count, sd, rho)
        exact = FineGrid.of(bank, answers, prior, 0.08)
        found, _ = ExpectedAPosteriori().estimate(bank, answers, prior)
        np.testing.assert_allclose(found.theta, exact.mean, atol=1e-6)
        np.testing.assert_allclose(found.standard_error, exact.standard_error, atol=1e-6)
        np.testing.assert_allclose(found.covariance, exact.covariance, atol=2e-6)


def test_eap_in_three_dimensions_is_exact_to_a_millionth() -> None:
    bank, answers, prior = simulated(3, 3, 7, 2.0)
    exact = FineGrid.of(bank, answers, prior, 0.22)
    found, _ = ExpectedAPosteriori().estimate(bank, answers, prior)
    np.testing.assert_allclose(found.theta, exact.mean, atol=1e-6)
    np.testing.assert_allclose(found.standard_error, exact.standard_error, atol=1e-6)


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_log_p_alone_is_that_beside_its_derivatives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bank = random_pool(rng)
    likelihood = Likelihood(bank, Answers.given(*random_answers(rng, bank, 18)))
    for t in (rng.normal(0, 4, 18), rng.normal(0, 200, (18, 5))):
        np.testing.assert_allclose(likelihood.log_p(t), likelihood.curves(t)[0], atol=1e-9, rtol=1e-12)


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_what_counts_as_log_concave_bends_nowhere_up(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bank = random_pool(rng)
    items, scores = random_answers(rng, bank, 18)
    t = np.linspace(-8, 8, 400)
    for item, score in zip(items, scores, strict=True):
        likelihood = Likelihood(bank, Answers.given([item], [score]))
        bend = likelihood.curves(t[None])[2]
        assert not likelihood.is_log_concave or bend.max() <= 1e-12


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_an_end_is_where_log_p_goes_on_rising(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bank = random_pool(rng, 27)
    items, scores = random_answers(rng, bank, 27)
    for item, score in zip(items, scores, strict=True):
        ((family, _, own),) = Likelihood(bank, Answers.given([item], [score])).groups
        down, up = family.ends(own)
        log_p = family.answered_logs(own)(np.linspace(-300, 300, 61)[None])[0]
        assert down[0] == all(left >= right for left, right in pairwise(log_p))
        assert up[0] == all(left <= right for left, right in pairwise(log_p))
