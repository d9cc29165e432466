"""Machines whose clocks differ, by minutes and by hours, and that are set back. PostgreSQL's is nobody's."""

from datetime import timedelta
from itertools import cycle
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app import tasks
from sessions_app.conftest import Start, answer_questions, browser_of, submit, take_test
from sessions_app.models import TestSession
from sessions_app.review.verification import verify
from sessions_app.tests.factories import right_answer
from testing_engine.models import QuestionPool

AHEAD, BEHIND = timedelta(hours=3), timedelta(hours=-3)
MACHINES = [AHEAD, BEHIND, timedelta(minutes=7), timedelta(0), timedelta(minutes=-40)]  # clocks are off by


def clock_off_by(error: timedelta) -> time_machine.travel:
    """This process is another machine's, whose clock is wrong. PostgreSQL's is right."""
    return time_machine.travel(timezone.now() + error)


def without_time(reply: dict[str, Any]) -> dict[str, Any]:
    reply.get("test_summary", {}).pop("duration_seconds", None)
    return reply


@pytest.mark.parametrize("first", range(len(MACHINES)))
def test_it_gives_the_same_test_whatever_the_clocks_say(
    api: APIClient, start: Start, pool: QuestionPool, first: int
) -> None:
    """Each request at another machine; the token of a machine that is ahead is of the future at others."""
    undisturbed = [without_time(reply) for reply in take_test(api, start(student_id="undisturbed"))]
    machines = cycle(MACHINES[first:] + MACHINES[:first])
    with clock_off_by(next(machines)):
        started = start(key="k")
    reply, replies = started, []
    for _ in range(5):
        question_id = reply["next_question"]["id"]
        told = []
        for _ in range(2):  # the repetition at a machine with yet another clock
            with clock_off_by(next(machines)):
                browser, option = browser_of(started), right_answer(question_id)
                response = submit(browser, started, question_id, option, key=question_id)
            assert response.status_code == 200, response.json()
            told.append(response.json())
        assert told[0] == told[1]
        reply = told[0]
        replies.append(reply)
    with clock_off_by(next(machines)):
        assert start(key="k") == started
    assert [without_time(reply) for reply in replies] == undisturbed
    session = TestSession.objects.get(student__external_id="s1")
    assert list(session.responses.values_list("position", flat=True)) == [1, 2, 3, 4, 5]
    assert not verify().breaks


@pytest.mark.parametrize("how", ["completed", "ended"])
def test_no_test_is_over_before_it_began(api: APIClient, start: Start, pool: QuestionPool, how: str) -> None:
    with clock_off_by(AHEAD):
        started = start()
    reply = answer_questions(api, started, 5 if how == "completed" else 1)
    if how == "ended":
        reply = api.post(f"/api/test/end/{started['session_id']}").json()
    session = TestSession.objects.get()
    assert reply["status"] == session.status == how
    assert reply["test_summary"]["duration_seconds"] == 0
    assert session.completed_at == session.started_at <= session.last_activity
    assert all(answer.answered_at >= session.started_at for answer in session.responses.all())
    assert not verify().breaks


def test_a_machine_that_is_behind_does_not_make_a_test_look_abandoned(
    api: APIClient, start: Start, pool: QuestionPool
) -> None:
    with clock_off_by(BEHIND):
        started = start()
        tasks.end_inactive_sessions()
        reply = answer_questions(api, started, 1)
    assert api.post("/api/sessions/cleanup").json()["sessions_removed"] == 0
    assert answer_questions(api, started, 1, question=reply["next_question"])["questions_answered"] == 2


def test_a_machine_that_is_ahead_does_not_end_tests_that_are_being_taken(
    api: APIClient, start: Start, pool: QuestionPool
) -> None:
    start()
    with clock_off_by(AHEAD):
        tasks.end_inactive_sessions()
        assert api.post("/api/sessions/cleanup").json()["sessions_removed"] == 0
    assert TestSession.objects.get().status == "active"


def test_a_clock_that_is_set_back_does_not_set_back_the_last_activity(
    api: APIClient, start: Start, pool: QuestionPool
) -> None:
    with clock_off_by(AHEAD):
        started = start()
    begun = TestSession.objects.get().last_activity
    answer_questions(api, started, 1)
    assert TestSession.objects.get().last_activity == begun


def test_a_token_of_the_future_opens_its_session(start: Start, pool: QuestionPool) -> None:
    with clock_off_by(AHEAD):
        started = start()
    address = f"/api/test/status/{started['session_id']}"
    assert browser_of(started).get(address).json()["status"] == "active"


def test_a_token_grows_old_by_the_clock_of_the_machine_that_is_asked(
    start: Start, pool: QuestionPool, settings: LazySettings
) -> None:
    """So clocks may differ by what SESSION_TOKEN_MAX_AGE leaves beyond the longest test."""
    settings.SESSION_TOKEN_MAX_AGE = 2 * 3600
    started = start()
    address = f"/api/test/status/{started['session_id']}"
    with clock_off_by(AHEAD):
        assert browser_of(started).get(address).status_code == 401
    assert browser_of(started).get(address).status_code == 200
