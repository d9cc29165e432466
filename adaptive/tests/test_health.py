"""GET /health."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from django_redis import get_redis_connection

from adaptive import health
from adaptive.tasks import record_beat_tick
from sessions_app.conftest import database_down

__all__ = ["database_down"]  # a fixture


@pytest.fixture
def redis_down(settings: LazySettings) -> None:
    """Redis' address is a port where nobody listens."""
    cache = dict(settings.CACHES["default"])
    settings.CACHES = {"default": {**cache, "LOCATION": "redis://127.0.0.1:1/0"}}


def test_it_is_ok_when_all_is_up(client: Client, db: None) -> None:
    record_beat_tick()
    response = client.get("/health")
    body = response.json()
    assert response.status_code == 200
    assert 0 <= body["beat"].pop("last_tick_age_seconds") < 5
    assert body == {
        "status": "ok",
        "database": {"status": "up"},
        "redis": {"status": "up"},
        "beat": {"status": "up"},
    }


def test_it_is_degraded_before_the_first_tick(client: Client, db: None) -> None:
    response = client.get("/health")
    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert response.json()["beat"] == {"status": "unknown", "last_tick_age_seconds": None}


@pytest.mark.parametrize(("age", "status", "beat"), [(100, "ok", "up"), (140, "degraded", "late")])
def test_it_is_degraded_when_the_beat_is_late(
    client: Client, db: None, age: int, status: str, beat: str
) -> None:
    health.record_beat_tick(timezone.now() - timedelta(seconds=age))
    response = client.get("/health")
    assert response.status_code == 200
    body = response.json()
    assert (body["status"], body["beat"]["status"]) == (status, beat)
    assert body["beat"]["last_tick_age_seconds"] == pytest.approx(age, abs=5)


def test_it_is_degraded_without_redis(client: Client, db: None, redis_down: None) -> None:
    response = client.get("/health")
    assert response.status_code == 200
    assert response.json() == {
        "status": "degraded",
        "database": {"status": "up"},
        "redis": {"status": "down"},
        "beat": {"status": "unknown", "last_tick_age_seconds": None},
    }


def test_it_is_down_without_postgresql(
    client: Client, db: None, database_down: Callable[[], AbstractContextManager[None]]
) -> None:
    record_beat_tick()
    with database_down():
        response = client.get("/health")
    assert response.status_code == 503
    body = response.json()
    assert (body["status"], body["database"]["status"], body["redis"]["status"]) == ("down", "down", "up")
    assert b"127.0.0.1" not in response.content


def test_it_is_down_without_either(
    client: Client,
    db: None,
    redis_down: None,
    database_down: Callable[[], AbstractContextManager[None]],
) -> None:
    with database_down():
        response = client.get("/health")
    assert (response.status_code, response.json()["status"]) == (503, "down")


def test_it_needs_no_credentials_and_is_never_cached(client: Client, db: None) -> None:
    response = client.get("/health", headers={"Authorization": "Token wrong"})
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert client.head("/health").status_code == 200
    assert client.post("/health").status_code == 405


def test_it_remembers_the_tick_for_good(client: Client, db: None) -> None:
    record_beat_tick()
    redis = get_redis_connection("default")
    (key,) = redis.keys("*beat*")
    assert redis.ttl(key) == -1
