"""Exposure rules: what they let through, and what they learn from counts."""

import numpy as np
import pytest

from testing_engine.psychometrics.constraints.exposure import (
    ItemEligibility,
    eligibility_probabilities,
    exposure_rates,
    faded,
    sympson_hetter_probabilities,
)
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.psychometrics.tests.whole_tests import pool, whole_test


def bank_of_equals(n: int) -> ItemBank:
    return ItemBank.from_arrays(concepts=np.ones((n, 1)))


def rules(rule: dict[str, object], length: int = 1) -> CatRules:
    return CatRules.from_json({"max_questions": length, "eligibility": [rule]})


def test_a_question_at_its_maximum_rate_does_not_come() -> None:
    rule = rules({"name": "maximum_rate", "rates": [0.3, 0.2, 0.1, 0.4], "maximum": 0.2}, 4)
    assert whole_test(bank_of_equals(4), rule, 0) == [2, 1, 0, 3]


def test_sympson_hetter_gives_a_question_as_often_as_its_probability_says() -> None:
    # Question 0 is tried first, and given with probability 0.3; else question 1 is.
    rule = rules({"name": "sympson_hetter", "probabilities": [0.3, 1.0, 1.0]})
    first = [whole_test(bank_of_equals(3), rule, seed)[0] for seed in range(2000)]
    assert set(first) == {0, 1}
    assert first.count(0) / 2000 == pytest.approx(0.3, abs=5 * np.sqrt(0.3 * 0.7 / 2000))


def test_sympson_hetter_draws_anew_at_every_step() -> None:
    rule = rules({"name": "sympson_hetter", "probabilities": [0.5, *[1.0] * 9]}, 5)
    positions = [
        items.index(0) if 0 in (items := whole_test(bank_of_equals(10), rule, seed)) else -1
        for seed in range(400)
    ]
    assert {0, 1, 2} <= set(positions)


def test_eligibility_is_drawn_once_per_test() -> None:
    rule = rules({"name": "item_eligibility", "probabilities": [[0.5, *[1.0] * 9]]}, 5)
    given = [0 in whole_test(bank_of_equals(10), rule, seed) for seed in range(400)]
    drawn = ItemEligibility(((0.5, *[1.0] * 9),))
    assert given == [bool(drawn.eligible(seed)[0, 0]) for seed in range(400)]
    assert sum(given) / 400 == pytest.approx(0.5, abs=5 * 0.5 / 20)


def test_eligibility_may_depend_on_ability() -> None:
    rule = rules(
        {"name": "item_eligibility", "probabilities": [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]], "cuts": [0.5]}
    )
    assert whole_test(bank_of_equals(3), rule, 0) == [1]
    above = CatRules.from_json(
        rule.to_json() | {"prior": {"name": "normal", "mean": [1.0], "covariance": [[1.0]]}}
    )
    assert whole_test(bank_of_equals(3), above, 0) == [0]


@pytest.mark.parametrize("name", ["sympson_hetter", "item_eligibility"])
def test_if_all_are_closed_the_least_closed_come(name: str) -> None:
    closed = [1e-12, 0.0, 1e-9, 1e-12]
    probabilities = [closed] if name == "item_eligibility" else closed
    assert whole_test(bank_of_equals(4), rules({"name": name, "probabilities": probabilities}, 4), 0) == [
        2,
        0,
        3,
        1,
    ]


def test_numbers_must_fit_the_pool() -> None:
    bank = bank_of_equals(3)
    wrong: dict[str, dict[str, object]] = {
        "/eligibility/0/rates": {"name": "maximum_rate", "rates": [0.1], "maximum": 0.2},
        "/eligibility/0/probabilities": {"name": "sympson_hetter", "probabilities": [1, 1]},
        "/eligibility/0/probabilities/0": {"name": "item_eligibility", "probabilities": [[1, 1]]},
    }
    for pointer, rule in wrong.items():
        with pytest.raises(RulesError) as caught:
            rules(rule).check(bank)
        assert [place for place, _ in caught.value.problems] == [pointer]
    with pytest.raises(RulesError) as caught:
        rules({"name": "item_eligibility", "probabilities": [[1, 1, 1]], "cuts": [0]})
    assert caught.value.problems[0][0] == "/eligibility/0/probabilities"


def test_new_probabilities_from_counts() -> None:
    assert exposure_rates([5, 0], 10).tolist() == [0.5, 0.0]
    # Given in 40 of 100 tests with k = 0.8, so chosen in half of them: k = 0.2/0.5.
    new = sympson_hetter_probabilities([0.8, 1, 1], [40, 10, 0], 100, 0.2, 1)
    np.testing.assert_allclose(new, [0.4, 1, 1])
    # A test of three questions needs three that always may come.
    assert sympson_hetter_probabilities([1, 1, 1], [90, 90, 90], 100, 0.2, 3).tolist() == [1, 1, 1]
    np.testing.assert_allclose(eligibility_probabilities([40, 10, 0], [80, 100, 50], 0.2), [0.4, 1.0, 1.0])


def adapted(tests: int, memory: float) -> np.ndarray:
    """(tests, 60) which questions came, where probabilities adapt after every test as in a service."""
    bank = pool(np.random.default_rng(1), 60)
    came, given, eligible = np.zeros((tests, 60)), np.zeros(60), np.zeros(60)
    for seed in range(tests):
        probabilities = eligibility_probabilities(given, eligible, 0.25)
        rule = ItemEligibility((tuple(probabilities.tolist()),))
        came[seed, whole_test(bank, CatRules(eligibility=(rule,), max_questions=6), seed)] = 1
        given = faded(given, came[seed], memory=memory)
        eligible = faded(eligible, rule.eligible(seed)[0], memory=memory)
    return came


def test_eligibility_adapted_after_every_test_keeps_the_maximum() -> None:
    came = adapted(400, memory=np.inf)
    assert came.sum() == 6 * 400
    assert exposure_rates(came.sum(axis=0), 400).max() < 0.25 + 4 * np.sqrt(0.25 * 0.75 / 400)
    bank = pool(np.random.default_rng(1), 60)
    free = [whole_test(bank, CatRules(max_questions=6), seed) for seed in range(100)]
    assert np.bincount(np.concatenate(free)).max() > 60


def test_faded_counts_forget_the_beginning() -> None:
    assert faded([4.0, 0.0], [1.0, 1.0], memory=2).tolist() == [3.0, 1.0]
    np.testing.assert_allclose(faded([8.0], [0.0], tests=3, memory=2), [1.0])
    counts = np.zeros(2)
    for test in range(2000):
        counts = faded(counts, [1.0, float(test < 1000)], memory=100)
    assert counts[0] == pytest.approx(100, rel=1e-6)
    assert counts[1] < 0.01
    late = adapted(450, memory=100)[150:]
    assert exposure_rates(late.sum(axis=0), 300).max() < 0.25 + 4 * np.sqrt(0.25 * 0.75 / 300)
