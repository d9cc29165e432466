"""Results of a named test, as files."""

import csv
import io
import json
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from sessions_app.conftest import Reply, answer_questions, pointers
from sessions_app.models import Student, TestSession
from sessions_app.reporting import pieces, result_rows
from sessions_app.reporting.levels import level_of
from sessions_app.reporting.spreadsheets import csv_lines
from sessions_app.tests.factories import make_named_test, make_pool
from testing_engine.models import Question

ADDRESS = "/api/tests/algebra/results"


@pytest.fixture
def taken(api: APIClient) -> list[TestSession]:
    """Six finished tests in two concepts, from bad to good, and one that runs; one of another test."""
    pool = make_pool(concepts=2)
    make_named_test(pool, rules={"max_questions": 6})
    make_named_test(pool, name="other")
    for right in range(7):
        reply = api.post("/api/test/start", {"student_id": f"=s{right}", "test": "algebra"}).json()
        started, answered = reply, 0
        while right < 6 and reply["status"] != "completed":
            is_right = answered < right
            reply = answer_questions(api, started, 1, is_right=is_right, question=reply["next_question"])
            answered += 1
    api.post("/api/test/start", {"student_id": "x", "test": "other"})
    return list(TestSession.objects.filter(named_test__name="algebra").order_by("started_at"))


def body_of(reply: Reply) -> str:
    assert reply.status_code == 200, reply.content
    return b"".join(reply.streaming_content).decode()


def test_it_gives_a_row_a_session(api: APIClient, taken: list[TestSession]) -> None:
    reply = api.get(ADDRESS)
    assert reply["Content-Disposition"] == 'attachment; filename="algebra-sessions.json"'
    exported = json.loads(body_of(reply))
    assert [row["session_id"] for row in exported["rows"]] == [str(session.pk) for session in taken]
    row, session = exported["rows"][3], taken[3]
    assert (row["student_id"], row["test"], row["status"]) == ("=s3", "algebra", "completed")
    assert (row["questions_answered"], row["correct_responses"], row["accuracy"]) == (6, 3, 0.5)
    assert [row["theta: Math"], row["theta: Algebra"]] == session.theta
    assert row["level: Math"] == level_of(session.theta[0])
    assert exported["rows"][6]["completed_at"] is None
    assert [entry["column"] for entry in exported["dictionary"]] == list(row)
    assert all(entry["meaning"] for entry in exported["dictionary"])


def test_moments_are_told_as_python_writes_them(taken: list[TestSession]) -> None:
    values = {field.attname: getattr(taken[3], field.attname) for field in TestSession._meta.fields}
    begun = taken[3].started_at.replace(microsecond=0) - timedelta(days=3)
    whole = {"started_at": begun, "completed_at": begun + timedelta(seconds=90.5)}
    pk = TestSession.objects.create(**{**values, **whole, "id": uuid4(), "idempotency_key": None}).pk
    table = result_rows.session_table(TestSession.objects.all())
    names = [heading.name for heading in table.columns]
    told = {row[0]: dict(zip(names, row, strict=True)) for row in table.rows()}
    for session in TestSession.objects.all():
        row, began, ended = told[str(session.pk)], session.started_at, session.completed_at
        assert row["started_at"] == began.isoformat().replace("+00:00", "Z")
        assert row["completed_at"] == (ended and ended.isoformat().replace("+00:00", "Z"))
        assert row["duration_seconds"] == (ended and (ended - began).total_seconds())
    assert told[str(pk)]["started_at"].endswith(f"{begun:%H:%M:%S}Z")
    assert told[str(pk)]["duration_seconds"] == 90.5


def test_it_gives_a_row_an_answer(api: APIClient, taken: list[TestSession]) -> None:
    exported = json.loads(body_of(api.get(ADDRESS, {"rows": "answers"})))
    assert len(exported["rows"]) == 36
    mine = [row for row in exported["rows"] if row["session_id"] == str(taken[2].pk)]
    answers = list(taken[2].responses.order_by("position"))
    assert [row["position"] for row in mine] == [1, 2, 3, 4, 5, 6]
    assert [row["is_correct"] for row in mine] == [answer.is_correct for answer in answers]
    assert [[row["theta: Math"], row["theta: Algebra"]] for row in mine] == [a.theta for a in answers]


@pytest.mark.parametrize("rows", ["sessions", "answers", "dictionary"])
def test_it_says_the_same_as_csv(api: APIClient, taken: list[TestSession], rows: str) -> None:
    reply = api.get(ADDRESS, {"rows": rows, "format": "csv"})
    assert reply["Content-Type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(body_of(reply))))
    exported = json.loads(body_of(api.get(ADDRESS, {"rows": rows, "format": "json"})))
    if rows == "dictionary":
        assert lines == exported["dictionary"]
        assert {line["table"] for line in lines} == {"sessions", "answers"}
        return
    assert len(lines) == len(exported["rows"])
    assert list(lines[0]) == [entry["column"] for entry in exported["dictionary"]]
    assert lines[0]["student_id"] == "'=s0"  # no formula
    assert float(lines[0]["theta: Math"]) == exported["rows"][0]["theta: Math"] < 0  # and still a number


FORMULAS = [
    "=1",
    "+1",
    "-1",
    "@x",
    "\tx",
    "\rx",
    " =1",
    "x;=cmd|' /C calc'!A0",
    'x; "=1',
    "a|+1",
    "a\tb\t-1",
    "a\n@x",
]


@pytest.mark.parametrize("separator", [",", ";", "|", "\t"])
@pytest.mark.parametrize("text", FORMULAS)
def test_it_makes_no_cell_a_formula(text: str, separator: str) -> None:
    """Whatever separator a spreadsheet goes by, and whether or not it minds quotation marks."""
    written = "".join(csv_lines(["h", "i"], [["a", text], [text, "b"]]))
    read = list(csv.reader(written.splitlines(), delimiter=separator))
    naive = [line.split(separator) for line in written.splitlines()]
    for cell in [cell for row in read + naive for cell in row]:
        assert not re.match(r"""["\s]*[=+\-@]""", cell), cell


def test_it_leaves_other_cells_as_they_are() -> None:
    cells = ["a=1", "x; y", "3-2", "a, -1", "10:30", -1, -0.5, None, True]
    (row,) = csv.reader(io.StringIO("".join([*csv_lines(["=h"], [cells])][1:])))
    assert row == ["a=1", "x; y", "3-2", "a, -1", "10:30", "-1", "-0.5", "", "True"]


def test_it_holds_no_key_and_no_name(api: APIClient, taken: list[TestSession]) -> None:
    Student.objects.update(name="Somebody", email="s@example.org")
    texts = {text for options in Question.objects.values_list("options", flat=True) for text in options}
    for rows in ("sessions", "answers"):
        body = body_of(api.get(ADDRESS, {"rows": rows}))
        assert "Somebody" not in body
        assert "example.org" not in body
        assert "option_scores" not in body
        assert not any(text in body for text in texts)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [({"rows": "keys"}, "/rows"), ({"format": "xml"}, "/format")],
)
def test_it_names_the_parameter_that_is_wrong(api: APIClient, query: dict[str, str], pointer: str) -> None:
    assert pointers(api.get(ADDRESS, query)) == [pointer]


def test_it_finds_no_test_that_there_is_not(api: APIClient) -> None:
    for name in ("nothing", "a%00b", "ALGEBRA"):
        reply = api.get(f"/api/tests/{name}/results")
        assert (reply.status_code, reply.json()["code"]) == (404, "test_not_found")


def test_it_exports_a_test_that_nobody_took(api: APIClient) -> None:
    make_named_test(make_pool())
    assert json.loads(body_of(api.get(ADDRESS)))["rows"] == []
    assert len(body_of(api.get(ADDRESS, {"format": "csv"})).splitlines()) == 1


def test_it_reads_in_pieces_from_the_server(
    taken: list[TestSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Constant memory, and nothing held between two pieces: each is read by its place in an index."""
    sessions = TestSession.objects.filter(named_test__name="algebra")
    whole = {rows: list(result_rows.export(sessions, rows, "csv")) for rows in ("sessions", "answers")}
    monkeypatch.setattr(result_rows, "AT_ONCE", dict.fromkeys(result_rows.AT_ONCE, 2))
    for rows, lines in whole.items():
        with CaptureQueriesContext(connection) as asked:
            assert list(result_rows.export(sessions, rows, "csv")) == lines
        found = [query["sql"] for query in asked if 'FROM "test_sessions"' in query["sql"]]
        assert sum("LIMIT 2" in sql for sql in found) == 4
    assert len(whole["answers"]) == 37


def test_what_was_asked_is_read_from_an_index_where_nothing_was_tried_out(taken: list[TestSession]) -> None:
    """A row of an answer is looked at for whether its question was a pilot, which an index does not have."""
    with CaptureQueriesContext(connection) as sent:
        list(result_rows.export(TestSession.objects.all(), "sessions", "csv"))
    of_answers = [query["sql"] for query in sent if "test_responses" in query["sql"]]
    assert len(of_answers) == 1
    assert "is_pilot" not in of_answers[0]


def test_tests_that_began_at_the_same_moment_come_once_each(
    api: APIClient, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_pool()
    begun = {
        api.post("/api/test/start", {"student_id": f"s{number}"}).json()["session_id"] for number in range(5)
    }
    monkeypatch.setattr(result_rows, "AT_ONCE", dict.fromkeys(result_rows.AT_ONCE, 2))
    told = list(result_rows.session_table(TestSession.objects.all()).rows())
    assert [row[0] for row in told] == sorted(begun)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_breaks_costs_a_repetition(
    api: APIClient, taken: list[TestSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_rows, "AT_ONCE", dict.fromkeys(result_rows.AT_ONCE, 2))
    monkeypatch.setattr(pieces, "PAUSES", (0, 0))
    sessions = TestSession.objects.filter(named_test__name="algebra")
    lines = result_rows.export(sessions, "answers", "csv")
    found = [next(lines), next(lines)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    known = connection.connection.info
    with psycopg.connect(known.dsn, password=known.password) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])
    found += lines
    assert found == list(result_rows.export(sessions, "answers", "csv"))
