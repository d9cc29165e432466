"""What the database itself refuses, whoever asks and however."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, DataError, IntegrityError, connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.conftest import Start, answer_questions
from sessions_app.models import Student, StudentProficiency, TestResponse, TestSession
from sessions_app.tests.factories import StudentFactory, make_pool
from testing_engine import publication
from testing_engine.models import PoolRevision, Question, QuestionPool, RevisionQuestion, TestPlan

FROZEN = {
    TestResponse: "score",
    Question: "difficulty",
    PoolRevision: "question_count",
    RevisionQuestion: "position",
    TestPlan: "content_hash",
}


@pytest.fixture
def session(api: APIClient, start: Start, pool: QuestionPool) -> TestSession:
    """A running test with two answers."""
    answer_questions(api, start(), 2)
    return TestSession.objects.get()


def refused(action: Callable[[], Any]) -> str:
    """The database's message."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        action()
    return str(caught.value)


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize(("model", "column"), FROZEN.items())
def test_it_refuses_to_change_a_frozen_row(model: Any, column: str) -> None:
    value: Any = "x" if column == "content_hash" else 0
    message = refused(lambda: model.objects.update(**{column: value}))
    assert f"rows of {model._meta.db_table} never change: UPDATE refused" in message


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("model", FROZEN)
def test_it_refuses_to_delete_a_frozen_row(model: Any) -> None:
    table = model._meta.db_table
    with connection.cursor() as cursor:
        message = refused(lambda: cursor.execute(f"DELETE FROM {table}"))  # a table of ours
    assert f"rows of {table} never change: DELETE refused" in message


@pytest.mark.parametrize("model", FROZEN)
def test_it_refuses_to_empty_a_frozen_table(db: None, model: Any) -> None:
    """The trigger is off while tests run, since their clean-up truncates: it must exist."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal",
            [model._meta.db_table],
        )
        triggers = {name for (name,) in cursor.fetchall()}
    assert triggers >= {f"{model._meta.db_table}_never_change", f"{model._meta.db_table}_never_emptied"}


@pytest.mark.parametrize("status", ["completed", "ended"])
def test_it_refuses_to_change_a_test_that_is_over(session: TestSession, status: str) -> None:
    now = timezone.now()
    TestSession.objects.update(status=status, current_position=None, completed_at=now)
    assert "UPDATE refused" in refused(lambda: TestSession.objects.update(theta=[3.0]))
    assert "UPDATE refused" in refused(
        lambda: TestSession.objects.update(status="active", current_position=0, completed_at=None)
    )


def test_it_refuses_to_delete_a_session(session: TestSession) -> None:
    with connection.cursor() as cursor:
        message = refused(lambda: cursor.execute("DELETE FROM test_sessions"))
    assert "DELETE refused" in message


def copy_of_response(session: TestSession, **changes: Any) -> TestResponse:
    response = session.responses.first()
    assert response is not None
    response.pk = None
    response.position = 3
    response.question = Question.objects.exclude(responses__session=session)[0]
    for name, value in changes.items():
        setattr(response, name, value)
    return response


def test_it_takes_the_copy_that_the_next_tests_change(session: TestSession) -> None:
    copy_of_response(session).save(force_insert=True)
    assert TestResponse.objects.count() == 3


def test_it_refuses_two_answers_to_one_question(session: TestSession) -> None:
    question = Question.objects.filter(responses__session=session)[0]
    message = refused(lambda: copy_of_response(session, question=question).save(force_insert=True))
    assert "response_question_once" in message


def test_it_refuses_two_answers_at_one_position(session: TestSession) -> None:
    message = refused(lambda: copy_of_response(session, position=2).save(force_insert=True))
    assert "response_position_once" in message


def test_it_refuses_two_answers_with_one_key(session: TestSession) -> None:
    copy_of_response(session, idempotency_key="k").save(force_insert=True)
    message = refused(
        lambda: copy_of_response(session, position=4, idempotency_key="k").save(force_insert=True)
    )
    assert "response_idempotency_key_once" in message


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"position": 0}, "response_position_from_one"),
        ({"score": -2}, "response_score"),
        ({"session_id": uuid.UUID(int=1)}, "session_id"),
        ({"question_id": 10**9}, "question_id"),
    ],
)
def test_it_refuses_an_answer_out_of_range(
    session: TestSession, changes: dict[str, Any], constraint: str
) -> None:
    def insert() -> None:
        copy_of_response(session, **changes).save(force_insert=True)
        connection.check_constraints()

    assert constraint in refused(insert)


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        (
            {"status": "paused", "completed_at": timezone.now(), "current_position": None},
            "session_status",
        ),
        ({"status": "completed"}, "session_active_or_closed"),
        ({"completed_at": timezone.now()}, "session_active_or_closed"),
        ({"current_position": None}, "session_active_or_closed"),
        ({"correct_responses": 3}, "session_counts"),
        ({"questions_answered": -1}, "check"),
        ({"theta": [0.0, 0.0]}, "session_one_ability_a_concept"),
        ({"standard_error": []}, "session_one_ability_a_concept"),
        ({"prior_sd": []}, "never change"),
        ({"seed": 1}, "never change"),
        ({"client_id": None}, "never change"),
        ({"started_at": timezone.now()}, "never change"),
    ],
)
def test_it_refuses_a_session_that_contradicts_itself(
    session: TestSession, changes: dict[str, Any], constraint: str
) -> None:
    assert constraint in refused(lambda: TestSession.objects.update(**changes))


def test_it_refuses_two_proficiencies_of_one_concept(session: TestSession) -> None:
    row = StudentProficiency.objects.get()
    row.pk = None
    assert "proficiency_once_a_scale_and_concept" in refused(lambda: row.save(force_insert=True))


@pytest.mark.parametrize("error", [0.0, -1.0])
def test_it_refuses_a_standard_error_that_is_none(session: TestSession, error: float) -> None:
    assert "proficiency_error_positive" in refused(
        lambda: StudentProficiency.objects.update(standard_error=error)
    )


def test_it_refuses_two_students_of_one_id(db: None) -> None:
    StudentFactory.create(external_id="anna")
    assert "student_once" in refused(lambda: StudentFactory.create(external_id="anna"))


def test_it_refuses_two_starts_with_one_key(start: Start, pool: QuestionPool) -> None:
    start(key="k1"), start(key="k2")
    assert "session_start_once" in refused(lambda: TestSession.objects.update(idempotency_key="k1"))


def test_it_keeps_the_rows_that_others_refer_to(session: TestSession) -> None:
    """Foreign keys are the database's own, not only Django's."""
    with connection.cursor() as cursor:
        for table in ("students", "question_pools", "auth_user"):

            def delete(table: str = table) -> None:
                cursor.execute(f"DELETE FROM {table}")  # a table of ours
                connection.check_constraints()

            assert "foreign key" in refused(delete)


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"option_scores": [1]}, "question_scores_every_option"),
        ({"options": ["a"], "option_scores": [1]}, "question_scores_every_option"),
        ({"discrimination": 0.0}, "question_discriminates"),
        ({"guessing": -0.1}, "question_asymptotes_in_order"),
        ({"guessing": 0.5, "upper_asymptote": 0.5}, "question_asymptotes_in_order"),
        ({"upper_asymptote": 1.1}, "question_asymptotes_in_order"),
        ({"version": 1}, "question_version_once"),
    ],
)
def test_it_refuses_a_question_that_cannot_be(
    pool: QuestionPool, changes: dict[str, Any], constraint: str
) -> None:
    question = Question.objects.filter(pool=pool)[0]
    question.pk, question.version = None, 2
    for name, value in changes.items():
        setattr(question, name, value)
    assert constraint in refused(lambda: question.save(force_insert=True))


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"concept_count": 0, "concept_names": []}, "pool_measures_a_concept"),
        ({"concept_names": ["A", "B"]}, "pool_names_every_concept_or_none"),
    ],
)
def test_it_refuses_a_pool_that_cannot_be(
    pool: QuestionPool, changes: dict[str, Any], constraint: str
) -> None:
    assert constraint in refused(lambda: QuestionPool.objects.update(**changes))


def test_it_refuses_two_plans_of_one_content(start: Start, pool: QuestionPool) -> None:
    start()
    plan = TestPlan.objects.get()
    plan.pk = None
    assert "plan_content_once" in refused(lambda: plan.save(force_insert=True))


def test_it_rolls_back_a_pool_whole(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    no_room = "COPY revision_questions (revision_id) FROM STDIN (FORMAT BINARY)"  # for the last rows
    monkeypatch.setattr(publication, "_PLACES", no_room)
    with pytest.raises(DataError):
        make_pool()
    assert not QuestionPool.objects.exists()
    assert not Question.objects.exists()


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("test_sessions", "(activity_mark) WHERE"),
        ("test_sessions", "(student_id, started_at DESC)"),
        ("test_sessions", "(started_at DESC, id)"),
        ("test_responses", '(session_id, "position")'),
        ("test_responses", "(session_id, question_id)"),
        ("student_proficiencies", "(student_id, scale_id, concept_name)"),
    ],
)
def test_it_has_an_index_for_each_query(db: None, table: str, columns: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = %s", [table])
        assert any(columns in definition for (definition,) in cursor.fetchall())


def test_an_answer_changes_no_index_of_its_session(api: APIClient, start: Start, pool: QuestionPool) -> None:
    def updates() -> tuple[int, int]:
        """Of the table's rows, and those of them that no index heard of; earlier ones may count in both."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables "
                "WHERE relname = 'test_sessions'"
            )
            found: tuple[int, int] = cursor.fetchone()
        return found

    started = start()
    before = updates()
    answer_questions(api, started, 3)  # of 5: the end of a test changes some
    after = updates()
    assert (after[0] - before[0], after[1] - before[1]) == (3, 3)


def test_it_has_no_student_left_after_a_refused_start(api: APIClient, pool: QuestionPool) -> None:
    api.post("/api/test/start", {"student_id": "s1", "concept_names": ["A", "B", "C"]})
    assert not Student.objects.exists()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("column", ["theta", "standard_error", "prior_mean", "prior_sd"])
def test_it_stores_no_ability_that_is_no_number(
    pool: QuestionPool, start: Start, column: str, number: str
) -> None:
    start()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no triggers, yet all constraints
    with pytest.raises(IntegrityError, match="finite"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE test_sessions SET {column} = %s::float8[]", [f"{{{number}}}"])


@pytest.mark.parametrize("nothing", ["question_id", "revision_id"])
def test_it_refuses_a_place_of_what_is_not_there(pool: QuestionPool, nothing: str) -> None:
    place = RevisionQuestion.objects.filter(revision_id=pool.current_revision_id).first()
    assert place is not None
    ids = {"question_id": place.question_id, "revision_id": place.revision_id, nothing: 999_999_999}
    message = refused(lambda: RevisionQuestion.objects.create(position=5_000, **ids))
    assert "name a question or a revision that is not there" in message
