"""Designs on recorded answers: only what a person answered is asked, and what they said is what follows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testing_engine.psychometrics.engine import TestSoFar, observe
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.psychometrics.tests.whole_tests import pool
from testing_engine.simulation import lockstep
from testing_engine.simulation.packing import (
    packed,
    packed_answers,
    unpacked_answers,
    unpacked_criterion,
)
from testing_engine.simulation.recorded import DRAWN, replay_answers
from testing_engine.simulation.result import Criterion
from testing_engine.simulation.students import Students
from testing_engine.simulation.summary import compare, summary
from testing_engine.simulation.taking import one_by_one
from testing_engine.simulation.tests.test_states import MIXED, bank_of

PERSONS, ITEMS = 40, 24
SHORT = {"max_questions": 8, "stop": [{"name": "precision", "standard_error": 0.45}]}
seeds = st.integers(0, 2**31 - 1)


def answered(bank: ItemBank, seed: int, missing: float = 0.2, persons: int = PERSONS) -> np.ndarray:
    """(S, N) answers of a normal population by the pool's own model."""
    rng = np.random.default_rng(seed)
    people = Students.drawn(rng.normal(size=persons), 1, bank.n_items, seed)
    everybody = np.arange(persons)
    columns = [people.answers(bank, everybody, np.full(persons, i), i) for i in range(bank.n_items)]
    found = np.array(columns).T
    found[rng.random(found.shape) < missing] = -1
    found[:, 0] = np.maximum(found[:, 0], 0)  # somebody who said nothing is no person
    return found


@pytest.fixture(scope="module")
def bank() -> ItemBank:
    return pool(np.random.default_rng(4), ITEMS)


@settings(deadline=None, max_examples=6)
@given(
    seed=seeds, missing=st.sampled_from([0.0, 0.2, 0.7]), strategy=st.sampled_from(["best", "randomesque"])
)
def test_only_answered_questions_come_with_the_answers_given(
    bank: ItemBank, seed: int, missing: float, strategy: str
) -> None:
    answers = answered(bank, seed, missing)
    rules = CatRules.from_json({**SHORT, "strategy": {"name": strategy}})
    found = replay_answers(bank, rules, answers, seed)
    for person in range(PERSONS):
        items = found.items[person][found.items[person] >= 0]
        assert len(set(items.tolist())) == len(items)
        assert (answers[person, items] == found.scores[person][: len(items)]).all()
        assert (answers[person, items] >= 0).all()
        told = observe(TestSoFar(bank, rules, None, 0, items.tolist(), answers[person, items].tolist()))
        assert found.estimates[person] == pytest.approx(told.estimate.theta, abs=1e-6)
        all_of_them = np.flatnonzero(answers[person] >= 0)
        scores = answers[person, all_of_them].tolist()
        criterion = observe(TestSoFar(bank, rules, None, 0, all_of_them.tolist(), scores)).estimate
        assert found.thetas[person] == pytest.approx(criterion.theta, abs=1e-9)
        assert found.taken.unrecorded[person] <= (answers[person] < 0).sum()
        if found.stops[person] == "exhausted":
            assert len(items) == len(all_of_them)
    if missing == 0:
        assert not found.taken.unrecorded.any()


@pytest.mark.parametrize("strategy", ["best", "randomesque"])
@pytest.mark.parametrize("missing", ["left_out", DRAWN])
def test_parts_one_after_the_other_are_the_whole(bank: ItemBank, strategy: str, missing: str) -> None:
    answers = answered(bank, 7)
    rules = CatRules.from_json({**SHORT, "strategy": {"name": strategy}})
    whole = replay_answers(bank, rules, answers, 3, missing=missing)
    parts = [
        replay_answers(bank, rules, answers, 3, missing=missing, members=slice(at, at + 15))
        for at in range(0, PERSONS, 15)
    ]
    joined = Criterion.joined([each.criterion for each in parts if each.criterion is not None])
    assert (joined.estimates == whole.thetas).all()
    assert (np.concatenate([each.items for each in parts]) == whole.items).all()
    assert (np.concatenate([each.taken.unrecorded for each in parts]) == whole.taken.unrecorded).all()


def test_one_by_one_and_all_at_once_ask_the_same(bank: ItemBank) -> None:
    answers, rules = answered(bank, 11, missing=0.4), CatRules.from_json(SHORT)
    blank = Students.drawn(np.zeros(PERSONS), 1, rules.max_questions, 3)
    students = Students(blank.thetas, blank.seeds, blank.uniforms, answers)
    together = lockstep.take_tests(bank, rules, rules.prior_rule.prior(1), students)
    alone = one_by_one(bank, rules, None, students)
    np.testing.assert_array_equal(together.items, alone.items)
    np.testing.assert_array_equal(together.unrecorded, alone.unrecorded)
    np.testing.assert_allclose(together.estimates, alone.estimates, atol=1e-6)
    assert together.stops.tolist() == alone.stops.tolist()
    assert together.unrecorded.any()


def test_who_runs_out_is_counted(bank: ItemBank) -> None:
    answers = answered(bank, 5, missing=0.0)
    answers[:10, 3:] = -1  # ten persons with three answers each
    found = summary(replay_answers(bank, CatRules(max_questions=5), answers, 3), cuts=(0.0,))
    told = found["recorded"]
    assert (told["persons_who_ran_out"], told["ran_out"]) == (10, 0.25)
    assert found["stops"] == {"exhausted": 0.25, "length": 0.75}
    assert told["answered"] == (10 * 3 + 30 * ITEMS) / PERSONS
    assert told["persons_with_unrecorded_steps"] == 10
    assert found["lengths"]["counts"] == {"3": 10, "5": 30}
    assert found["levels"][0]["accuracy"] >= 0.5


def test_a_test_of_all_answers_is_the_criterion(bank: ItemBank) -> None:
    found = replay_answers(bank, CatRules(max_questions=ITEMS), answered(bank, 5), 3)
    told = summary(found)
    assert told["rmse"][0] < 1e-9
    assert told["coverage"] == [1.0]
    assert told["recorded"]["correlation"][0] == pytest.approx(1)


def test_if_the_model_is_right_the_error_is_the_expected_one(bank: ItemBank) -> None:
    """Var(θ̂ − θ̂_all) = E SE² − E SE²_all for means of posteriors, whatever question comes next."""
    answers = answered(bank, 21, missing=0.1, persons=1500)
    told = summary(replay_answers(bank, CatRules(max_questions=6), answers, 3))
    assert told["rmse"][0] == pytest.approx(told["recorded"]["expected_rmse"][0], rel=0.1)
    assert told["coverage"][0] == pytest.approx(0.95, abs=0.035)
    drawn = summary(replay_answers(bank, CatRules(max_questions=6), answers, 3, missing=DRAWN))
    assert drawn["recorded"]["ran_out"] == 0
    assert 0.05 < drawn["recorded"]["unrecorded_steps"] < 0.15
    assert drawn["rmse"][0] == pytest.approx(drawn["recorded"]["expected_rmse"][0], rel=0.1)


def test_two_designs_are_held_against_one_criterion(bank: ItemBank) -> None:
    answers, short = answered(bank, 9), CatRules(max_questions=4)
    other = CatRules.from_json({"max_questions": 9, "ability": {"name": "MAP"}})
    first = replay_answers(bank, short, answers, 3)
    second = replay_answers(bank, other, answers, 3, criterion_rules=short)
    found = compare(first, second)
    assert found["length"]["mean"] == 5
    assert found["concepts"][0]["squared_error"]["mean"] < 0


def test_what_has_no_parameters_counts_in_nothing() -> None:
    mixed = bank_of(MIXED)
    answers = answered(mixed, 2, missing=0.0)
    found = replay_answers(mixed, CatRules(max_questions=6), answers, 3)
    assert {MIXED[item] for item in np.flatnonzero(found.counts())} <= {"operational", "provisional"}
    assert found.criterion is not None
    assert (found.criterion.answered == MIXED.count("operational") + MIXED.count("provisional")).all()
    with pytest.raises(RulesError):
        replay_answers(mixed, CatRules.from_json({"selection": "linear"}), answers, 3)


def test_what_workers_hand_over_keeps_every_bit(bank: ItemBank) -> None:
    answers = answered(bank, 2)
    assert (unpacked_answers(packed_answers(answers)) == answers).all()
    made = replay_answers(bank, CatRules(max_questions=3), answers, 3)
    assert made.criterion is not None
    again = unpacked_criterion(packed(made.taken, made.criterion))
    assert all((value == getattr(again, name)).all() for name, value in vars(made.criterion).items())
    assert unpacked_criterion(packed(made.taken)) is None
