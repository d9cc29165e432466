"""Accepted answers that PostgreSQL has lost are counted and named, and nothing else is."""

import logging
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.test import Client
from django.utils import timezone
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from adaptive.metrics import exposition
from sessions_app.administration import privacy, supervision
from sessions_app.administration.supervision import Supervisor
from sessions_app.conftest import Start, answer_questions, browser_of, submit, take_test
from sessions_app.models import LossAcknowledgement, LostAnswers, TestSession
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


def acknowledged(loss: dict[str, Any], **options: str) -> str:
    out = StringIO()
    call_command("acknowledge_losses", loss["session_id"], stdout=out, **options)
    return out.getvalue()


def test_an_acknowledged_loss_is_named_and_fails_nothing(
    behind: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    losses.look_at_all()
    User.objects.create_user("head")
    assert acknowledged(behind, by="head", reason="The class takes it again.") == "Acknowledged 1.\n"
    assert acknowledged(behind, by="head", reason="Another reason.") == "Acknowledged 0; 1 were before.\n"
    call_command("verify_audit")
    told = capsys.readouterr().out
    assert "2 of 3 answers that were accepted are lost" in told
    assert "acknowledged by head" in told
    assert "The class takes it again." in told
    assert told.endswith("all as they were written, but for 1 acknowledged.\n")
    with pytest.raises(DatabaseError, match="loss_acknowledgements"), transaction.atomic():
        LossAcknowledgement.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE loss_acknowledgements SET reason = 'as I like'")
        cursor.execute("SET session_replication_role = DEFAULT")
    (broken,) = verify().breaks
    assert "its acknowledgement is not what somebody said" in broken.what


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"by": "head"}, "--reason"),
        ({"by": "head", "reason": " "}, "Give a reason"),
        ({"by": "nobody", "reason": "x"}, "no active account 'nobody'"),
    ],
)
def test_nobody_acknowledges_without_a_name_and_a_reason(
    behind: dict[str, Any], options: dict[str, str], why: str
) -> None:
    losses.look_at_all()
    User.objects.create_user("head")
    with pytest.raises(CommandError, match=why):
        acknowledged(behind, **options)
    assert not LossAcknowledgement.objects.exists()


def test_losses_are_acknowledged_in_the_admin(behind: dict[str, Any], client: Client) -> None:
    losses.look_at_all()
    (lost,) = LostAnswers.objects.all()
    address = f"/admin/sessions_app/lostanswers/{lost.pk}/"
    said = {"reason": "Told the school.", "_form_submitted": "on"}
    looks = User.objects.create_user("looks", is_staff=True)
    looks.user_permissions.set(Permission.objects.filter(codename="view_lostanswers"))
    client.force_login(looks)
    assert client.post(f"{address}acknowledge/", said).status_code == 403
    client.force_login(User.objects.create_superuser("root"))
    assert (
        client.get("/admin/sessions_app/lostanswers/?acknowledged=no").content.count(b"Told the school.") == 0
    )
    assert client.post(f"{address}acknowledge/", said).status_code == 302
    assert LossAcknowledgement.objects.get().by.username == "root"
    assert LogEntry.objects.get().change_message == "Acknowledged: Told the school."
    page = client.get(f"{address}change/").content.decode()
    assert "Told the school." in page
    assert verify().breaks == []
