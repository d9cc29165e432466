"""GET /api/test/status/{session_id}."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from sessions_app.administration import cleanup
from sessions_app.conftest import Start, answer_questions, browser_of, client_with
from sessions_app.models import TestSession
from sessions_app.tests.factories import make_pool, make_token
from testing_engine.models import QuestionPool

FIELDS = {
    "session_id",
    "status",
    "current_proficiency",
    "ability",
    "scored_with",
    "concept_names",
    "questions_answered",
    "max_questions",
    "is_length_fixed",
    "is_active",
    "next_question",
    "started_at",
    "completed_at",
    "deadline",
    "waits_to_begin",
    "pauses",
    "paused",
    "test",
}


def test_it_shows_a_test_that_has_just_begun(api: APIClient, start: Start) -> None:
    make_pool(concepts=2)
    started = start()
    body = api.get(f"/api/test/status/{started['session_id']}").json()
    session = TestSession.objects.get()
    assert set(body) == FIELDS
    assert body["session_id"] == started["session_id"]
    assert (body["status"], body["is_active"], body["questions_answered"]) == ("active", True, 0)
    assert body["current_proficiency"] == [0.5, 0.5]
    assert body["concept_names"] == ["Math", "Algebra"]
    assert parse_datetime(body["started_at"]) == session.started_at
    assert body["completed_at"] is None
    assert body["next_question"] == started["next_question"]


def test_it_never_shows_a_state_that_is_older_than_the_rows(
    api: APIClient, start: Start, pool: QuestionPool
) -> None:
    """Redis hung, another process recorded an answer or ended the test, and Redis came back."""
    started = start()
    redis, key = get_redis_connection("default"), f"session:{{{started['session_id']}}}:state"
    old = redis.get(key)
    answer_questions(api, started, 1)
    redis.set(key, old)
    address = f"/api/test/status/{started['session_id']}"
    assert api.get(address).json()["questions_answered"] == 1
    api.post(f"/api/test/end/{started['session_id']}")
    redis.set(key, old)
    assert api.get(address).json()["status"] == "ended"


def test_it_follows_the_answers(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    reply = answer_questions(api, started, 2)
    body = api.get(f"/api/test/status/{started['session_id']}").json()
    assert body["questions_answered"] == 2
    assert body["current_proficiency"] == reply["current_proficiency"]
    assert body["ability"] == reply["ability"]


def test_it_says_the_same_from_redis_and_from_the_database(
    api: APIClient, start: Start, pool: QuestionPool
) -> None:
    started = start()
    answer_questions(api, started, 2)
    from_redis = api.get(f"/api/test/status/{started['session_id']}")
    get_redis_connection("default").flushdb()
    from_database = api.get(f"/api/test/status/{started['session_id']}")
    assert from_redis.json() == from_database.json()


def test_it_asks_postgresql_for_no_more_than_whether_redis_is_up_to_date(
    start: Start,
    pool: QuestionPool,
    django_assert_num_queries: Callable[[int], AbstractContextManager[object]],
) -> None:
    started = start()
    with django_assert_num_queries(1):
        response = browser_of(started).get(f"/api/test/status/{started['session_id']}")
    assert response.json()["status"] == "active"


def test_it_rebuilds_the_hot_state(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    answer_questions(api, started, 2)
    redis = get_redis_connection("default")
    key = f"session:{{{started['session_id']}}}:state"
    before = redis.get(key)
    redis.flushdb()
    api.get(f"/api/test/status/{started['session_id']}")
    assert redis.get(key) == before
    assert 1790 <= redis.ttl(key) <= 1800


def test_it_reads_a_state_of_another_version_as_none(
    api: APIClient, start: Start, pool: QuestionPool
) -> None:
    started = start()
    get_redis_connection("default").set(f"session:{{{started['session_id']}}}:state", b"\x91\x01")
    assert api.get(f"/api/test/status/{started['session_id']}").json()["status"] == "active"
    assert answer_questions(api, started, 1)["questions_answered"] == 1


def test_it_shows_a_completed_test(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    reply = answer_questions(api, started, 5)
    body = api.get(f"/api/test/status/{started['session_id']}").json()
    assert (body["status"], body["is_active"], body["questions_answered"]) == ("completed", False, 5)
    assert body["current_proficiency"] == reply["final_proficiency"]
    assert parse_datetime(body["completed_at"]) == TestSession.objects.get().completed_at
    # Nothing of a test that is over comes back to Redis.
    assert not get_redis_connection("default").keys("session:*")


def test_it_shows_a_test_that_was_ended(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    answer_questions(api, started, 2)
    api.post(f"/api/test/end/{started['session_id']}")
    body = api.get(f"/api/test/status/{started['session_id']}").json()
    assert (body["status"], body["is_active"], body["questions_answered"]) == ("ended", False, 2)
    assert body["completed_at"] is not None


def test_it_shows_a_test_that_expired(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    answer_questions(api, started, 2)
    cleanup.end_inactive(now=timezone.now() + timedelta(minutes=31))
    body = api.get(f"/api/test/status/{started['session_id']}").json()
    assert (body["status"], body["is_active"], body["questions_answered"]) == ("expired", False, 2)


@pytest.mark.parametrize("is_hot", [True, False])
def test_it_checks_the_student_where_one_is_named(
    api: APIClient, start: Start, pool: QuestionPool, is_hot: bool
) -> None:
    started = start()
    address = f"/api/test/status/{started['session_id']}"
    if not is_hot:
        get_redis_connection("default").flushdb()
    refused = api.get(address, {"student_id": "s2"})
    assert (refused.status_code, refused.json()["code"]) == (403, "wrong_student")
    assert api.get(address, {"student_id": "s1"}).status_code == 200


@pytest.mark.parametrize("is_hot", [True, False])
def test_it_hides_the_session_of_another_client(
    api: APIClient, start: Start, pool: QuestionPool, is_hot: bool
) -> None:
    started = start()
    if not is_hot:
        get_redis_connection("default").flushdb()
    stranger = client_with(f"Token {make_token()}")
    # Also with a wrong student: a stranger learns nothing from the difference between 403 and 404.
    theirs = stranger.get(f"/api/test/status/{started['session_id']}", {"student_id": "s2"})
    nobodys = stranger.get(f"/api/test/status/{uuid4()}")
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.json() == nobodys.json()


@pytest.mark.parametrize("session_id", ["17", "not-a-uuid", "0" * 500, "%00", "%ff", "😀"])
def test_it_knows_no_session_by_such_an_id(api: APIClient, session_id: str) -> None:
    response = api.get(f"/api/test/status/{session_id}")
    assert (response.status_code, response.json()["code"]) == (404, "session_not_found")


def test_it_does_not_prolong_a_test(api: APIClient, start: Start, pool: QuestionPool) -> None:
    """Looking is no activity: a dashboard must not keep abandoned tests alive."""
    started = start()
    before = TestSession.objects.get().last_activity
    api.get(f"/api/test/status/{started['session_id']}")
    assert TestSession.objects.get().last_activity == before
