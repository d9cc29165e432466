"""GET /api/debug/redis/stats."""

import pytest
from django_redis import get_redis_connection
from redis.connection import AbstractConnection
from rest_framework.test import APIClient

from sessions_app.conftest import Start, answer_questions
from testing_engine.models import QuestionPool


def test_it_counts_what_redis_holds(api: APIClient, start: Start, pool: QuestionPool) -> None:
    for _ in range(3):
        answer_questions(api, start(), 1)
    answer_questions(api, start(), 5)
    redis = get_redis_connection("default")
    redis.set("lock:a:b", b"x", ex=5)
    response = api.get("/api/debug/redis/stats")
    assert response.status_code == 200
    body = response.json()
    assert set(body) == {"redis_stats", "architecture"}
    assert body["architecture"] == "minimal_hot_data"
    statistics = body["redis_stats"]
    assert set(statistics) == {
        "active_sessions",
        "active_locks",
        "cached_questions",
        "memory_used_mb",
        "total_keys",
    }
    assert statistics["active_sessions"] == 3
    assert statistics["active_locks"] == 1
    assert statistics["cached_questions"] == len(redis.keys("question:*")) > 0
    assert statistics["total_keys"] == redis.dbsize()
    assert 0 < statistics["memory_used_mb"] < 1000


def test_it_counts_nothing_in_an_empty_redis(api: APIClient) -> None:
    statistics = api.get("/api/debug/redis/stats").json()["redis_stats"]
    assert (statistics["active_sessions"], statistics["active_locks"], statistics["cached_questions"]) == (
        0,
        0,
        0,
    )


def test_it_counts_beyond_one_scan(api: APIClient) -> None:
    get_redis_connection("default").mset({f"session:{{{i}}}:state": b"" for i in range(2500)})
    assert api.get("/api/debug/redis/stats").json()["redis_stats"]["active_sessions"] == 2500


def test_it_never_blocks_redis(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    pack = AbstractConnection.send_command

    def recorded(self: AbstractConnection, *arguments: object, **options: object) -> object:
        sent.append(str(arguments[0]).upper())
        return pack(self, *arguments, **options)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(AbstractConnection, "send_command", recorded)
    api.get("/api/debug/redis/stats")
    assert "SCAN" in sent
    assert "KEYS" not in sent
