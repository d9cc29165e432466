"""GET /api/student/{student_id}/export and the command: everything that is held of a student."""

import json
import stat
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from sessions_app.conftest import Start, answer_questions, submit
from sessions_app.models import Student, StudentProficiency, TestResponse, TestSession
from sessions_app.tests.documented import DOCUMENT
from sessions_app.tests.factories import StudentFactory, make_pool


@pytest.fixture
def alice(api: APIClient, start: Start, db: None) -> dict[str, Any]:
    """A completed test in one pool, then a running one with one answer in another; somebody else's too."""
    make_pool(name="Arithmetic", concepts=2)
    answer_questions(api, start(student_id="alice"), 5)
    make_pool(name="Algebra")
    running = start(student_id="alice", key="k1")
    submit(api, running, running["next_question"]["id"], None, key="a1", response_time_ms=1234)
    start(student_id="bob")
    Student.objects.filter(external_id="alice").update(
        name="Alice Liddell", email="alice@example.org", grade_level="7"
    )
    return running


def export(api: APIClient) -> dict[str, Any]:
    reply = api.get("/api/student/alice/export")
    assert reply.status_code == 200, reply.json()
    exported: dict[str, Any] = reply.json()
    return exported


def test_it_holds_the_person_the_tests_and_the_answers(api: APIClient, alice: dict[str, Any]) -> None:
    exported = export(api)
    assert exported["student"] | {"created_at": ""} == {
        "student_id": "alice",
        "name": "Alice Liddell",
        "email": "alice@example.org",
        "grade_level": "7",
        "created_at": "",
    }
    known = StudentProficiency.objects.now().filter(student__external_id="alice")
    assert [(row["concept_name"], row["scale"], row["theta"]) for row in exported["proficiencies"]] == [
        (row.concept_name, row.scale.name, row.theta_now)
        for row in known.order_by("concept_name", "scale__name")
    ]
    completed, running = exported["sessions"]
    assert (completed["pool"], completed["status"], len(completed["answers"])) == (
        "Arithmetic",
        "completed",
        5,
    )
    assert (running["pool"], running["session_id"], running["idempotency_key"]) == (
        "Algebra",
        alice["session_id"],
        "k1",
    )
    assert running["concept_names"] == ["Math"]
    assert running["rules"] == TestSession.objects.get(pk=alice["session_id"]).plan.rules


def test_it_holds_an_answer_as_it_was_shown_and_given(api: APIClient, alice: dict[str, Any]) -> None:
    completed, running = export(api)["sessions"]
    shown = alice["next_question"]
    (left_out,) = running["answers"]
    assert left_out["question_id"] == shown["id"]
    assert left_out["content"] == shown["content"]
    assert (left_out["response"], left_out["response_text"], left_out["is_correct"]) == (None, None, False)
    assert (left_out["idempotency_key"], left_out["response_time_ms"]) == ("a1", 1234)
    stored = TestResponse.objects.filter(session_id=completed["session_id"]).order_by("position")
    for answer, row in zip(completed["answers"], stored, strict=True):
        number = int(row.question.external_id[1:])
        assert answer["response"] == row.answer
        assert answer["response_text"] == f"option {'abcd'[row.answer or 0]} of {number}"
        assert answer["is_correct"] is True
        assert answer["ability_after"] == {"theta": row.theta, "standard_error": row.standard_error}


@pytest.mark.usefixtures("alice")
def test_it_holds_no_answer_key_and_nobody_else(api: APIClient) -> None:
    text = json.dumps(export(api))
    for word in ("option_scores", "correct_answer", "difficulty", "discrimination", "bob"):
        assert word not in text
    (left_out,) = export(api)["sessions"][1]["answers"]
    assert "option" not in str(left_out["response_text"])  # the options that were not chosen stay out


@pytest.mark.usefixtures("alice")
def test_it_holds_what_the_admin_noted(api: APIClient) -> None:
    person = User.objects.create_user("teacher")
    message = [{"changed": {"fields": ["Name"]}}]
    LogEntry.objects.log_actions(person.pk, Student.objects.filter(external_id="alice"), 2, message)
    (noted,) = export(api)["admin_history"]
    assert noted["change"] == "Changed Name."
    assert "teacher" not in json.dumps(export(api))


@pytest.mark.usefixtures("alice")
def test_it_costs_as_many_queries_for_many_tests(
    api: APIClient, start: Start, django_assert_num_queries: Any
) -> None:
    for _ in range(2):
        with django_assert_num_queries(12):  # with the token's
            export(api)
        for _ in range(5):
            answer_questions(api, start(student_id="alice"), 3)


@pytest.mark.usefixtures("alice")
def test_it_has_the_documented_shape(api: APIClient) -> None:
    documented = DOCUMENT["components"]["schemas"]
    exported = export(api)
    for part, name in (
        (exported, "StudentExport"),
        (exported["student"], "ExportedStudent"),
        (exported["sessions"][0], "ExportedSession"),
        (exported["sessions"][0]["answers"][0], "ExportedAnswer"),
        (exported["sessions"][0]["events"][0], "ExportedEvent"),
        (exported["proficiencies"][0], "ExportedProficiency"),
    ):
        assert set(part) == set(documented[name]["properties"])


def test_it_exports_somebody_without_a_test(api: APIClient) -> None:
    StudentFactory.create(external_id="alice")
    exported = export(api)
    assert (exported["sessions"], exported["proficiencies"]) == ([], [])


@pytest.mark.parametrize("student_id", ["nobody", "%00"])
def test_it_knows_only_whom_it_knows(api: APIClient, student_id: str) -> None:
    reply = api.get(f"/api/student/{student_id}/export")
    assert (reply.status_code, reply.json()["code"]) == (404, "student_not_found")


@pytest.mark.usefixtures("alice")
def test_the_command_prints_the_same(api: APIClient) -> None:
    out = StringIO()
    call_command("export_student", "alice", stdout=out)
    printed = json.loads(out.getvalue())
    assert printed | {"generated_at": ""} == export(api) | {"generated_at": ""}


@pytest.mark.usefixtures("alice")
def test_the_command_writes_a_file_that_is_private_and_new(tmp_path: Path) -> None:
    path, out = tmp_path / "alice.json", StringIO()
    call_command("export_student", "alice", "--output", str(path), stdout=out)
    assert "Wrote 2 tests" in out.getvalue()
    assert json.loads(path.read_text())["student"]["name"] == "Alice Liddell"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(CommandError, match="File exists"):
        call_command("export_student", "alice", "--output", str(path), stdout=out)
    with pytest.raises(CommandError, match="no such student"):
        call_command("export_student", "nobody", stdout=out)
