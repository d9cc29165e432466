"""What a pool can measure, against closed forms."""

import numpy as np
import pytest

from testing_engine.psychometrics.constraints.exposure import mean_overlap
from testing_engine.psychometrics.coverage import (
    SEARCHED,
    coverage,
    difficulties,
    gaps,
    standard_errors,
)
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameters
from testing_engine.psychometrics.tests.pools import random_pool


def information_2pl(a: float, b: float, theta: np.ndarray) -> np.ndarray:
    p = 1 / (1 + np.exp(-a * (theta - b)))
    return np.asarray(a**2 * p * (1 - p))


def test_it_adds_the_information_of_the_questions() -> None:
    bank = ItemBank.from_arrays([[1.0], [1.0]], difficulty=[-1.0, 0.5], discrimination=[0.8, 1.7])
    covered = coverage(bank)
    expected = information_2pl(0.8, -1.0, covered.grid) + information_2pl(1.7, 0.5, covered.grid)
    np.testing.assert_allclose(covered.whole[0], expected, rtol=1e-9)
    np.testing.assert_allclose(covered.together, expected, rtol=1e-9)


def test_along_a_concept_the_others_are_at_0() -> None:
    # t = 1·θ₁ + 2·θ₂ − √5·0.3; along the second concept, θ₁ = 0.
    bank = ItemBank.from_arrays([[1.0, 2.0]], difficulty=0.3)
    covered = coverage(bank)
    p = 1 / (1 + np.exp(-(2 * covered.grid - np.sqrt(5) * 0.3)))
    np.testing.assert_allclose(covered.whole[1], 4 * p * (1 - p), rtol=1e-9)
    # And for a θ common to both, t = 3 θ − √5·0.3.
    p = 1 / (1 + np.exp(-(3 * covered.grid - np.sqrt(5) * 0.3)))
    np.testing.assert_allclose(covered.together, 9 * p * (1 - p), rtol=1e-9)


def test_together_is_the_sum_where_every_question_measures_one_concept() -> None:
    rng = np.random.default_rng(3)
    bank = ItemBank.from_arrays(
        np.eye(3)[rng.integers(0, 3, 30)], difficulty=rng.normal(size=30), guessing=0.2
    )
    covered = coverage(bank)
    np.testing.assert_allclose(covered.together, covered.whole.sum(axis=0), rtol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_the_best_are_the_largest_of_every_model(seed: int) -> None:
    bank = random_pool(np.random.default_rng(seed), size=30, dimensions=2)
    covered = coverage(bank, length=4)
    for index in range(0, len(covered.grid), 10):
        point = np.array([covered.grid[index], 0.0])
        each = np.sort(bank.information(point) * bank.slopes[:, 0] ** 2)
        assert covered.best[0, index] == pytest.approx(each[-4:].sum(), rel=1e-10)
        assert covered.whole[0, index] == pytest.approx(each.sum(), rel=1e-10)


def test_it_counts_the_questions_and_the_share_of_each_concept() -> None:
    bank = ItemBank.from_arrays([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    covered = coverage(bank)
    assert covered.questions.tolist() == [2, 1]
    np.testing.assert_allclose(covered.shares, [2 / 3, 1 / 3])


def test_it_finds_where_questions_are_missing() -> None:
    # 40 questions at θ = −1 in each concept, and in the first as many at θ = 1.5.
    concepts = np.eye(2)[[0] * 80 + [1] * 40]
    bank = ItemBank.from_arrays(
        concepts, difficulty=[-1.0] * 40 + [1.5] * 40 + [-1.0] * 40, discrimination=2.0
    )
    covered = coverage(bank)
    found = {gap.concept: gap for gap in gaps(bank, covered) if gap.high == SEARCHED}
    # 20·4·p(1 − p) at 1.5 logits from the questions is 20·4·0.0452 = 3.6, below 1/0.4² = 6.25.
    assert found[1].low == pytest.approx(0.2)
    assert (found[1].worst_at, found[1].near) == (SEARCHED, 0)
    expected = 1 / np.sqrt(20 * information_2pl(2.0, -1.0, np.array([SEARCHED]))[0])
    assert found[1].worst == pytest.approx(expected)
    assert 0 not in found


def test_it_finds_no_gap_where_questions_are_everywhere() -> None:
    difficulty = np.linspace(-3, 3, 300)
    bank = ItemBank.from_arrays(np.ones((300, 1)), difficulty=difficulty, discrimination=1.5)
    assert gaps(bank, coverage(bank)) == []


def test_a_concept_that_nothing_measures_is_one_gap() -> None:
    bank = ItemBank.from_arrays(np.tile([1.0, 0.0], (200, 1)), difficulty=np.linspace(-3, 3, 200))
    (gap,) = [gap for gap in gaps(bank, coverage(bank)) if gap.concept == 1]
    assert (gap.low, gap.high, gap.worst, gap.near) == (-SEARCHED, SEARCHED, np.inf, 0)


def test_difficulty_is_the_parameter_or_where_a_question_tells_most() -> None:
    items = [
        ItemParameters((2.0,), "3PL", difficulty=0.7, guessing=0.2),
        ItemParameters((1.0,), "GRM", difficulty=0.5, thresholds=(-0.4, 0.4)),  # symmetric about 0.5
        ItemParameters((1.0,), "PCM", difficulty=-1.0, thresholds=(-0.3, 0.3)),
        ItemParameters(
            (1.0,), "NRM", category_slopes=(0.0, 1.0), category_intercepts=(0.0, -1.2)
        ),  # a 2PL, b = 1.2
    ]
    np.testing.assert_allclose(
        difficulties(ItemBank.from_parameters(items)), [0.7, 0.5, -1.0, 1.2], atol=0.026
    )


def test_the_standard_error_is_infinite_without_information() -> None:
    assert standard_errors(np.array([4.0, 0.0])).tolist() == [0.5, np.inf]


def test_overlap_is_the_mean_over_all_pairs_of_tests() -> None:
    tests = [{0, 1, 2}, {1, 2, 3}, {2, 3, 4}, {0, 2, 4}]
    shares = [len(a & b) / 3 for i, a in enumerate(tests) for b in tests[:i]]
    counts = [sum(item in test for test in tests) for item in range(6)]
    assert mean_overlap(counts, 4) == pytest.approx(np.mean(shares))
    assert np.isnan(mean_overlap(counts, 1))
