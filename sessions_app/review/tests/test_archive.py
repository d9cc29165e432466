"""A file of old tests: it stands for itself, and every change of it shows."""

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.conftest import Start, submit, take_test
from sessions_app.models import Student, TestSession
from sessions_app.review import archive
from testing_engine.models import QuestionPool

Lines = list[bytes]
TOMORROW = timedelta(days=1)


@pytest.fixture
def lines(api: APIClient, start: Start, pool: QuestionPool) -> Lines:
    """Of a test that was completed and one that was ended; a third one runs."""
    two = {"type": "fixed_length", "max_questions": 2}
    take_test(api, start("alices-key", student_id="alice", end_criteria=two))
    ended = start("alices-other-key", student_id="alice", end_criteria=two)
    submit(api, ended, ended["next_question"]["id"], None, key="alices-answer")
    api.post(f"/api/test/end/{ended['session_id']}", {"student_id": "alice"})
    start(student_id="bob")
    now = timezone.now()
    return list(archive.lines_of(now + TOMORROW, now=now))


def changed(line: bytes, change: Callable[[Any], object]) -> bytes:
    told = json.loads(line)
    change(told)
    return json.dumps(told).encode() + b"\n"


def named(lines: Lines) -> list[str]:
    return [found.what for found in archive.check(lines).breaks]


def test_it_has_what_is_over_and_nobodys_name(lines: Lines) -> None:
    told = [json.loads(line) for line in lines]
    assert [line["type"] for line in told] == ["archive", "plan", "session", "session", "end"]
    assert [told[-1][name] for name in ("sessions", "answers", "events")] == [2, 3, 4]
    assert "alice" not in b"".join(lines).decode()
    assert {line["student_id"] for line in told[2:4]} == {Student.objects.get(external_id="alice").pk}
    found = archive.check(lines)
    assert (found.sessions, found.answers, found.events, found.breaks) == (2, 3, 4, [])


CHANGES: dict[str, Callable[[Any], object]] = {
    "a score": lambda told: told["answers"][0].update(score=1 - told["answers"][0]["score"]),
    "a time": lambda told: told["answers"][0].update(answered_at="2026-01-01T00:00:00Z"),
    "an ability": lambda told: told["answers"][-1]["theta"].__setitem__(0, 0.5),
    "an answer less": lambda told: told["answers"].pop(),
    "an event less": lambda told: told["events"].pop(),
    "another student": lambda told: told.update(student_id=told["student_id"] + 1),
    "another result": lambda told: told.update(correct_responses=told["correct_responses"] + 1),
    "another plan": lambda told: told.update(plan="0" * 64),
    "another head": lambda told: told.update(chain_head="AAAAAAAAAAAAAAAAAAAAAA=="),
}


def test_every_change_shows(lines: Lines, settings: LazySettings) -> None:
    for what, change in CHANGES.items():
        found = archive.check([*lines[:2], changed(lines[2], change), *lines[3:]]).breaks
        where = {each.where for each in found}
        assert where == {"the file", f"session {json.loads(lines[2])['id']}"}, what

    seal = "is not what was written: something is new or gone"
    assert named([*lines[:3], lines[4]]) == [seal]
    assert named([*lines[:3], lines[3], lines[3], lines[4]]) == [seal]
    assert named(lines[:-1]) == ["breaks off: its end is missing"]
    assert "its plan is missing" in named([lines[0], *lines[2:]])
    rules = changed(lines[1], lambda told: told["rules"].update(max_questions=4))
    assert "its rules or concept names were changed" in named([lines[0], rules, *lines[2:]])
    fewer = changed(lines[-1], lambda told: told.update(sessions=1))
    assert named([*lines[:-1], fewer]) == [seal]
    for wrong, line in ((lines[1:], 1), ([*lines, lines[2]], 6), ([lines[0], b"{}\n"], 2), ([b"\xff"], 1)):
        with pytest.raises(archive.ArchiveError, match=f"Line {line} "):
            archive.check(wrong)
    later = changed(lines[0], lambda told: told.update(version=2))
    with pytest.raises(archive.ArchiveError, match="version 2"):
        archive.check([later])

    settings.AUDIT_KEY_FALLBACKS, settings.AUDIT_KEY = [settings.AUDIT_KEY], "a later one"
    assert named(lines) == []
    settings.AUDIT_KEY_FALLBACKS = []
    assert len(named(lines)) == 3


def test_it_outlives_its_student_and_shows_what_the_database_lost(api: APIClient, lines: Lines) -> None:
    assert api.post("/api/student/alice/erase", {"student_id": "alice"}).status_code == 200
    assert named(lines) == []
    gone = json.loads(lines[2])["id"]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("test_responses", "session_events"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f"DELETE FROM {table} WHERE session_id = %s", [gone])
    found = archive.check(lines).breaks
    assert [(each.where, each.what) for each in found] == [
        (f"session {gone}", "is no longer in the database as the archive has it")
    ]


def test_a_broken_test_is_not_written(lines: Lines) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE test_sessions DISABLE TRIGGER USER")
        cursor.execute("UPDATE test_sessions SET correct_responses = 0 WHERE correct_responses > 0")
    now = timezone.now()
    with pytest.raises(archive.ArchiveError, match="its row says correct_responses 0"):
        list(archive.lines_of(now + TOMORROW, now=now))


def test_the_commands_write_and_check(lines: Lines, tmp_path: Path) -> None:
    file, said = tmp_path / "old.jsonl.gz", StringIO()
    (tmp_path / "old.jsonl.gz.part").write_bytes(b"of a run that was killed")
    day = f"{timezone.now() + TOMORROW:%Y-%m-%d}"
    call_command("archive_sessions", str(file), "--before", day, stdout=said)
    assert "2 sessions, 3 answers, 4 events" in said.getvalue()
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    with pytest.raises(CommandError, match="there already"):
        call_command("archive_sessions", str(file), "--before", day)
    call_command("verify_audit", "--archive", str(file), stdout=said)
    assert "Checked 2 sessions, 3 answers, 4 events: all as they were written." in said.getvalue()

    cut = tmp_path / "cut.gz"
    cut.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(CommandError, match="ended before"):
        call_command("verify_audit", "--archive", str(cut), stdout=said)
    cut.write_bytes(gzip.compress(b"".join(lines[:-1])))
    with pytest.raises(CommandError, match="1 broken"):
        call_command("verify_audit", "--archive", str(cut), stdout=said)
    first, second = TestSession.objects.exclude(completed_at=None).order_by("completed_at")
    assert first.completed_at
    assert second.completed_at
    assert list(archive.over_before(second.completed_at)) == [first]
    assert not archive.over_before(first.completed_at).exists()
