"""verify_audit on several processors, cut off and gone on with, since the last witness: the same is found."""

import os
import signal
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from sessions_app.conftest import Start, answer_questions, take_test
from sessions_app.models import TestSession
from sessions_app.review import portions, verification
from sessions_app.review.tests.test_verify_audit import as_superuser, cut_off
from sessions_app.review.trails import break_of
from sessions_app.review.verification import verify
from sessions_app.review.witness import Witness, line_of, parsed
from testing_engine.models import QuestionPool


def said(**options: Any) -> str:
    """What the command prints, whatever it finds."""
    out = StringIO()
    try:
        call_command("verify_audit", stdout=out, **options)
    except CommandError as error:
        out.write(f"{error}\n")
    return out.getvalue()


@pytest.fixture
def some(api: APIClient, start: Start, pool: QuestionPool) -> list[str]:
    """Five tests, in the order of their ids: one running, the others over."""
    running = start(student_id="s0")
    answer_questions(api, running, 2)
    for number in range(1, 5):
        take_test(api, start(student_id=f"s{number}"))
    return [str(key) for key in TestSession.objects.order_by("pk").values_list("pk", flat=True)]


@pytest.fixture
def one_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with thousands of sessions."""
    monkeypatch.setattr(portions, "BATCH", 1)


@pytest.fixture
def walked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Sessions whose rows were gone over, one by one."""
    seen: list[str] = []

    def looked(session: TestSession, trail: Any, look: Callable[..., Any] = break_of) -> Any:
        seen.append(str(session.pk))
        return look(session, trail)

    monkeypatch.setattr(portions, "break_of", looked)
    return seen


# --- Since the last witness --------------------------------------------------------------------------------


def test_what_a_witness_vouches_for_is_not_walked_again(
    db: None, api: APIClient, start: Start, some: list[str], walked: list[str], tmp_path: Path
) -> None:
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    whole = said(write_witness=first)
    assert walked == some
    walked.clear()
    assert said(since_witness=first, write_witness=second) == whole.replace(
        " events", " events (5 of the sessions by the witness)"
    )
    assert (walked, Path(second).read_text()) == ([], Path(first).read_text())
    # What came since, what went on, and what has another word in a column that the chain leaves out.
    new = start(student_id="s9")
    running = TestSession.objects.get(status="active", student__external_id="s0")
    rest = api.get(f"/api/test/status/{running.pk}").json()
    answer_questions(api, {"session_id": running.pk}, 1, question=rest["next_question"])
    over = next(each for each in some if each != str(running.pk))
    TestSession.objects.filter(pk=over).update(token_generation=1)
    assert "all as they were written" in said(since_witness=second)
    assert set(walked) == {new["session_id"], str(running.pk), over}


CHANGES = {
    "an answer": "UPDATE test_responses SET response_time_ms = 1 WHERE session_id = '{0}' AND position = 2",
    "an answer's last bit": "UPDATE test_responses SET theta = ARRAY[theta[1] * (1 + 2.3e-16)] "
    "WHERE session_id = '{0}' AND position = 4",
    "a missing answer": "DELETE FROM test_responses WHERE session_id = '{0}' AND position = 5",
    "an event": "UPDATE session_events SET reason = 'x' WHERE session_id = '{0}' AND kind = 'started'",
    "the session": "UPDATE test_sessions SET seed = seed + 1 WHERE id = '{0}'",
    "its head": "UPDATE test_sessions SET chain_head = set_byte(chain_head, 3, 255 - get_byte(chain_head, 3))"
    " WHERE id = '{0}'",
    "what its plan is called by": "UPDATE test_plans SET content_hash = 'x' "
    "WHERE id = (SELECT plan_id FROM test_sessions WHERE id = '{0}')",
    "what its revision is called by": "UPDATE pool_revisions SET content_hash = 'x' "
    "WHERE id = (SELECT revision_id FROM test_sessions WHERE id = '{0}')",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changed_since_is_named(
    db: None, api: APIClient, start: Start, pool: QuestionPool, change: str, tmp_path: Path
) -> None:
    started, file = start(), str(tmp_path / "witness")
    take_test(api, started)
    said(write_witness=file)
    as_superuser(change.format(started["session_id"]))
    assert f"session {started['session_id']}: " in said(since_witness=file)


def test_what_is_gone_or_broken_is_vouched_for_by_nothing(
    db: None, some: list[str], walked: list[str], tmp_path: Path, settings: LazySettings
) -> None:
    file, other = tmp_path / "witness", tmp_path / "other"
    gone, broken = some[0], some[1]
    said(write_witness=str(file))
    as_superuser(f"UPDATE test_responses SET response_time_ms = 1 WHERE session_id = '{broken}'")
    said(since_witness=str(file), write_witness=str(other))
    again = said(since_witness=str(other))  # a broken one is named every time
    assert f"session {broken}: answer 1 is not what was written" in again
    # Somebody who has the file and not the key gives the changed rows the word of others.
    words = {line.split()[0]: line.split()[3] for line in file.read_text().splitlines()}
    forged = other.read_text().replace(f"{broken} ", f"{broken} ").splitlines()
    other.write_text("\n".join(line.rsplit(" ", 1)[0] + " " + words[some[2]] for line in forged))
    assert f"session {broken}: answer 1" in said(since_witness=str(other))
    as_superuser(
        *(
            f"DELETE FROM {table} WHERE session_id = '{gone}'"
            for table in ("test_responses", "session_events", "student_proficiencies")
        ),
        f"DELETE FROM test_sessions WHERE id = '{gone}'",
    )
    assert f"session {gone}: no longer holds" in said(since_witness=str(file))
    walked.clear()
    settings.AUDIT_KEY = "another key, of which the witness knows nothing"
    assert f"session {some[2]}: " in said(since_witness=str(file))
    assert set(walked) == set(some) - {gone}


def test_lines_of_a_former_version_vouch_for_nothing(db: None, some: list[str], walked: list[str]) -> None:
    lines: list[str] = []
    verify(note=lines.append)
    former = [line.rsplit(" ", 1)[0] for line in lines]
    walked.clear()
    assert verify(Witness(reversed(former)), skips=True).breaks == []
    assert walked == some
    assert [line_of(*parsed(line)) for line in lines] == lines


# --- Cut off, and gone on with -----------------------------------------------------------------------------


class CutOff(BaseException):
    """As a signal."""


def test_a_run_that_was_cut_off_goes_on(
    db: None, some: list[str], one_each: None, walked: list[str], tmp_path: Path, monkeypatch: Any
) -> None:
    over = TestSession.objects.exclude(status="active").order_by("pk")
    cut_off(str(over[1].pk))
    progress, once, twice = tmp_path / "progress", tmp_path / "once", tmp_path / "twice"
    whole = said(write_witness=str(once))
    assert "is missing" in whole
    walked.clear()

    def cut(*args: Any, check: Callable[..., Any] = portions.check) -> Any:
        if len(walked) == 3:
            raise CutOff
        return check(*args)

    with monkeypatch.context() as patched:
        patched.setattr(verification, "check", cut)
        with pytest.raises(CutOff):
            said(resume=str(progress), write_witness=str(twice))
    assert (walked, twice.exists()) == (some[:3], False)
    with progress.open("ab") as file:
        file.write(b'{"sessions": 1, "answ')  # killed while it wrote
    walked.clear()
    assert "cannot be gone on with: it is of a run with notes True" in said(resume=str(progress))
    assert said(resume=str(progress), write_witness=str(twice)) == whole
    assert (walked, progress.exists()) == (some[3:], False)
    assert twice.read_text() == once.read_text()


def test_what_is_no_progress_is_not_written_over(db: None, tmp_path: Path) -> None:
    file = tmp_path / "letter"
    file.write_text("Dear all,\n")
    assert "it is no progress" in said(resume=str(file))
    assert file.read_text() == "Dear all,\n"


# --- Several processes -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_processes_find_the_same_though_one_is_killed(
    some: list[str], one_each: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "RANGES_EACH", 1)
    as_superuser(f"UPDATE test_responses SET answer = 3 - answer WHERE session_id = '{some[3]}'")
    alone: list[str] = []
    expected = verify(note=alone.append)
    assert [broken.where for broken in expected.breaks] == [f"session {some[3]}"]
    told: list[str] = []
    killed: list[int] = []

    def kill_one(_: int) -> None:
        """What they were at is done again."""
        if not killed:
            servers = [each for each in psutil.Process().children() if "forkserver" in str(each.cmdline())]
            for child in servers[-1].children():
                killed.append(child.pid)
                os.kill(child.pid, signal.SIGKILL)

    assert verify(note=told.append, progress=kill_one, processes=2) == expected
    assert len(killed) == 2
    assert told == alone
