"""Estimators against independent integration and optimisation, and what must not change an estimate."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.special import log_ndtr, ndtr

from testing_engine.psychometrics.ability.grid_posteriors import GridPosterior, grid_posterior
from testing_engine.psychometrics.ability.posterior import Answers, Likelihood
from testing_engine.psychometrics.ability.priors import NormalPrior, Prior, UniformPrior
from testing_engine.psychometrics.ability.quadrature import Quadrature
from testing_engine.psychometrics.engine import TestSoFar, next_step, observe
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameters
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.tests.pools import SEEDS, random_answers, random_pool

QUADRATURE_ERROR = 1e-6  # promised; what is left here is quad's own


def integrated(bank: ItemBank, answers: Answers, prior: Prior, cut: float) -> tuple[float, float, float]:
    """Posterior mean, standard deviation and probability below a cut, by adaptive integration."""
    likelihood = Likelihood(bank, answers)

    def log_density(theta: float) -> float:
        value = likelihood.at(np.array([theta]))[0]
        return value + (float(prior.log_density([theta])) if isinstance(prior, NormalPrior) else 0.0)

    low, high = (prior.lower, prior.upper) if isinstance(prior, UniformPrior) else (-12.0, 12.0)
    grid = np.linspace(low, high, 401)
    peak = grid[np.argmax([log_density(theta) for theta in grid])]
    top = log_density(peak)
    breaks = sorted(
        {low, high, float(np.clip(cut, low, high)), *np.clip(peak + np.linspace(-2, 2, 9), low, high)}
    )

    def integral(power: int, end: float = high) -> float:
        def integrand(theta: float) -> float:
            return float(theta**power * np.exp(log_density(theta) - top))

        edges = [edge for edge in breaks if edge <= end]
        pieces = (quad(integrand, a, b, epsabs=1e-13, epsrel=1e-12, limit=200)[0] for a, b in pairwise(edges))
        return float(sum(pieces))

    total, mean = integral(0), 0.0
    mean = integral(1) / total
    return (
        mean,
        float(np.sqrt(integral(2) / total - mean**2)),
        integral(0, float(np.clip(cut, low, high))) / total,
    )


@pytest.mark.parametrize(
    "prior", [NormalPrior.standard(1), NormalPrior(np.array([1.2]), np.array([[0.09]])), UniformPrior(-3, 3)]
)
@settings(max_examples=5, deadline=None)
@given(seed=SEEDS)
def test_posterior_is_that_of_independent_integration(prior: Prior, seed: int) -> None:
    rng = np.random.default_rng(seed)
    bank = random_pool(rng)
    answers = Answers.given(*random_answers(rng, bank, int(rng.integers(0, 19))))
    cut = float(rng.uniform(-2, 2))
    ours = grid_posterior(bank, answers, prior)
    mean, sd, below = integrated(bank, answers, prior, cut)
    assert ours.mean == pytest.approx(mean, abs=QUADRATURE_ERROR)
    assert ours.sd == pytest.approx(sd, abs=QUADRATURE_ERROR)
    assert ours.below(cut) == pytest.approx(below, abs=QUADRATURE_ERROR)


def test_a_narrow_posterior_gets_a_grid_of_its_own() -> None:
    # N(0.123, 0.01²) and no answer: far narrower than the default step
    posterior = grid_posterior(
        ItemBank.from_parameters([ItemParameters((1.0,))]),
        Answers.given([], []),
        NormalPrior(np.array([0.123]), np.array([[1e-4]])),
    )
    assert posterior.mean == pytest.approx(0.123, abs=1e-12)
    assert posterior.sd == pytest.approx(0.01, abs=1e-10)
    assert posterior.below(0.13) == pytest.approx(float(ndtr(0.7)), abs=1e-9)


@pytest.mark.parametrize("cut", [-9.0, -2.0, 0.05, 1.0, 9.0])
def test_share_below_a_cut_of_a_normal_density(cut: float) -> None:
    quadrature = Quadrature(-8.0, 8.0, 161)
    posterior = GridPosterior.from_log_density(quadrature, -0.5 * quadrature.nodes**2)
    assert posterior.below(cut) == pytest.approx(float(ndtr(cut)), abs=1e-12)


def test_share_below_a_cut_between_bounds() -> None:
    quadrature = Quadrature(-3.0, 2.0, 161, "gauss-legendre")
    posterior = GridPosterior.from_log_density(quadrature, log_ndtr(quadrature.nodes))
    expected = quad(ndtr, -3, 0.3)[0] / quad(ndtr, -3, 2)[0]
    assert posterior.below(0.3) == pytest.approx(expected, abs=1e-10)


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_order_of_answers_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for dimensions, method in ((1, "EAP"), (1, "WLE"), (1, "MAP"), (3, "MAP"), (3, "EP")):
        bank, rules = (
            random_pool(rng, dimensions=dimensions),
            CatRules.from_json({"ability": {"name": method}}),
        )
        items, scores = random_answers(rng, bank, 8)
        shuffled = rng.permutation(8)
        there = observe(TestSoFar(bank, rules, None, 0, items, scores)).estimate
        back = observe(
            TestSoFar(bank, rules, None, 0, [items[i] for i in shuffled], [scores[i] for i in shuffled])
        ).estimate
        np.testing.assert_allclose(there.theta, back.theta, atol=1e-8)
        np.testing.assert_allclose(there.covariance, back.covariance, atol=1e-7)


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_modes_are_found_by_an_independent_optimiser(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bank = random_pool(rng, dimensions=3)
    items, scores = random_answers(rng, bank, 12)
    root = rng.normal(0, 0.3, (3, 3))
    prior = NormalPrior(rng.normal(0, 0.5, 3), np.eye(3) + root @ root.T)
    likelihood = Likelihood(bank, Answers.given(items, scores))

    def loss(theta: npt.NDArray[np.float64]) -> float:
        return -likelihood.at(theta)[0] - float(prior.log_density(theta))

    rules = CatRules.from_json({"ability": {"name": "MAP"}})
    estimate = observe(TestSoFar(bank, rules, prior, 0, items, scores)).estimate
    found = minimize(loss, estimate.theta + 0.01, method="BFGS", options={"gtol": 1e-9})
    assert loss(estimate.theta) <= found.fun + 1e-10
    eye, step = np.eye(3), 1e-4
    hessian = [
        [
            (loss(estimate.theta + step * (a + b)) - loss(estimate.theta + step * (a - b))
             - loss(estimate.theta - step * (a - b)) + loss(estimate.theta - step * (a + b))) / (4 * step**2)
            for a in eye
        ]
        for b in eye
    ]  # fmt: skip
    np.testing.assert_allclose(np.linalg.inv(estimate.covariance), hessian, atol=1e-4)


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_dimensions_may_be_relabelled(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size, order = 12, rng.permutation(3)
    weights = rng.uniform(0.1, 1, (size, 3)) * (rng.random((size, 3)) < 0.7) + 0.01
    difficulty = rng.normal(size=size)
    bank = ItemBank.from_arrays(weights, difficulty=difficulty, guessing=0.2)
    relabelled = ItemBank.from_arrays(weights[:, order], difficulty=difficulty, guessing=0.2)
    items, scores = random_answers(rng, bank, 5)
    for criterion in "DATEW":
        rules = CatRules.from_json({"criterion": {"name": criterion}})
        here, there = (
            next_step(TestSoFar(pool, rules, None, 0, items, scores)) for pool in (bank, relabelled)
        )
        np.testing.assert_allclose(here.ability.theta[order], there.ability.theta, atol=1e-8)
        covariance = here.ability.covariance[np.ix_(order, order)]
        np.testing.assert_allclose(covariance, there.ability.covariance, atol=1e-8)
        assert here.next_item == there.next_item


@given(SEEDS)
def test_information_adds_up(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bank = random_pool(rng, dimensions=2)
    items, scores = random_answers(rng, bank, 9)
    state = observe(TestSoFar(bank, CatRules(), None, 0, items, scores))
    information = bank.information(state.estimate.theta)
    parts = [information[item] * np.outer(bank.slopes[item], bank.slopes[item]) for item in items]
    np.testing.assert_allclose(state.information, sum(parts), atol=1e-10)


def test_mean_of_several_dimensions_is_that_of_one_where_they_are_independent() -> None:
    rng = np.random.default_rng(1)
    size = 20
    difficulty, which = rng.normal(size=size), np.arange(size) % 2
    together = ItemBank.from_arrays(np.eye(2)[which], difficulty=difficulty, guessing=0.15)
    scores = rng.integers(0, 2, size)
    rules = CatRules.from_json({"ability": {"name": "EAP"}})
    estimate = observe(TestSoFar(together, rules, None, 0, range(size), scores.tolist())).estimate
    for dimension in range(2):
        own = which == dimension
        alone = ItemBank.from_arrays(np.ones((own.sum(), 1)), difficulty=difficulty[own], guessing=0.15)
        posterior = grid_posterior(
            alone, Answers.given(range(own.sum()), scores[own].tolist()), NormalPrior.standard(1)
        )
        assert float(estimate.theta[dimension]) == pytest.approx(posterior.mean, abs=1e-6)
        assert float(estimate.standard_error[dimension]) == pytest.approx(posterior.sd, abs=1e-6)


@pytest.mark.parametrize("prior", ["standard", "uniform", "Jeffreys"])
@pytest.mark.parametrize("method", ["ML", "WLE", "MAP", "EAP", "robust"])
@pytest.mark.parametrize("models", [("3PL",), ("2PL", "GRM", "NRM")])
@pytest.mark.parametrize("scores", [[], [1, 1, 1], [0, 0, 0], [-1, -1], [1, 0, 1]])
def test_every_pattern_has_a_finite_estimate(
    prior: str, method: str, models: tuple[str, ...], scores: list[int]
) -> None:
    bank = random_pool(np.random.default_rng(3), models=models)
    rules = CatRules.from_json({"ability": {"name": method}, "prior": {"name": prior}})
    step = next_step(TestSoFar(bank, rules, None, 0, range(len(scores)), scores))
    assert step.next_item is not None
    assert np.isfinite(step.ability.theta).all()
    assert np.isfinite(step.ability.covariance).all()
    assert (step.ability.standard_error > 0).all()
    if not [score for score in scores if score >= 0]:
        assert float(step.ability.theta[0]) == pytest.approx(0, abs=1e-9)
