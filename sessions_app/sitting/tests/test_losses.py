"""Accepted answers that PostgreSQL has lost are counted and named, and nothing else is."""

import logging
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.utils import DatabaseError
from django.utils import timezone
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from adaptive.metrics import exposition
from sessions_app.administration import privacy, supervision
from sessions_app.administration.supervision import Supervisor
from sessions_app.conftest import Start, answer_questions, browser_of, submit, take_test
from sessions_app.models import LostAnswers, TestSession
from sessions_app.review.verification import verify
from sessions_app.sitting import hot_state, losses
from sessions_app.tasks import look_for_lost_answers
from sessions_app.tests.factories import make_named_test
from testing_engine.models import QuestionPool

pytestmark = pytest.mark.django_db


def row_of(started: dict[str, Any]) -> dict[str, Any]:
    return dict(TestSession.objects.values().get(pk=started["session_id"]))


def set_back(row: dict[str, Any]) -> None:
    """As a standby that had received no more than this of the session."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # no triggers
        answers = [row["id"], row["questions_answered"]]
        cursor.execute("DELETE FROM test_responses WHERE session_id = %s AND position > %s", answers)
        cursor.execute(
            "DELETE FROM session_events WHERE session_id = %s AND kind <> 'started' AND after_answers > %s",
            answers,
        )
        TestSession.objects.filter(pk=row["id"]).update(**{k: v for k, v in row.items() if k != "id"})
        cursor.execute("SET session_replication_role = DEFAULT")


def noted() -> list[tuple[str, int, int, bool]]:
    return [
        (str(lost.session_id), lost.accepted, lost.stored, lost.is_session_lost)
        for lost in LostAnswers.objects.order_by("pk")
    ]


@pytest.fixture
def behind(start: Start, pool: QuestionPool) -> dict[str, Any]:
    """A test of which three answers were accepted and one is there; with its last reply."""
    started = start()
    browser = browser_of(started)
    first = answer_questions(browser, started, 1)
    row = row_of(started)
    last = answer_questions(browser, started, 2, question=first["next_question"])
    set_back(row)
    return {**started, "first": first, "last": last}


def test_the_next_answer_finds_them(behind: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    browser, question_id = browser_of(behind), behind["last"]["next_question"]["id"]
    for _ in range(2):
        refused = submit(browser, behind, question_id, 0)
        assert (refused.status_code, refused.json()["code"]) == (409, "not_the_current_question")
    assert noted() == [(behind["session_id"], 3, 1, False)]
    (lost,) = LostAnswers.objects.all()
    assert len(lost.questions) == 2
    (line,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "2 of 3 answers" in line.getMessage()
    assert behind["session_id"] in line.getMessage()
    text = exposition().decode()
    assert "adaptive_lost_answers 2.0" in text
    assert "adaptive_lost_answers_last_timestamp_seconds 1." in text
    assert f"session {behind['session_id']}" in [broken.where for broken in verify().breaks]
    # The student goes on where the rows are.
    assert refused.json()["current_question_id"] == behind["first"]["next_question"]["id"]
    answer_questions(browser, behind, 4, question=behind["first"]["next_question"])
    assert len(noted()) == 1


def test_a_look_at_the_status_finds_them(behind: dict[str, Any], api: APIClient) -> None:
    shown = api.get(f"/api/test/status/{behind['session_id']}").json()
    assert shown["questions_answered"] == 1
    assert noted() == [(behind["session_id"], 3, 1, False)]


def test_the_end_finds_them(behind: dict[str, Any], api: APIClient) -> None:
    assert api.post(f"/api/test/end/{behind['session_id']}").json()["total_questions"] == 1
    assert noted() == [(behind["session_id"], 3, 1, False)]


def test_after_a_failover_all_tests_are_looked_at_once(behind: dict[str, Any]) -> None:
    look_for_lost_answers()  # of a PostgreSQL that nobody has seen: nobody comes back to the test
    assert noted() == [(behind["session_id"], 3, 1, False)]
    assert losses.look_after_failover() is None
    hot_state.note_timeline("00000000")  # as before the failover
    assert losses.look_after_failover() == 0  # they are known
    assert len(noted()) == 1


def test_the_last_answer_of_a_test_is_remembered(start: Start, pool: QuestionPool, api: APIClient) -> None:
    started = start()
    reply = answer_questions(api, started, 4)
    row = row_of(started)
    assert answer_questions(api, started, 1, question=reply["next_question"])["status"] == "completed"
    assert losses.look_at_all() == 0
    assert 0 < get_redis_connection("default").ttl(hot_state.over_key(UUID(started["session_id"]))) <= 600
    set_back(row)
    assert losses.look_at_all() == 1
    assert noted() == [(started["session_id"], 5, 4, False)]


def test_a_session_may_be_gone_as_a_whole(start: Start, pool: QuestionPool, api: APIClient) -> None:
    started = start()
    answer_questions(api, started, 2)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for table, column in (
            ("student_proficiencies", "session_id"),
            ("test_responses", "session_id"),
            ("session_events", "session_id"),
            ("test_sessions", "id"),
        ):
            cursor.execute(f"DELETE FROM {table} WHERE {column} = %s", [started["session_id"]])
        cursor.execute("SET session_replication_role = DEFAULT")
    assert submit(api, started, "q0", 0).status_code == 404
    assert noted() == [(started["session_id"], 2, 0, True)]


def test_verify_audit_compares_what_redis_knows(
    behind: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError, match="broken"):
        call_command("verify_audit")
    assert (
        f"session {behind['session_id']}: 2 of 3 answers that were accepted are lost"
        in capsys.readouterr().out
    )


def test_nothing_is_named_that_is_there(start: Start, pool: QuestionPool, api: APIClient) -> None:
    started = start()
    redis, key = get_redis_connection("default"), hot_state.state_key(UUID(started["session_id"]))
    reply = answer_questions(api, started, 2)
    older = redis.get(key)
    answer_questions(api, started, 1, question=reply["next_question"])
    redis.set(key, older)  # a Valkey that came back with what it had saved
    assert losses.look_at_all() == 0
    assert submit(api, started, reply["next_question"]["id"], 0).json()["code"] == "already_submitted"
    timed = start(test=make_named_test(pool, time_limit_minutes=30).name, end_criteria=None, student_id="s2")
    state = redis.get(hot_state.state_key(UUID(timed["session_id"])))
    teacher = Supervisor(User.objects.create_user("teacher").pk)
    supervision.extend([UUID(timed["session_id"])], 5, teacher, now=timezone.now())
    redis.set(hot_state.state_key(UUID(timed["session_id"])), state)  # its head is the chain's no more
    take_test(api, start(student_id="s3"))
    assert losses.look_at_all() == 0
    assert not noted()


def test_an_erased_student_leaves_nothing_in_redis(start: Start, pool: QuestionPool, api: APIClient) -> None:
    take_test(api, start(student_id="s9"))
    assert get_redis_connection("default").keys("over:*")
    privacy.erase_student("s9", now=timezone.now())
    assert not get_redis_connection("default").keys("over:*")


def test_what_is_noted_stays(behind: dict[str, Any]) -> None:
    losses.look_at_all()
    with pytest.raises(DatabaseError, match="lost_answers"):
        LostAnswers.objects.all().delete()
