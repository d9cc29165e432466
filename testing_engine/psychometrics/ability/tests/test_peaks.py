"""Which of several peaks an estimate is, and what stands in where there is none."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from testing_engine.psychometrics.ability.posterior import Answers, Likelihood
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.engine import TestSoFar, observe
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameters
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.state import CatState
from testing_engine.psychometrics.stopping import GeneralizedLikelihoodRatio
from testing_engine.psychometrics.tests.pools import SEEDS


def state(bank: ItemBank, ability: dict[str, Any], scores: list[int], **more: Any) -> CatState:
    rules = CatRules.from_json({"ability": ability, **more})
    return observe(TestSoFar(bank, rules, None, 0, list(range(len(scores))), scores))


def guessed(rng: np.random.Generator, count: int, steepest: float = 3.0) -> tuple[ItemBank, list[int]]:
    """Steep questions with much guessing, answered against their difficulty: several peaks are common."""
    bank = ItemBank.from_arrays(
        np.ones((count, 1)),
        discrimination=rng.uniform(1.0, steepest, count),
        difficulty=rng.normal(0, 1.5, count),
        guessing=rng.uniform(0.2, 0.35, count),
    )
    right = rng.random(count) < np.where(bank.difficulty > 0, 0.7, 0.4)
    return bank, right.astype(int).tolist()


TWO_PEAKS = ItemBank.from_arrays(
    np.ones((6, 1)),
    discrimination=[2.05, 1.39, 2.81, 2.4, 1.12, 2.87],
    difficulty=[0.69, -2.54, 0.43, -1.82, 0.18, 0.46],
    guessing=[0.25, 0.25, 0.25, 0.33, 0.33, 0.33],
)


def test_map_takes_the_higher_of_two_peaks() -> None:
    """From the prior's mean the way leads up to the lower one, at 0.284."""
    found = state(TWO_PEAKS, {"name": "MAP"}, [1, 1, 1, 0, 1, 1]).estimate
    assert found.theta[0] == pytest.approx(-1.292, abs=1e-3)


def log_posterior(
    bank: ItemBank, scores: list[int], theta: FloatArray, prior: NormalPrior | None
) -> FloatArray:
    likelihood = Likelihood(bank, Answers.given(range(len(scores)), scores))
    values: FloatArray = likelihood.log_p(bank.predictor(theta[:, None], likelihood.items)).sum(axis=0)
    return values if prior is None else values + prior.log_density(theta[:, None])


@pytest.mark.parametrize("bounds", [None, {"lower": -3.0, "upper": 3.0}])
@settings(max_examples=40, deadline=None)
@given(seed=SEEDS)
def test_map_is_as_high_as_any_point_of_a_fine_grid(bounds: dict[str, float] | None, seed: int) -> None:
    bank, scores = guessed(np.random.default_rng(seed), 7)
    found = state(bank, {"name": "MAP", "bounds": bounds}, scores).estimate.theta
    grid = np.linspace(-3, 3, 6001) if bounds else np.linspace(-8, 8, 16001)
    prior = NormalPrior.standard(1)
    height = log_posterior(bank, scores, found, prior)[0]
    assert height >= log_posterior(bank, scores, grid, prior).max() - 1e-12


@pytest.mark.parametrize("ability", [{"name": "ML"}, {"name": "MAP"}])
@settings(max_examples=40, deadline=None)
@given(seed=SEEDS)
def test_so_is_ml_and_map_under_a_uniform_prior(ability: dict[str, Any], seed: int) -> None:
    bank, scores = guessed(np.random.default_rng(seed), 8, 12.0)
    if len(set(scores)) == 1:
        return
    found = state(bank, ability, scores, prior={"name": "uniform"}).estimate.theta
    height = log_posterior(bank, scores, found, None)[0]
    assert height >= log_posterior(bank, scores, np.linspace(-4, 4, 8001), None).max() - 1e-12


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS)
def test_map_in_two_dimensions_is_no_lower_than_from_the_prior_s_mean(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bank = ItemBank.from_arrays(rng.uniform(0, 2, (10, 2)), difficulty=rng.normal(0, 1.5, 10), guessing=0.3)
    scores, prior = rng.integers(0, 2, 10).tolist(), NormalPrior.standard(2)
    likelihood = Likelihood(bank, Answers.given(range(10), scores))
    heights = []
    for edition in (1, 2):
        theta = state(bank, {"name": "MAP"}, scores, edition=edition).estimate.theta
        heights.append(likelihood.at(theta)[0] + float(prior.log_density(theta)))
    assert heights[1] >= heights[0] - 1e-9


def nominal(*slopes: tuple[float, ...]) -> ItemBank:
    return ItemBank.from_parameters(
        [
            ItemParameters((1.0,), "NRM", category_slopes=each, category_intercepts=(0.0,) * len(each))
            for each in slopes
        ]
    )


# Category 0 is the highest of all three, the last one is not the lowest.
REVERSED = nominal((1.0, -1.0, 0.2), (0.8, -0.5, 0.1), (1.2, 0.0, -0.7))


@pytest.mark.parametrize(
    ("rule", "scores", "theta"),
    [
        ("step", [0, 0, 0], 2.1),
        ("step", [1, 1, 2], -2.1),
        ("halve", [0, 0], 3.0),
        ("bound", [0, 0, 0], 4.0),
        ("bound", [1, 1, 2], -4.0),
    ],
)
def test_ml_follows_the_slopes_of_nominal_categories(rule: str, scores: list[int], theta: float) -> None:
    found = state(REVERSED, {"name": "ML", "until_mixed": {"rule": rule}}, scores).estimate
    assert found.theta[0] == pytest.approx(theta)


def test_nominal_answers_of_one_end_are_not_mixed_however_they_are_numbered() -> None:
    """Without a finite mode EAP stands in; answers in the middle have one."""
    by_mode = state(REVERSED, {"name": "ML"}, [1, 1, 2]).estimate
    by_mean = state(REVERSED, {"name": "EAP"}, [1, 1, 2]).estimate
    assert by_mode.theta[0] == by_mean.theta[0]
    between = state(REVERSED, {"name": "ML"}, [2, 2, 1]).estimate.theta
    assert abs(between[0]) < 4
    assert log_posterior(REVERSED, [2, 2, 1], between, None)[0] == pytest.approx(
        log_posterior(REVERSED, [2, 2, 1], np.linspace(-4, 4, 80001), None).max(), abs=1e-8
    )


@pytest.mark.parametrize("until_mixed", ["EAP", "bound", "step", "halve", "MAP"])
def test_a_robust_estimate_is_never_a_plateau(until_mixed: str) -> None:
    """Tukey's weights are 0 beyond the tuning constant: an easy question wrong and a hard one right leave a
    flat stretch between them on which neither counts."""
    bank = ItemBank.from_arrays(np.ones((2, 1)), difficulty=[-3.0, 3.0], discrimination=2.0)
    ability = {
        "name": "robust",
        "weight": "Tukey",
        "tuning": 1.0,
        "bounds": {"lower": -2.0, "upper": 2.0},
        "until_mixed": {"rule": until_mixed},
    }
    found = state(bank, ability, [0, 1]).estimate
    assert found.theta[0] == pytest.approx(0, abs=1e-6)
    assert found.standard_error[0] < 1.1
    first = state(bank, ability, [0, 1], edition=1).estimate
    assert until_mixed != "bound" or first.standard_error[0] == 1e6  # what there was before


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS)
def test_robust_errors_are_those_of_questions_that_count(seed: int) -> None:
    bank, scores = guessed(np.random.default_rng(seed), 9)
    ability = {"name": "robust", "weight": "Tukey", "tuning": 0.8, "until_mixed": {"rule": "bound"}}
    found = state(bank, ability, scores).estimate
    assert found.standard_error[0] < 1e5


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS)
def test_glr_compares_the_highest_likelihoods(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bank, scores = guessed(rng, 10, 6.0)
    cuts = np.array([-0.5, 0.7])
    low, high = cuts - 0.2, cuts + 0.2
    rule = GeneralizedLikelihoodRatio(cuts=(-0.5, 0.7), delta=0.2)
    evidence = rule.evidence(state(bank, {"name": "EAP"}, scores), low, high)
    for at, (below, above) in enumerate(zip(low, high, strict=True)):
        highest = [
            log_posterior(bank, scores, np.linspace(start, end, 60001), None).max()
            for start, end in ((above, 8.0), (-8.0, below))
        ]
        assert evidence[at] == pytest.approx(highest[0] - highest[1], abs=1e-6)


def test_wle_may_rise_after_a_wrong_answer_and_eap_does_not() -> None:
    """As docs/ENGINE.md says of a very hard question with guessing that comes first."""
    bank = ItemBank.from_arrays(np.ones((1, 1)), difficulty=5.0, discrimination=1.5, guessing=0.2)
    assert state(bank, {"name": "WLE"}, []).estimate.theta[0] == 0
    assert state(bank, {"name": "WLE"}, [0]).estimate.theta[0] > 3.9
    for name in ("EAP", "MAP", "ML"):
        assert state(bank, {"name": name}, [0]).estimate.theta[0] < 0
