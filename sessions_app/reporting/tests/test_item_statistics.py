"""How questions were answered: counts against the rows, fit under the model and away from it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rest_framework.test import APIClient

from sessions_app.conftest import answer_questions, submit, take_test
from sessions_app.counting.fit import predicted
from sessions_app.models import TestResponse, TestSession
from sessions_app.reporting import item_statistics
from sessions_app.reporting.item_statistics import UNKNOWN, Answers, answers, choices, use
from sessions_app.tests.factories import make_pool
from testing_engine.models import Question
from testing_engine.psychometrics import engine
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameters
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import load_revision

Start = Callable[..., dict[str, Any]]

MODELLED = ItemParameters((1.0,), "3PL", difficulty=0.3, discrimination=1.5, guessing=0.2)
STEPS = ItemParameters((1.0,), "GPCM", difficulty=0.2, discrimination=1.1, thresholds=(-0.7, 0.1, 0.6))


def simulated(item: ItemParameters, answered_by: ItemParameters, count: int = 4000) -> Answers:
    """Answers of students whose true ability is N(estimate, error²), by another item's curves."""
    rng = np.random.default_rng(5)
    ability, error = rng.normal(0, 0.8, count), rng.uniform(0.3, 1.0, count)
    true = rng.normal(ability, error)
    real = ItemBank.from_parameters([answered_by]).probabilities(true[:, None])[0]
    score = (rng.random(count)[:, None] > np.cumsum(real, axis=1)).sum(axis=1)
    bank = ItemBank.from_parameters([item])
    share = predicted(bank, np.zeros(count, dtype=np.intp), ability, error)
    return Answers(ability, error, score, np.ones(count, dtype=np.intp), share)


@pytest.mark.parametrize("item", [MODELLED, STEPS])
def test_fit_is_near_1_under_the_model(item: ItemParameters) -> None:
    found = simulated(item, item)
    for square in (found.infit, found.outfit):
        assert square is not None
        assert abs(square.value - 1) < 4 * square.sd
        assert square.sd < 0.05


def test_answers_without_relation_to_ability_are_noise() -> None:
    found = simulated(MODELLED, ItemParameters((1.0,), "4PL", guessing=0.499, upper=0.501))
    assert found.outfit is not None
    assert found.outfit.value > 1 + 4 * found.outfit.sd


def test_answers_that_follow_ability_too_well_fall_below_1() -> None:
    found = simulated(
        ItemParameters((1.0,), difficulty=0.3, discrimination=0.5),
        ItemParameters((1.0,), difficulty=0.3, discrimination=4.0),
    )
    assert found.infit is not None
    assert found.infit.value < 1 - 4 * found.infit.sd


def test_fit_is_the_formula_of_wright_and_masters() -> None:
    # Two answers predicted at P = 0.8 and 0.5, one right, one wrong: (0.2² + 0.5²) / (0.16 + 0.25), and the
    # mean of 0.04/0.16 and 0.25/0.25. Of a binary score, C = P Q (1 − 3 P Q).
    share = np.array([[0.2, 0.8], [0.5, 0.5]])
    ones = np.ones(2, dtype=np.intp)
    found = Answers(np.zeros(2), np.ones(2), np.array([1, 0]), ones, share)
    assert found.infit is not None
    assert found.outfit is not None
    assert found.infit.value == pytest.approx(0.29 / 0.41)
    assert found.outfit.value == pytest.approx((0.25 + 1) / 2)
    fourth = np.array([0.16 * (1 - 3 * 0.16), 0.25 * (1 - 3 * 0.25)])
    variance = np.array([0.16, 0.25])
    assert found.infit.sd == pytest.approx(np.sqrt((fourth - variance**2).sum()) / 0.41)
    assert found.outfit.sd == pytest.approx(np.sqrt((fourth / variance**2 - 1).sum()) / 2)


def test_unscored_answers_say_nothing_about_fit() -> None:
    share, ones = np.array([[0.2, 0.8], [0.5, 0.5]]), np.ones(2, dtype=np.intp)
    found = Answers(np.zeros(2), np.ones(2), np.array([1, -1]), ones, share)
    assert found.infit is not None
    assert found.infit.value == pytest.approx(0.04 / 0.16)
    assert Answers(np.zeros(2), np.ones(2), np.array([-1, -1]), ones, share).infit is None


def test_fit_is_near_1_in_tests_that_the_engine_gave() -> None:
    """Adaptive choice does not bias it: what chose the question is in the prediction already."""
    rng = np.random.default_rng(8)
    bank = ItemBank.from_arrays(
        np.ones((25, 1)), difficulty=rng.normal(size=25), discrimination=rng.uniform(0.8, 2, 25), guessing=0.2
    )
    rules = CatRules.from_json({"max_questions": 8, "min_questions": 8})
    squares, spread = [], []
    for student in range(150):
        theta, items, scores = rng.normal(), list[int](), list[int]()
        step = engine.next_step(engine.TestSoFar(bank, rules, None, student, items, scores))
        while step.next_item is not None:
            item = step.next_item
            score = int(rng.random() < bank.probabilities(np.array([theta]), np.array([item]))[0, 1])
            p = predicted(bank, np.array([item]), step.ability.theta, step.ability.standard_error)[0, 1]
            squares.append((score - p) ** 2)
            spread.append(p * (1 - p))
            items.append(item)
            scores.append(score)
            step = engine.next_step(engine.TestSoFar(bank, rules, None, student, items, scores))
    assert sum(squares) / sum(spread) == pytest.approx(1, abs=0.06)  # 1,200 answers: chance moves it by 0.015


def test_it_counts_what_the_rows_say(api: APIClient, db: None, start: Start) -> None:
    make_pool(30, concepts=2)
    for student in range(6):
        take_test(api, start(student_id=f"s{student}"), is_right=(student % 3).__ne__)
    first = TestResponse.objects.filter(position=1).values_list("question_id", flat=True)[0]
    revision = load_revision(TestSession.objects.all()[0].revision_id)
    for question_id in {
        first,
        *TestResponse.objects.filter(position=4).values_list("question_id", flat=True),
    }:
        item = revision.positions_by_key[question_id]
        direction = revision.bank.slopes[item] / revision.bank.steepness[item]
        expected, chosen = [], []
        for response in TestResponse.objects.filter(question_id=question_id).select_related("session"):
            session = response.session
            before = session.responses.filter(position=response.position - 1).first()
            theta = before.theta if before else session.prior_mean
            error = before.standard_error if before else session.prior_sd
            sd = np.sqrt((direction**2 * np.square(error)).sum())
            expected.append((round(direction @ theta * 20), round(sd * 20), response.score))
            chosen.append((round(direction @ session.theta * 20), response.answer))
        found = answers(revision, question_id)
        rows = zip(found.ability * 20, found.error * 20, found.score, found.count, strict=True)
        assert [(round(u), round(e), s) for u, e, s, n in rows for _ in range(n)] == sorted(expected)
        options = choices(revision, question_id)
        pairs = zip(options.ability * 20, options.option, options.count, strict=True)
        assert [(round(u), o) for u, o, n in pairs for _ in range(n)] == sorted(chosen)


def test_it_says_how_often_and_how_fast(api: APIClient, db: None, start: Start) -> None:
    make_pool(30)
    started = [start(student_id=f"s{n}") for n in range(4)]
    question_id = started[0]["next_question"]["id"]
    question = Question.objects.get(external_id=question_id)
    assert use(question.pk) == item_statistics.Use(0, 0, 0, 4, None, None, None, None)
    submit(api, started[0], question_id, None, response_time_ms=4000)
    answer_questions(api, started[1], 1)
    assert use(question.pk).answered == 0  # tests count that are over
    for each in started[:2]:
        assert api.post(f"/api/test/end/{each['session_id']}").status_code == 200
    assert use(question.pk) == item_statistics.Use(2, 1, 1, 2, 4.0, 4.0, None, 4.0)
    found = choices(load_revision(TestSession.objects.all()[0].revision_id), question.pk)
    assert sorted(found.option) == [UNKNOWN, int(question_id[1:]) % 4]


def test_imported_answers_are_of_another_model(api: APIClient, db: None, start: Start) -> None:
    make_pool(30)
    started = start()
    answer_questions(api, started, 1)
    question = Question.objects.get(external_id=started["next_question"]["id"])
    TestSession.objects.update(legacy_id="17")
    assert api.post(f"/api/test/end/{started['session_id']}").status_code == 200
    revision = load_revision(TestSession.objects.get().revision_id)
    assert answers(revision, question.pk).total == 0
    assert choices(revision, question.pk).count.sum() == 0
    assert use(question.pk).answered == 1


def test_stretches_hold_about_equally_many() -> None:
    rng = np.random.default_rng(9)
    ability, count = np.unique(rng.normal(0, 1, 1000).round(1), return_counts=True)
    found = item_statistics.stretches(ability, count)
    assert sorted(np.concatenate(found).tolist()) == list(range(len(ability)))
    sizes = [count[own].sum() for own in found]
    assert len(sizes) == item_statistics.MOST_BINS
    assert min(sizes) > 60
    assert len(item_statistics.stretches(np.array([0.0]), np.array([500]))) == 1
