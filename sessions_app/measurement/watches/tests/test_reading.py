"""What is read of tests that were taken as students take them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import time_machine
from rest_framework.test import APIClient

from sessions_app.administration.privacy import erase_student
from sessions_app.conftest import Start, answer_questions, submit
from sessions_app.measurement import gate
from sessions_app.measurement.watches.reading import Read, read
from sessions_app.models import PoolThresholds
from sessions_app.tests.factories import make_pool, question
from testing_engine.models import QuestionPool
from testing_engine.pools import QuestionDraft, newest_question
from testing_engine.revisions import item_parameters, load_revision
from testing_engine.versions import revise_question

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FOUR = {"type": "fixed_length", "max_questions": 4}
IN_ORDER = {"max_questions": 7, "selection": "linear"}
Take = Callable[..., None]


@pytest.fixture
def pool(db: None) -> QuestionPool:
    return make_pool([*(question(i, [1.0]) for i in range(6)), question(6, [1.0], state="not_calibrated")])


@pytest.fixture
def take(pool: QuestionPool, api: APIClient) -> Take:
    """A test at `at`, each question answered after so many seconds."""

    def taken(student: str, at: datetime, seconds: float = 10, answers: int = 4, **fields: Any) -> None:
        body = {"student_id": student, "question_pool_id": str(pool.pk), **(fields or {"end_criteria": FOUR})}
        with time_machine.travel(at, tick=False) as clock:
            reply = api.post("/api/test/start", body).json()
            for _ in range(answers):
                clock.shift(seconds)
                reply = {**reply, **answer_questions(api, reply, 1)}

    return taken


def read_now(pool: QuestionPool, since: timedelta = 90 * DAY) -> Read:
    pool.refresh_from_db()
    return read(load_revision(pool.current_revision_id or 0), NOW - since, NOW)


def test_times_are_the_servers_and_answers_keep_their_order(
    pool: QuestionPool, take: Take, api: APIClient, start: Start
) -> None:
    take("a", NOW - 2 * DAY, seconds=7)
    take("b", NOW - DAY, seconds=20)
    with time_machine.travel(NOW - timedelta(hours=1), tick=False) as clock:  # "I don't know" may be fast
        reply = start(student_id="c", question_pool_id=str(pool.pk), end_criteria=FOUR)
        clock.shift(1)
        first = submit(api, reply, reply["next_question"]["id"], None).json()
        answer_questions(api, {**reply, **first}, 3)
    log = read_now(pool).log
    assert log.n_tests == 3
    assert log.test.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert log.seconds[:8].tolist() == [7.0] * 4 + [20.0] * 4
    assert np.isnan(log.seconds[8])
    assert log.seconds[9:].tolist() == [0.0] * 3
    assert log.is_adaptive.all()
    assert set(log.item[:4]) != {6}


def test_only_tests_of_the_window_that_are_over_count(pool: QuestionPool, take: Take, start: Start) -> None:
    take("early", NOW - 91 * DAY)
    take("late", NOW + DAY)
    take("erased", NOW - DAY)
    take("counts", NOW - DAY)
    start(student_id="runs", question_pool_id=str(pool.pk))
    erase_student("erased", now=NOW)
    assert read_now(pool).log.n_tests == 1
    assert read_now(pool, since=92 * DAY).log.n_tests == 2


def test_who_comes_back_does_not_begin_afresh(pool: QuestionPool, take: Take) -> None:
    take("a", NOW - 2 * DAY)
    take("a", NOW - DAY)
    assert read_now(pool).log.is_fresh.tolist() == [True, False]
    assert read_now(pool).assumed.sd == (1.0,)


def test_a_question_with_other_parameters_begins_anew(pool: QuestionPool, take: Take) -> None:
    take("a", NOW - DAY)
    before = read_now(pool)
    item = int(before.log.item[0])
    old = newest_question(pool, f"q{item}")
    assert old is not None
    asked = (old.external_id, old.content, tuple(old.options), tuple(old.option_scores))
    revise_question(pool, QuestionDraft(*asked, replace(item_parameters(old), difficulty=3.0)))
    after = read_now(pool)
    assert after.log.n_answers == before.log.n_answers
    known = dict(zip(after.log.item.tolist(), after.log.is_current.tolist(), strict=True))
    moved = after.questions[[each.id for each in after.questions].index(f"q{item}")]
    assert list(known.values()).count(False) == 1
    assert moved.parameters is not None
    assert moved.parameters["d"] == pytest.approx(-3.0 * moved.parameters["a"])
    other = (old.external_id, "Else?", tuple(old.options), tuple(old.option_scores))
    revise_question(pool, QuestionDraft(*other, item_parameters(old)))
    assert read_now(pool).log.n_answers == before.log.n_answers - 1
    assert read_now(pool).left_out == 1


def test_what_holds_for_the_pool_and_a_test_in_order(pool: QuestionPool, take: Take) -> None:
    assert read_now(pool).limits.exposure is None
    take("a", NOW - 95 * DAY, rules=IN_ORDER, answers=7)
    take("b", NOW - DAY, rules=IN_ORDER, answers=7)
    gate.require(pool, {"exposure": 0.4}, None)
    found_once = {"q0": {"seconds": 4.5, "found": "normative"}, "q1": {"seconds": 3.0, "found": "fixed"}}
    PoolThresholds.objects.create(pool=pool, method={}, found=found_once, answers=200)
    found = read_now(pool)
    assert found.log.is_adaptive.tolist() == [False]
    assert found.limits.exposure == 0.4
    assert [each.seconds for each in found.questions] == [4.5] + [None] * 6
    assert [each.answers for each in found.questions] == [0] * 6 + [2]  # of those that have parameters, none
    assert [each.counts for each in found.questions] == [True] * 6 + [False]


def test_questions_of_several_concepts_have_a_slope_in_each(db: None, api: APIClient) -> None:
    weights = ([1.0, 0.0], [0.0, 1.0], [0.6, 0.8])
    pool = make_pool(
        [question(i, weights[i % 3], discrimination=1.5, difficulty=0.5) for i in range(9)],
        concepts=2,
        concept_names=["Algebra", "Logic"],
    )
    prior = {"name": "normal", "mean": [0.5, -0.5], "covariance": [[1.0, 0.3], [0.3, 1.44]]}
    body = {"question_pool_id": str(pool.pk), "rules": {"max_questions": 4, "prior": prior}}
    with time_machine.travel(NOW - DAY, tick=False):
        for student in ("a", "b"):
            answer_questions(api, api.post("/api/test/start", {"student_id": student, **body}).json(), 4)
    found = read_now(pool)
    assert found.concepts == ("Algebra", "Logic")
    assert found.assumed.mean == (0.5, -0.5)
    assert found.assumed.sd == pytest.approx((1.0, 1.2))
    both = found.questions[2].parameters
    assert both is not None
    assert both["a"] == pytest.approx([0.9, 1.2])
    assert both["d"] == pytest.approx([-0.75])
    assert found.questions[2].slope == pytest.approx(1.5)
