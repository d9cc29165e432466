"""A database that takes no changes, after a failover or by order: 503 that says so, and nothing changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import InternalError, connection, transaction
from django.test import Client
from rest_framework.test import APIClient

from adaptive.health import READ_ONLY
from embedded.services import EmbeddedPostgres
from sessions_app.conftest import Start
from sessions_app.models import Student, TestResponse, TestSession
from sessions_app.outages import disk_was_full, is_outage, is_read_only
from sessions_app.tests.factories import last_active, make_named_test
from testing_engine.models import QuestionPool

Post = Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]


@pytest.fixture
def running(pool: QuestionPool, start: Start) -> dict[str, Any]:
    started = start()
    make_named_test(pool=pool)
    return started


def read_only() -> None:
    """For the rest of this test, whose transaction is rolled back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; SET TRANSACTION READ ONLY"
        )


WRITES: list[Post] = [
    lambda s: ("/api/test/start", {"student_id": "another"}),
    lambda s: (
        "/api/test/submit",
        {"session_id": s["session_id"], "question_id": s["next_question"]["id"], "response": 1},
    ),
    lambda s: (f"/api/test/end/{s['session_id']}", {}),
    lambda s: (f"/api/test/{s['session_id']}/extend", {"minutes": 1}),
    lambda s: (f"/api/test/{s['session_id']}/resume", {}),
    lambda s: (f"/api/test/{s['session_id']}/token", {}),
    lambda s: ("/api/sessions/cleanup", {"inactivity_minutes": 1}),
    lambda s: ("/api/student/s1/erase", {"student_id": "s1"}),
    lambda s: (
        "/api/questions/upload",
        {
            "name": "Another",
            "concept_names": ["Math"],
            "questions": [
                {"id": "q1", "content": "?", "options": ["a", "b"], "correct_answer": "a", "concepts": [1]}
            ],
        },
    ),
]


@pytest.mark.parametrize("write", WRITES)
def test_every_endpoint_that_writes_says_so(api: APIClient, running: dict[str, Any], write: Post) -> None:
    last_active("2026-01-01T00:00:00Z")
    path, body = write(running)
    read_only()
    before = transaction.savepoint()  # in production each of these is a transaction of its own
    reply = api.post(path, body)
    transaction.savepoint_rollback(before)
    assert reply.status_code == 503, reply.json()
    assert reply.json()["code"] == "database_unavailable"
    assert int(reply["Retry-After"]) > 0
    assert (TestResponse.objects.count(), Student.objects.count()) == (0, 1)
    assert TestSession.objects.get().status == "active"


def test_health_says_so(client: Client, db: None) -> None:
    assert client.get("/health").json()["database"] == {"status": "up"}
    read_only()
    reply = client.get("/health")
    assert reply.status_code == 503
    assert (reply.json()["status"], reply.json()["database"]) == ("down", {"status": "read_only"})


NO_ROOM = """
CREATE FUNCTION no_room() RETURNS {returns} LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
"""


def test_a_full_disk_is_remembered_until_there_is_room(
    api: APIClient, client: Client, running: dict[str, Any]
) -> None:
    """PostgreSQL's own error, where a write of an answer, and then of the probe, meets it."""
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT before")
        cursor.execute(NO_ROOM.format(returns="trigger"))
        cursor.execute("CREATE TRIGGER no_room BEFORE INSERT ON test_responses EXECUTE FUNCTION no_room()")
    assert client.get("/health").json()["database"] == {"status": "up"}
    with transaction.atomic():
        body = {"session_id": running["session_id"], "question_id": running["next_question"]["id"]}
        reply = api.post("/api/test/submit", {**body, "response": 1})
        transaction.set_rollback(True)
    assert (reply.status_code, reply.json()["code"]) == (503, "database_unavailable")
    assert disk_was_full()
    with connection.cursor() as cursor:
        cursor.execute("ROLLBACK TO before")
        cursor.execute(NO_ROOM.format(returns="event_trigger"))
        cursor.execute(
            "CREATE EVENT TRIGGER full_disk ON ddl_command_start WHEN TAG IN ('CREATE TABLE AS') "
            "EXECUTE FUNCTION no_room()"
        )
    for _ in range(2):
        told = client.get("/health")
        assert (told.status_code, told.json()["database"]) == (503, {"status": "disk_full"})
    with connection.cursor() as cursor:
        cursor.execute("DROP EVENT TRIGGER full_disk")
    assert client.get("/health").json()["database"] == {"status": "up"}
    assert not disk_was_full()


def test_reading_goes_on(api: APIClient, running: dict[str, Any]) -> None:
    read_only()
    for path in ("/api/pools", "/api/sessions", f"/api/test/status/{running['session_id']}"):
        assert api.get(path).status_code == 200, path


INLINE = {f"auth_token_set-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
CONFIRMED = {"_form_submitted": "on"}


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/admin/sessions_app/apiclient/add/", {"username": "x", **INLINE}),
        ("/admin/sessions_app/student/{student}/erase/", {"student_id": "s1", **CONFIRMED}),
        ("/admin/sessions_app/testsession/clean-up-now/", {"inactivity_minutes": 1, **CONFIRMED}),
        ("/admin/logout/", {}),
        ("/desk/log-in", {"username": "root", "password": "wrong"}),
    ],
)
def test_pages_of_the_admin_say_so(
    client: Client, running: dict[str, Any], path: str, data: dict[str, Any]
) -> None:
    last_active("2026-01-01T00:00:00Z")
    client.force_login(User.objects.create_superuser("root", password="a long enough password"))
    client.raise_request_exception = False
    path = path.format(student=Student.objects.get().pk)
    read_only()
    reply = client.post(path, data)
    assert reply.status_code == 503
    assert b"takes no changes" in reply.content
    assert int(reply["Retry-After"]) > 0


def test_an_error_of_ours_is_no_outage(db: None) -> None:
    read_only()
    with connection.cursor() as cursor, pytest.raises(InternalError) as failed:
        cursor.execute("DELETE FROM students")
    assert is_read_only(failed.value)
    assert is_outage(failed.value)
    assert not is_outage(InternalError("current transaction is aborted"))
    assert not is_outage(ValueError())
    connection.needs_rollback = True


def test_a_standby_raises_the_same(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A real one, as an old primary is after a failover."""
    if not request.config.getoption("--deep"):
        pytest.skip("starts a PostgreSQL of its own")
    server = EmbeddedPostgres(tmp_path / "postgres")
    try:
        server.halt("fast")
        (tmp_path / "postgres" / "standby.signal").touch()
        server.resume()
        with psycopg.connect(server.url, autocommit=True) as standby:
            (is_read_only_there,) = standby.execute(READ_ONLY).fetchone() or (None,)
            assert is_read_only_there is True
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                standby.execute("CREATE TABLE x ()")
    finally:
        server.stop()
