"""Idempotency-Key: a repeated request gets the first reply again, and is carried out once."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from sessions_app.administration import cleanup
from sessions_app.conftest import Start, answer_questions, browser_of, client_with, submit
from sessions_app.models import TestResponse, TestSession
from sessions_app.tests.factories import make_pool, make_token, right_answer
from testing_engine.models import QuestionPool


@pytest.fixture(params=["warm", "flushed"])
def redis_state(request: pytest.FixtureRequest) -> Any:
    """What happens to Redis between the two tries."""

    def happen() -> None:
        if request.param == "flushed":
            get_redis_connection("default").flushdb()

    return happen


# --- start -----------------------------------------------------------------------------------------------


def test_it_starts_once(start: Start, pool: QuestionPool, redis_state: Any) -> None:
    first = start(key="k1")
    redis_state()
    assert start(key="k1") == first
    assert TestSession.objects.count() == 1


def test_it_starts_anew_with_another_key_or_none(start: Start, pool: QuestionPool) -> None:
    sessions = {start(key="k1")["session_id"], start(key="k2")["session_id"], start()["session_id"]}
    sessions.add(start()["session_id"])
    assert len(sessions) == 4


@pytest.mark.parametrize("other", [{"student_id": "s2"}, {"end_criteria": {"max_questions": 6}}])
def test_it_refuses_another_start_with_the_key(
    api: APIClient, start: Start, pool: QuestionPool, other: dict[str, Any]
) -> None:
    start(key="k1")
    body = {"student_id": "s1", "end_criteria": {"type": "fixed_length", "max_questions": 5}, **other}
    response = api.post("/api/test/start", body, headers={"Idempotency-Key": "k1"})
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_key_reused")
    assert TestSession.objects.count() == 1


def test_it_keeps_the_keys_of_clients_apart(start: Start, pool: QuestionPool) -> None:
    start(key="k1")
    other = client_with(f"Token {make_token()}")
    response = other.post("/api/test/start", {"student_id": "s9"}, headers={"Idempotency-Key": "k1"})
    assert response.status_code == 200
    assert TestSession.objects.count() == 2


@pytest.mark.parametrize("answered", [2, 5])
def test_it_repeats_the_start_of_a_test_that_went_on(
    api: APIClient, start: Start, pool: QuestionPool, redis_state: Any, answered: int
) -> None:
    first = start(key="k1")
    answer_questions(api, first, answered)
    redis_state()
    assert start(key="k1") == first


@pytest.mark.parametrize("answered", [0, 2])
def test_it_repeats_the_start_of_a_test_that_was_ended(
    api: APIClient, start: Start, pool: QuestionPool, redis_state: Any, answered: int
) -> None:
    first = start(key="k1")
    answer_questions(api, first, answered)
    api.post(f"/api/test/end/{first['session_id']}")
    redis_state()
    assert start(key="k1") == first
    assert TestSession.objects.get().status == "ended"


def test_it_repeats_the_start_after_the_student_learned(
    api: APIClient, start: Start, pool: QuestionPool
) -> None:
    """The reply shows what was known at the start, not what is known now."""
    first = start(key="k1")
    answer_questions(api, start(), 5)
    assert start(key="k1") == first


def test_it_repeats_the_start_when_there_is_a_newer_pool(start: Start, pool: QuestionPool) -> None:
    first = start(key="k1")
    make_pool(concepts=3)
    assert start(key="k1") == first


# --- submit ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_browser", [True, False])
def test_it_answers_once(
    api: APIClient, start: Start, pool: QuestionPool, redis_state: Any, is_browser: bool
) -> None:
    started = start()
    client = browser_of(started) if is_browser else api
    question_id = started["next_question"]["id"]
    first = submit(client, started, question_id, 1, key="a1")
    redis_state()
    second = submit(client, started, question_id, 1, key="a1")
    assert first.status_code == second.status_code == 200
    assert second.json() == first.json()
    assert TestResponse.objects.count() == 1
    assert TestSession.objects.get().questions_answered == 1


def test_it_answers_the_last_question_once(
    api: APIClient, start: Start, pool: QuestionPool, redis_state: Any
) -> None:
    started = start()
    reply = answer_questions(api, started, 4)
    question_id = reply["next_question"]["id"]
    first = submit(api, started, question_id, 1, key="a5")
    assert first.json()["status"] == "completed"
    redis_state()
    assert submit(api, started, question_id, 1, key="a5").json() == first.json()
    assert TestResponse.objects.count() == 5


@pytest.mark.parametrize("more", [1, 3, 4])
def test_it_repeats_an_answer_after_others(
    api: APIClient, start: Start, pool: QuestionPool, redis_state: Any, more: int
) -> None:
    started = start()
    question_id = started["next_question"]["id"]
    first = submit(api, started, question_id, right_answer(question_id), key="a1").json()
    answer_questions(api, started, more, is_right=False, question=first["next_question"])
    redis_state()
    assert submit(api, started, question_id, right_answer(question_id), key="a1").json() == first


@pytest.mark.parametrize("how", ["ended", "expired"])
def test_it_repeats_an_answer_after_the_test_was_over(
    api: APIClient, start: Start, pool: QuestionPool, redis_state: Any, how: str
) -> None:
    started = start()
    question_id = started["next_question"]["id"]
    first = submit(api, started, question_id, None, key="a1").json()
    if how == "ended":
        api.post(f"/api/test/end/{started['session_id']}")
    else:
        cleanup.end_inactive(now=timezone.now() + timedelta(minutes=31))
    redis_state()
    assert submit(api, started, question_id, None, key="a1").json() == first


def test_it_takes_the_same_answer_as_index_or_text(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    shown = started["next_question"]
    first = submit(api, started, shown["id"], 2, key="a1").json()
    assert submit(api, started, shown["id"], shown["options"][2], key="a1").json() == first


@pytest.mark.parametrize("other", [0, None, "text"])
def test_it_refuses_another_answer_with_the_key(
    api: APIClient, start: Start, pool: QuestionPool, redis_state: Any, other: int | str | None
) -> None:
    started = start()
    shown = started["next_question"]
    submit(api, started, shown["id"], 1, key="a1")
    redis_state()
    response = submit(api, started, shown["id"], shown["options"][3] if other == "text" else other, key="a1")
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_key_reused")
    assert TestResponse.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_it_refuses_the_key_for_another_question(
    api: APIClient, start: Start, pool: QuestionPool, redis_state: Any
) -> None:
    started = start()
    reply = submit(api, started, started["next_question"]["id"], 1, key="a1").json()
    redis_state()
    response = submit(api, started, reply["next_question"]["id"], 1, key="a1")
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_key_reused")
    assert TestResponse.objects.count() == 1
    assert not get_redis_connection("default").keys("lock:*")
    assert submit(api, started, reply["next_question"]["id"], 1, key="a2").status_code == 200


def test_it_keeps_the_keys_of_sessions_apart(api: APIClient, start: Start, pool: QuestionPool) -> None:
    for started in (start(), start()):
        assert submit(api, started, started["next_question"]["id"], 1, key="same").status_code == 200
    assert TestResponse.objects.count() == 2


def test_it_does_not_store_a_refusal(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    question_id = started["next_question"]["id"]
    assert submit(api, started, question_id, 9, key="a1").status_code == 400
    assert submit(api, started, question_id, 1, key="a1").status_code == 200


def test_it_replays_only_to_who_may_see_the_session(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    question_id = started["next_question"]["id"]
    submit(api, started, question_id, 1, key="a1")
    stranger = client_with(f"Token {make_token()}")
    assert submit(stranger, started, question_id, 1, key="a1").status_code == 404
    assert submit(api, started, question_id, 1, key="a1", student_id="s2").status_code == 403


def test_it_gives_the_second_try_without_a_key_the_conflict(
    api: APIClient, start: Start, pool: QuestionPool
) -> None:
    started = start()
    question_id = started["next_question"]["id"]
    submit(api, started, question_id, 1, key="a1")
    response = submit(api, started, question_id, 1)
    assert (response.status_code, response.json()["code"]) == (409, "already_submitted")
