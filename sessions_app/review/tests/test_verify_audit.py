"""What a superuser's SQL did shows, at the first broken link: rows changed, missing, added or swapped."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from sessions_app.administration import cleanup, supervision
from sessions_app.administration.supervision import Supervisor
from sessions_app.conftest import Start, answer_questions, browser_of, take_test
from sessions_app.models import Invitation, SessionEvent, Student, TestResponse, TestSession
from sessions_app.review.guards import TRIGGERS
from sessions_app.review.replay import replay
from sessions_app.tests.factories import make_named_test
from testing_engine.models import QuestionPool, TestPlan
from testing_engine.pools import store_passage
from testing_engine.revisions import plan_hash

GUARDED = (
    "test_responses",
    "session_events",
    "test_sessions",
    "questions",
    "pool_revisions",
    "revision_questions",
    "test_plans",
)


def as_superuser(*statements: str) -> None:
    """What somebody does who may switch the triggers off."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            cursor.execute(statement)
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def verified(**options: object) -> str:
    """What the command prints where all is well."""
    out = StringIO()
    call_command("verify_audit", stdout=out, **options)
    return out.getvalue()


def broken(**options: object) -> str:
    """What the command prints where something is not."""
    out = StringIO()
    with pytest.raises(CommandError, match="broken"):
        call_command("verify_audit", stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def finished(api: APIClient, start: Start, pool: QuestionPool) -> str:
    """A finished test of five answers, the third of them wrong."""
    started = start()
    take_test(api, started, is_right=lambda answered: answered != 2)
    return str(started["session_id"])


def test_it_finds_everything_as_it_was_written(
    api: APIClient, start: Start, finished: str, settings: LazySettings
) -> None:
    running = start(student_id="s2")
    answer_questions(api, running, 2)
    ended = start(student_id="s3")
    answer_questions(api, ended, 1)
    api.post(f"/api/test/end/{ended['session_id']}", {})
    expired = start(student_id="s4")
    assert cleanup.end_inactive(now=timezone.now() + timedelta(hours=1)) == 2
    assert TestSession.objects.get(pk=expired["session_id"]).status == "expired"
    assert verified() == "Checked 4 sessions, 8 answers, 8 events: all as they were written.\n"


CHANGES: dict[str, tuple[str, str]] = {
    "an answer's option": ("UPDATE test_responses SET answer = 3 - answer WHERE position = 3", "answer 3"),
    "an answer's score": (
        "UPDATE test_responses SET score = 1, is_correct = true WHERE position = 3",
        "answer 3",
    ),
    "an ability by its last bit": (
        "UPDATE test_responses SET theta = ARRAY[theta[1] * (1 + 2.3e-16)] WHERE position = 4",
        "answer 4",
    ),
    "a time": (
        "UPDATE test_responses SET answered_at = answered_at + '1 microsecond' WHERE position = 1",
        "answer 1",
    ),
    "a response time": ("UPDATE test_responses SET response_time_ms = 1 WHERE position = 2", "answer 2"),
    "a missing answer": ("DELETE FROM test_responses WHERE position = 2", "answer 3 is not what was written"),
    "a missing first answer": ("DELETE FROM test_responses WHERE position = 1", "answer 2 is not"),
    "a missing last answer": ("DELETE FROM test_responses WHERE position = 5", "“completed” is not"),
    "no answers at all": ("DELETE FROM test_responses", "“completed” is not"),
    "a missing start": ("DELETE FROM session_events WHERE kind = 'started'", "its start is missing"),
    "a missing end": (
        "DELETE FROM session_events WHERE kind = 'completed'",
        "came after answer 5 is missing",
    ),
    "an added answer": (
        "INSERT INTO test_responses SELECT (r).* FROM (SELECT jsonb_populate_record(r, "
        "'{\"id\": 999999, \"position\": 6}'::jsonb || jsonb_build_object('question_id', "
        "(SELECT max(id) FROM questions q WHERE q.id NOT IN (SELECT question_id FROM test_responses)))) AS r "
        "FROM test_responses r WHERE position = 5) AS made",
        "answer 6 is not what was written",
    ),
    "two answers swapped": (
        "UPDATE test_responses SET position = 1005 - position WHERE position IN (2, 3);"
        "UPDATE test_responses SET position = position - 1000 WHERE position > 1000",
        "answer 2 is not what was written",
    ),
    "the student": (
        "INSERT INTO students (external_id, name, email, grade_level, created_at) "
        "VALUES ('x', '', '', '', now());"
        "UPDATE test_sessions SET student_id = (SELECT id FROM students WHERE external_id = 'x')",
        "“started” is not what was written",
    ),
    "the seed": ("UPDATE test_sessions SET seed = seed + 1", "“started” is not what was written"),
    "the prior": ("UPDATE test_sessions SET prior_mean = '{2}'", "“started” is not what was written"),
    "the result": ("UPDATE test_sessions SET theta = '{3}'", "its row says theta"),
    "the count of right answers": ("UPDATE test_sessions SET correct_responses = 5", "correct_responses"),
    "the end's reason": ("UPDATE test_sessions SET end_reason = 'other'", "its row says end_reason"),
    "the end's time": ("UPDATE test_sessions SET completed_at = now() + '1 day'", "completed_at"),
    "the start's time": (
        "UPDATE test_sessions SET started_at = started_at - interval '1 hour'",
        "its row says started_at",
    ),
    "where it came from": ("UPDATE test_sessions SET legacy_id = 'x'", "its row says legacy_id"),
    "the status": ("UPDATE test_sessions SET status = 'ended'", "its row says status"),
    "the head": (r"UPDATE test_sessions SET chain_head = '\x00112233445566778899aabbccddeeff'", "chain_head"),
    "a question's key": (
        "UPDATE questions SET option_scores = '{0,0,0,1}' WHERE external_id = 'q1'",
        "its questions are not those",
    ),
    "a question's text": ("UPDATE questions SET content = 'Else?' WHERE external_id = 'q1'", "its questions"),
    "the rules": ("""UPDATE test_plans SET concept_names = '{"Else"}'""", "its rules or concept names"),
    "two questions with their places": (
        "CREATE TEMP TABLE kept AS SELECT * FROM questions WHERE external_id IN ('q1', 'q2');"
        "UPDATE questions SET external_id = 'x' WHERE external_id = 'q1';"
        + "".join(
            f"UPDATE questions q SET external_id = k.external_id, content = k.content, options = k.options,"
            f" option_scores = k.option_scores, concepts = k.concepts, difficulty = k.difficulty,"
            f" discrimination = k.discrimination FROM kept k WHERE k.external_id = '{other}' AND q.id ="
            f" (SELECT id FROM kept WHERE external_id = '{own}');"
            for own, other in (("q2", "q1"), ("q1", "q2"))
        )
        + "UPDATE revision_questions SET position = 1000 + position WHERE question_id IN"
        " (SELECT id FROM kept);"
        "UPDATE revision_questions r SET position = o.position - 1000 FROM revision_questions o WHERE"
        " r.position > 1000 AND o.position > 1000 AND r.id <> o.id",
        "its questions changed places",
    ),
    "a proficiency": ("UPDATE student_proficiencies SET theta = 3", "proficiency of student"),
    "a proficiency's test": (
        "UPDATE student_proficiencies SET concept_name = 'Else'",
        "is no test of the student in it",
    ),
    "a seal": (r"UPDATE pool_revisions SET seal = '\x00'", "or its seal was changed"),
    "a revision with its hash": (
        "UPDATE pool_revisions SET content_hash = repeat('0', 64)",
        "“started” is not what was written",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_names_what_was_changed(finished: str, change: str) -> None:
    statements, told = CHANGES[change]
    as_superuser(*statements.split(";"))
    assert told in broken()


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("ALTER TABLE test_responses DISABLE TRIGGER test_responses_never_change", "is switched off"),
        ("DROP TRIGGER questions_never_change ON questions", "questions_never_change: is missing"),
        (
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RETURN NEW; END $$",
            "calls refuse_change, which was changed",
        ),
        (
            "DROP TRIGGER test_plans_never_change ON test_plans; CREATE TRIGGER test_plans_never_change"
            " BEFORE UPDATE ON test_plans FOR EACH ROW EXECUTE FUNCTION refuse_test_of_erased_student()",
            "calls refuse_test_of_erased_student, not",
        ),
    ],
)
def test_it_names_a_guard_that_no_longer_guards(db: None, statement: str, told: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
    assert told in broken()


def test_it_knows_every_guard(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger JOIN pg_class r ON r.oid = tgrelid"
            " WHERE NOT tgisinternal AND r.relnamespace = current_schema()::regnamespace"
        )
        assert {name for (name,) in cursor.fetchall()} == set(TRIGGERS)


@pytest.mark.parametrize("position", ["100000", "(SELECT position FROM had)"])
def test_it_names_a_test_that_waits_where_it_cannot(
    api: APIClient, start: Start, pool: QuestionPool, position: str
) -> None:
    started = start()
    answer_questions(api, started, 1)
    had = (
        "WITH had AS (SELECT p.position FROM revision_questions p JOIN test_responses a"
        " ON a.question_id = p.question_id LIMIT 1) "
    )
    as_superuser(f"{had} UPDATE test_sessions SET current_position = {position}")
    assert "waits at no question, or at one that was answered" in broken()


def test_it_names_media_that_were_changed(db: None) -> None:
    store_passage("A text.")
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE passages SET content = 'Another.'")
        cursor.execute("SET session_replication_role = origin")
    assert "its content was changed" in broken()


def test_it_names_an_invitation_that_was_given_to_another(api: APIClient, pool: QuestionPool) -> None:
    test = make_named_test(pool)
    started = api.post("/api/test/start", {"student_id": "s1", "test": test.name}).json()
    other = Student.objects.create(external_id="s2")
    Invitation.objects.create(test=test, student=other, session_id=started["session_id"])
    assert "is another student's, or another test" in broken()


@pytest.mark.parametrize("cut", [-0.0, 1e-7, 0.1 + 0.2, 20.0])
def test_it_finds_rules_as_they_were_whatever_their_numbers(
    api: APIClient, pool: QuestionPool, cut: float
) -> None:
    stop = [{"name": "classification", "cuts": sorted([cut, 0.5])}]
    body = {"student_id": "s1", "rules": {"max_questions": 5, "stop": stop}}
    reply = api.post("/api/test/start", body)
    assert reply.status_code == 200, reply.json()
    answer_questions(api, reply.json(), 1)
    assert "all as they were written" in verified()


@pytest.mark.parametrize("spelt", [{"cuts": [-0.0, 0.0, 1e308]}, {"a": [{"b": -0.0}], "c": 1e16}])
def test_it_still_holds_for_rules_that_were_hashed_as_they_were_spelt(
    db: None, spelt: dict[str, object]
) -> None:
    plan = TestPlan.objects.create(
        content_hash=plan_hash(spelt, ["Math"]), rules=spelt, concept_names=["Math"]
    )
    plan.refresh_from_db()
    assert plan_hash(plan.rules, plan.concept_names) != plan.content_hash
    assert "all as they were written" in verified()


@pytest.fixture(params=["started", "extended", "resumed", "ended"])
def timed(api: APIClient, pool: QuestionPool, request: pytest.FixtureRequest) -> TestSession:
    """A session of a named test with a time limit, whose newest event is this."""
    make_named_test(pool, "other")
    make_named_test(pool, time_limit_minutes=300)
    started = api.post("/api/test/start", {"student_id": "s1", "test": "algebra"}).json()
    answer_questions(api, started, 2)
    session = TestSession.objects.get()
    if request.param == "extended":
        supervision.one(supervision.extend([session.pk], 10, Supervisor(), now=timezone.now()))
    elif request.param == "resumed":
        cleanup.end_inactive(15, now=timezone.now() + timedelta(hours=1))
        supervision.one(supervision.resume([session.pk], Supervisor(), now=timezone.now()))
    elif request.param == "ended":
        supervision.one(supervision.end([session.pk], Supervisor(), now=timezone.now()))
    last = SessionEvent.objects.order_by("pk").last()
    assert last is not None
    assert last.kind == request.param
    assert "all as they were written" in verified()
    assert replay(session.pk).is_identical
    return session


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("deadline = deadline + interval '1 minute'", "its row says deadline"),
        ("deadline = NULL", "its row says deadline None"),
        ("named_test_id = (SELECT id FROM named_tests WHERE name = 'other')", "“started” is not what was"),
        ("named_test_id = NULL", "“started” is not what was written"),
    ],
)
def test_it_names_another_deadline_and_another_named_test(timed: TestSession, change: str, told: str) -> None:
    as_superuser(f"UPDATE test_sessions SET {change}")  # written above
    assert told in broken()


@pytest.mark.parametrize(
    "change",
    [
        "paused_at = NULL, paused_until = NULL",
        "paused_until = paused_until + interval '1 hour'",
        "paused_at = paused_at + interval '1 second'",
    ],
)
def test_it_names_another_pause(api: APIClient, pool: QuestionPool, change: str) -> None:
    rules = {"max_questions": 5, "pauses": {"times": 1, "minutes": 5}}
    started = api.post("/api/test/start", {"student_id": "s1", "rules": rules}).json()
    assert browser_of(started).post(f"/api/v1/test/{started['session_id']}/pause", {}).status_code == 200
    assert "all as they were written" in verified()
    as_superuser(f"UPDATE test_sessions SET {change}")  # written above
    assert "its row says paused_at" in broken()


@pytest.mark.parametrize("change", ["deadline = now()", "named_test_id = (SELECT id FROM named_tests)"])
def test_it_names_a_deadline_and_a_named_test_where_there_were_none(
    finished: str, pool: QuestionPool, change: str
) -> None:
    make_named_test(pool)
    as_superuser(f"UPDATE test_sessions SET {change}")  # written above
    assert f"session {finished}" in broken()


def test_it_names_an_answer_that_moved_to_another_session(
    api: APIClient, start: Start, finished: str
) -> None:
    other = start(student_id="s2")["session_id"]
    as_superuser(f"UPDATE test_responses SET session_id = '{other}' WHERE position = 1")
    told = broken()
    assert f"session {other}: answer 1 is not what was written" in told
    assert f"session {finished}: answer 2 is not what was written" in told


def cut_off(session_id: str) -> None:
    """The last answer goes, with all its traces, as somebody does who knows the tables well."""
    as_superuser(
        f"DELETE FROM session_events WHERE session_id = '{session_id}' AND kind = 'completed'",
        f"DELETE FROM test_responses WHERE session_id = '{session_id}' AND position = 5",
        f"""UPDATE test_sessions SET (questions_answered, correct_responses, theta, standard_error) =
            (SELECT 4, 3, theta, standard_error FROM test_responses r WHERE r.session_id = test_sessions.id
             AND position = 4), status = 'active', completed_at = NULL, end_reason = '', current_position = 0
            WHERE id = '{session_id}'""",
        # The link of the last answer that stays is there to be read; the head cannot be made from it.
        f"""UPDATE test_sessions SET chain_head = (SELECT link FROM test_responses r
            WHERE r.session_id = test_sessions.id AND position = 4) WHERE id = '{session_id}'""",
    )


def test_it_names_a_trail_that_was_cut_off_and_made_to_fit(finished: str) -> None:
    cut_off(finished)
    assert "what came after answer 4 is missing" in broken()


def test_a_witness_shows_a_session_that_is_gone(
    api: APIClient, start: Start, finished: str, tmp_path: Path
) -> None:
    file = tmp_path / "witness"
    running = start(student_id="s2")
    verified(write_witness=str(file))
    answer_questions(api, running, 1)  # a session may go on
    assert "all as they were written" in verified(witness=str(file))
    as_superuser(
        f"UPDATE student_proficiencies SET session_id = NULL WHERE session_id = '{finished}'",
        f"DELETE FROM test_responses WHERE session_id = '{finished}'",
        f"DELETE FROM session_events WHERE session_id = '{finished}'",
        f"DELETE FROM test_sessions WHERE id = '{finished}'",
    )
    get_redis_connection("default").flushdb()
    assert "all as they were written" in verified()  # without a witness, and Redis, nothing tells
    assert f"session {finished}: no longer holds the 7 entries" in broken(witness=str(file))


def test_it_says_which_line_of_a_witness_is_none(db: None, tmp_path: Path) -> None:
    file = tmp_path / "witness"
    file.write_text("nonsense\n")
    with pytest.raises(CommandError, match="Line 1"):
        call_command("verify_audit", witness=str(file))


def test_it_names_rows_whose_session_is_gone(finished: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET session_replication_role = replica")  # no foreign keys, no triggers
        cursor.execute("DELETE FROM test_sessions")
        cursor.execute("SET session_replication_role = origin")
    assert f"session {finished}: is missing" in broken()
    as_superuser(
        "DELETE FROM test_responses", "DELETE FROM session_events", "DELETE FROM student_proficiencies"
    )


def test_an_entry_made_with_another_key_does_not_hold(finished: str, settings: LazySettings) -> None:
    settings.AUDIT_KEY = "somebody's"
    assert "“started” is not what was written" in broken()


def test_a_former_key_still_holds(
    api: APIClient, start: Start, pool: QuestionPool, settings: LazySettings
) -> None:
    started = start()
    answer_questions(api, started, 2)
    settings.AUDIT_KEY, settings.AUDIT_KEY_FALLBACKS = "a new key", [settings.AUDIT_KEY]
    rest = api.get(f"/api/test/status/{started['session_id']}").json()
    answer_questions(api, started, 3, question=rest["next_question"])
    assert "1 sessions, 5 answers, 2 events: all" in verified()


def test_a_state_of_another_past_records_nothing(
    api: APIClient, start: Start, pool: QuestionPool, redis_holds: Callable[..., None]
) -> None:
    """After a restore PostgreSQL may be at the same answer as Redis, but of another past."""
    started = start()
    reply = answer_questions(api, started, 1)
    redis_holds(started["session_id"], chain_head=b"of another past!")
    answer_questions(api, started, 1, question=reply["next_question"])
    assert TestResponse.objects.count() == 2
    assert "all as they were written" in verified()


def test_every_way_to_the_end_leaves_its_event(api: APIClient, start: Start, finished: str) -> None:
    session = TestSession.objects.get(pk=finished)
    kinds = [(event.kind, event.after_answers) for event in session.events.all()]
    assert kinds == [(SessionEvent.Kind.STARTED, 0), (SessionEvent.Kind.COMPLETED, 5)]
