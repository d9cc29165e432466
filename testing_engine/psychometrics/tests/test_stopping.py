"""Stops, each against its definition computed by hand or by scipy."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from testing_engine.psychometrics.ability.posterior import AbilityEstimate
from testing_engine.psychometrics.engine import TestSoFar, next_step, observe, stop_reason
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.state import CatState

ITEMS, SCORES = [3, 8, 1, 12, 5, 9], [1, 1, 0, 1, 1, 1]


def bank() -> ItemBank:
    rng = np.random.default_rng(8)
    return ItemBank.from_arrays(np.ones((40, 1)), "3PL", rng.normal(size=40), 1.4, 0.15)


def state() -> CatState:
    return observe(TestSoFar(bank(), CatRules(), None, 0, ITEMS, SCORES))


def met(rule: dict[str, Any], at: CatState | None = None) -> bool:
    rules = CatRules.from_json({"stop": [rule], "max_questions": 99})
    reason = stop_reason(at or state(), rules)
    assert reason in (None, rules.stop[0].reason)
    return reason is not None


def log_likelihood(theta: float) -> float:
    p = bank().probabilities([theta])[ITEMS, SCORES]
    return float(np.log(p).sum())


def turning(rule: dict[str, Any], field: str, value: float, when_larger: bool) -> None:
    """The rule turns exactly at this value of its field."""
    assert met({**rule, field: value * (1 + 1e-6)}) is when_larger
    assert met({**rule, field: value * (1 - 1e-6)}) is not when_larger


def test_precision_turns_at_the_standard_error() -> None:
    turning({"name": "precision"}, "standard_error", float(state().estimate.standard_error[0]), True)


def test_classification_turns_at_the_posterior_probability() -> None:
    posterior = state().posterior
    assert posterior is not None
    share = 1 - posterior.below(0.1)
    assert share > 0.5
    turning({"name": "classification", "cuts": [0.1]}, "probability", share, False)


def test_interval_turns_at_the_confidence_that_reaches_the_cut() -> None:
    estimate = state().estimate
    z = float((estimate.theta[0] - 0.1) / estimate.standard_error[0])
    turning({"name": "interval", "cuts": [0.1]}, "confidence", 2 * norm.cdf(z) - 1, False)


def test_sprt_turns_at_wald_s_limit() -> None:
    ratio = log_likelihood(0.1 + 0.3) - log_likelihood(0.1 - 0.3)
    assert ratio > 0
    # alpha where log((1 − β)/α) is the ratio
    alpha = float(0.9 * np.exp(-ratio))
    turning({"name": "SPRT", "cuts": [0.1], "delta": 0.3, "beta": 0.1}, "alpha", alpha, True)


def test_glr_looks_beyond_the_indifference_zone() -> None:
    grid = np.linspace(0.4, 8, 20_001)
    above = max(log_likelihood(theta) for theta in grid[::40])
    ratio = above - log_likelihood(0.1 - 0.3)
    alpha = float(0.9 * np.exp(-ratio))
    rule = {"name": "GLR", "cuts": [0.1], "delta": 0.3, "beta": 0.1}
    assert met({**rule, "alpha": alpha * 1.01})
    assert not met({**rule, "alpha": alpha * 0.99})


@pytest.mark.parametrize("name", ["classification", "interval", "SPRT", "GLR"])
def test_every_cut_must_be_decided(name: str) -> None:
    lax = {"alpha": 0.4, "beta": 0.4} if name in ("SPRT", "GLR") else {}
    cuts = np.linspace(-3, 3, 19).tolist()
    decided = [cut for cut in cuts if met({"name": name, **lax, "cuts": [cut]})]
    undecided = [cut for cut in cuts if cut not in decided]
    assert met({"name": name, **lax, "cuts": decided})
    assert not met({"name": name, **lax, "cuts": [*decided, undecided[0]]})


def test_minimum_information_turns_at_the_best_question_left() -> None:
    now = state()
    values = bank().information(now.estimate.theta) * bank().squared_steepness
    left = np.delete(values, ITEMS).max()
    turning({"name": "information"}, "least", float(left), True)


def test_pser_turns_at_the_predicted_reduction() -> None:
    now = state()
    reductions = []
    for item in set(range(40)) - set(ITEMS):
        variance = 0.0
        for score in (0, 1):
            after = observe(TestSoFar(bank(), CatRules(), None, 0, [*ITEMS, item], [*SCORES, score]))
            assert now.posterior is not None
            chance = now.posterior.density * now.posterior.quadrature.weights
            p = bank().probabilities(now.posterior.quadrature.nodes[:, None])[item, :, score]
            variance += float(chance @ p) * float(after.estimate.covariance[0, 0])
        reductions.append(float(now.estimate.standard_error[0]) - np.sqrt(variance))
    turning({"name": "PSER"}, "least", max(reductions), True)
    # where the error is already small enough, the other limit counts
    both = {"name": "PSER", "least": max(reductions) * 2, "least_after": max(reductions) / 2}
    assert met({**both, "standard_error": 0.01})
    assert not met({**both, "standard_error": 0.99})


def test_change_turns_at_the_last_move() -> None:
    before = observe(TestSoFar(bank(), CatRules(), None, 0, ITEMS[:-1], SCORES[:-1])).estimate.theta
    turning({"name": "change"}, "least", float(np.abs(state().estimate.theta - before)[0]), True)


def test_precision_of_several_dimensions_and_of_a_composite() -> None:
    pool = ItemBank.from_arrays(np.eye(3)[:2].repeat(3, axis=0))
    now = observe(TestSoFar(pool, CatRules(), None, 0, [0, 3], [1, 0]))
    covariance = np.array([[0.09, 0.02, 0.0], [0.02, 0.16, 0.0], [0.0, 0.0, 1.0]])
    now = replace(now, estimate=AbilityEstimate(np.zeros(3), covariance))
    assert met({"name": "precision", "standard_error": 0.41}, now)  # the third is not measured
    assert not met({"name": "precision", "standard_error": 0.39}, now)
    assert met({"name": "precision", "standard_error": 0.31, "dimensions": [0]}, now)
    assert met({"name": "precision", "each": [0.31, 0.41]}, now)
    assert not met({"name": "precision", "each": [0.41, 0.31]}, now)
    composite = {"name": "precision", "composite": [0.5, 0.5, 0]}
    # √(¼ 0.09 + ½ 0.02 + ¼ 0.16) = 0.2693
    assert met({**composite, "standard_error": 0.27}, now)
    assert not met({**composite, "standard_error": 0.269}, now)


def test_and_or_with_lengths() -> None:
    yes, no = {"name": "precision", "standard_error": 9}, {"name": "precision", "standard_error": 0.001}
    assert met({"name": "all", "rules": [yes, {"name": "length", "questions": 6}]})
    assert not met({"name": "all", "rules": [yes, no]})
    assert met({"name": "any", "rules": [yes, no]})
    assert not met({"name": "any", "rules": [no, {"name": "length", "questions": 7}]})
    rules = CatRules.from_json({"stop": [yes], "min_questions": 7, "max_questions": 9})
    assert next_step(TestSoFar(bank(), rules, None, 0, ITEMS, SCORES)).stop is None
    assert next_step(TestSoFar(bank(), rules, None, 0, [*ITEMS, 20], [*SCORES, 1])).stop == "precision"
    both = CatRules.from_json({"stop": [{"name": "all", "rules": [yes, {"name": "length", "questions": 6}]}]})
    assert next_step(TestSoFar(bank(), both, None, 0, ITEMS, SCORES)).stop == "precision+length"
