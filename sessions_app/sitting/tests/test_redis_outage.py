"""Redis flushed, stopped, frozen and restarted in the middle of a test; PostgreSQL gone."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.conf import LazySettings
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from embedded.services import EmbeddedValkey
from sessions_app.conftest import Start, answer_questions, browser_of, submit, take_test
from sessions_app.models import TestResponse, TestSession
from sessions_app.sitting import hot_state, ledger
from sessions_app.tests.factories import right_answer
from testing_engine.models import QuestionPool


class OwnRedis:
    """A Valkey that a test may stop, freeze and start again, empty."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.starts = folder, 0
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.server, self.is_up = self._started(), True

    def _started(self) -> EmbeddedValkey:
        self.starts += 1
        return EmbeddedValkey(self.folder / str(self.starts), self.port)

    def stop(self) -> None:
        if self.is_up:
            self.server.stop()
        self.is_up = False

    def restart(self) -> None:
        self.stop()
        self.server, self.is_up = self._started(), True

    def freeze(self) -> None:
        os.kill(self.server.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.server.pid, signal.SIGCONT)


@pytest.fixture
def redis(tmp_path: Path, settings: LazySettings) -> Iterator[OwnRedis]:
    own = OwnRedis(tmp_path)
    cache: dict[str, Any] = dict(settings.CACHES["default"])
    cache["LOCATION"] = own.server.url()
    cache["OPTIONS"] = {**cache["OPTIONS"], "SOCKET_TIMEOUT": 0.1, "SOCKET_CONNECT_TIMEOUT": 0.1}
    settings.CACHES = {"default": cache}
    settings.REDIS_PAUSE_AFTER_FAILURE = 0.0
    yield own
    get_redis_connection("default").close()
    if own.is_up:
        own.thaw()
    own.stop()
    hot_state.forget_outage()


def expected_replies(api: APIClient, start: Start) -> list[dict[str, Any]]:
    """The same test with a Redis that works; another student, so that nothing is carried over."""
    return [without_time(reply) for reply in take_test(api, start(student_id="undisturbed"))]


def without_time(reply: dict[str, Any]) -> dict[str, Any]:
    reply.get("test_summary", {}).pop("duration_seconds", None)
    return reply


def take_disturbed(
    client: APIClient, started: dict[str, Any], disturb: Callable[[int], object]
) -> list[dict[str, Any]]:
    """Answer all five questions right; `disturb` is called before each."""
    replies = [started]
    for answered in range(5):
        disturb(answered)
        question_id = replies[-1]["next_question"]["id"]
        response = submit(client, started, question_id, right_answer(question_id))
        assert response.status_code == 200, response.json()
        replies.append(response.json())
    return [without_time(reply) for reply in replies[1:]]


def assert_recorded_once() -> None:
    disturbed = TestSession.objects.get(student__external_id="s1")
    assert disturbed.status == "completed"
    assert list(disturbed.responses.values_list("position", flat=True)) == [1, 2, 3, 4, 5]


# --- Flushed ------------------------------------------------------------------------------------------


def test_it_goes_on_after_a_flush_at_every_step(api: APIClient, start: Start, pool: QuestionPool) -> None:
    expected = expected_replies(api, start)
    started = start()
    replies = take_disturbed(
        browser_of(started), started, lambda _: get_redis_connection("default").flushdb()
    )
    assert replies == expected
    assert_recorded_once()


def test_it_goes_on_after_a_flush_between_lock_and_settlement(
    api: APIClient, start: Start, pool: QuestionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = expected_replies(api, start)
    started = start()
    record = ledger.record

    def flushed(entry: ledger.Entry) -> ledger.Recorded | None:
        get_redis_connection("default").flushdb()
        return record(entry)

    monkeypatch.setattr(ledger, "record", flushed)
    assert take_disturbed(browser_of(started), started, lambda _: None) == expected
    assert_recorded_once()


def test_it_rebuilds_the_state_that_it_lost(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    answer_questions(api, started, 2)
    redis = get_redis_connection("default")
    key = f"session:{{{started['session_id']}}}:state"
    before = redis.get(key)
    redis.flushdb()
    submit(api, started, "no such question", 0)
    api.get(f"/api/test/status/{started['session_id']}")
    assert redis.get(key) == before


def test_it_goes_on_with_an_old_state(api: APIClient, start: Start, pool: QuestionPool) -> None:
    """As another process leaves it whose last write did not reach Redis."""
    started = start()
    redis = get_redis_connection("default")
    key = f"session:{{{started['session_id']}}}:state"
    first = redis.get(key)
    reply = answer_questions(api, started, 2)
    redis.set(key, first, ex=100)
    assert answer_questions(api, started, 1, question=reply["next_question"])["questions_answered"] == 3
    state = hot_state.read_state(UUID(started["session_id"]))
    assert state is not None
    assert state.answered == 3


def test_it_does_not_answer_an_old_question_by_an_old_state(
    api: APIClient, start: Start, pool: QuestionPool
) -> None:
    started = start()
    redis = get_redis_connection("default")
    key = f"session:{{{started['session_id']}}}:state"
    first = redis.get(key)
    answer_questions(api, started, 1)
    redis.set(key, first, ex=100)
    response = submit(api, started, started["next_question"]["id"], 0)
    assert (response.status_code, response.json()["code"]) == (409, "already_submitted")
    assert TestResponse.objects.count() == 1


# --- Stopped, restarted, frozen ---------------------------------------------------------------------------


@pytest.mark.parametrize("stopped_before", [0, 2, 4])
def test_it_goes_on_without_redis(
    api: APIClient, start: Start, pool: QuestionPool, redis: OwnRedis, stopped_before: int
) -> None:
    expected = expected_replies(api, start)
    started = start()
    replies = take_disturbed(
        browser_of(started), started, lambda answered: redis.stop() if answered == stopped_before else None
    )
    assert replies == expected
    assert_recorded_once()


def test_it_runs_a_whole_test_without_redis(
    api: APIClient, start: Start, pool: QuestionPool, redis: OwnRedis
) -> None:
    redis.stop()
    started = start()
    address = f"/api/test/status/{started['session_id']}"
    reply = answer_questions(api, started, 2)
    assert api.get(address).json()["questions_answered"] == 2
    assert submit(api, started, started["next_question"]["id"], 0).json()["code"] == "already_submitted"
    answer_questions(api, started, 1, question=reply["next_question"])
    assert api.post(f"/api/test/end/{started['session_id']}").json()["total_questions"] == 3
    assert api.get(address).json()["status"] == "ended"
    assert api.post("/api/sessions/cleanup").json()["sessions_removed"] == 0


def test_it_goes_on_when_redis_comes_back_empty(
    api: APIClient, start: Start, pool: QuestionPool, redis: OwnRedis
) -> None:
    expected = expected_replies(api, start)
    started = start()
    steps = {1: redis.stop, 3: redis.restart}
    replies = take_disturbed(
        browser_of(started), started, lambda answered: steps.get(answered, lambda: None)()
    )
    assert replies == expected
    assert_recorded_once()


def test_it_uses_redis_again_as_soon_as_it_is_back(
    api: APIClient, start: Start, pool: QuestionPool, redis: OwnRedis
) -> None:
    started = start()
    redis.stop()
    reply = answer_questions(api, started, 1)
    redis.restart()
    answer_questions(api, started, 1, question=reply["next_question"])
    state = hot_state.read_state(UUID(started["session_id"]))
    assert state is not None
    assert state.answered == 2


def test_it_goes_on_while_redis_hangs(
    api: APIClient, start: Start, pool: QuestionPool, redis: OwnRedis, settings: LazySettings
) -> None:
    settings.REDIS_PAUSE_AFTER_FAILURE = 30.0  # the outage costs one timeout, not one for each request
    expected = expected_replies(api, start)
    started = start()

    def disturb(answered: int) -> None:
        if answered == 1:
            redis.freeze()
        if answered == 4:
            redis.thaw()
            hot_state._outage.until = 0.0  # the pause is over

    begin = time.monotonic()
    replies = take_disturbed(browser_of(started), started, disturb)
    assert time.monotonic() - begin < 5
    assert replies == expected
    assert_recorded_once()


def test_it_leaves_no_old_state_after_an_outage(
    api: APIClient, start: Start, pool: QuestionPool, redis: OwnRedis
) -> None:
    """Redis hung and comes back with what it held: it must not say that an ended test is running."""
    started, other = start(), start()
    redis.freeze()
    reply = answer_questions(api, started, 1)
    api.post(f"/api/test/end/{other['session_id']}")
    redis.thaw()
    assert api.get(f"/api/test/status/{other['session_id']}").json()["status"] == "ended"
    assert api.get(f"/api/test/status/{started['session_id']}").json()["questions_answered"] == 1
    answer_questions(api, started, 1, question=reply["next_question"])


def test_it_tells_the_operator(api: APIClient, redis: OwnRedis) -> None:
    redis.stop()
    api.raise_request_exception = False
    response = api.get("/api/debug/redis/stats")
    assert (response.status_code, response.json()["code"]) == (503, "redis_unavailable")
    assert int(response["Retry-After"]) > 0


def test_it_does_not_limit_rates_without_redis(
    api: APIClient, start: Start, pool: QuestionPool, redis: OwnRedis, settings: LazySettings
) -> None:
    settings.RATE_LIMIT_CLIENT_PER_MINUTE = 1
    redis.stop()
    started = start()
    assert answer_questions(api, started, 5)["status"] == "completed"


# --- PostgreSQL gone ----------------------------------------------------------------------------------------


def test_it_answers_503_without_postgresql(
    api: APIClient,
    start: Start,
    pool: QuestionPool,
    database_down: Callable[[], AbstractContextManager[None]],
) -> None:
    started = start()
    browser = browser_of(started)
    question_id = started["next_question"]["id"]
    redis = get_redis_connection("default")
    before = hot_state.read_state(UUID(started["session_id"]))
    api.raise_request_exception = browser.raise_request_exception = False
    with database_down():
        for response in (
            submit(browser, started, question_id, 1),
            submit(api, started, question_id, 1),
            browser.post(f"/api/test/end/{started['session_id']}"),
            api.post("/api/test/start", {"student_id": "s2"}),
            api.get("/api/student/s1/history"),
            api.get("/api/pools"),
            api.post("/api/sessions/cleanup"),
        ):
            assert response.status_code == 503
            assert response.json()["code"] == "database_unavailable"
            assert int(response["Retry-After"]) > 0
            assert response["Content-Type"] == "application/problem+json"
            assert b"127.0.0.1" not in response.content
        # Nothing half-written, the lock released, and Redis still knows where the test stands.
        assert hot_state.read_state(UUID(started["session_id"])) == before
        assert not redis.keys("lock:*")
        assert browser.get(f"/api/test/status/{started['session_id']}").json()["status"] == "active"
    assert not TestResponse.objects.exists()
    assert submit(browser, started, question_id, 1).status_code == 200


def test_it_answers_503_without_either(
    start: Start,
    pool: QuestionPool,
    redis: OwnRedis,
    database_down: Callable[[], AbstractContextManager[None]],
) -> None:
    started = start()
    browser = browser_of(started)
    browser.raise_request_exception = False
    redis.stop()
    with database_down():
        assert submit(browser, started, started["next_question"]["id"], 1).status_code == 503
    assert submit(browser, started, started["next_question"]["id"], 1).status_code == 200


def test_it_releases_the_lock_after_any_failure(
    start: Start, pool: QuestionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(entry: ledger.Entry) -> ledger.Recorded | None:
        raise RuntimeError("a bug of ours")

    started = start()
    browser = browser_of(started)
    browser.raise_request_exception = False
    with monkeypatch.context() as patched:
        patched.setattr(ledger, "record", broken)
        assert submit(browser, started, started["next_question"]["id"], 1).status_code == 500
    assert not get_redis_connection("default").keys("lock:*")
    assert submit(browser, started, started["next_question"]["id"], 1).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_it_answers_503_to_an_error_that_django_does_not_wrap(
    api: APIClient, pool: QuestionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing a cursor whose connection broke raises psycopg's own error."""

    def break_off(revision_id: int) -> None:
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("sessions_app.sitting.lifecycle.load_revision", break_off)
    reply = api.post("/api/test/start", {"student_id": "anna"})
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")
