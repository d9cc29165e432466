"""Which answers are too fast to count, and what that does to an ability."""

import numpy as np
import pytest

from testing_engine.psychometrics.effort import MISSING, Effort, counted, response_time_effort
from testing_engine.psychometrics.engine import TestSoFar, next_step
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameters
from testing_engine.psychometrics.rules import CatRules, RulesError


def bank_of(n: int) -> ItemBank:
    difficulties = np.linspace(-2, 2, n)
    return ItemBank.from_parameters(
        [ItemParameters((1.5,), "3PL", difficulty=float(b), guessing=0.2) for b in difficulties]
    )


def test_threshold_is_exclusive_and_an_unknown_time_is_one_of_effort() -> None:
    effort = Effort(seconds=3, by_question=True, items=(4, 2), thresholds=(1.5, 8))
    rapid = [effort.is_rapid(item, time) for item, time in [(0, 2_999_999), (0, 3_000_000), (4, 1_499_999)]]
    assert rapid == [True, False, True]
    assert [effort.is_rapid(item, time) for item, time in [(4, 1_500_000), (2, 7_999_999)]] == [False, True]
    assert not effort.is_rapid(0, None)
    assert not effort.is_rapid(0, -1)  # clocks that disagree


@pytest.mark.parametrize(
    ("effort", "place"),
    [
        ({"seconds": 0}, "/effort/seconds"),
        ({"seconds": 61}, "/effort/seconds"),
        ({"by_question": True, "items": [0, 0], "thresholds": [1, 1]}, "/effort/items"),
        ({"by_question": True, "items": [0, 1], "thresholds": [1]}, "/effort/thresholds"),
        ({"items": [0], "thresholds": [1]}, "/effort/items"),
        ({"by_question": True, "items": [0, 9], "thresholds": [1, 1]}, "/effort/items/1"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(effort: dict[str, object], place: str) -> None:
    with pytest.raises(RulesError) as refused:
        CatRules.from_json({"effort": effort}).check(bank_of(9))
    assert [pointer for pointer, _ in refused.value.problems] == [place]


def test_a_test_without_ability_has_no_effort_to_moderate() -> None:
    with pytest.raises(RulesError) as refused:
        CatRules.from_json({"selection": "linear", "effort": {}}).check(bank_of(9))
    assert [pointer for pointer, _ in refused.value.problems] == ["/effort"]


def test_plan_keeps_thresholds() -> None:
    rules = CatRules(effort=Effort(by_question=True, items=(1, 3), thresholds=(1.25, 4.0)))
    assert CatRules.from_plan(rules.to_plan()) == rules


def test_rapid_answers_leave_the_ability_where_the_others_put_it() -> None:
    bank, rules = bank_of(20), CatRules(effort=Effort())
    items, scores, rapid = [9, 10, 11, 5], [1, 1, 0, 0], [False, False, True, True]
    told = next_step(TestSoFar(bank, rules, None, 1, items, counted(scores, rapid)))
    alone = next_step(TestSoFar(bank, rules, None, 1, items[:2], scores[:2]))
    assert counted(scores, rapid) == [1, 1, MISSING, MISSING]
    assert told.ability.theta == alone.ability.theta
    assert told.ability.standard_error == alone.ability.standard_error
    assert told.next_item not in items  # they are used up


def test_guessing_at_once_costs_no_bias_where_it_is_moderated() -> None:
    """Students of ability 1 guess at a quarter of 40 questions, with a chance of .25."""
    bank, rng = bank_of(40), np.random.default_rng(0)
    items = list(range(40))
    chance = 0.2 + 0.8 / (1 + np.exp(-1.5 * (1 - np.linspace(-2, 2, 40))))
    plain: list[float] = []
    moderated: list[float] = []
    for _ in range(60):
        rapid = rng.random(40) < 0.25
        scores = (rng.random(40) < np.where(rapid, 0.25, chance)).astype(int).tolist()
        for found, given in ((plain, scores), (moderated, counted(scores, rapid.tolist()))):
            found.append(next_step(TestSoFar(bank, CatRules(), None, 1, items, given)).ability.theta[0])
    assert abs(np.mean(moderated) - 1) < 0.2
    assert np.mean(plain) < np.mean(moderated) - 0.3


def test_response_time_effort() -> None:
    assert response_time_effort([]) is None
    assert response_time_effort([True, False, False, False]) == 0.75
