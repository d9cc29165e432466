"""manage.py import_legacy: the move from the original service."""

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from sessions_app.administration.privacy import erase_student
from sessions_app.legacy import sessions as legacy_sessions
from sessions_app.legacy.export import Export
from sessions_app.legacy.importing import run
from sessions_app.legacy.pools import ConceptNames
from sessions_app.legacy.report import TABLES
from sessions_app.models import Student, StudentProficiency, TestResponse, TestSession
from sessions_app.review.replay import replay
from sessions_app.review.verification import verify
from sessions_app.sitting.proficiency import proficiencies_of, theta_of
from testing_engine.models import Question, QuestionPool
from testing_engine.revisions import load_plan, load_revision

Tables = dict[str, list[dict[str, Any]]]
POOL = "5b1c7d62-0f6e-4a55-8d0a-3f1f4d0c9a11"
SESSION = "0d9f2c4e-7a31-4c8e-9f52-6b1e8a7d3c20"
WRONG = 1  # an option of every question that is not right


def exported() -> Tables:
    """A small, clean export: 2 students, 3 questions about 2 concepts, 2 tests."""
    questions = [
        {
            "id": f"q{i}",
            "pool_id": POOL,
            "content": f"Question {i}?",
            "options": [f"right {i}", f"wrong {i}", f"worse {i}"],
            "correct_answer": f"right {i}",
            "concepts": [1, i % 2],
            "difficulty": 0.5 * i,
            "discrimination": 1.2,
            "guessing": 0.1,
            "created_at": "2025-01-05T08:00:00Z",
        }
        for i in range(3)
    ]
    responses = [
        response("r0", "s1", SESSION, "q0", 1, "2025-03-01T10:01:00", proficiency_after=[0.6, 0.5]),
        response("r1", "s1", SESSION, "q1", 0, "2025-03-01T10:02:00", proficiency_after=[0.55, 0.45]),
        response("r2", "s2", "t-2", "q2", 1, "2025-03-02T10:01:00"),
    ]
    sessions: list[dict[str, Any]] = [
        {
            "id": SESSION,
            "student_id": "s1",
            "question_pool_id": POOL,
            "status": "completed",
            "initial_proficiency": [0.5, 0.5],
            "final_proficiency": [0.55, 0.45],
            "total_questions": 2,
            "correct_responses": 1,
            "accuracy": 0.5,
            "started_at": "2025-03-01T10:00:00",
            "completed_at": "2025-03-01T10:02:00",
        },
        {
            "id": "t-2",
            "student_id": "s2",
            "question_pool_id": POOL,
            "status": "active",
            "initial_proficiency": [0.4, 0.7],
            "final_proficiency": None,
            "total_questions": 1,
            "correct_responses": 1,
            "started_at": "2025-03-02T10:00:00",
            "completed_at": None,
            "last_activity": "2025-03-02T10:05:00+02:00",
        },
    ]
    return {
        "students": [
            {"id": "s1", "name": "Ann", "email": "ann@example.org", "grade_level": 7},
            {"id": "s2", "name": None},
        ],
        "questions": questions,
        "test_sessions": sessions,
        "test_responses": responses,
        "student_proficiencies": [
            proficiency("p0", "s1", "Math", 0.55, "2025-03-01T10:02:00", confidence=0.75)
        ],
    }


def response(
    id: str, student: str, session: str, question: str, given: Any, at: str, **more: Any
) -> dict[str, Any]:
    return {
        "id": id,
        "student_id": student,
        "session_id": session,
        "question_id": question,
        "response": given,
        "is_correct": bool(given),
        "response_time_ms": 900,
        "timestamp": at,
        **more,
    }


def proficiency(id: str, student: str, concept: str, value: Any, at: str, **more: Any) -> dict[str, Any]:
    return {
        "id": id,
        "student_id": student,
        "concept_name": concept,
        "proficiency_value": value,
        "updated_at": at,
        **more,
    }


@pytest.fixture
def migrate(db: None, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Write the tables to a folder and run the command over it; returns its report and what it printed."""

    def migrate(tables: Tables, *arguments: str) -> dict[str, Any]:
        for name in TABLES:
            (tmp_path / f"{name}.json").unlink(missing_ok=True)
        for name, rows in tables.items():
            (tmp_path / f"{name}.json").write_text(json.dumps(rows))
        printed = StringIO()
        call_command(
            "import_legacy", str(tmp_path), "--report", str(tmp_path / "out.json"), *arguments, stdout=printed
        )
        report: dict[str, Any] = json.loads((tmp_path / "out.json").read_text())["tables"]
        return report | {"printed": printed.getvalue()}

    return migrate


Migrate = Callable[..., dict[str, Any]]


def everything() -> list[Any]:
    """All rows that an import may write."""
    models = (Student, QuestionPool, Question, TestSession, TestResponse, StudentProficiency)
    return [list(model.objects.order_by("pk").values()) for model in models]


def taken(report: dict[str, Any]) -> list[int]:
    return [report[name]["taken"] for name in TABLES]


def reasons(report: dict[str, Any], table: str) -> dict[str, str]:
    return {row["id"]: row["reason"] for row in report[table]["refused"]}


def test_it_takes_every_table(migrate: Migrate) -> None:
    report = migrate(exported(), "--concept-names", "Math,Algebra")
    assert taken(report) == [2, 3, 2, 3, 1]
    assert "No row was refused." in report["printed"]
    student = Student.objects.get(external_id="s1")
    assert (student.name, student.email, student.grade_level) == ("Ann", "ann@example.org", "7")
    session = TestSession.objects.get(pk=SESSION)
    assert session.revision.pool_id == UUID(POOL)
    assert (session.legacy_id, session.status, session.end_reason) == (SESSION, "completed", "imported")
    assert (session.client_id, session.seed, session.prior_sd) == (None, 0, [1.0, 1.0])
    assert proficiencies_of(session.theta) == [0.55, 0.45]
    assert session.started_at == datetime(2025, 3, 1, 10, tzinfo=UTC)
    assert (session.questions_answered, session.correct_responses) == (2, 1)
    plan = load_plan(session.plan_id)
    assert (plan.concept_names, plan.rules.max_questions) == (("Math", "Algebra"), 2)
    first, second = session.responses.order_by("position")
    assert (first.question.external_id, first.answer, first.score, first.is_correct) == ("q0", 0, 1, True)
    assert (second.question.external_id, second.answer, second.score) == ("q1", None, 0)
    assert proficiencies_of(first.theta) == [0.6, 0.5]
    # Answers make surer, and of what they do not measure nothing new is known.
    assert first.standard_error[0] < 1.0
    assert first.standard_error[1] == pytest.approx(1.0)
    assert second.standard_error == session.standard_error
    known = StudentProficiency.objects.get()
    assert (known.theta, known.standard_error) == (theta_of(0.55), 0.5)


def test_the_trail_tells_a_deadline_that_was_put_into_an_imported_test(migrate: Migrate) -> None:
    migrate(exported())
    assert verify().breaks == []
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE test_sessions SET deadline = now() WHERE legacy_id = 't-2'")
        cursor.execute("SET LOCAL session_replication_role = origin")
    (broken,) = verify().breaks
    assert "its row says deadline" in broken.what


def test_it_ends_what_was_abandoned(migrate: Migrate) -> None:
    migrate(exported())
    session = TestSession.objects.get(legacy_id="t-2")
    assert session.status == "expired"
    assert session.completed_at == session.last_activity == datetime(2025, 3, 2, 8, 5, tzinfo=UTC)
    # It kept neither a final proficiency nor one after the answer: the last that was known stays.
    assert proficiencies_of(session.theta) == [0.4, 0.7]
    assert load_plan(session.plan_id).concept_names == ("concept_1", "concept_2")


def test_it_keeps_the_originals_response_function(migrate: Migrate) -> None:
    tables = exported()
    migrate(tables)
    pool = QuestionPool.objects.get(pk=POOL)
    assert pool.current_revision_id is not None
    bank = load_revision(pool.current_revision_id).bank
    theta = np.array([0.3, -1.1])
    logits = [
        q["discrimination"] * np.dot(q["concepts"], theta) - q["difficulty"] for q in tables["questions"]
    ]
    np.testing.assert_allclose(bank.predictor(theta), logits, rtol=1e-12)


def test_it_changes_nothing_the_second_time(migrate: Migrate) -> None:
    migrate(exported())
    before = everything()
    report = migrate(exported())
    assert everything() == before
    assert taken(report) == [0] * 5
    assert [report[name]["already_there"] for name in TABLES] == [2, 3, 2, 3, 1]
    assert not any(report[name]["refused"] for name in TABLES)


def test_it_takes_what_was_exported_meanwhile(migrate: Migrate) -> None:
    migrate(exported())
    tables = exported()
    tables["students"].append({"id": "s3"})
    tables["test_sessions"].append({**tables["test_sessions"][0], "id": "t-3", "student_id": "s3"})
    tables["test_responses"] += [
        response("r3", "s3", "t-3", "q0", 1, "2025-04-01T10:01:00"),
        response("late", "s1", SESSION, "q2", 1, "2025-03-01T10:03:00"),
    ]
    tables["questions"].append({**tables["questions"][0], "id": "q9"})
    tables["student_proficiencies"].append(proficiency("p1", "s1", "Math", 0.7, "2025-05-01T10:00:00"))
    report = migrate(tables)
    assert taken(report) == [1, 0, 1, 1, 1]
    assert StudentProficiency.objects.get().theta == theta_of(0.7)
    assert reasons(report, "test_responses") == {
        "late": f"session {SESSION} was imported before, without this answer"
    }
    assert reasons(report, "questions") == {"q9": "its pool was imported before: upload it in a new pool"}
    assert TestSession.objects.get(pk=SESSION).questions_answered == 2


def test_it_goes_on_after_a_crash(migrate: Migrate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legacy_sessions, "BATCH", 1)
    store = TestResponse.objects.bulk_create

    def break_down(responses: list[TestResponse], **options: Any) -> list[TestResponse]:
        if TestSession.objects.count() == 2:
            raise KeyboardInterrupt
        return store(responses, **options)

    with monkeypatch.context() as broken:
        broken.setattr(TestResponse.objects, "bulk_create", break_down)
        with pytest.raises(KeyboardInterrupt):
            migrate(exported())
    assert TestSession.objects.count() == 1  # the second session went with its answers
    assert TestResponse.objects.count() == 2
    report = migrate(exported())
    assert taken(report) == [0, 0, 1, 1, 1]
    assert TestResponse.objects.count() == 3


def test_it_changes_nothing_in_a_dry_run(migrate: Migrate) -> None:
    before = everything()
    report = migrate(exported(), "--dry-run")
    assert everything() == before
    assert taken(report) == [2, 3, 2, 3, 1]
    assert "dry run" in report["printed"]


def test_it_leaves_a_newer_proficiency_of_ours_alone(migrate: Migrate) -> None:
    migrate(exported())
    StudentProficiency.objects.update(theta=1.5, updated_at=datetime(2026, 1, 1, tzinfo=UTC))
    report = migrate(exported())
    assert report["student_proficiencies"]["already_there"] == 1
    assert StudentProficiency.objects.get().theta == 1.5


def test_it_keeps_a_proficiency_on_the_scale_of_the_students_tests(migrate: Migrate) -> None:
    tables = exported()
    tables["student_proficiencies"].append(proficiency("p1", "s3", "Reading", 0.7, "2025-05-01T10:00:00"))
    report = migrate(tables)
    scales = dict(StudentProficiency.objects.values_list("student__external_id", "scale__name"))
    assert scales == {
        "s1": QuestionPool.objects.get(pk=POOL).scale.name,
        "s3": "Imported, of no known pool",  # without a test, and of a concept that no pool names
    }
    assert "no pool tells on which scale Reading is" in report["printed"]


def test_it_takes_the_newest_proficiency(migrate: Migrate) -> None:
    tables = exported()
    tables["student_proficiencies"] = [
        proficiency("new", "s1", "Math", 0.8, "2025-03-02T00:00:00", confidence=1),
        proficiency("old", "s1", "Math", 0.2, "2025-03-01T00:00:00"),
        proficiency("other", "s9", "Math", 0.5, "2025-03-01T00:00:00"),
    ]
    report = migrate(tables)
    assert reasons(report, "student_proficiencies") == {
        "old": "row new is newer, of the same student and concept"
    }
    known = StudentProficiency.objects.get(student__external_id="s1")
    assert (known.theta, known.standard_error) == (theta_of(0.8), 0.1)
    assert StudentProficiency.objects.get(student__external_id="s9").standard_error == 1.0


def test_it_counts_the_first_answer_to_a_question(migrate: Migrate) -> None:
    tables = exported()
    again = response("again", "s1", SESSION, "q0", 0, "2025-03-01T10:01:30")
    tables["test_responses"].insert(0, again)  # the file's order says nothing, the times do
    tables["test_sessions"][0]["total_questions"] = 3
    for _ in range(2):
        report = migrate(tables)
        assert reasons(report, "test_responses") == {
            "again": "question q0 was answered before: the first answer counts"
        }
    session = TestSession.objects.get(pk=SESSION)
    assert session.questions_answered == session.responses.count() == 2
    assert session.responses.get(question__external_id="q0").is_correct


def test_it_takes_loose_types(migrate: Migrate) -> None:
    tables = exported()
    tables["students"] = [{"id": 7}]
    for question in tables["questions"]:
        question.update(
            pool_id="algebra pool",
            options=json.dumps(question["options"]),
            concepts=json.dumps(question["concepts"]),
            difficulty="0.5",
        )
    tables["test_sessions"] = [
        {
            **tables["test_sessions"][0],
            "id": SESSION.upper(),
            "student_id": "7",
            "question_pool_id": "algebra pool",
            "initial_proficiency": "{0.5,0.5}",
            "final_proficiency": "[0.6, 0.4]",
            "total_questions": "3",
            "started_at": "2025-03-01 10:00:00+00",
        }
    ]
    tables["test_responses"] = [
        response(
            str(n), "7", SESSION, f"q{n}", given, f"2025-03-01T10:0{n}:00.1234+01:00", is_correct=verdict
        )
        for n, (given, verdict) in enumerate([("1", "true"), (0, 0), ("right 2", None)])
    ]
    tables["student_proficiencies"] = []
    report = migrate(tables)
    assert taken(report) == [1, 3, 1, 3, 0]
    session = TestSession.objects.get(pk=SESSION)
    assert session.student.external_id == "7"
    assert list(session.responses.order_by("position").values_list("is_correct", flat=True)) == [
        True,
        False,
        True,
    ]
    assert session.revision.pool.name == "Imported pool algebra pool"
    assert taken(migrate(tables)) == [0] * 5


@pytest.mark.parametrize(
    ("given", "is_correct", "answer", "counts_as"),
    [
        (1, True, 0, True),  # right: so it was the right option
        (0, False, None, False),  # wrong: which option it was is not known
        (1, None, 0, True),  # the client's word, as the original took it
        (False, None, None, False),
        ("wrong 0", None, 1, False),
        ("right 0", None, 0, True),
        (2, None, 2, False),
        ("2", False, 2, False),
        ("wrong 0", True, 1, True),  # what was counted then still counts, and it is noted
        ({"odd": 1}, True, 0, True),
        (None, False, None, False),
    ],
)
def test_it_stores_what_is_known_of_an_answer(
    migrate: Migrate, given: Any, is_correct: Any, answer: int | None, counts_as: bool
) -> None:
    tables = exported()
    tables["test_responses"][0].update(response=given, is_correct=is_correct)
    report = migrate(tables)
    stored = TestResponse.objects.get(session__legacy_id=SESSION, position=1)
    assert (stored.answer, stored.is_correct, stored.score) == (answer, counts_as, int(counts_as))
    assert bool(report["test_responses"]["noted"]) == (given == "wrong 0" and is_correct is True)


@pytest.mark.parametrize(
    ("table", "change", "reason"),
    [
        ("students", {"id": None}, "id is missing"),
        ("students", {"id": "s2"}, "this id came before"),
        ("questions", {"pool_id": None}, "pool_id is missing"),
        ("questions", {"correct_answer": "none"}, "the correct answer is none of the options"),
        ("questions", {"discrimination": -1}, "discrimination: must be above 0"),
        ("questions", {"guessing": 1.5}, "guessing: must be at least 0 and below 1"),
        ("questions", {"difficulty": "hard"}, "difficulty must be a finite number"),
        ("questions", {"concepts": [1]}, "has 1 concepts, most of pool"),
        ("questions", {"concepts": [0, 0]}, "at least one above 0"),
        ("questions", {"id": "q1"}, "this id came before in its pool"),
        ("test_sessions", {"student_id": None}, "student_id is missing"),
        ("test_sessions", {"question_pool_id": "elsewhere"}, "its pool elsewhere is not here"),
        ("test_sessions", {"final_proficiency": [0.5, 1.5]}, "must be a list of numbers from 0 to 1"),
        ("test_sessions", {"final_proficiency": [0.5]}, "has 1 values, its pool 2 concepts"),
        ("test_sessions", {"started_at": "yesterday"}, "started_at must be a time"),
        ("test_sessions", {"id": "t-2"}, "this id came before"),
        ("test_responses", {"session_id": "t-9"}, "session t-9 is not here"),
        ("test_responses", {"student_id": "s2"}, "is by student s2, its session is s1's"),
        ("test_responses", {"question_id": "q9"}, "question q9 is not in the session's pool"),
        ("test_responses", {"is_correct": "perhaps"}, "is_correct must be true or false"),
        ("test_responses", {"is_correct": None, "response": "?"}, "says whether it was right"),
        ("test_responses", {"timestamp": None}, "timestamp is missing"),
        ("student_proficiencies", {"proficiency_value": 2}, "must be a number from 0 to 1"),
        ("student_proficiencies", {"concept_name": "x" * 101}, "must be a text of 1 to 100 characters"),
        ("student_proficiencies", {"updated_at": None}, "created_at is missing"),
    ],
)
def test_it_refuses_a_row_and_says_why(
    migrate: Migrate, table: str, change: dict[str, Any], reason: str
) -> None:
    tables = exported()
    tables[table].append({**tables[table][0], "id": "bad", **change})
    report = migrate(tables)
    assert len(report[table]["refused"]) == 1
    assert reason in report[table]["refused"][0]["reason"]
    assert reason in report["printed"]
    assert "1 rows were refused" in report["printed"]
    assert taken(report) == [2, 3, 2, 3, 1]


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("students", {"email": "no address", "grade_level": "x" * 51}),
        ("test_responses", {"response_time_ms": -5, "proficiency_after": [0.5]}),
        ("student_proficiencies", {"confidence": 75}),
        ("test_sessions", {"status": "mystery", "total_questions": -1}),
        ("test_sessions", {"total_questions": 9}),
    ],
)
def test_it_takes_a_row_without_what_is_unusable_and_notes_it(
    migrate: Migrate, table: str, change: dict[str, Any]
) -> None:
    tables = exported()
    tables[table][0].update(change)
    report = migrate(tables)
    assert taken(report) == [2, 3, 2, 3, 1]
    assert len(report[table]["noted"]) == len(change)


def test_it_refuses_the_answers_of_a_refused_session(migrate: Migrate) -> None:
    tables = exported()
    tables["test_sessions"][0]["initial_proficiency"] = "?"
    report = migrate(tables)
    assert report["test_sessions"]["taken"] == 1
    assert report["test_responses"]["taken"] == 1
    assert set(reasons(report, "test_responses").values()) == {
        f"session {SESSION} is not here: not exported, or refused"
    }


def test_it_makes_students_whom_only_sessions_name(migrate: Migrate) -> None:
    tables = exported()
    del tables["students"]
    report = migrate(tables)
    assert "there is no students.json" in report["printed"]
    assert set(Student.objects.values_list("external_id", flat=True)) == {"s1", "s2"}
    assert len(report["students"]["noted"]) == 2


def test_it_keeps_the_totals_of_a_session_without_answers(migrate: Migrate) -> None:
    tables = exported()
    del tables["test_responses"]
    migrate(tables)
    session = TestSession.objects.get(pk=SESSION)
    assert (session.questions_answered, session.correct_responses) == (2, 1)
    assert TestSession.objects.get(legacy_id="t-2").questions_answered == 0


def test_it_lists_the_first_refused_rows_and_reports_all(migrate: Migrate) -> None:
    report = migrate({"students": [{"id": None} for _ in range(25)]})
    assert "  row 19: id is missing" in report["printed"]
    assert "row 20" not in report["printed"]
    assert "… and 5 more" in report["printed"]
    assert len(report["students"]["refused"]) == 25


def test_it_takes_names_for_one_pool(migrate: Migrate) -> None:
    tables = exported()
    tables["questions"] += [{**question, "pool_id": "other"} for question in exported()["questions"]]
    migrate(tables, "--concept-names", "Math,Algebra", "--concept-names", "other=Reading,Writing")
    assert QuestionPool.objects.get(pk=POOL).concept_names == ["Math", "Algebra"]
    assert QuestionPool.objects.exclude(pk=POOL).get().concept_names == ["Reading", "Writing"]


@pytest.mark.parametrize("names", ["Math", "Math,Math", "Math,", f"{POOL}=Math", "mistyped=Math,Algebra"])
def test_it_refuses_names_that_fit_no_pool(migrate: Migrate, names: str) -> None:
    with pytest.raises(CommandError):
        migrate(exported(), "--concept-names", names)
    assert not QuestionPool.objects.exists()


def test_it_refuses_what_is_no_export(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no folder"):
        call_command("import_legacy", str(tmp_path / "missing"))
    with pytest.raises(CommandError, match="holds none of"):
        call_command("import_legacy", str(tmp_path))
    (tmp_path / "students.json").write_text('[{"id": "s1"}]')
    (tmp_path / "questions.json").write_text("[{")
    with pytest.raises(CommandError, match=r"questions\.json is no readable JSON"):
        call_command("import_legacy", str(tmp_path))
    (tmp_path / "questions.json").write_text("{}")
    with pytest.raises(CommandError, match="no JSON array"):
        call_command("import_legacy", str(tmp_path))
    assert not Student.objects.exists()  # all files are read before anything is written


def test_it_lets_a_student_go_on_from_the_import(migrate: Migrate, api: APIClient) -> None:
    migrate(exported(), "--concept-names", "Math,Algebra")
    history = api.get("/api/student/s1/history").json()
    entries = history.get("test_sessions", history.get("results"))
    assert [entry["final_proficiency"] for entry in entries] == [[0.55, 0.45]]
    started = api.post("/api/test/start", {"student_id": "s1", "question_pool_id": POOL}).json()
    assert started["initial_proficiency"] == [0.55, 0.5]
    assert started["concept_names"] == ["Math", "Algebra"]


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(
        ["q0", "s1", SESSION, POOL, "", "[", "{}", "\x00", "\ud800", "1e999", "0001-01-01", [], [[0.5]]]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def odd_tables(draw: st.DrawFn) -> Tables:
    """A clean export in which some rows are junk and some columns hold junk."""
    tables: dict[str, list[Any]] = deepcopy(exported())
    for rows in tables.values():
        for row in rows:
            columns = draw(st.lists(st.sampled_from(sorted(row)), max_size=2, unique=True))
            row.update({column: draw(JUNK) for column in columns})
        rows += draw(st.lists(JUNK, max_size=1))
    return tables


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables=odd_tables())
def test_it_accounts_for_every_odd_row_and_never_breaks(db: None, tables: Tables) -> None:
    report = run(Export(dict(tables)), ConceptNames(), dry_run=True)
    for name, rows in tables.items():
        table = report[name]
        assert table.taken + table.there + len(table.refused) == len(rows), name


def test_it_brings_nobody_back_who_was_erased(migrate: Migrate) -> None:
    """The export still holds them. They are known by their tests."""
    tables = exported()
    tables["students"][0] |= {"name": "Alice Liddell", "email": "alice@example.org"}
    migrate(tables)
    for student_id in ("s1", "s2"):
        erase_student(student_id, now=datetime(2026, 11, 22, tzinfo=UTC))
    before = everything()
    report = migrate(tables)
    assert everything() == before
    assert [report[name]["taken"] for name in TABLES] == [0, 0, 0, 0, 0]
    assert reasons(report, "students") == {f"row {i}": "its student was erased here" for i in range(2)}
    assert [len(report[name]["refused"]) for name in TABLES] == [2, 0, 2, 3, 1]
    assert "s1" not in json.dumps(report)


def test_it_keeps_an_erased_import_apart_from_tests_of_ours(migrate: Migrate) -> None:
    migrate(exported())
    erase_student("s2", now=datetime(2026, 11, 22, tzinfo=UTC))
    call_command("verify_audit", stdout=StringIO())
    session = TestSession.objects.get(student__erased_at__isnull=False)
    assert session.legacy_id == str(session.pk)
    assert replay(session.pk).is_imported
