"""In several dimensions, too, all students together take the tests that each takes alone."""

import numpy as np
import pytest
from hypothesis import given, settings

from testing_engine.psychometrics.ability.estimators import ExpectationPropagation
from testing_engine.psychometrics.ability.expectation_propagation import moments_of_each
from testing_engine.psychometrics.ability.posterior import Answers
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.tests.pools import SEEDS, random_pool
from testing_engine.simulation import lockstep_several
from testing_engine.simulation.simulate import simulate
from testing_engine.simulation.students import Students
from testing_engine.simulation.taking import one_by_one

RULES = (
    {"max_questions": 14},
    {"max_questions": 18, "min_questions": 3, "stop": [{"name": "precision", "standard_error": 0.75}]},
    {"max_questions": 16, "prior": {"name": "standard", "correlation": 0.4}},
    {"max_questions": 12, "stop": [{"name": "precision", "composite": [1, 1, 0], "standard_error": 1.1}]},
)


@pytest.mark.parametrize("rules", RULES)
@settings(deadline=None, max_examples=2)
@given(seed=SEEDS)
def test_lock_step_takes_the_tests_that_next_step_takes(rules: dict[str, object], seed: int) -> None:
    rng, asked = np.random.default_rng(seed), CatRules.from_json(rules)
    bank = random_pool(rng, 36, dimensions=3)
    students = Students.drawn(rng.normal(size=(3, 3)), 3, min(asked.max_questions, 36), seed)
    prior = asked.prior_rule.prior(3)
    assert isinstance(prior, NormalPrior)
    assert lockstep_several.understood(bank, asked, prior, students)
    together = lockstep_several.take_tests(bank, asked, prior, students)
    alone = one_by_one(bank, asked, None, students)
    np.testing.assert_array_equal(together.items, alone.items)
    np.testing.assert_array_equal(together.scores, alone.scores)
    assert together.stops.tolist() == alone.stops.tolist()
    for name in ("estimates", "standard_errors", "overall_errors", "before"):
        np.testing.assert_array_equal(getattr(together, name), getattr(alone, name))


@settings(deadline=None, max_examples=4)
@given(seed=SEEDS)
def test_answers_against_all_expectation_are_asked_alone(seed: int) -> None:
    """Very steep questions, answered by chance: some runs do not settle, and are given up the same way."""
    rng = np.random.default_rng(seed)
    bank = random_pool(rng, 30, dimensions=2, models=("3PL", "2PL"))
    steep = bank.subset(np.arange(30))
    object.__setattr__(steep, "slopes", bank.slopes * 6)
    items = np.array([rng.permutation(30)[:10] for _ in range(8)])
    scores, prior = rng.integers(0, 2, items.shape), NormalPrior(np.zeros(2), 4 * np.eye(2))
    means, covariances = lockstep_several.beliefs(steep, CatRules(), prior, items, scores)
    settled, _, _ = moments_of_each(steep, items, scores, prior)
    for row in range(len(items)):
        alone, _ = ExpectationPropagation().estimate(steep, Answers(items[row], scores[row]), prior)
        np.testing.assert_array_equal(means[row], alone.theta)
        np.testing.assert_array_equal(covariances[row], alone.covariance)
        assert settled[row] == (alone.found_by == "EP")


def test_nobody_changes_another_s_numbers() -> None:
    """Parts one after the other are the whole, to the last bit."""
    rng = np.random.default_rng(3)
    bank, thetas = random_pool(rng, 40, dimensions=4), rng.normal(size=(9, 4))
    rules = CatRules(max_questions=9)
    whole = simulate(bank, rules, thetas, 5).taken
    parts = [simulate(bank, rules, thetas, 5, members=part).taken for part in (slice(0, 2), slice(2, 9))]
    for name, own in vars(whole).items():
        np.testing.assert_array_equal(np.concatenate([getattr(part, name) for part in parts]), own)
