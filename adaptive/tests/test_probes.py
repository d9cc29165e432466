"""GET /health/live and /health/ready."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.conf import LazySettings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from adaptive import probes
from sessions_app.conftest import database_down

__all__ = ["database_down"]  # a fixture


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process that has not been asked yet."""
    monkeypatch.setattr(probes, "_all_applied", False)


def test_who_lives_asks_nobody(client: Client, settings: LazySettings) -> None:
    """No database is marked for this test, so a query would fail; nor does any name have to be known."""
    settings.ALLOWED_HOSTS = ["tests.example.org"]
    reply = client.get("/health/live", headers={"Host": "10.1.2.3:5300"})
    assert (reply.status_code, reply.json()) == (200, {"status": "live"})
    assert "no-store" in reply["Cache-Control"]
    assert client.post("/health/live").status_code == 405


@pytest.mark.django_db
def test_it_is_ready_with_every_migration(client: Client, settings: LazySettings) -> None:
    settings.ALLOWED_HOSTS = ["tests.example.org"]
    settings.SECURE_SSL_REDIRECT = True
    reply = client.get("/health/ready", headers={"Host": "10.1.2.3:5300"})
    assert reply.status_code == 200
    assert reply.json() == {"status": "ready", "database": {"status": "up"}, "migrations": {"missing": 0}}


@pytest.mark.django_db
def test_new_code_is_not_ready_on_an_older_database(client: Client) -> None:
    MigrationRecorder(connection).record_unapplied("sessions_app", "0001_initial")
    reply = client.get("/health/ready")
    assert (reply.status_code, reply.json()["status"]) == (503, "not_ready")
    assert reply.json()["migrations"] == {"missing": 1}
    assert client.get("/health").status_code == 200


@pytest.mark.django_db
def test_old_code_stays_ready_on_a_newer_database(client: Client) -> None:
    MigrationRecorder(connection).record_applied("sessions_app", "9999_of_later")
    assert client.get("/health/ready").status_code == 200


@pytest.mark.django_db
def test_a_process_that_was_ready_asks_for_migrations_no_more(
    client: Client, django_assert_num_queries: Callable[[int], AbstractContextManager[None]]
) -> None:
    assert client.get("/health/ready").status_code == 200
    with django_assert_num_queries(1):  # whether PostgreSQL takes changes
        assert client.get("/health/ready").status_code == 200


@pytest.mark.django_db
def test_without_a_database_it_lives_and_is_not_ready(
    client: Client, database_down: Callable[[], AbstractContextManager[None]]
) -> None:
    with database_down():
        assert client.get("/health/live").status_code == 200
        reply = client.get("/health/ready")
    assert reply.status_code == 503
    assert json.loads(reply.content)["migrations"] == {"missing": None}


def test_it_knows_the_migrations_that_django_knows() -> None:
    assert probes.known_migrations() == set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
