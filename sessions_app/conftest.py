"""A client for each kind of caller, and the steps of a test."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from uuid import UUID

import msgspec
import pytest
import time_machine
from django.conf import LazySettings
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.backends.postgresql.base import DatabaseWrapper
from django_redis import get_redis_connection
from redis.connection import AbstractConnection
from rest_framework.test import APIClient

from sessions_app.sitting import hot_state
from sessions_app.tests.factories import make_pool, make_token, right_answer
from testing_engine.models import QuestionPool

Reply = Any  # a response of REST framework's test client
Start = Callable[..., dict[str, Any]]


def client_with(authorization: str | None) -> APIClient:
    """A client that sends this header; without one, nobody."""
    client = APIClient()
    if authorization is not None:
        client.credentials(HTTP_AUTHORIZATION=authorization)
    return client


def browser_of(started: dict[str, Any]) -> APIClient:
    """The student's browser: it has the token that `start` returned."""
    return client_with(f"Session {started['session_token']}")


def submit(
    client: APIClient,
    started: dict[str, Any],
    question_id: str,
    response: Any,
    *,
    key: str | None = None,
    **fields: Any,
) -> Reply:
    """POST one answer."""
    body = {"session_id": started["session_id"], "question_id": question_id, "response": response, **fields}
    headers = {"Idempotency-Key": key} if key is not None else {}
    return client.post("/api/test/submit", body, headers=headers)


def answer_questions(
    client: APIClient, started: dict[str, Any], count: int, *, is_right: bool = True, question: Any = None
) -> dict[str, Any]:
    """Answer so many questions; returns the last reply."""
    reply = {"next_question": question or started["next_question"]}
    for _ in range(count):
        question_id = reply["next_question"]["id"]
        option = right_answer(question_id) if is_right else (right_answer(question_id) + 1) % 4
        response = submit(client, started, question_id, option)
        assert response.status_code == 200, response.json()
        reply = response.json()
    return reply


def take_test(
    client: APIClient, started: dict[str, Any], *, is_right: Callable[[int], bool] = lambda answered: True
) -> list[dict[str, Any]]:
    """Answer until the test is over; returns every reply. `is_right` is told the answers so far."""
    replies = [started]
    while replies[-1]["status"] in ("started", "continue"):
        right = is_right(len(replies) - 1)
        question = replies[-1]["next_question"]
        replies.append(answer_questions(client, started, 1, is_right=right, question=question))
    return replies[1:]


@contextmanager
def kept_database(blocker: Any) -> Iterator[None]:
    """For a `transactional_db` of a whole module: pytest-django's own empties all tables after each test."""
    with blocker.unblock():
        yield
        call_command("flush", verbosity=0, interactive=False)
        connection.close()


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is undone at the end, in PostgreSQL and Redis: cases share one costly beginning."""
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        get_redis_connection("default").flushdb()


def is_even(number: int) -> bool:
    return number % 2 == 0


def pointers(response: Reply) -> list[str]:
    """The fields that a 400 names."""
    assert response.status_code == 400, response.json()
    return [error["pointer"] for error in response.json()["errors"]]


@pytest.fixture
def clock() -> Iterator[Any]:
    """Stands still at 10:00 until it is moved."""
    with time_machine.travel("2026-11-22T10:00:00Z", tick=False) as clock:
        yield clock


@pytest.fixture
def pool(db: None) -> QuestionPool:
    return make_pool()


@pytest.fixture
def api(db: None) -> APIClient:
    """An API client that may do everything, but is no superuser."""
    return client_with(f"Token {make_token()}")


@pytest.fixture
def start(api: APIClient) -> Start:
    """Start a test; by default of 5 questions, of a student called s1."""

    def start(key: str | None = None, **fields: Any) -> dict[str, Any]:
        body = {"student_id": "s1", "end_criteria": {"type": "fixed_length", "max_questions": 5}, **fields}
        headers = {"Idempotency-Key": key} if key is not None else {}
        response = api.post("/api/test/start", body, headers=headers)
        assert response.status_code == 200, response.json()
        started: dict[str, Any] = response.json()
        return started

    return start


@pytest.fixture
def database_down(settings: LazySettings) -> Callable[[], AbstractContextManager[None]]:
    """While its context lasts, PostgreSQL's port is closed: connecting really fails."""

    @contextmanager
    def down() -> Iterator[None]:
        real = connections["default"]
        # Port 1 of the loopback interface: nobody listens there.
        nowhere = {**real.settings_dict, "HOST": "127.0.0.1", "PORT": "1", "OPTIONS": {"connect_timeout": 1}}
        connections["default"] = DatabaseWrapper(nowhere, "default")
        try:
            yield
        finally:
            connections["default"] = real

    return down


@pytest.fixture
def redis_round_trips(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one entry whenever something is sent to Redis."""
    trips: list[int] = []
    send = AbstractConnection.send_packed_command

    def counted(self: AbstractConnection, *arguments: Any, **options: Any) -> Any:
        trips.append(1)
        return send(self, *arguments, **options)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(AbstractConnection, "send_packed_command", counted)
    return trips


@pytest.fixture
def redis_holds() -> Callable[..., None]:
    """Changes fields of the hot state behind the service's back."""

    def change(session_id: str, **fields: Any) -> None:
        state = hot_state.read_state(UUID(session_id))
        assert state is not None
        hot_state.write_state(UUID(session_id), msgspec.structs.replace(state, **fields))

    return change
