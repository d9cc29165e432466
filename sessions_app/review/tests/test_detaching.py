"""Old tests leave the database by a file that has them: results stay, and they come back as they were."""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.utils import IntegrityError
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.administration import supervision
from sessions_app.administration.privacy import holdings
from sessions_app.administration.supervision import Supervisor
from sessions_app.conftest import Start, submit, take_test
from sessions_app.counting import folding
from sessions_app.counting import results as counted
from sessions_app.measurement import queue, running, thresholds
from sessions_app.measurement.asking import Asked
from sessions_app.measurement.collecting import sessions_for
from sessions_app.measurement.importing import import_responses
from sessions_app.measurement.watches import nights
from sessions_app.models import ArchivedSession, SessionEvent, TestResponse, TestSession, Webhook
from sessions_app.models.webhooks import WebhookMessage
from sessions_app.reporting import class_results, result_rows
from sessions_app.reporting.asked import asked_in
from sessions_app.review import archive, detaching
from sessions_app.review.detaching import Moved
from sessions_app.review.verification import verify
from sessions_app.review.witness import Witness
from sessions_app.sitting.raw_scores import raw_score_of
from testing_engine.interchange.imported import Upload
from testing_engine.models import QuestionPool
from testing_engine.psychometrics.response_times import USUAL

Lines = list[bytes]
LATER = timedelta(days=3)


@pytest.fixture
def lines(api: APIClient, start: Start, pool: QuestionPool) -> Lines:
    """Of a test that was completed, one that was ended, and one with points; another one runs."""
    two = {"type": "fixed_length", "max_questions": 2}
    take_test(api, start("first", student_id="alice", end_criteria=two))
    ended = start("second", student_id="alice", end_criteria=two)
    submit(api, ended, ended["next_question"]["id"], None, key="alices-answer")
    api.post(f"/api/test/end/{ended['session_id']}", {"student_id": "alice"})
    in_order = {"selection": "linear", "end_criteria": {"type": "fixed_length", "max_questions": 3}}
    take_test(api, start("third", student_id="alice", **in_order))
    running = start(student_id="bob")
    submit(api, running, running["next_question"]["id"], 0)
    folding.fold()
    return list(archive.lines_of(timezone.now() + timedelta(days=1), now=timezone.now()))


def take_out(lines: Lines, *, is_dry: bool = False) -> Moved:
    known = detaching.known_archive(archive.check(lines), "old.gz", now=timezone.now() + LATER)
    return detaching.take_out(lines, known, is_dry=is_dry)


def entries() -> list[Any]:
    """All rows of archivable tests, without the keys that come anew."""
    answers = [
        each.name for each in TestResponse._meta.concrete_fields if each.name not in ("id", "idempotency_key")
    ]
    events = [
        each.name
        for each in SessionEvent._meta.concrete_fields
        if each.name not in ("id", "idempotency_key", "request_hash")
    ]
    return [
        *TestResponse.objects.order_by("session_id", "position").values(*answers),
        *SessionEvent.objects.order_by("session_id", "after_answers", "id").values(*events),
    ]


def over() -> list[TestSession]:
    return list(TestSession.objects.exclude(status="active").order_by("started_at"))


def told(api: APIClient) -> list[Any]:
    """Whatever is told of old tests without their answers."""
    sessions = over()
    paths = [
        *(f"/api/test/result/{session.pk}" for session in sessions),
        *(f"/api/test/status/{session.pk}" for session in sessions),
        *("/api/student/alice/history", "/api/student/alice/progress", "/api/student/alice/proficiency"),
        "/api/sessions",
    ]
    replies = [api.get(path) for path in paths]
    assert {reply.status_code for reply in replies} == {200}
    bodies = [reply.json() for reply in replies]
    for body in bodies:
        body.pop("path", None)
    return [
        bodies,
        asked_in(sessions),
        [raw_score_of(session) for session in sessions],
        class_results.question_lines([session.pk for session in sessions]),
        counted.of_sessions(TestSession.objects.filter(pk__in=[session.pk for session in sessions])),
        exported(),
    ]


def exported() -> list[list[Any]]:
    """The table of sessions, but for the column that says which archive has answers."""
    table = result_rows.session_table(TestSession.objects.all())
    place = [name for name, *_ in table.columns].index("archive")
    return [row[:place] + row[place + 1 :] for row in table.rows()]


def test_results_stay_and_all_comes_back(api: APIClient, lines: Lines) -> None:
    before, results = entries(), told(api)
    webhook_user = User.objects.create_user("system")
    Webhook.objects.create(
        client=webhook_user, url="https://example.org/", events=["test.completed", "test.ended"], secret="x"
    )
    assert (take_out(lines, is_dry=True).sessions, entries()) == (3, before)
    assert not ArchivedSession.objects.exists()

    moved = take_out(lines)
    assert (moved.sessions, moved.answers, moved.events, moved.earlier, moved.left) == (3, 6, 6, 0, {})
    assert {row["session"] for row in entries()} == {TestSession.objects.get(status="active").pk}
    assert told(api) == results
    assert take_out(lines).earlier == 3
    found = verify()
    assert (found.breaks, found.archived, found.sessions) == ([], 3, 4)
    assert archive.check(lines).breaks == []
    assert folding.differences() == []
    assert folding.revisions_in_archives() == 1
    folding.begin_anew()
    assert told(api) == results

    assert detaching.bring_back(lines).sessions == 3
    assert entries() == before
    assert told(api) == results
    assert (verify().breaks, verify().archived) == ([], 0)
    assert not ArchivedSession.objects.exists()
    assert not WebhookMessage.objects.exists()  # it is no news
    assert detaching.bring_back(lines).earlier == 3
    assert folding.differences() == []


def test_who_needs_the_answers_says_where_they_are(api: APIClient, lines: Lines, pool: QuestionPool) -> None:
    assert len(sessions_for(Asked(), pool.pk, timezone.now() + LATER)) == 3
    take_out(lines)
    first = over()[0]
    refused = api.get(f"/api/sessions/{first.pk}/responses")
    assert (refused.status_code, refused.json()["code"]) == (410, "session_archived")
    assert "old.gz" in refused.json()["detail"]
    with pytest.raises(
        CommandError, match=r"not replayable: its answers are in the archive old\.gz"
    ) as error:
        call_command("replay_session", str(first.pk), stdout=StringIO())
    assert error.value.returncode == 2
    out = StringIO()
    call_command("replay_session", "--all", stdout=out)
    assert "Replayed 1 sessions: 1 identical, 0 different. 3 are in archives." in out.getvalue()
    assert len(api.get(f"/api/test/result/{first.pk}").json()["path"]) == 2
    (session, *_) = api.get("/api/student/alice/export").json()["sessions"]
    assert (session["archived_in"], session["answers"]) == ("old.gz", [])
    assert holdings(first.student).archives == ("old.gz",)
    assert holdings(first.student).answers == 6
    assert {each.archive for each in class_results.answers_of(first.pk)} == {"old.gz"}
    assert sessions_for(Asked(), pool.pk, timezone.now() + LATER) == []
    rows = list(result_rows.answer_table(TestSession.objects.all()).rows())
    assert {row[0] for row in rows} == {str(TestSession.objects.get(status="active").pk)}
    browser = Client()
    browser.force_login(User.objects.create_superuser("root"))
    for page in (
        f"/admin/sessions_app/testsession/{first.pk}/change/",
        f"/admin/sessions_app/testsession/{first.pk}/replay/",
        f"/desk/measure/sessions/{first.pk}",
    ):
        shown = browser.get(page)
        assert shown.status_code == 200
        assert "old.gz" in shown.content.decode()


def test_an_expired_test_in_an_archive_does_not_go_on(start: Start, pool: QuestionPool) -> None:
    session = start(student_id="eve")
    TestSession.objects.update(
        activity_mark=timezone.now() - timedelta(days=2), last_activity=timezone.now() - timedelta(days=2)
    )
    call_command("cleanup_sessions", stdout=StringIO())
    assert TestSession.objects.get().status == "expired"
    folding.fold()
    take_out(list(archive.lines_of(timezone.now() + timedelta(days=1), now=timezone.now())))
    key = UUID(session["session_id"])
    outcome = supervision.resume([key], Supervisor(), now=timezone.now())
    assert "in the archive old.gz" in str(outcome[key])


def test_erasing_leaves_the_archive_and_its_chain_valid(api: APIClient, lines: Lines) -> None:
    take_out(lines)
    out = StringIO()
    call_command("erase_student", "alice", "--dry-run", stdout=out)
    assert "6 answers, 1 proficiencies; answers are in old.gz, too" in out.getvalue()
    assert api.post("/api/student/alice/erase", {"student_id": "alice"}).status_code == 200
    assert (verify().breaks, archive.check(lines).breaks) == ([], [])
    assert detaching.bring_back(lines).sessions == 3
    assert verify().breaks == []


@pytest.mark.parametrize("table", ["test_responses", "session_events"])
def test_nothing_else_leaves(lines: Lines, table: str) -> None:
    def refused(statement: str, *given: Any) -> None:
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, given)

    refused(f"DELETE FROM {table}")
    take_out(lines)
    refused(f"DELETE FROM {table}")  # of the test that runs
    refused("DELETE FROM archived_sessions")
    refused("UPDATE archived_sessions SET taken_in = 0")
    refused("UPDATE archives SET name = 'x'")
    running = TestSession.objects.get(status="active").pk
    refused(
        "INSERT INTO archived_sessions (session_id, archive_id, answers, events, questions, scores, marks, "
        "seal, taken_in) "
        "SELECT %s, archive_id, 0, 0, '{}', '{}', '{}', seal, 0 FROM archived_sessions LIMIT 1",
        running,
    )
    # A later transaction takes nothing more: the mark is of the one that wrote it.
    marked = over()[0].pk
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE archived_sessions SET taken_in = taken_in - 1")
        cursor.execute(
            "INSERT INTO session_events (session_id, kind, after_answers, at, reason, request_hash, link) "
            "VALUES (%s, 'resumed', 0, now(), '', '', '')",
            [marked],
        )
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    refused("DELETE FROM session_events WHERE session_id = %s", marked)
    (found,) = verify().breaks
    assert "some of its answers or events are here" in found.what


CHANGES = {
    "a result": "UPDATE test_sessions SET correct_responses = 0 WHERE id = %s",
    "what is kept": "UPDATE archived_sessions SET marks[1] = 1 - marks[1] WHERE session_id = %s",
    "which questions": "UPDATE archived_sessions SET questions = questions[1:0] WHERE session_id = %s",
    "the head": (
        "UPDATE test_sessions SET chain_head = set_byte(chain_head, 0, 255 - get_byte(chain_head, 0)) "
        "WHERE id = %s"
    ),
    "the mark": "DELETE FROM archived_sessions WHERE session_id = %s",
}


@pytest.mark.parametrize("what", CHANGES)
def test_every_change_of_what_stays_shows(lines: Lines, what: str) -> None:
    witness: list[str] = []
    verify(note=witness.append)
    take_out(lines)
    later: list[str] = []
    assert verify(Witness(witness), skips=True, note=later.append).breaks == []
    assert verify(Witness(later), skips=True).breaks == []
    changed = TestSession.objects.filter(status="completed", correct_responses__gt=0).first()
    assert changed is not None
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(CHANGES[what], [changed.pk])
    assert {each.where for each in verify().breaks} >= {f"session {changed.pk}"}
    if what in ("the head", "the mark"):
        assert archive.check(lines).breaks


def test_what_is_left_and_what_is_refused(api: APIClient, start: Start, lines: Lines) -> None:
    known = detaching.known_archive(archive.check(lines), "old.gz", now=timezone.now() + LATER)
    with pytest.raises(
        archive.ArchiveError,
        match="less than a day",
    ):
        detaching.known_archive(archive.check(lines), "old.gz", now=timezone.now())
    with pytest.raises(archive.ArchiveError, match="Nothing was taken out: the file"):
        detaching.known_archive(archive.check(lines[:-1]), "old.gz", now=timezone.now() + LATER)
    first, second, _ = over()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO sessions_to_count (session_id) VALUES (%s)", [first.pk])
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE test_responses SET score = 1 - score WHERE session_id = %s", [second.pk])
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    with pytest.raises(archive.ArchiveError, match=str(second.pk)):
        detaching.take_out(lines, known)
    assert not ArchivedSession.objects.exists()  # all of a portion, or nothing
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE test_responses SET score = 1 - score WHERE session_id = %s", [second.pk])
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    moved = detaching.take_out(lines, known)
    assert (moved.sessions, moved.left) == (2, {detaching.NOT_COUNTED: 1})


@pytest.fixture
def file(lines: Lines, tmp_path: Path) -> Path:
    """Of tests that have been over for long, as the command asks for."""
    path = tmp_path / "old.jsonl.gz"
    call_command("archive_sessions", str(path), "--before", f"{timezone.now() + timedelta(days=1):%Y-%m-%d}")
    return path


def test_the_command_takes_out_and_brings_back(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match=r"take them out from \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC on"):
        call_command("archive_sessions", str(file), "--take-out")
    monkeypatch.setattr(detaching, "REST", -LATER)
    said = StringIO()
    with pytest.raises(CommandError, match="--dry-run is for --take-out"):
        call_command("archive_sessions", str(file), "--restore", "--dry-run")
    call_command("archive_sessions", str(file), "--take-out", "--dry-run", stdout=said)
    assert "Would take 6 answers and 6 events of 3 sessions out of the database." in said.getvalue()
    assert TestResponse.objects.count() == 7
    call_command("archive_sessions", str(file), "--take-out", stdout=said)
    assert "Took 6 answers and 6 events of 3 sessions out of the database." in said.getvalue()
    assert TestResponse.objects.count() == 1
    call_command("archive_sessions", str(file), "--take-out", stdout=said)
    assert "3 sessions were out before." in said.getvalue()
    call_command("verify_audit", "--archive", str(file), stdout=said)
    call_command("verify_audit", stdout=said)
    assert "(3 of the sessions in archives): all as they were written." in said.getvalue()
    call_command("check_counts", stdout=said)
    assert "Left out: 1 revisions of which archives have answers." in said.getvalue()
    call_command("archive_sessions", str(file), "--restore", stdout=said)
    assert "Brought 6 answers and 6 events of 3 sessions back into the database." in said.getvalue()
    assert TestResponse.objects.count() == 7


def test_what_is_found_from_answers_says_how_many_tests_are_left_out(
    api: APIClient, lines: Lines, pool: QuestionPool
) -> None:
    take_out(lines)
    calibration = queue.ask(pool, Asked(scale="own"))
    running.run(calibration.pk)
    told = api.get(f"/api/v1/pools/{pool.pk}/calibrations/{calibration.pk}").json()
    assert (told["state"], told["tests_in_archives"]) == ("failed", 3)
    night = nights.watch_pool(pool, timezone.now())
    assert night.result["numbers"]["tests_in_archives"] == 3
    assert thresholds.find(pool, USUAL, None).tests_in_archives == 3


def test_a_table_of_answers_says_how_many_tests_are_left_out(
    api: APIClient, lines: Lines, pool: QuestionPool, tmp_path: Path
) -> None:
    address, file = f"/api/v1/pools/{pool.pk}/responses/matrix", tmp_path / "answers.csv"
    assert api.get(address)["Tests-In-Archives"] == "0"
    take_out(lines)
    nothing = api.get(address)
    assert (nothing.status_code, nothing.json()["code"]) == (404, "no_answers")
    assert nothing.json()["detail"].endswith("3 tests are left out: archives have their answers.")
    with pytest.raises(CommandError, match="3 tests are left out: archives have their answers"):
        call_command("export_responses", str(pool.pk), output=file)
    import_responses(pool, Upload("answers.csv", b"person,q0\nalice,1\n"))
    assert api.get(address)["Tests-In-Archives"] == "3"
    assert api.get(f"{address}?delivered=false")["Tests-In-Archives"] == "0"
    said = StringIO()
    call_command("export_responses", str(pool.pk), output=file, stderr=said)
    assert said.getvalue() == "3 tests are left out: archives have their answers.\n"
