"""What a submission costs, and how many a caller may send."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from statistics import NormalDist
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.db import connection
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from sessions_app.conftest import (
    Start,
    answer_questions,
    browser_of,
    client_with,
    submit,
)
from sessions_app.models import TestResponse
from sessions_app.sitting import ledger
from sessions_app.sitting.session_state import SessionState
from sessions_app.sitting.shown import shown_by_key
from sessions_app.tests.factories import make_pool, make_token
from testing_engine.models import Question, QuestionPool

PHI = NormalDist().cdf


@time_machine.travel("2026-01-01T10:00:30Z", tick=False)  # no minute begins in the middle
def test_it_limits_the_rate_of_a_browser(start: Start, pool: QuestionPool, settings: LazySettings) -> None:
    settings.RATE_LIMIT_SESSION_PER_MINUTE = 2
    started = start()
    browser = browser_of(started)
    reply = answer_questions(browser, started, 2)
    refused = submit(browser, started, reply["next_question"]["id"], 0)
    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert int(refused["Retry-After"]) > 0
    assert TestResponse.objects.count() == 2
    assert not get_redis_connection("default").keys("lock:*")
    with time_machine.travel("2026-01-01T10:01:00Z", tick=False):
        assert submit(browser, started, reply["next_question"]["id"], 0).status_code == 200


@time_machine.travel("2026-01-01T10:00:30Z", tick=False)
def test_it_limits_the_rate_of_a_client(
    api: APIClient, start: Start, pool: QuestionPool, settings: LazySettings
) -> None:
    settings.RATE_LIMIT_CLIENT_PER_MINUTE = 3
    started = start()
    answer_questions(api, started, 2)
    for response in (
        submit(api, started, "q0", 0),
        api.get(f"/api/test/status/{started['session_id']}"),
        api.post("/api/test/start", {"student_id": "s1"}),
    ):
        assert (response.status_code, response.json()["code"]) == (429, "throttled")
        assert int(response["Retry-After"]) > 0
    # A browser is counted apart: one client's students do not slow each other down.
    assert browser_of(started).get(f"/api/test/status/{started['session_id']}").status_code == 200


@time_machine.travel("2026-01-01T10:00:30Z", tick=False)
def test_it_limits_all_sessions_of_a_student_together(
    api: APIClient, start: Start, pool: QuestionPool, settings: LazySettings
) -> None:
    settings.RATE_LIMIT_STUDENT_PER_MINUTE = 4
    first, second, other = start(), start(), start(student_id="s2")
    answer_questions(browser_of(first), first, 2)
    answer_questions(api, second, 1)
    assert api.get(f"/api/test/status/{first['session_id']}").status_code == 200
    for response in (
        submit(browser_of(first), first, "q0", 0),
        submit(browser_of(second), second, "q0", 0),
        submit(api, second, "q0", 0),
        browser_of(second).get(f"/api/test/status/{second['session_id']}"),
        api.post(f"/api/test/end/{second['session_id']}"),
    ):
        assert (response.status_code, response.json()["code"]) == (429, "throttled")
        assert int(response["Retry-After"]) > 0
    redis = get_redis_connection("default")
    assert not redis.keys("lock:*")
    assert not [key for key in redis.keys("*") if b"s1" in key.split(b":")]
    answer_questions(browser_of(other), other, 2)
    assert TestResponse.objects.filter(session=second["session_id"]).count() == 1


@time_machine.travel("2026-01-01T10:00:30Z", tick=False)
def test_it_limits_what_is_begun_for_a_student(
    api: APIClient, start: Start, pool: QuestionPool, settings: LazySettings
) -> None:
    settings.RATE_LIMIT_STUDENT_STARTS_PER_MINUTE = 2
    start(), start()
    refused = api.post("/api/test/start", {"student_id": "s1"})
    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert int(refused["Retry-After"]) > 0
    start(student_id="s2")
    with time_machine.travel("2026-01-01T10:01:00Z", tick=False):
        start()


@time_machine.travel("2026-01-01T10:00:30Z", tick=False)
def test_a_stranger_does_not_use_up_a_students_limit(
    start: Start, pool: QuestionPool, settings: LazySettings
) -> None:
    started = start()
    settings.RATE_LIMIT_STUDENT_PER_MINUTE = 2
    stranger = client_with(f"Token {make_token()}")
    for _ in range(3):
        assert submit(stranger, started, started["next_question"]["id"], 0).status_code == 404
        assert stranger.get(f"/api/test/status/{started['session_id']}").status_code == 404
    answer_questions(browser_of(started), started, 1)


def test_it_costs_one_statement_and_two_round_trips(
    start: Start,
    redis_round_trips: list[int],
    django_assert_num_queries: Callable[[int], AbstractContextManager[Any]],
) -> None:
    make_pool(questions=60, concepts=5)
    started = start(end_criteria={"type": "fixed_length", "max_questions": 20})
    browser = browser_of(started)
    reply = answer_questions(browser, started, 3)
    # Another student has seen the next question: it is in the cache.
    for position in range(60):
        shown_by_key(Question.objects.get(external_id=f"q{position}").pk)
    redis_round_trips.clear()
    with django_assert_num_queries(1) as executed:
        answer_questions(browser, started, 1, question=reply["next_question"])
    assert len(redis_round_trips) == 2
    assert "INSERT INTO test_responses" in executed.captured_queries[0]["sql"]


def test_postgresql_plans_it_once_whatever_the_numbers(start: Start) -> None:
    """A number as wide as it happens to be would make each another statement to prepare."""
    make_pool(questions=60)
    started = start(end_criteria={"type": "fixed_length", "max_questions": 20})
    browser, question_id = browser_of(started), started["next_question"]["id"]
    for milliseconds in (1, 2**8, 2**15, 2**31 - 1, 5, 6, 7, 8):
        reply = submit(browser, started, question_id, 0, response_time_ms=milliseconds).json()
        question_id = reply["next_question"]["id"]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans + custom_plans FROM pg_prepared_statements"
            " WHERE statement LIKE '%%INSERT INTO test_responses%%' AND statement NOT LIKE '%%prepared%%'"
        )
        assert [times for (times,) in cursor.fetchall()] == [3]  # after DATABASE_PREPARE_THRESHOLD


def test_it_costs_a_client_one_statement_more(
    api: APIClient,
    start: Start,
    pool: QuestionPool,
    django_assert_num_queries: Callable[[int], AbstractContextManager[Any]],
) -> None:
    """Its token and permissions are read in one query."""
    started = start()
    reply = answer_questions(api, started, 1)
    for position in range(40):
        shown_by_key(Question.objects.get(external_id=f"q{position}").pk)
    with django_assert_num_queries(2):
        answer_questions(api, started, 1, question=reply["next_question"])


@pytest.mark.parametrize("is_carried", [False, True])
def test_it_keeps_the_state_within_300_bytes(api: APIClient, start: Start, is_carried: bool) -> None:
    make_pool(questions=60, concepts=5)
    if is_carried:
        answer_questions(api, start(end_criteria={"type": "fixed_length", "max_questions": 10}), 10)
    criteria = {
        "type": "classification",
        "max_questions": 40,
        "min_questions": 30,
        "classification_threshold": 0.95,
        "cut_scores": [-1.5, -0.5, 0.5, 1.5],
    }
    started = start(end_criteria=criteria)
    answer_questions(api, started, 20)
    stored = get_redis_connection("default").get(f"session:{{{started['session_id']}}}:state")
    assert 0 < len(stored) <= 300


def test_it_keeps_the_state_within_300_bytes_in_a_grown_installation() -> None:
    """Every id needs five bytes, every number its longest form."""
    state = SessionState.pack(
        items=[65_535 - i for i in range(20)],
        scores=[1] * 20,
        prior_mean=[0.1] * 5,
        prior_sd=[0.7] * 5,
        student_external_id="x" * 200,
        client_id=2**31,
        student_id=2**31,
        revision_id=2**31,
        plan_id=2**31,
        seed=2**63 - 1,
        current=65_535,
        correct=20,
        started_at=1_800_000_000_000_000,
        chain_head=b"h" * 16,
    )
    assert len(state.packed()) <= 230


NAMES = ["a", 'say "hi"', "back\\slash", "{curly}, comma", "NULL", "  blanks ", "ä\t✓", "'"]


@pytest.mark.django_db
def test_postgresql_reads_names_and_numbers_as_they_are() -> None:
    """Arrays go to it as it writes them itself."""
    theta = [0.1, -1e-300, 1 / 3, -0.0, 12345678.9]
    with connection.cursor() as cursor:
        texts = ledger._array_of_texts(tuple(NAMES))
        cursor.execute("SELECT %s::text[], %s::float8[]", [texts, "{" + ",".join(map(repr, theta)) + "}"])
        names, numbers = cursor.fetchone()
    assert names == NAMES
    assert [number.hex() for number in numbers] == [number.hex() for number in theta]
