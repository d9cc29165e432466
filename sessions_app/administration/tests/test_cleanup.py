"""POST /api/sessions/cleanup, and the one function behind it, the beat's task and the command."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from adaptive.celery import app
from sessions_app import tasks
from sessions_app.administration import cleanup
from sessions_app.conftest import Start, answer_questions
from sessions_app.models import TestResponse, TestSession
from sessions_app.tests.factories import last_active
from testing_engine.models import QuestionPool

ADDRESS = "/api/sessions/cleanup"


@pytest.fixture
def idle(start: Start, pool: QuestionPool) -> Callable[[float], str]:
    """Start a test that was last touched so many minutes ago."""

    def idle(minutes: float) -> str:
        session_id: str = start()["session_id"]
        last_active(timezone.now() - timedelta(minutes=minutes), pk=session_id)
        return session_id

    return idle


def status_of(session_id: str) -> str:
    return TestSession.objects.get(pk=session_id).status


def test_it_ends_what_was_inactive_for_half_an_hour(api: APIClient, idle: Callable[[float], str]) -> None:
    old, older, fresh = idle(31), idle(3000), idle(29)
    response = api.post(ADDRESS)
    assert response.status_code == 200
    assert response.json() == {
        "message": "Ended 2 inactive sessions.",
        "sessions_removed": 2,
        "inactivity_threshold_minutes": 30,
    }
    assert [status_of(session_id) for session_id in (old, older, fresh)] == ["expired", "expired", "active"]


@pytest.mark.parametrize("content_type", ["", "application/json", "text/plain", "multipart/form-data"])
def test_it_takes_an_empty_body_of_any_type(
    api: APIClient, idle: Callable[[float], str], content_type: str
) -> None:
    """As the original service's own example sends it."""
    idle(31)
    response = api.generic("POST", ADDRESS, "", content_type=content_type)
    assert (response.status_code, response.json()["sessions_removed"]) == (200, 1)


def test_it_takes_another_threshold(api: APIClient, idle: Callable[[float], str]) -> None:
    idle(31)
    old = idle(61)
    body = api.post(ADDRESS, {"inactivity_minutes": 60}).json()
    assert body == {
        "message": "Ended 1 inactive session.",
        "sessions_removed": 1,
        "inactivity_threshold_minutes": 60,
    }
    assert status_of(old) == "expired"


def test_it_has_nothing_to_do_the_second_time(api: APIClient, idle: Callable[[float], str]) -> None:
    idle(31)
    assert [api.post(ADDRESS).json()["sessions_removed"] for _ in range(3)] == [1, 0, 0]


def test_it_takes_exactly_half_an_hour_for_inactive(start: Start, pool: QuestionPool) -> None:
    start()
    begun = TestSession.objects.get().last_activity
    almost: datetime = begun + timedelta(minutes=30, microseconds=-1)
    assert cleanup.end_inactive(now=almost) == 0
    assert cleanup.end_inactive(now=begun + timedelta(minutes=30)) == 1


def test_it_keeps_the_partial_results(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    reply = answer_questions(api, started, 3)
    now = timezone.now() + timedelta(minutes=31)
    cleanup.end_inactive(now=now)
    session = TestSession.objects.get()
    assert (session.status, session.end_reason) == ("expired", "inactivity")
    assert session.completed_at == now
    assert session.current_position is None
    assert (session.questions_answered, session.correct_responses) == (3, 3)
    assert session.theta == reply["ability"]["theta"]
    assert TestResponse.objects.count() == 3
    history = api.get("/api/student/s1/history").json()["test_sessions"]
    assert [(row["status"], row["total_questions"]) for row in history] == [("expired", 3)]


def test_it_removes_the_hot_state_of_what_it_ends(idle: Callable[[float], str]) -> None:
    idle(31)
    fresh = idle(1)
    cleanup.end_inactive(now=timezone.now())
    assert get_redis_connection("default").keys("session:*") == [f"session:{{{fresh}}}:state".encode()]


def test_it_leaves_finished_tests_alone(api: APIClient, start: Start, pool: QuestionPool) -> None:
    completed, ended = start(), start()
    answer_questions(api, completed, 5)
    api.post(f"/api/test/end/{ended['session_id']}")
    before = list(TestSession.objects.order_by("pk").values())
    assert cleanup.end_inactive(now=timezone.now() + timedelta(days=9)) == 0
    assert list(TestSession.objects.order_by("pk").values()) == before


def test_it_spares_a_test_that_an_answer_renewed(
    api: APIClient, start: Start, idle: Callable[[float], str]
) -> None:
    session_id = idle(29)
    session = TestSession.objects.get(pk=session_id)
    question_id = f"q{session.current_position}"
    api.post("/api/test/submit", {"session_id": session_id, "question_id": question_id, "response": 0})
    assert cleanup.end_inactive(now=timezone.now() + timedelta(minutes=5)) == 0


def test_it_works_in_batches(idle: Callable[[float], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanup, "BATCH", 2)
    for _ in range(5):
        idle(31)
    batches: list[int] = []
    assert cleanup.end_inactive(now=timezone.now(), progress=batches.append) == 5
    assert batches == [2, 2, 1]


def test_it_ends_a_batch_in_few_queries(
    idle: Callable[[float], str],
    django_assert_max_num_queries: Callable[[int], AbstractContextManager[Any]],
) -> None:
    for _ in range(8):
        idle(31)
    with django_assert_max_num_queries(14) as executed:
        assert cleanup.end_inactive(now=timezone.now()) == 8
    assert "SKIP LOCKED" in " ".join(query["sql"] for query in executed.captured_queries)


def test_it_counts_what_it_would_end(idle: Callable[[float], str]) -> None:
    idle(31), idle(31), idle(5)
    assert cleanup.count_inactive(30, now=timezone.now()) == 2
    assert TestSession.objects.filter(status="active").count() == 3


def test_it_is_what_the_beat_calls(idle: Callable[[float], str]) -> None:
    old = idle(31)
    tasks.end_inactive_sessions()
    assert status_of(old) == "expired"


def test_it_runs_every_ten_minutes(settings: LazySettings) -> None:
    (entry,) = [
        entry
        for entry in settings.CELERY_BEAT_SCHEDULE.values()
        if entry["task"] == "sessions_app.tasks.end_inactive_sessions"
    ]
    assert entry["schedule"] == timedelta(minutes=10)
    app.loader.import_default_modules()
    assert entry["task"] in app.tasks
