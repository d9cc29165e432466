"""Erasing a student, by endpoint, command and admin: the identity goes, the answers stay."""

import json
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.test import Client
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from embedded.processes import wait_until
from sessions_app.administration import privacy
from sessions_app.administration.tests.test_invitations import invite, open_link
from sessions_app.conftest import Start, answer_questions, browser_of, client_with, pointers, submit
from sessions_app.models import SessionEvent, Student, StudentProficiency, TestResponse, TestSession
from sessions_app.reporting import result_rows
from sessions_app.reporting.item_statistics import frequent_answers
from sessions_app.review.replay import replay
from sessions_app.review.verification import verify
from sessions_app.sitting.session_state import digest_of
from sessions_app.tests.factories import make_named_test, make_pool, make_token
from testing_engine.models import QuestionPool

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NAMED = ("alice", "liddell", "wonderland")  # in every place that a client or the admin can write to
KEPT = ("id", "position", "question_id", "answer", "score", "is_correct", "theta", "standard_error")


@pytest.fixture
def alice(api: APIClient, start: Start, pool: QuestionPool) -> list[dict[str, Any]]:
    """A student with a name, and three tests: completed, ended and running; keys that name her everywhere."""
    started = [start(key=f"alice-start-{number}", student_id="alice") for number in range(3)]
    reply = started[0]
    for number in range(5):
        question = reply["next_question"]["id"]
        reply = submit(api, started[0], question, 1, key=f"alice-{number}").json()
    for test in started[1:]:
        submit(api, test, test["next_question"]["id"], 0, key="alice-again", student_id="alice")
    end, key = f"/api/test/end/{started[1]['session_id']}", {"Idempotency-Key": "alice-end"}
    assert api.post(end, {"student_id": "alice"}, headers=key).status_code == 200
    Student.objects.update(name="Alice Liddell", email="alice@wonderland.example", grade_level="Wonderland")
    LogEntry.objects.log_actions(
        User.objects.create_user("teacher").pk, Student.objects.all(), 2, "Name: Alice Liddell"
    )
    return started


def erase(api: APIClient, student_id: str = "alice") -> Any:
    return api.post(f"/api/student/{student_id}/erase", {"student_id": student_id})


def whole_database() -> str:
    """Every row of every table, as text."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows = []
        for table in tables:
            cursor.execute(f'SELECT "{table}"::text FROM "{table}"')  # a table of ours
            rows += [f"{table} {row}" for (row,) in cursor.fetchall()]
    return "\n".join(rows)


def answers() -> list[Any]:
    return list(TestResponse.objects.order_by("pk").values(*KEPT, "session_id", "answered_at"))


@pytest.mark.usefixtures("alice")
def test_it_leaves_no_name_anywhere(api: APIClient) -> None:
    of_ends = SessionEvent.objects.exclude(request_hash="").values_list("request_hash", flat=True)
    hashes = [*TestSession.objects.values_list("request_hash", flat=True), *of_ends]
    assert len(hashes) == 4
    before = whole_database().lower()
    assert all(name in before for name in (*NAMED, *hashes))
    assert erase(api).status_code == 200
    after = whole_database().lower()
    assert [line for line in after.splitlines() if any(name in line for name in (*NAMED, *hashes))] == []


@pytest.mark.usefixtures("alice")
def test_it_leaves_no_name_in_redis(api: APIClient) -> None:
    redis = get_redis_connection("default")

    def states() -> list[bytes]:
        return [key for key in redis.keys("session:*") if digest_of("alice") in redis.get(key)]

    assert len(states()) == 1
    erase(api)
    assert states() == []
    keys = redis.keys("*")
    held = [*keys, *(redis.get(key) for key in keys)]
    assert not [entry for entry in held if b"alice" in entry or digest_of("alice") in entry]


def test_it_keeps_the_answers_and_the_results(api: APIClient, alice: list[dict[str, Any]]) -> None:
    columns = ("id", "status", "theta", "standard_error", "prior_mean", "seed", "plan_id", "revision_id")
    finished = TestSession.objects.exclude(status="active").order_by("pk")
    before, results, student = answers(), list(finished.values(*columns, "student_id")), Student.objects.get()
    ids = list(finished.values_list("pk", flat=True))
    body = erase(api).json()
    assert body == {
        "status": "erased",
        "sessions_ended": 1,
        "sessions_kept": 3,
        "answers_kept": 7,
        "proficiencies_deleted": 1,
    }
    assert answers() == before
    again = TestSession.objects.filter(pk__in=ids).order_by("pk")
    assert list(again.values(*columns, "student_id")) == results
    assert all(replay(session["session_id"]).is_identical for session in alice)
    erased = Student.objects.get()
    assert erased.pk == student.pk
    assert erased.erased_at is not None
    assert (erased.name, erased.email, erased.grade_level) == ("", "", "")
    assert not StudentProficiency.objects.exists()


@pytest.mark.usefixtures("alice")
def test_it_leaves_the_audit_chain_whole(api: APIClient, tmp_path: Path) -> None:
    """Also for somebody who noted, before the erasure, where the chains ended."""
    witness, out = str(tmp_path / "witness"), StringIO()
    call_command("verify_audit", "--write-witness", witness, stdout=out)
    assert erase(api).status_code == 200
    call_command("verify_audit", "--witness", witness, stdout=out)
    assert "Checked 3 sessions, 7 answers, 6 events: all as they were written." in out.getvalue()


def test_it_ends_what_runs(api: APIClient, alice: list[dict[str, Any]]) -> None:
    erase(api)
    session = TestSession.objects.get(pk=alice[2]["session_id"])
    assert (session.status, session.end_reason) == ("ended", "student erased")
    assert session.completed_at is not None


def test_it_closes_every_session_to_its_token_and_to_its_client(
    api: APIClient, alice: list[dict[str, Any]]
) -> None:
    erase(api)
    for test in alice:
        for client in (browser_of(test), api):
            replies = [
                client.get(f"/api/test/status/{test['session_id']}"),
                client.post(f"/api/test/end/{test['session_id']}"),
                submit(client, test, test["next_question"]["id"], 0),
                submit(client, test, test["next_question"]["id"], 0, key="alice-again"),
            ]
            assert {reply.status_code for reply in replies} == {404}
            assert {reply.json()["code"] for reply in replies} == {"session_not_found"}


def test_it_closes_a_session_whose_state_is_still_in_redis(
    api: APIClient, alice: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an outage: PostgreSQL is asked before anything is shown."""
    monkeypatch.setattr("sessions_app.sitting.hot_state.forget", lambda ids, **_: None)
    erase(api)
    assert get_redis_connection("default").keys("session:*")
    browser, running = browser_of(alice[2]), alice[2]
    assert browser.get(f"/api/test/status/{running['session_id']}").status_code == 404
    question = TestSession.objects.get(pk=running["session_id"]).revision.questions.first()
    assert question is not None
    for asked in (running["next_question"]["id"], question.external_id):
        assert submit(browser, running, asked, 0).status_code in (404, 409)
    assert TestResponse.objects.count() == 7


@pytest.mark.usefixtures("alice")
def test_it_makes_the_student_unknown(api: APIClient) -> None:
    erase(api)
    pseudonym = Student.objects.get().external_id
    for student_id in ("alice", pseudonym):
        for report in ("proficiency", "history", "progress", "export"):
            reply = api.get(f"/api/student/{student_id}/{report}")
            assert (reply.status_code, reply.json()["code"]) == (404, "student_not_found")
    assert api.get("/api/sessions?student_id=alice").json()["count"] == 0


@pytest.mark.usefixtures("alice")
def test_it_says_that_there_is_nobody_the_second_time(api: APIClient) -> None:
    erase(api)
    for student_id in ("alice", Student.objects.get().external_id, "nobody"):
        before = whole_database()
        reply = erase(api, student_id)
        assert (reply.status_code, reply.json()["code"]) == (404, "student_not_found")
        assert whole_database() == before


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("body", [{}, {"student_id": "bob"}, {"student_id": "alice "}, {"student_id": None}])
def test_it_asks_for_the_id_once_more(api: APIClient, body: dict[str, Any]) -> None:
    before = whole_database()
    assert pointers(api.post("/api/student/alice/erase", body)) == ["/student_id"]
    assert whole_database() == before


@pytest.mark.usefixtures("alice")
def test_it_begins_afresh_with_somebody_of_the_same_id(api: APIClient, start: Start) -> None:
    erase(api)
    begun = start(key="alice-start-0", student_id="alice")
    assert begun["initial_proficiency"] == [0.5]
    assert Student.objects.count() == 2
    history = api.get("/api/student/alice/history").json()
    assert [test["session_id"] for test in history["test_sessions"]] == [begun["session_id"]]
    assert erase(api).json()["sessions_kept"] == 1


@pytest.mark.usefixtures("alice")
def test_it_starts_no_test_of_what_stands_in_the_students_place(api: APIClient) -> None:
    erase(api)
    reply = api.post("/api/test/start", {"student_id": Student.objects.get().external_id})
    assert pointers(reply) == ["/student_id"]
    assert TestSession.objects.count() == 3


@pytest.mark.usefixtures("alice")
def test_it_leaves_others_alone(api: APIClient, start: Start) -> None:
    bobs = answer_questions(api, start(key="bob-1", student_id="bob"), 2)
    erase(api)
    assert api.get("/api/student/bob/proficiency").json()["proficiency"] == bobs["current_proficiency"]
    session = TestSession.objects.get(student__external_id="bob")
    assert (session.status, session.idempotency_key) == ("active", "bob-1")
    assert len(get_redis_connection("default").keys("session:*")) == 1


@pytest.mark.usefixtures("alice")
def test_it_does_all_or_nothing(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("in the middle")

    monkeypatch.setattr(privacy, "_note", fail)
    before = whole_database()
    with pytest.raises(RuntimeError), transaction.atomic():
        privacy.erase_student("alice", now=NOW)
    assert whole_database() == before


@pytest.mark.usefixtures("alice")
def test_it_is_on_record_without_a_name(api: APIClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        erase(api)
    student = Student.objects.get()
    assert f"Erased student {student.pk}: 3 sessions stay" in caplog.text
    assert not any(name in caplog.text.lower().replace("/api/student/alice/", "") for name in NAMED)
    entry = LogEntry.objects.filter(object_id=str(student.pk)).latest("action_time")
    assert (entry.change_message, entry.object_repr) == ("Erased.", student.external_id)
    assert entry.user_id == TestSession.objects.filter(client__isnull=False)[0].client_id


@pytest.mark.django_db
def test_what_was_typed_is_shown_nowhere_afterwards(api: APIClient, admin_client: Client) -> None:
    """It stays in its row, because the audit chain is over it."""
    typed = {"type": "textEntry", "response": "WHO"}
    choices = [{"id": name, "content": f"choice {name}"} for name in "AB"]
    chosen = {"type": "choice", "response": "HOW", "choices": choices}
    asked = {"id": "q", "content": "Who?", "concepts": [1], "interactions": [typed, chosen]}
    questions = [{**asked, "key": {"WHO": {"texts": {"nobody": 1}}, "HOW": {"correct": "A"}}}]
    make_pool(questions=questions)
    rules = {"end_criteria": {"type": "fixed_length", "max_questions": 1, "min_questions": 1}}
    started = api.post("/api/test/start", {"student_id": "alice", **rules}).json()
    said = {"WHO": "Alice Liddell", "HOW": "B"}
    assert submit(api, started, started["next_question"]["id"], said).status_code == 200
    session = TestSession.objects.get()
    (answer,) = session.responses.all()
    listed = f"/api/sessions/{session.pk}/responses"
    page = f"/admin/sessions_app/testsession/{session.pk}/change/"

    def everywhere() -> list[str]:
        return [
            api.get(listed).content.decode(),
            admin_client.get(page).content.decode(),
            "".join(result_rows.export(TestSession.objects.all(), "answers", "csv", is_for_people=True)),
            str(frequent_answers(answer.question, 10)),
            str([step.given and step.given.said for step in replay(session.pk).steps]),
        ]

    assert all("Alice Liddell" in text for text in everywhere())
    erase(api)
    assert not any("Liddell" in text for text in everywhere())
    assert api.get(listed).json()["results"][0]["response"] == {"WHO": "withheld", "HOW": "B"}
    assert (replay(session.pk).is_identical, verify().breaks) == (True, [])


def test_its_columns_are_all_decided_on() -> None:
    """A new column of these models must be put here: does erasing empty it, or is it nobody's?"""
    emptied = {
        "Student": {"external_id", "name", "email", "grade_level"},
        "TestSession": {"idempotency_key", "request_hash", "legacy_id"},
        "TestResponse": {"idempotency_key"},
        "SessionEvent": {"idempotency_key", "request_hash"},
        "ImportedSitting": {"person"},
    }
    stays = {
        "Student": {"id", "created_at", "erased_at"},
        "TestSession": {
            *("id", "client", "student", "revision", "plan", "seed", "status", "end_reason", "prior_mean"),
            *("prior_sd", "theta", "standard_error", "questions_answered", "correct_responses"),
            *("current_position", "started_at", "last_activity", "completed_at", "chain_head"),
            *("named_test", "deadline", "token_generation", "result_spec", "overall_theta", "overall_error"),
            *("is_scored_alone", "shuffles_options", "waits_to_begin", "pilots_answered"),
            *("rapid_answers", "activity_mark", "paused_at", "paused_until"),
        },
        "TestResponse": {*KEPT, "question", "session", "response_time_ms", "answered_at", "link"}
        - {"question_id"}
        | {"response", "overall_theta", "overall_error", "is_pilot", "is_rapid"},
        "ImportedSitting": {
            *("id", "source", "number", "group_name", "other_groups", "items", "categories", "times"),
        },
    }
    for owner in ("Student", "TestSession"):
        stays[owner] |= {"organisation"}  # whose they were
    stays["SessionEvent"] = {"id", "session", "kind", "after_answers", "at", "reason", "by", "link"}
    deleted = {
        "StudentProficiency",
        "Invitation",
        "ClassMember",
        "Accommodation",
        "RosterPerson",
        "LtiPerson",
        "InvitationMail",
        "JobPiece",  # with the file; "LongJob" names nobody
    }
    no_students = {"ApiClient", "NamedTest", "ResultSpecification", "LiveSession"}  # the last is a proxy
    no_students |= {
        "Calibration",
        "ResponseImport",
        "PoolImport",
        "PoolRequirements",
        "GateCheck",
        "PoolThresholds",
    }
    no_students |= {"Simulation", "SimulationPart", "PoolWatch", "Webhook", "LongJob"}
    no_students |= {"AbilityChange", "AbilityCount", "AnswerCount", "FitSum", "HourCount", "ResultCount"}
    no_students |= {"SchoolClass", "ClassTeacher", "ClassTest", "TestShare", "Mailing"}
    no_students |= {"LtiKey", "LtiLink", "LtiRegistration", "LtiSpent"}
    # Of a session, by its id alone.
    no_students |= {"CatSection", "CatSitting", "CatStage", "WebhookMessage", "SessionToCount", "LostAnswers"}
    no_students |= {"LossAcknowledgement", "Archive", "ArchivedSession"}
    no_students |= {"LtiSitting", "LtiMessage"}
    for model in apps.get_app_config("sessions_app").get_models():
        name = model.__name__
        if name in deleted | no_students:
            continue
        columns = {field.name for field in model._meta.local_fields}
        assert columns == emptied[name] | stays[name], f"decide about {name} in sessions_app/privacy.py"


# --- The command --------------------------------------------------------------------------------------------


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("erase_student", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.usefixtures("alice")
def test_the_command_says_what_is_held_and_erases() -> None:
    told = run("alice", "--dry-run")
    assert "Held of student alice: 3 tests (1 running), 7 answers, 1 proficiencies." in told
    assert Student.objects.get().external_id == "alice"
    assert "Erased. 3 tests with 7 answers stay, without a name." in run("alice", "--yes")
    assert Student.objects.get().erased_at is not None
    with pytest.raises(CommandError, match="no such student"):
        run("alice", "--yes")
    with pytest.raises(CommandError, match="no such student"):
        run("--pk", str(Student.objects.get().pk), "--yes")


@pytest.mark.usefixtures("alice")
def test_the_command_erases_by_the_number_in_the_log() -> None:
    run("--pk", str(Student.objects.get().pk), "--yes")
    assert Student.objects.get().erased_at is not None


@pytest.mark.usefixtures("alice")
def test_the_command_asks_first(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="no terminal"):
        run("alice")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda prompt: "bob")
    with pytest.raises(CommandError, match="another id"):
        run("alice")
    assert Student.objects.get().external_id == "alice"
    monkeypatch.setattr("builtins.input", lambda prompt: "alice")
    assert "Erased." in run("alice")


# --- The admin ----------------------------------------------------------------------------------------------


@pytest.fixture
def officer(client: Client, alice: list[dict[str, Any]]) -> Client:
    """Somebody who may see students and export and erase them, and no more."""
    person = User.objects.create_user("officer", is_staff=True)
    allowed = ["view_student", "erase_students"]
    person.user_permissions.set(Permission.objects.filter(codename__in=allowed))
    client.force_login(person)
    return client


def page() -> str:
    return f"/admin/sessions_app/student/{Student.objects.get().pk}"


def test_the_admin_erases_after_the_id_was_typed(officer: Client) -> None:
    address = f"{page()}/erase/"
    assert address in officer.get(f"{page()}/change/").content.decode()
    for data in (
        {},
        {"student_id": "", "_form_submitted": "on"},
        {"student_id": "bob", "_form_submitted": "on"},
    ):
        assert officer.post(address, data).status_code == 200
        assert Student.objects.get().external_id == "alice"
    reply = officer.post(address, {"student_id": "alice", "_form_submitted": "on"}, follow=True)
    assert "3 tests with 7 answers stay" in str(next(iter(reply.context["messages"])))
    student = Student.objects.get()
    assert student.erased_at is not None
    assert LogEntry.objects.latest("action_time").user.username == "officer"
    assert (
        officer.post(address, {"student_id": student.external_id, "_form_submitted": "on"}).status_code == 403
    )
    shown = officer.get(f"{page()}/change/").content.decode()
    assert address not in shown
    assert officer.get(f"{page()}/history/").status_code == 200


def test_the_admin_exports(officer: Client) -> None:
    reply = officer.get(f"{page()}/export/")
    assert reply["Content-Disposition"] == f'attachment; filename="student-{Student.objects.get().pk}.json"'
    assert json.loads(reply.content)["student"]["name"] == "Alice Liddell"


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("action", ["export", "erase"])
def test_the_admin_needs_the_permission(client: Client, action: str) -> None:
    teacher = User.objects.get(username="teacher")
    teacher.is_staff = True
    teacher.save()
    teacher.user_permissions.set(Permission.objects.exclude(codename="erase_students"))
    client.force_login(teacher)
    assert f"{page()}/{action}/" not in client.get(f"{page()}/change/").content.decode()
    assert client.get(f"{page()}/{action}/").status_code == 403
    data = {"student_id": "alice", "_form_submitted": "on"}
    assert client.post(f"{page()}/{action}/", data).status_code == 403
    assert Student.objects.get().external_id == "alice"


def test_the_admin_changes_nobody_who_was_erased(officer: Client, api: APIClient) -> None:
    officer.force_login(User.objects.create_superuser("root"))
    data = {"name": "Alice Again", "email": "", "grade_level": ""}
    erase(api)
    assert officer.post(f"{page()}/change/", data).status_code == 403
    assert Student.objects.get().name == ""


# --- At once ------------------------------------------------------------------------------------------------


@pytest.fixture
def _own_connections(transactional_db: None) -> Iterator[None]:
    yield
    connection.close()


@pytest.mark.usefixtures("_own_connections")
def test_a_test_that_begins_meanwhile_is_a_new_students(start: Start) -> None:

    make_pool()
    start(student_id="alice")
    erased, go_on = threading.Event(), threading.Event()

    def erase_slowly() -> None:
        with transaction.atomic():
            privacy.erase_student("alice", now=NOW)
            erased.set()
            go_on.wait(60)
        connections.close_all()

    def begin() -> str:
        erased.wait(60)
        threading.Timer(0.3, go_on.set).start()  # by then it waits for the student's row
        session_id: str = start(student_id="alice")["session_id"]
        connections.close_all()
        return session_id

    with ThreadPoolExecutor(2) as executor:
        erasing, beginning = executor.submit(erase_slowly), executor.submit(begin)
        erasing.result(timeout=60)
        session = TestSession.objects.select_related("student").get(pk=beginning.result(timeout=60))
    assert (session.student.external_id, session.student.erased_at) == ("alice", None)
    assert session.status == "active"
    assert Student.objects.exclude(erased_at=None).count() == 1


@pytest.mark.usefixtures("_own_connections")
def test_a_link_that_is_opened_meanwhile_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both lock the student's row and the invitation's, in the same order: neither is a deadlock's victim."""
    (link,) = invite(make_named_test(make_pool()), "alice")
    locked, blank = threading.Event(), privacy._blank

    def wait_for_the_link(*arguments: Any) -> None:
        locked.set()
        waiting = (
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )

        def is_waiting() -> bool:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees it once
                cursor.execute(waiting)
                return cursor.fetchone() is not None

        assert wait_until(is_waiting)
        blank(*arguments)

    def open_it() -> Any:
        assert locked.wait(60)
        try:
            return open_link(link)
        finally:
            connections.close_all()

    monkeypatch.setattr(privacy, "_blank", wait_for_the_link)
    with ThreadPoolExecutor(1) as executor:
        opening = executor.submit(open_it)
        privacy.erase_student("alice", now=NOW)
        reply = opening.result(timeout=60)
    assert (reply.status_code, reply.json()["code"]) == (404, "invitation_not_found")
    assert (Student.objects.count(), TestSession.objects.count()) == (1, 0)


@pytest.mark.usefixtures("_own_connections")
def test_it_holds_against_everything_at_once(start: Start) -> None:
    """Answers, starts and two erasures together: what is erased is whole, and nothing is half-written."""

    make_pool()
    token = make_token()
    for _ in range(5):
        tests = [start(student_id="alice", key=None) for _ in range(3)]
        calls = [
            *(
                lambda test=test: submit(browser_of(test), test, test["next_question"]["id"], 1, key="alice")
                for test in tests
            ),
            *[lambda: client_with(f"Token {token}").post("/api/test/start", {"student_id": "alice"})] * 2,
            *[lambda: erase(client_with(f"Token {token}"))] * 2,
        ]
        barrier = threading.Barrier(len(calls))

        def together(call: Any, barrier: threading.Barrier = barrier) -> int:
            try:
                barrier.wait(60)
                status: int = call().status_code
                return status
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(calls)) as executor:
            codes = [future.result(timeout=60) for future in [executor.submit(together, c) for c in calls]]
        assert set(codes[:3]) <= {200, 404, 409}
        assert set(codes[3:5]) == {200}
        assert 200 in codes[5:]
        gone = TestSession.objects.filter(student__erased_at__isnull=False)
        assert not gone.filter(status="active").exists()
        assert not gone.exclude(idempotency_key=None, request_hash="").exists()
        assert not TestResponse.objects.filter(session__in=gone).exclude(idempotency_key=None).exists()
        assert not StudentProficiency.objects.filter(student__erased_at__isnull=False).exists()
