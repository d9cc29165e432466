"""A test that has a time limit: what is refused, who ends it, and what it costs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from sessions_app.administration import cleanup
from sessions_app.conftest import answer_questions, browser_of, submit
from sessions_app.models import SessionEvent, TestResponse, TestSession
from sessions_app.review.verification import verify
from sessions_app.tests.factories import last_active, make_named_test, right_answer
from testing_engine.models import QuestionPool

GRACE = timedelta(seconds=5)


@pytest.fixture
def started(api: APIClient, pool: QuestionPool, clock: Any) -> dict[str, Any]:
    """A test that ends at 10:30."""
    make_named_test(pool, time_limit_minutes=30)
    reply: dict[str, Any] = api.post("/api/test/start", {"student_id": "s1", "test": "algebra"}).json()
    return reply


@pytest.fixture(params=["hot", "flushed"])
def redis(request: pytest.FixtureRequest) -> Callable[[], None]:
    return lambda: get_redis_connection("default").flushdb() if request.param == "flushed" else None


def test_it_takes_an_answer_within_the_grace(
    started: dict[str, Any], clock: Any, redis: Callable[[], None]
) -> None:
    clock.shift(timedelta(minutes=30) + GRACE)
    redis()
    reply = submit(browser_of(started), started, started["next_question"]["id"], 0)
    assert (reply.status_code, reply.json()["deadline"]) == (200, "2026-11-22T10:30:00Z")


def test_it_refuses_an_answer_that_is_late_and_ends_the_test(
    started: dict[str, Any], clock: Any, redis: Callable[[], None]
) -> None:
    browser = browser_of(started)
    reply = answer_questions(browser, started, 1)
    clock.shift(timedelta(minutes=30) + GRACE + timedelta(seconds=1))
    redis()
    refused = submit(browser, started, reply["next_question"]["id"], 0)
    assert (refused.status_code, refused.json()["code"]) == (409, "session_not_active")
    assert refused.json()["detail"] == "This test is over: time is up."
    assert (refused.json()["session_status"], refused.json()["current_question_id"]) == ("ended", None)
    assert TestResponse.objects.count() == 1
    session = TestSession.objects.get()
    assert (session.status, session.end_reason) == ("ended", "time limit")
    assert session.events.order_by("id").last().kind == "ended"  # type: ignore[union-attr]
    assert not get_redis_connection("default").keys("*:state")
    again = submit(browser, started, reply["next_question"]["id"], 0)
    assert (again.status_code, again.json()["code"]) == (409, "session_not_active")
    assert SessionEvent.objects.filter(kind="ended").count() == 1
    assert verify().breaks == []


def test_it_repeats_the_reply_of_an_answer_that_came_in_time(started: dict[str, Any], clock: Any) -> None:
    browser, question_id = browser_of(started), started["next_question"]["id"]
    first = submit(browser, started, question_id, 0, key="k")
    clock.shift(timedelta(hours=1))
    again = submit(browser, started, question_id, 0, key="k")
    assert (again.status_code, again.json()) == (200, first.json())
    assert TestSession.objects.get().status == "active"


def test_it_ends_by_request_for_the_reason_that_time_is_up(started: dict[str, Any], clock: Any) -> None:
    """A page whose clock has run down ends the test."""
    clock.shift(timedelta(minutes=30))
    reply = browser_of(started).post(f"/api/test/end/{started['session_id']}").json()
    assert (reply["status"], reply["test_summary"]["end_reason"]) == ("ended", "time limit")


def test_the_cleanup_ends_what_is_overdue(started: dict[str, Any], clock: Any) -> None:
    clock.shift(timedelta(minutes=29))
    answer_questions(browser_of(started), started, 1)  # so that it is not inactive
    clock.shift(timedelta(minutes=1) + GRACE)
    assert cleanup.end_inactive(now=timezone.now()) == 0
    clock.shift(timedelta(seconds=1))
    assert cleanup.count_inactive(30, now=timezone.now()) == 1
    assert cleanup.end_inactive(now=timezone.now()) == 1
    session = TestSession.objects.get()
    assert (session.status, session.end_reason) == ("ended", "time limit")
    assert session.events.filter(kind="ended").count() == 1
    assert not get_redis_connection("default").keys("*:state")


def test_the_cleanup_counts_a_test_once_that_is_overdue_and_inactive(
    started: dict[str, Any], clock: Any
) -> None:
    last_active(timezone.now())
    now = timezone.now() + timedelta(hours=2)
    assert cleanup.count_inactive(30, now=now) == 1
    assert cleanup.end_inactive(30, now=now) == 1
    assert TestSession.objects.get().status == "ended"


@pytest.mark.parametrize("state", ["hot", "flushed"])
def test_it_takes_i_dont_know_only_where_the_test_allows_it(
    api: APIClient, pool: QuestionPool, state: str
) -> None:
    make_named_test(pool, allow_dont_know=False)
    make_named_test(pool, name="lenient")
    body = {"student_id": "s1", "test": "algebra"}
    strict = api.post("/api/test/start", body).json()
    lenient = api.post("/api/test/start", {**body, "test": "lenient"}).json()
    if state == "flushed":
        get_redis_connection("default").flushdb()
    refused = submit(api, strict, strict["next_question"]["id"], None)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "/response"
    assert not TestResponse.objects.exists()
    question_id = strict["next_question"]["id"]
    assert submit(api, strict, question_id, right_answer(question_id)).status_code == 200
    assert submit(api, lenient, lenient["next_question"]["id"], None).status_code == 200


def test_it_costs_a_submission_nothing(
    started: dict[str, Any],
    api: APIClient,
    redis_round_trips: list[int],
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    reply = answer_questions(browser_of(started), started, 1)
    redis_round_trips.clear()
    with django_assert_num_queries(1 + 1):  # the next question's text, which is not cached yet
        answer_questions(browser_of(started), started, 1, question=reply["next_question"])
    assert len(redis_round_trips) <= 3
