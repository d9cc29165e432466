"""POST /api/test/end/{session_id}."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from sessions_app.administration import cleanup
from sessions_app.conftest import Start, answer_questions, browser_of, client_with
from sessions_app.models import TestSession
from sessions_app.tests.factories import make_pool, make_token
from testing_engine.models import QuestionPool


def address(started: dict[str, object]) -> str:
    return f"/api/test/end/{started['session_id']}"


def test_it_returns_the_result_so_far(api: APIClient, start: Start) -> None:
    make_pool(concepts=2)
    started = start()
    first = answer_questions(api, started, 2)
    last = answer_questions(api, started, 1, is_right=False, question=first["next_question"])
    response = api.post(address(started))
    assert response.status_code == 200
    body = response.json()
    assert set(body) == {
        "status",
        "final_proficiency",
        "ability",
        "overall",
        "scored_with",
        "total_questions",
        "accuracy",
        "test_summary",
    }
    assert (body["status"], body["total_questions"], body["accuracy"]) == ("ended", 3, 0.666667)
    assert body["final_proficiency"] == last["current_proficiency"]
    assert body["ability"] == last["ability"]
    assert body["test_summary"]["end_reason"] == "ended by request"
    assert body["test_summary"]["correct_responses"] == 2
    assert body["test_summary"]["duration_seconds"] > 0
    assert [concept["name"] for concept in body["test_summary"]["concepts"]] == ["Math", "Algebra"]


def test_it_writes_the_end_to_the_database(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    answer_questions(api, started, 2)
    api.post(address(started))
    session = TestSession.objects.get()
    assert (session.status, session.questions_answered, session.current_position) == ("ended", 2, None)
    assert session.completed_at is not None
    assert (timezone.now() - session.completed_at).total_seconds() < 10


def test_it_deletes_the_hot_state(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started, other = start(), start()
    api.post(address(started))
    assert get_redis_connection("default").keys("session:*") == [
        f"session:{{{other['session_id']}}}:state".encode()
    ]


def test_it_ends_a_test_without_answers(api: APIClient, start: Start, pool: QuestionPool) -> None:
    body = api.post(address(start())).json()
    assert (body["status"], body["total_questions"], body["accuracy"]) == ("ended", 0, 0.0)
    assert body["final_proficiency"] == [0.5]
    assert body["test_summary"]["learning_gain"] == pytest.approx(0.0)


def test_it_may_be_repeated(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    answer_questions(api, started, 2)
    first = api.post(address(started))
    get_redis_connection("default").flushdb()
    second = api.post(address(started))
    assert second.status_code == 200
    assert second.json() == first.json()


def test_it_returns_the_result_of_a_completed_test(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    result = answer_questions(api, started, 5)
    assert api.post(address(started)).json() == result
    assert TestSession.objects.get().status == "completed"


def test_it_returns_the_result_of_an_expired_test(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    answer_questions(api, started, 2)
    cleanup.end_inactive(now=timezone.now() + timedelta(minutes=31))
    body = api.post(address(started)).json()
    assert (body["status"], body["total_questions"]) == ("expired", 2)
    assert TestSession.objects.get().status == "expired"


@pytest.mark.parametrize("is_hot", [True, False])
def test_it_opens_to_the_browser_of_the_student(start: Start, pool: QuestionPool, is_hot: bool) -> None:
    started = start()
    if not is_hot:
        get_redis_connection("default").flushdb()
    assert browser_of(started).post(address(started)).json()["status"] == "ended"


def test_it_refuses_another_student(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    response = api.post(address(started), {"student_id": "s2"})
    assert (response.status_code, response.json()["code"]) == (403, "wrong_student")
    assert TestSession.objects.get().status == "active"
    assert get_redis_connection("default").keys("session:*")
    assert api.post(address(started), {"student_id": "s1"}).status_code == 200


def test_it_hides_the_session_of_another_client(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    stranger = client_with(f"Token {make_token()}")
    theirs, nobodys = stranger.post(address(started)), stranger.post(f"/api/test/end/{uuid4()}")
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.json() == nobodys.json()
    assert TestSession.objects.get().status == "active"


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_it_takes_an_empty_body_of_any_type(
    api: APIClient, start: Start, pool: QuestionPool, content_type: str
) -> None:
    response = api.generic("POST", address(start()), "", content_type=content_type)
    assert response.status_code == 200


def test_it_gives_the_first_reply_to_a_repeated_key(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    answer_questions(api, started, 2)
    first = api.post(address(started), {}, headers={"Idempotency-Key": "k"})
    get_redis_connection("default").flushdb()
    again = api.post(address(started), {}, headers={"Idempotency-Key": "k"})
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert TestSession.objects.get().events.filter(kind="ended").count() == 1


def test_it_refuses_the_key_with_another_body(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    api.post(address(started), {}, headers={"Idempotency-Key": "k"})
    refused = api.post(address(started), {"student_id": "s1"}, headers={"Idempotency-Key": "k"})
    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_reused")
    other = api.post(address(started), {"student_id": "s1"}, headers={"Idempotency-Key": "another"})
    assert other.status_code == 200  # the test is over, whoever asks
