"""Intervals in several dimensions hold as often as they say; `benchmarks.coverage` looks closer."""

import numpy as np
import pytest

from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.rules import CatRules
from testing_engine.simulation.simulate import simulate

STUDENTS, CONCEPTS = 160, 4


def held(edition: int) -> tuple[float, float, float]:
    """Shares of the concepts' intervals and of the overall score's that hold the truth, and the mean bias."""
    rng = np.random.default_rng(11)
    weights = np.zeros((100, CONCEPTS))
    weights[np.arange(100), np.arange(100) % CONCEPTS] = 1
    two = np.flatnonzero(rng.random(100) < 0.5)
    weights[two, rng.integers(0, CONCEPTS, len(two))] = 1
    bank = ItemBank.from_arrays(
        weights,
        discrimination=rng.uniform(0.8, 1.9, 100),
        difficulty=rng.uniform(-2.5, 2.5, 100),
        guessing=0.25,
    )
    thetas = rng.normal(size=(STUDENTS, CONCEPTS))
    result = simulate(bank, CatRules(max_questions=10, edition=edition), thetas, 12)
    report = result.report()
    return float(np.mean(report.coverage)), report.overall_coverage, float(np.mean(report.bias))


def test_intervals_hold_as_often_as_they_say_in_several_dimensions() -> None:
    concepts, overall, bias = held(2)
    # five standard deviations, as if only students and not their concepts were independent
    assert concepts == pytest.approx(0.95, abs=5 * np.sqrt(0.95 * 0.05 / STUDENTS / 2))
    assert overall == pytest.approx(0.95, abs=5 * np.sqrt(0.95 * 0.05 / STUDENTS))
    assert abs(bias) < 5 / np.sqrt(STUDENTS * CONCEPTS)
    before, _, _ = held(1)
    assert before < concepts - 0.01  # the same students, by the mode and Laplace's error
