"""What the database lets through of an erasure: that alone, and only of a student who was erased."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from rest_framework.test import APIClient

from sessions_app.administration.privacy import erase_student
from sessions_app.administration.tests.test_erase import NOW
from sessions_app.conftest import Start, submit
from sessions_app.models import SessionEvent, Student, TestResponse, TestSession
from testing_engine.models import QuestionPool

OTHERS = {
    "test_responses": [
        "score = score + 1",
        "is_correct = NOT is_correct",
        "answer = NULL",
        "theta = array[3.0]",
        "theta = array['-0'::float8] WHERE theta = array[0.0::float8]",
        "standard_error = standard_error || 1.0",
        "position = position + 10",
        "response_time_ms = 1",
        "answered_at = answered_at + interval '1 microsecond'",
        "link = '\\x00'",
        "idempotency_key = 'another'",
        "idempotency_key = ''",
        "idempotency_key = NULL, score = 0, is_correct = NOT is_correct",
        "id = id + 1000",
    ],
    "session_events": [
        "kind = 'resumed'",
        "after_answers = after_answers + 1",
        "at = at + interval '1 microsecond'",
        "reason = 'alice'",
        "idempotency_key = 'another'",
        "request_hash = 'another'",
        "idempotency_key = NULL, request_hash = '', reason = 'another'",
        "link = '\\x00'",
    ],
    "test_sessions": [
        "theta = array[3.0]",
        "seed = seed + 1",
        "correct_responses = 0, questions_answered = 0",
        "end_reason = 'another'",
        "status = 'expired'",
        "chain_head = '\\x00'",
        "last_activity = last_activity + interval '1 microsecond'",
        "idempotency_key = 'another'",
        "request_hash = 'another'",
        "legacy_id = 'alice-7'",
        "idempotency_key = NULL, request_hash = '', theta = array[3.0]",
    ],
}
CASES = [(table, change) for table, changes in OTHERS.items() for change in changes]
EMPTYING = {
    "test_responses": "idempotency_key = NULL",
    "session_events": "idempotency_key = NULL, request_hash = ''",
    "test_sessions": "idempotency_key = NULL, request_hash = ''",
}


@pytest.fixture
def ended(api: APIClient, start: Start, pool: QuestionPool) -> TestSession:
    """A test of alice that was ended after an answer; keys everywhere."""
    started = start(key="alice-1", student_id="alice")
    assert submit(api, started, started["next_question"]["id"], 0, key="alice-2").status_code == 200
    key = {"Idempotency-Key": "alice-3"}
    assert api.post(f"/api/test/end/{started['session_id']}", headers=key).status_code == 200
    return TestSession.objects.get()


def sql(statement: str) -> int:
    """As the database's owner; returns how many rows it changed."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.rowcount)


def forge(statement: str) -> None:
    """Past all triggers, as only a superuser can."""
    sql("SET session_replication_role = replica")
    sql(statement)
    sql("SET session_replication_role = origin")


def rows() -> list[Any]:
    models = (Student, TestSession, TestResponse, SessionEvent)
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.mark.usefixtures("ended")
@pytest.mark.parametrize(("table", "change"), CASES)
def test_it_refuses_every_other_change_of_an_erased_students_rows(table: str, change: str) -> None:
    erase_student("alice", now=NOW)
    forge("UPDATE test_responses SET theta = array[0.0]")  # so that its sign can be changed
    before = rows()
    with pytest.raises(DatabaseError, match=f"rows of {table} never change: UPDATE refused"):
        sql(f"UPDATE {table} SET {change}")  # written above
    assert rows() == before


@pytest.mark.usefixtures("ended")
@pytest.mark.parametrize(("table", "change"), EMPTYING.items())
def test_it_refuses_to_empty_the_keys_of_somebody_who_was_not_erased(table: str, change: str) -> None:
    """They are what a repeated request is known by."""
    before = rows()
    with pytest.raises(DatabaseError, match=f"rows of {table} never change: UPDATE refused"):
        sql(f"UPDATE {table} SET {change}")  # written above
    assert rows() == before


@pytest.mark.parametrize("table", EMPTYING)
def test_it_refuses_to_delete_an_erased_students_rows(ended: TestSession, table: str) -> None:
    erase_student("alice", now=NOW)
    with pytest.raises(DatabaseError, match="DELETE refused"):
        sql(f"DELETE FROM {table}")  # written above


def test_it_puts_a_sessions_own_id_for_its_id_in_the_original_service(ended: TestSession) -> None:
    forge("UPDATE test_sessions SET legacy_id = 'alice-7'")
    erase_student("alice", now=NOW)
    assert TestSession.objects.get().legacy_id == str(ended.pk)


@pytest.mark.usefixtures("ended")
@pytest.mark.parametrize("change", ["name = 'Alice'", "external_id = 'alice'", "erased_at = NULL", "id = 7"])
def test_it_brings_nobody_back(change: str) -> None:
    erase_student("alice", now=NOW)
    with pytest.raises(DatabaseError, match="rows of students never change"):
        sql(f"UPDATE students SET {change}")  # written above


@pytest.mark.usefixtures("ended")
def test_it_takes_no_half_an_erasure() -> None:
    sql("UPDATE students SET name = 'Alice'")
    with pytest.raises(DatabaseError, match="student_erased_whole"):
        sql("UPDATE students SET erased_at = now()")


def test_it_begins_no_test_of_an_erased_student(ended: TestSession) -> None:
    erase_student("alice", now=NOW)
    ended.refresh_from_db()
    ended.pk = "00000000-0000-0000-0000-000000000001"
    with pytest.raises(DatabaseError, match="was erased: no test begins or goes on"), transaction.atomic():
        ended.save(force_insert=True)


def test_it_resumes_no_test_of_an_erased_student(start: Start, pool: QuestionPool) -> None:
    start(student_id="alice")
    sql("UPDATE test_sessions SET status = 'expired', current_position = NULL, completed_at = now()")
    resume = "UPDATE test_sessions SET status = 'active', current_position = 0, completed_at = NULL"
    with transaction.atomic():
        assert sql(resume) == 1
        transaction.set_rollback(True)
    erase_student("alice", now=NOW)
    with pytest.raises(DatabaseError, match="was erased: no test begins or goes on"):
        sql(resume)
