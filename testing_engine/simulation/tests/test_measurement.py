"""Measurement quality, over students drawn from the prior: within simulation error of what theory says.

Limits are five standard deviations of the simulated quantity, so that a right engine fails once in a million.
"""

import numpy as np
import pytest

from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.tests.whole_tests import pool
from testing_engine.simulation.result import Simulation
from testing_engine.simulation.simulate import simulate

STUDENTS = 4000
POOL = pool(np.random.default_rng(20), 500)


@pytest.fixture(scope="module")
def fixed_length() -> Simulation:
    thetas = np.random.default_rng(21).normal(size=STUDENTS)
    return simulate(POOL, CatRules(max_questions=30), thetas, 22)


def test_intervals_hold_as_often_as_they_say(fixed_length: Simulation) -> None:
    for level in (0.5, 0.8, 0.95):
        held = fixed_length.report(level=level).coverage[0]
        assert abs(held - level) < 5 * np.sqrt(level * (1 - level) / STUDENTS)


def test_standard_errors_are_the_errors(fixed_length: Simulation) -> None:
    """Given the answers, the error of EAP has mean 0 and variance SE²."""
    distance = (fixed_length.estimates - fixed_length.thetas)[:, 0]
    errors = fixed_length.standard_errors[:, 0]
    assert abs(distance.mean()) < 5 * distance.std() / np.sqrt(STUDENTS)
    ratio = distance**2 / errors**2
    assert abs(ratio.mean() - 1) < 5 * ratio.std() / np.sqrt(STUDENTS)


def test_rmse_against_the_posterior_cramer_rao_bound(fixed_length: Simulation) -> None:
    """E e² ≥ 1 / (E I(θ) + 1) for a N(0, 1) prior (van Trees 1968), and 30 questions come close to it."""
    information = np.array(
        [
            (POOL.information(theta, items) * POOL.squared_steepness[items]).sum()
            for theta, items in zip(fixed_length.thetas, fixed_length.items, strict=True)
        ]
    )
    bound = 1 / (information.mean() + 1)
    squared = (fixed_length.estimates - fixed_length.thetas)[:, 0] ** 2
    noise = 5 * squared.std() / np.sqrt(STUDENTS)
    assert bound < squared.mean() + noise
    assert squared.mean() < 1.2 * bound + noise


def test_fewer_questions_than_random_choice_for_the_same_error() -> None:
    """To a standard error of 0.35, at least half of the questions that random choice takes are saved."""
    thetas = np.random.default_rng(23).normal(size=150)
    precision = {
        "max_questions": 200,
        "stop": [{"name": "precision", "standard_error": 0.35}],
    }
    adaptive = simulate(POOL, CatRules.from_json(precision), thetas, 24).report()
    at_random = precision | {"strategy": {"name": "randomesque", "count": POOL.n_items}}
    random = simulate(POOL, CatRules.from_json(at_random), thetas, 24).report()
    assert adaptive.mean_length < 0.5 * random.mean_length
    assert adaptive.rmse[0] == pytest.approx(random.rmse[0], rel=0.25)


def test_classification_is_right_as_often_as_it_says() -> None:
    thetas = np.random.default_rng(26).normal(size=2000)
    rules = CatRules.from_end_criteria(
        type="classification",
        classification_threshold=0.9,
        cut_scores=0.0,
        max_questions=100,
        min_questions=1,
    )
    result = simulate(POOL, rules, thetas, 27)
    decided = np.array(result.stops) == "classification"
    right = (result.estimates[decided, 0] > 0) == (thetas[decided] > 0)
    assert right.mean() > 0.9 - 5 * np.sqrt(0.09 / decided.sum())
    assert decided.mean() > 0.7


def test_error_is_smaller_where_the_pool_has_more_to_say(fixed_length: Simulation) -> None:
    bands = fixed_length.along([-2.0, -1.0, 0.0, 1.0, 2.0])
    assert sum(band.students for band in bands) == STUDENTS
    assert bands[0].mean_standard_error[0] > bands[2].mean_standard_error[0]
