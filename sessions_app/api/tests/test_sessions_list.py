"""GET /api/sessions and /api/sessions/{id}/responses."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import uuid4

import pytest
from django.utils.dateparse import parse_datetime
from rest_framework.test import APIClient

from sessions_app.conftest import Start, answer_questions, pointers, submit, take_test
from sessions_app.counting import folding
from sessions_app.models import TestResponse, TestSession
from sessions_app.tests.factories import make_pool, right_answer
from testing_engine.models import QuestionPool
from testing_engine.psychometrics.components import EDITION


def ids(body: dict[str, list[dict[str, str]]]) -> list[str]:
    return [row["session_id"] for row in body["results"]]


def test_it_lists_every_field_of_a_session(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    reply = answer_questions(api, started, 2)
    body = api.get("/api/sessions").json()
    assert (body["count"], body["next"], body["previous"]) == (1, None, None)
    (row,) = body["results"]
    session = TestSession.objects.get()
    assert parse_datetime(row.pop("started_at")) == session.started_at
    assert parse_datetime(row.pop("last_activity")) == session.last_activity
    assert row == {
        "session_id": started["session_id"],
        "student_id": "s1",
        "question_pool_id": str(pool.pk),
        "revision": 1,
        "status": "active",
        "end_reason": "",
        "concept_names": ["Math"],
        "rules": {
            "min_questions": 5,
            "max_questions": 5,
            "ability": {"name": "EAP"},
            "criterion": {"name": "MFI"},
            "edition": EDITION,
        },
        "current_proficiency": reply["current_proficiency"],
        "ability": reply["ability"],
        "overall": None,
        "scored_with": "answers_only",
        "questions_answered": 2,
        "accuracy": 1.0,
        "completed_at": None,
    }


def test_it_filters_by_student_status_and_pool(api: APIClient, start: Start) -> None:
    one, other = make_pool(questions=5), make_pool(questions=5)
    running = start(student_id="s1", question_pool_id=str(one.pk))["session_id"]
    ended = start(student_id="s1", question_pool_id=str(other.pk))["session_id"]
    foreign = start(student_id="s2", question_pool_id=str(one.pk))["session_id"]
    api.post(f"/api/test/end/{ended}")
    assert ids(api.get("/api/sessions").json()) == [foreign, ended, running]
    assert ids(api.get("/api/sessions", {"student_id": "s1"}).json()) == [ended, running]
    assert ids(api.get("/api/sessions", {"status": "active"}).json()) == [foreign, running]
    assert ids(api.get("/api/sessions", {"status": "ended"}).json()) == [ended]
    assert ids(api.get("/api/sessions", {"status": "expired"}).json()) == []
    assert ids(api.get("/api/sessions", {"pool": str(one.pk)}).json()) == [foreign, running]
    assert ids(api.get("/api/sessions", {"pool": str(one.pk), "student_id": "s1"}).json()) == [running]
    assert ids(api.get("/api/sessions", {"pool": str(uuid4())}).json()) == []
    assert ids(api.get("/api/sessions", {"student_id": "nobody"}).json()) == []


def test_it_pages(api: APIClient, start: Start, pool: QuestionPool) -> None:
    sessions = [start()["session_id"] for _ in range(5)]
    seen, address = [], "/api/sessions?page_size=2&student_id=s1"
    while address:
        body = api.get(address).json()
        assert body["count"] == 5
        seen += ids(body)
        address = body["next"]
    assert seen == sessions[::-1]


def test_it_lists_in_few_queries(
    api: APIClient,
    start: Start,
    pool: QuestionPool,
    django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]],
) -> None:
    for index in range(6):
        answer_questions(api, start(student_id=f"s{index}"), 5)
    with django_assert_max_num_queries(8):  # among them what is counted, in one snapshot
        api.get("/api/sessions")
    session_id = TestSession.objects.all()[0].pk
    with django_assert_max_num_queries(4):
        api.get(f"/api/sessions/{session_id}/responses")


def test_it_lists_every_field_of_an_answer(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    first = started["next_question"]["id"]
    reply = submit(api, started, first, right_answer(first), response_time_ms=8200).json()
    submit(api, started, reply["next_question"]["id"], None)
    body = api.get(f"/api/sessions/{started['session_id']}/responses").json()
    assert body["count"] == 2
    row, second = body["results"]
    assert parse_datetime(row.pop("answered_at")) == TestResponse.objects.get(position=1).answered_at
    assert row == {
        "position": 1,
        "question_id": first,
        "question_version": 1,
        "response": right_answer(first),
        "score": 1,
        "is_correct": True,
        "response_time_ms": 8200,
        "proficiency_after": reply["current_proficiency"],
        "ability_after": reply["ability"],
    }
    assert (second["position"], second["response"], second["score"]) == (2, None, 0)
    assert (second["is_correct"], second["response_time_ms"]) == (False, None)


def test_it_lists_no_answer_before_the_first(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    assert api.get(f"/api/sessions/{started['session_id']}/responses").json()["results"] == []


@pytest.mark.parametrize("session_id", ["00000000-0000-4000-8000-000000000000", "17"])
def test_it_knows_no_answers_of_another_session(api: APIClient, session_id: str) -> None:
    response = api.get(f"/api/sessions/{session_id}/responses")
    assert (response.status_code, response.json()["code"]) == (404, "session_not_found")


@pytest.mark.parametrize("name", ["student_id", "status", "pool"])
def test_it_refuses_an_empty_filter(api: APIClient, name: str) -> None:
    """A caller that lost the student's id must not get everybody's tests."""
    assert pointers(api.get(f"/api/sessions?{name}=")) == [f"/{name}"]


@pytest.mark.parametrize(
    "query", ["", "&status=active", "&status=completed", "&status=ended", "&pool={pool}"]
)
def test_it_counts_what_it_would_list(api: APIClient, start: Start, pool: QuestionPool, query: str) -> None:
    """Whether tests that are over were counted before or wait for it."""
    for number in range(4):
        take_test(api, start(student_id=f"s{number}"))
    folding.fold()
    take_test(api, start(student_id="counted later"))
    answer_questions(api, start(student_id="runs"), 1)
    left = start(student_id="ended early")
    assert api.post(f"/api/test/end/{left['session_id']}").status_code == 200
    body = api.get(f"/api/sessions?page_size=500{query.format(pool=pool.pk)}").json()
    assert body["count"] == len(body["results"]) > 0
