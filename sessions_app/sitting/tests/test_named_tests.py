"""Tests that a teacher prepared: started by their name."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from rest_framework.test import APIClient

from sessions_app.conftest import Reply, answer_questions, browser_of, client_with, pointers
from sessions_app.models import Invitation, NamedTest, Student, TestSession
from sessions_app.review.replay import replay
from sessions_app.sitting.tests.test_concurrency import at_once, statuses
from sessions_app.tests.factories import make_named_test, make_pool, make_token
from testing_engine.models import QuestionPool

NOW = "2026-11-22T10:00:00.400Z"


def start(client: APIClient, key: str | None = None, **fields: Any) -> Reply:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post("/api/test/start", {"student_id": "s1", "test": "algebra", **fields}, headers=headers)


def test_it_starts_with_the_rules_of_the_test(api: APIClient, pool: QuestionPool) -> None:
    make_pool()  # a newer one, which a start without a name would take
    test = make_named_test(pool, rules={"max_questions": 2}, concept_names=["Sums"])
    reply = start(api).json()
    session = TestSession.objects.get()
    assert (session.named_test, session.revision.pool) == (test, pool)
    assert session.deadline is None
    assert reply["concept_names"] == ["Sums"]
    assert answer_questions(api, reply, 2)["status"] == "completed"


def test_it_tells_the_students_page_the_texts(api: APIClient, pool: QuestionPool) -> None:
    make_named_test(pool, title="Algebra", introduction="Hello", closing="Bye", show_theta=True)
    started = start(api).json()
    assert started["test"] == {
        "name": "algebra",
        "title": "Algebra",
        "introduction": "Hello",
        "closing": "Bye",
        "show_theta": True,
        "allow_dont_know": True,
        "result_kind": "levels",
        "is_result_for_student": True,
        "result_released_at": None,
        "time_limit_minutes": None,
    }
    status = browser_of(started).get(f"/api/test/status/{started['session_id']}").json()
    assert status["test"] == started["test"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("question_pool_id", "0b9f4c5e-2f5a-4d3b-9d53-0d6c5d2f9a11"),
        ("rules", {}),
        ("end_criteria", {"type": "fixed_length"}),
        ("concept_names", ["Math"]),
    ],
)
def test_it_takes_a_name_or_rules_not_both(
    api: APIClient, pool: QuestionPool, field: str, value: Any
) -> None:
    make_named_test(pool)
    assert pointers(start(api, **{field: value})) == [f"/{field}"]
    assert not TestSession.objects.exists()


@pytest.mark.parametrize("name", ["nothing", "Algebra", "a\u00e4", "x/y"])
def test_it_refuses_a_name_that_there_is_not(api: APIClient, pool: QuestionPool, name: str) -> None:
    make_named_test(pool)
    reply = start(api, test=name)
    assert (reply.status_code, reply.json()["code"]) == (404, "test_not_found")


def test_it_says_when_a_test_opens_and_when_it_closed(api: APIClient, pool: QuestionPool) -> None:
    make_named_test(pool, opens_at="2026-11-22T10:00Z", closes_at="2026-11-22T12:00Z")
    for moment, said in [
        ("09:59:59", "opens at 2026-11-22 10:00"),
        ("12:00:00", "closed at 2026-11-22 12:00"),
    ]:
        with time_machine.travel(f"2026-11-22T{moment}Z", tick=False):
            reply = start(api)
        assert (reply.status_code, reply.json()["code"]) == (409, "test_not_open")
        assert said in reply.json()["detail"]
        assert reply.json()["opens_at"] == "2026-11-22T10:00:00Z"
        assert reply.json()["closes_at"] == "2026-11-22T12:00:00Z"
    assert not TestSession.objects.exists()
    assert not Student.objects.exists()
    with time_machine.travel("2026-11-22T10:00:00Z", tick=False):
        assert start(api).status_code == 200


@pytest.mark.parametrize(
    ("conditions", "deadline"),
    [
        ({}, None),
        ({"time_limit_minutes": 30}, "2026-11-22T10:30:01Z"),
        ({"closes_at": "2026-11-22T10:20Z"}, "2026-11-22T10:20:00Z"),
        ({"time_limit_minutes": 30, "closes_at": "2026-11-22T10:20Z"}, "2026-11-22T10:20:00Z"),
        ({"time_limit_minutes": 10, "closes_at": "2026-11-22T10:20Z"}, "2026-11-22T10:10:01Z"),
    ],
)
def test_it_ends_after_the_limit_or_when_the_test_closes(
    api: APIClient, pool: QuestionPool, conditions: dict[str, Any], deadline: str | None
) -> None:
    """In whole seconds, rounded in the student's favour."""
    make_named_test(pool, **conditions)
    with time_machine.travel(NOW, tick=False):
        started = start(api).json()
        browser = browser_of(started)
        status = browser.get(f"/api/test/status/{started['session_id']}").json()
        reply = answer_questions(browser, started, 1)
    assert started["deadline"] == status["deadline"] == reply["deadline"] == deadline


def test_it_lets_only_invited_students_take_a_test_for_them(api: APIClient, pool: QuestionPool) -> None:
    test = make_named_test(pool, takers="invited")
    student = Student.objects.create(external_id="s1")
    invitation = Invitation.objects.create(test=make_named_test(pool, name="another"), student=student)
    reply = start(api)
    assert (reply.status_code, reply.json()["code"]) == (403, "not_invited")
    invitation.test = test
    invitation.revoked_at = datetime(2026, 1, 1, tzinfo=UTC)
    invitation.save()
    assert start(api).status_code == 403
    Invitation.objects.update(revoked_at=None)
    assert start(api).status_code == 200
    assert start(api, student_id="s2").status_code == 403
    assert TestSession.objects.count() == 1


def test_it_counts_attempts(api: APIClient, pool: QuestionPool) -> None:
    make_named_test(pool, attempts_allowed=2)
    assert start(api, key="a").status_code == 200
    assert start(api).status_code == 200
    reply = start(api)
    assert (reply.status_code, reply.json()["code"]) == (409, "no_attempts_left")
    assert start(api, key="a").status_code == 200  # the first reply again
    assert start(api, student_id="s2").status_code == 200
    assert TestSession.objects.count() == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", [None, "same"])
def test_it_counts_attempts_that_come_at_once(key: str | None) -> None:
    make_named_test(make_pool(), attempts_allowed=1)
    client = client_with(f"Token {make_token()}")
    replies = at_once(*[lambda: start(client, key=key)] * 6)
    assert statuses(replies) == ({200: 1, 409: 5} if key is None else {200: 6})
    assert TestSession.objects.count() == 1
    connection.close()


def test_it_repeats_a_start_after_the_test_has_closed(api: APIClient, pool: QuestionPool) -> None:
    make_named_test(pool, closes_at="2026-11-22T12:00Z")
    with time_machine.travel("2026-11-22T11:59Z", tick=False) as clock:
        first = start(api, key="k").json()
        clock.shift(timedelta(hours=1))
        again = start(api, key="k").json()
    assert again["session_id"] == first["session_id"]
    assert again["next_question"] == first["next_question"]


def test_it_keeps_a_running_test_as_it_began(api: APIClient, pool: QuestionPool) -> None:
    make_named_test(pool, rules={"max_questions": 3}, time_limit_minutes=30)
    started = start(api).json()
    NamedTest.objects.update(rules={"max_questions": 1}, time_limit_minutes=1)
    reply = answer_questions(api, started, 1)
    assert (reply["status"], reply["deadline"]) == ("continue", started["deadline"])


def test_it_says_so_where_the_pool_has_outgrown_the_rules(api: APIClient, pool: QuestionPool) -> None:
    make_named_test(pool, rules={"ability": {"name": "no such estimator"}})
    assert pointers(start(api)) == ["/test"]
    NamedTest.objects.update(rules={}, concept_names=["A", "B"])
    assert pointers(start(api)) == ["/concept_names"]
    assert not TestSession.objects.exists()


def test_it_costs_a_start_by_name_few_queries(
    api: APIClient, pool: QuestionPool, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    make_named_test(pool, attempts_allowed=5, takers="invited")
    Invitation.objects.create(test=NamedTest.objects.get(), student=Student.objects.create(external_id="s1"))
    assert start(api).status_code == 200
    with django_assert_max_num_queries(16):
        assert start(api).status_code == 200


def test_it_does_not_begin_with_the_same_question_for_everybody(api: APIClient, pool: QuestionPool) -> None:
    """By default the first is any of the five best; the seed says which, so that a replay has it again."""
    make_named_test(pool, vary_first_questions=True)
    first = {start(api, student_id=f"s{n}").json()["next_question"]["id"] for n in range(40)}
    assert len(first) == 5
    assert all(replay(session.pk).is_identical for session in TestSession.objects.all()[:5])


@pytest.mark.parametrize(
    "own", [{"start": {"name": "questions", "items": [7]}}, {"strategy": {"name": "progressive"}}]
)
def test_rules_that_say_how_a_test_begins_go_first(
    api: APIClient, pool: QuestionPool, own: dict[str, Any]
) -> None:
    make_named_test(pool, rules={"max_questions": 5, **own}, vary_first_questions=True)
    start(api)
    rules = TestSession.objects.get().plan.rules
    assert {name: rules[name] for name in own} == own
    assert rules.get("start", {}).get("name") != "randomesque"
