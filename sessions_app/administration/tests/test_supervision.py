"""Extend, end and resume: by the API, and beside a student who answers."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from sessions_app.administration import cleanup, privacy, supervision
from sessions_app.administration.supervision import Supervisor
from sessions_app.conftest import Reply, answer_questions, browser_of, client_with, pointers, submit
from sessions_app.models import SessionEvent, TestSession
from sessions_app.refusals import SessionNotActive
from sessions_app.review.replay import replay
from sessions_app.review.verification import verify
from sessions_app.sitting.tests.test_concurrency import assert_consistent, at_once
from sessions_app.tests.factories import last_active, make_named_test, make_pool, make_token
from testing_engine.models import QuestionPool

ME = Supervisor()


@pytest.fixture
def started(api: APIClient, pool: QuestionPool, clock: Any) -> dict[str, Any]:
    make_named_test(pool, time_limit_minutes=30)
    reply: dict[str, Any] = api.post("/api/test/start", {"student_id": "s1", "test": "algebra"}).json()
    return reply


def post(api: APIClient, started: dict[str, Any], action: str, key: str | None = None, **body: Any) -> Reply:
    headers = {"Idempotency-Key": key} if key else {}
    return api.post(f"/api/test/{started['session_id']}/{action}", body, headers=headers)


def expire(clock: Any, minutes: int = 20) -> None:
    """The student leaves now and is away for so long."""
    last_active(timezone.now())  # PostgreSQL's clock does not travel
    clock.shift(timedelta(minutes=minutes))
    assert cleanup.end_inactive(15, now=timezone.now()) == 1
    assert TestSession.objects.get().status == "expired"


def test_it_extends_after_the_deadline(api: APIClient, started: dict[str, Any], clock: Any) -> None:
    browser = browser_of(started)
    reply = answer_questions(browser, started, 1)
    extended = post(api, started, "extend", minutes=10)
    assert (extended.status_code, extended.json()["deadline"]) == (200, "2026-11-22T10:40:00Z")
    status = browser.get(f"/api/test/status/{started['session_id']}").json()
    assert (status["deadline"], status["next_question"]) == ("2026-11-22T10:40:00Z", reply["next_question"])
    clock.shift(timedelta(minutes=39))
    reply = answer_questions(browser, started, 1, question=reply["next_question"])
    assert reply["deadline"] == "2026-11-22T10:40:00Z"
    event = SessionEvent.objects.get(kind="extended")
    assert (event.reason, event.after_answers, event.by) == ("until 2026-11-22T10:40:00Z", 1, None)


def test_it_extends_from_now_where_the_time_is_up(
    api: APIClient, started: dict[str, Any], clock: Any
) -> None:
    clock.shift(timedelta(minutes=35))
    assert post(api, started, "extend", minutes=10).json()["deadline"] == "2026-11-22T10:45:00Z"


def test_it_extends_once_for_a_repeated_request(api: APIClient, started: dict[str, Any]) -> None:
    first, again = (post(api, started, "extend", key="k", minutes=10) for _ in range(2))
    assert first.json() == again.json()
    assert SessionEvent.objects.filter(kind="extended").count() == 1
    other = post(api, started, "extend", key="k", minutes=20)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


@pytest.mark.parametrize("minutes", [0, -1, 1441, "x", None, 1.5])
def test_it_names_the_minutes_that_are_wrong(api: APIClient, started: dict[str, Any], minutes: Any) -> None:
    assert pointers(post(api, started, "extend", minutes=minutes)) == ["/minutes"]
    assert not SessionEvent.objects.filter(kind="extended").exists()


def test_it_extends_only_what_runs_and_has_a_limit(api: APIClient, started: dict[str, Any]) -> None:
    endless = api.post("/api/test/start", {"student_id": "s2"}).json()
    reply = post(api, endless, "extend", minutes=1)
    assert (reply.status_code, reply.json()["code"]) == (409, "no_deadline")
    api.post(f"/api/test/end/{started['session_id']}")
    reply = post(api, started, "extend", minutes=1)
    assert (reply.status_code, reply.json()["code"]) == (409, "session_not_active")
    assert not SessionEvent.objects.filter(kind="extended").exists()


@pytest.mark.parametrize("action", ["extend", "resume"])
def test_it_finds_no_session_that_there_is_not(api: APIClient, pool: QuestionPool, action: str) -> None:
    for nobody in ("nobody", "00000000-0000-0000-0000-000000000000"):
        reply = post(api, {"session_id": nobody}, action, minutes=1)
        assert (reply.status_code, reply.json()["code"]) == (404, "session_not_found")


@pytest.mark.parametrize("answers", [0, 2])
def test_it_resumes_where_the_test_stood(
    api: APIClient, started: dict[str, Any], clock: Any, answers: int
) -> None:
    browser = browser_of(started)
    before = answer_questions(browser, started, answers)
    expire(clock)
    resumed = post(api, started, "resume")
    assert resumed.status_code == 200, resumed.json()
    assert resumed.json()["is_active"]
    assert resumed.json()["next_question"] == before["next_question"]
    assert cleanup.end_inactive(15, now=timezone.now()) == 0  # it counts as activity
    reply = answer_questions(browser, started, 5 - answers, question=before["next_question"])
    assert reply["status"] == "completed"
    session = TestSession.objects.get()
    kinds = list(session.events.order_by("id").values_list("kind", flat=True))
    assert kinds == ["started", "expired", "resumed", "completed"]
    assert replay(session.pk).is_identical
    assert verify().breaks == []


def test_it_resumes_with_the_time_that_was_left(api: APIClient, started: dict[str, Any], clock: Any) -> None:
    clock.shift(timedelta(minutes=10))
    answer_questions(browser_of(started), started, 1)
    expire(clock, minutes=18)
    clock.shift(timedelta(hours=2))
    resumed = post(api, started, "resume").json()
    assert resumed["deadline"] == "2026-11-22T12:48:00Z"  # 20 minutes were left


def test_it_keeps_a_deadline_that_is_still_to_come(
    api: APIClient, started: dict[str, Any], clock: Any
) -> None:
    expire(clock)
    assert post(api, started, "resume").json()["deadline"] == started["deadline"]


@pytest.mark.parametrize("status", ["active", "completed", "ended"])
def test_it_resumes_nothing_but_what_expired(api: APIClient, started: dict[str, Any], status: str) -> None:
    if status == "completed":
        answer_questions(api, started, 5)
    elif status == "ended":
        api.post(f"/api/test/end/{started['session_id']}")
    reply = post(api, started, "resume")
    assert (reply.status_code, reply.json()["code"]) == (409, "session_not_expired")
    assert reply.json()["session_status"] == status
    assert TestSession.objects.get().status == status


def test_it_resumes_once_for_a_repeated_request(api: APIClient, started: dict[str, Any], clock: Any) -> None:
    expire(clock)
    assert [post(api, started, "resume", key="k").status_code for _ in range(2)] == [200, 200]
    assert SessionEvent.objects.filter(kind="resumed").count() == 1


def test_it_keeps_who_ended_a_test(started: dict[str, Any]) -> None:
    user = User.objects.create_user("teacher")
    session = TestSession.objects.get()
    outcome = supervision.end([session.pk], Supervisor(user.pk), now=timezone.now())
    assert supervision.one(outcome).status == "ended"
    assert (SessionEvent.objects.get(kind="ended").by, session.events.count()) == (user, 2)
    assert not get_redis_connection("default").keys("*:state")
    again = supervision.end([session.pk], Supervisor(user.pk), now=timezone.now())
    assert isinstance(again[session.pk], SessionNotActive)


# --- Beside a student who answers ---------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ["extend", "end"])
def test_it_loses_no_answer_that_comes_at_the_same_time(act: str) -> None:
    make_named_test(make_pool(), time_limit_minutes=30, rules={"max_questions": 40})
    client = client_with(f"Token {make_token()}")
    started = client.post("/api/test/start", {"student_id": "s1", "test": "algebra"}).json()
    session = TestSession.objects.get()
    question, accepted = started["next_question"], 0
    deadline = session.deadline
    assert deadline is not None
    actions: dict[str, Callable[[], Any]] = {
        "extend": lambda: supervision.extend([session.pk], 1, ME, now=timezone.now()),
        "end": lambda: supervision.end([session.pk], ME, now=timezone.now()),
    }
    for _round in range(8 if act == "extend" else 1):
        asked = question["id"]
        answer = partial(submit, browser_of(started), started, asked, 0)
        reply, outcome = at_once(answer, actions[act])
        supervision.one(outcome)
        if reply.status_code == 200:
            accepted, question = accepted + 1, reply.json()["next_question"]
        else:
            assert reply.json()["code"] in ("session_not_active", "submission_in_progress")
    session.refresh_from_db()
    assert session.questions_answered == accepted
    if act == "extend":
        assert session.deadline == deadline + timedelta(minutes=8)
        assert accepted >= 1
        answer_questions(browser_of(started), started, 1, question=question)
    assert_consistent(session)
    assert verify().breaks == []
    connection.close()


def test_every_reason_for_an_end_replays(api: APIClient, pool: QuestionPool, clock: Any) -> None:
    make_named_test(pool, time_limit_minutes=30)
    ids: list[UUID] = []
    for end in (
        lambda started: api.post(f"/api/test/end/{started['session_id']}", {}),
        lambda started: supervision.end([UUID(started["session_id"])], ME, now=timezone.now()),
        lambda started: privacy.erase_student(started["student_id"], now=timezone.now()),
        lambda started: cleanup.end_inactive(now=timezone.now() + timedelta(hours=1)),
    ):
        started = api.post("/api/test/start", {"student_id": f"s{len(ids)}", "test": "algebra"}).json()
        answer_questions(browser_of(started), started, 2)
        end(started)
        ids.append(UUID(started["session_id"]))
    reasons = [TestSession.objects.get(pk=each).end_reason for each in ids]
    assert len(set(reasons)) == 4
    assert all(replay(each).is_identical for each in ids)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE test_sessions SET end_reason = 'else'")
    assert not any(replay(each).is_identical for each in ids)


def test_a_key_that_extended_a_test_does_not_end_it(api: APIClient, started: dict[str, Any]) -> None:
    assert post(api, started, "extend", key="k", minutes=5).status_code == 200
    address = f"/api/test/end/{started['session_id']}"
    refused = api.post(address, {}, headers={"Idempotency-Key": "k"})
    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_reused")
    assert api.post(address, {}, headers={"Idempotency-Key": "another"}).status_code == 200


def test_it_resumes_no_test_of_somebody_who_was_erased(
    api: APIClient, started: dict[str, Any], clock: Any
) -> None:
    expire(clock)
    privacy.erase_student("s1", now=timezone.now())
    assert post(api, started, "resume").status_code == 409
