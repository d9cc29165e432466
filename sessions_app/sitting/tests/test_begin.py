"""A test with an introduction and a time limit: its clock runs from when the student begins."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from sessions_app.administration import cleanup, invitations, supervision
from sessions_app.administration.supervision import Supervisor
from sessions_app.conftest import answer_questions, browser_of, submit
from sessions_app.models import NamedTest, SessionEvent, TestSession
from sessions_app.review.replay import replay
from sessions_app.review.verification import verify
from sessions_app.tests.factories import last_active, make_named_test
from testing_engine.models import QuestionPool

MINUTE = timedelta(minutes=1)


@pytest.fixture
def started(api: APIClient, pool: QuestionPool, clock: Any) -> dict[str, Any]:
    """A test of 20 minutes, started by a client at 10:00."""
    make_named_test(pool, time_limit_minutes=20, introduction="Bring a pencil.")
    reply: dict[str, Any] = api.post("/api/test/start", {"student_id": "s1", "test": "algebra"}).json()
    return reply


def begin(started: dict[str, Any], body: dict[str, Any] | None = None) -> Any:
    return browser_of(started).post(f"/api/test/begin/{started['session_id']}", body or {})


def status(started: dict[str, Any]) -> dict[str, Any]:
    reply: dict[str, Any] = browser_of(started).get(f"/api/test/status/{started['session_id']}").json()
    return reply


def at(reply: dict[str, Any]) -> tuple[str, bool]:
    """The time of day until which answers are taken, and whether it still waits."""
    return reply["deadline"][11:16], reply["waits_to_begin"]


@pytest.mark.parametrize("state", ["hot", "flushed"])
def test_its_time_runs_from_the_beginning_which_is_said_once(
    started: dict[str, Any], clock: Any, state: str
) -> None:
    assert at(started) == at(status(started)) == ("10:20", True)
    clock.shift(25 * MINUTE)  # spent on the introduction
    assert cleanup.end_inactive(now=timezone.now()) == 0
    if state == "flushed":
        get_redis_connection("default").flushdb()
    begun = begin(started)
    assert (begun.status_code, at(begun.json())) == (200, ("10:45", False))
    assert begun.json()["next_question"]["id"] == started["next_question"]["id"]
    clock.shift(10 * MINUTE)
    assert at(begin(started).json()) == at(status(started)) == ("10:45", False)
    answered = answer_questions(browser_of(started), started, 1)
    assert answered["deadline"] == "2026-11-22T10:45:00Z"
    session = TestSession.objects.get()
    (event,) = session.events.filter(kind=SessionEvent.Kind.BEGUN)
    assert (event.after_answers, event.reason) == (0, "until 2026-11-22T10:45:00Z")
    clock.shift(11 * MINUTE)
    assert cleanup.end_inactive(now=timezone.now()) == 1
    session.refresh_from_db()
    assert (session.status, session.end_reason) == ("ended", "time limit")
    assert verify().breaks == []
    assert replay(session.pk).is_identical
    refused = begin(started)
    assert (refused.status_code, refused.json()["code"]) == (409, "session_not_active")


def test_a_client_that_never_says_it_keeps_the_time_from_the_start(
    started: dict[str, Any], clock: Any
) -> None:
    clock.shift(19 * MINUTE)
    answered = answer_questions(browser_of(started), started, 1)
    assert answered["deadline"] == "2026-11-22T10:20:00Z"
    assert at(begin(started).json()) == at(status(started)) == ("10:20", False)  # too late to begin
    clock.shift(2 * MINUTE)
    refused = submit(browser_of(started), started, answered["next_question"]["id"], 0)
    assert (refused.status_code, refused.json()["code"]) == (409, "session_not_active")
    assert not SessionEvent.objects.filter(kind="begun").exists()
    assert verify().breaks == []


def test_nobody_who_waits_runs_out_of_time_but_is_abandoned(started: dict[str, Any], clock: Any) -> None:
    clock.shift(29 * MINUTE)
    assert cleanup.count_inactive(30, now=timezone.now()) == 0
    assert cleanup.end_inactive(now=timezone.now()) == 0
    clock.shift(2 * MINUTE)
    last_active(timezone.now() - 31 * MINUTE)  # its clock is the real one
    assert cleanup.end_inactive(now=timezone.now()) == 1
    assert TestSession.objects.get().end_reason == "inactivity"
    supervision.resume([UUID(started["session_id"])], Supervisor(), now=timezone.now())
    assert at(begin(started).json()) == ("10:51", False)
    assert verify().breaks == []


def test_what_a_supervisor_gave_before_is_given_still(started: dict[str, Any], clock: Any) -> None:
    ids = [UUID(started["session_id"])]
    supervision.extend(ids, 5, Supervisor(), now=timezone.now())
    clock.shift(27 * MINUTE)  # 10:25 has passed
    supervision.extend(ids, 3, Supervisor(), now=timezone.now())
    assert at(status(started)) == ("10:30", True)
    assert at(begin(started).json()) == ("10:55", False)  # 10:27, 20 minutes and 8
    assert verify().breaks == []


def test_it_does_not_begin_once_the_test_has_closed(started: dict[str, Any], clock: Any) -> None:
    NamedTest.objects.update(closes_at=timezone.now() + 10 * MINUTE)
    clock.shift(5 * MINUTE)
    assert at(status(started)) == ("10:20", True)
    clock.shift(6 * MINUTE)
    refused = begin(started)
    assert (refused.status_code, refused.json()["detail"]) == (409, "This test is over: time is up.")
    assert TestSession.objects.get().end_reason == "time limit"
    assert not get_redis_connection("default").keys("*:state")
    assert verify().breaks == []


@pytest.mark.parametrize(
    "fields", [{"introduction": "Bring a pencil."}, {"time_limit_minutes": 20}, {}, {"invited": True}]
)
def test_a_test_without_both_does_not_wait(
    api: APIClient, pool: QuestionPool, clock: Any, fields: dict[str, Any]
) -> None:
    is_invited = fields.pop("invited", False)
    both = {"introduction": "Bring a pencil.", "time_limit_minutes": 20}
    test = make_named_test(pool, **(both if is_invited else fields))
    if is_invited:
        invitations.invite(test, [{"student_id": "s1"}])
        ((_, _, link),) = invitations.links(test, "")
        started = api.post("/api/invitations/start", {"invitation": link.split("=", 1)[1]}).json()
    else:
        started = api.post("/api/test/start", {"student_id": "s1", "test": "algebra"}).json()
    assert started["waits_to_begin"] is False
    clock.shift(MINUTE)
    assert begin(started).json()["deadline"] == started["deadline"]
    assert not SessionEvent.objects.filter(kind="begun").exists()


def test_only_its_student_and_its_client_begin_it(started: dict[str, Any], api: APIClient) -> None:
    other = api.post("/api/test/start", {"student_id": "s2", "test": "algebra"}).json()
    address = f"/api/test/begin/{started['session_id']}"
    assert browser_of(other).post(address, {}).status_code == 404
    assert begin(started, {"student_id": "s2"}).status_code == 403
    assert status(started)["waits_to_begin"] is True
    assert api.post(address, {"student_id": "s1"}).json()["waits_to_begin"] is False


@pytest.mark.parametrize("changed", ["false", "true"])
def test_a_changed_wait_shows(started: dict[str, Any], changed: str) -> None:
    if changed == "true":
        begin(started)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE test_sessions SET waits_to_begin = {changed}")
    (found,) = verify().breaks
    assert "waits_to_begin" in str(found)
