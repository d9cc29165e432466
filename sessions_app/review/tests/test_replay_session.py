"""manage.py replay_session."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from rest_framework.test import APIClient

from sessions_app.conftest import Start, answer_questions, submit, take_test
from sessions_app.models import TestSession
from testing_engine.models import QuestionPool


def run(*args: str) -> tuple[str, int, str]:
    """What it printed, its exit code, and what it complained of."""
    out = StringIO()
    try:
        call_command("replay_session", *args, stdout=out)
    except CommandError as error:
        return out.getvalue(), error.returncode, str(error)
    return out.getvalue(), 0, ""


@pytest.fixture
def session_id(api: APIClient, start: Start, pool: QuestionPool) -> str:
    """A completed test."""
    started = start()
    take_test(api, started)
    return str(started["session_id"])


def test_it_says_identical(session_id: str) -> None:
    assert run(session_id) == (f"{session_id} is identical: 6 steps\n", 0, "")


def test_it_says_where_it_differs(api: APIClient, start: Start, session_id: str) -> None:
    started = start(student_id="s2")
    answer_questions(api, started, 2)
    TestSession.objects.filter(pk=started["session_id"]).update(correct_responses=1)
    told, code, complaint = run(started["session_id"])
    assert told.splitlines() == [
        f"{started['session_id']} is different in 1 place",
        "  session, correct_responses",
        "    stored      1",
        "    recomputed  2",
    ]
    assert (code, complaint) == (1, f"{started['session_id']} is different in 1 place.")
    told, code, complaint = run("--all")
    assert session_id not in told
    assert "session, correct_responses" in told
    assert (code, complaint) == (1, "Replayed 2 sessions: 1 identical, 1 different.")


def test_it_says_from_where_it_could_compute_nothing(session_id: str, start: Start) -> None:
    started: dict[str, Any] = start(student_id="s2")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE test_sessions SET prior_sd = '{0}' WHERE id = %s", [started["session_id"]])
    told, code, _ = run(started["session_id"])
    assert code == 1
    assert told.endswith("  Nothing could be recomputed.\n")


def test_it_explains(api: APIClient, start: Start, pool: QuestionPool) -> None:
    exposure = {"name": "item_eligibility", "probabilities": [[0.0] * 20 + [1.0] * 20]}
    started = start(end_criteria=None, rules={"max_questions": 1, "eligibility": [exposure]})
    first = started["next_question"]["id"]
    submit(api, started, first, None)
    told, code, _ = run(started["session_id"], "--explain")
    assert code == 0
    assert "  At the start. θ 0.000 ± 1.000" in told
    assert f"     Next: {first}, chosen by the rule “best”. Best by MFI:" in told
    assert told.count("  <- chosen") == 1
    assert "closed by item_eligibility" in told
    assert f"  1. {first}: I don't know, score 0. θ −" in told
    assert told.endswith("     Stop: length\n")


def test_it_goes_over_all_sessions(session_id: str, start: Start) -> None:
    start(student_id="s2"), start(student_id="s3")
    TestSession.objects.filter(student__external_id="s3").update(legacy_id="17")
    told = "Replayed 2 sessions: 2 identical, 0 different. 1 imported ones cannot be replayed.\n"
    assert run("--all") == (told, 0, "")


def test_it_does_not_take_an_imported_session_for_identical(start: Start, pool: QuestionPool) -> None:
    started = start()
    TestSession.objects.update(legacy_id="17")
    told, code, _ = run(started["session_id"])
    assert "not replayable" in told
    assert code == 2


@pytest.mark.parametrize("session", ["nothing", "00000000-0000-0000-0000-000000000000"])
def test_it_knows_no_such_session(db: None, session: str) -> None:
    assert run(session) == ("", 1, f"There is no session {session}.")


@pytest.mark.parametrize("arguments", [[], ["00000000-0000-0000-0000-000000000000", "--all"]])
def test_it_wants_one_session_or_all(db: None, arguments: list[str]) -> None:
    assert run(*arguments)[1] == 1
