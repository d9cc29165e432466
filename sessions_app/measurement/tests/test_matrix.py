"""A pool's answers as a table: what a calibration would read, and nothing of who it was."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.conftest import Start, client_with, pointers, take_test
from sessions_app.measurement.asking import OWN, Asked, checked
from sessions_app.measurement.collecting import Collected, collect, sessions_for
from sessions_app.measurement.importing import import_responses
from sessions_app.measurement.matrix import Wanted, matrix_lines
from sessions_app.measurement.tests.simulated import answers_of, matrix_file
from sessions_app.models import ResponseImport
from sessions_app.tests.factories import make_pool, make_token, question
from testing_engine.models import QuestionPool
from testing_engine.pools import QuestionDraft, newest_question
from testing_engine.revisions import item_parameters, load_revision
from testing_engine.versions import revise_question

ITEMS, PERSONS = 6, 30


@pytest.fixture
def answered(api: APIClient, start: Start) -> QuestionPool:
    """An import with holes and groups, two tests that are over, and then a q2 that asks something else."""
    scored = question(5, [1.0], correct_answer=None, option_scores=[0, 1, 2, 2], model="GRM", guessing=0)
    pool = make_pool([*(question(i, [1.0]) for i in range(5)), {**scored, "thresholds": [-1, 1]}])
    x = answers_of(PERSONS, ITEMS)
    x[::3, 1] = -1
    x[:, 5] *= 2
    import_responses(pool, matrix_file(pool, x))
    criteria = {"type": "fixed_length", "max_questions": 4}
    for student in ("=ada", "bob"):
        started = start(question_pool_id=str(pool.pk), student_id=student, end_criteria=criteria)
        take_test(api, started, is_right=lambda number: number % 2 == 0)
    old = newest_question(pool, "q2")
    assert old is not None
    other = QuestionDraft("q2", "Else?", tuple(old.options), tuple(old.option_scores), item_parameters(old))
    revise_question(pool, other)
    pool.refresh_from_db()
    return pool


def read_by_a_calibration(pool: QuestionPool, **asked: Any) -> Collected:
    revision = load_revision(pool.current_revision_id or 0)
    known = list(ResponseImport.objects.all())
    complete = checked(Asked(scale=OWN, **asked), revision, known)
    return collect(complete, revision, sessions_for(complete, pool.pk, timezone.now()))


def rows_of(pool: QuestionPool, **wanted: Any) -> tuple[list[str], list[list[str]]]:
    header, *rows = csv.reader(io.StringIO("".join(matrix_lines(pool, Wanted(**wanted), timezone.now()))))
    return header, rows


def test_it_is_what_a_calibration_reads(answered: QuestionPool) -> None:
    every: list[dict[str, Any]] = [{}, {"imports": ()}, {"delivered": False}]
    for sources in every:
        header, rows = rows_of(answered, missing="-1", **sources)
        collected = read_by_a_calibration(answered, **sources)
        assert header == ["person", *collected.responses.items]
        assert "q2" not in header  # asked otherwise now
        assert [row[0] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
        told = np.array([row[1:] for row in rows], dtype=int)
        np.testing.assert_array_equal(told, collected.responses.dense())


def test_groups_blanks_and_names_are_asked_for(answered: QuestionPool) -> None:
    header, rows = rows_of(answered, groups="file", names=True)
    assert header[:2] == ["person", "group"]
    assert [row[0] for row in rows] == [*(f"p{n}" for n in range(PERSONS)), "'=ada", "bob"]
    assert [row[1] for row in rows] == [*"A" * 15, *"B" * 15, "", ""]
    assert rows[0][header.index("q1")] == ""
    assert {cell for row in rows for cell in row[2:]} == {"", "0", "1", "2"}
    _, rows = rows_of(answered, groups="source")
    assert {row[1] for row in rows} == {"answers.csv", "delivered tests"}


def test_by_command_and_back(
    answered: QuestionPool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "matrix.csv"
    call_command("export_responses", str(answered.pk), output=file, groups="file")
    assert f"{PERSONS + 2} rows" in capsys.readouterr().out
    call_command("import_responses", str(answered.pk), str(file))
    again = ResponseImport.objects.order_by("-created_at").first()
    assert again is not None
    before = read_by_a_calibration(answered, imports=None)
    alone = read_by_a_calibration(answered, imports=(again.pk,), delivered=False)
    rows = before.responses.n_persons - PERSONS - 2  # the new import is among all
    np.testing.assert_array_equal(before.responses.dense()[PERSONS : PERSONS + rows], alone.responses.dense())


def test_what_cannot_be_written_is_said(db: None, tmp_path: Path) -> None:
    pool = make_pool(2)
    file = tmp_path / "matrix.csv"
    for options, said in (
        ({}, "There are no answers"),
        ({"since": "yesterday"}, "2026-11-30"),
        ({"imports": ["x"]}, "--import"),
        ({"no_imports": True, "no_delivered": True}, "Neither imports nor delivered"),
    ):
        with pytest.raises(CommandError, match=said):
            call_command("export_responses", str(pool.pk), output=file, **options)
    assert not file.exists()


def test_over_the_api(answered: QuestionPool) -> None:
    api = client_with(f"Token {make_token(['report_results'])}")
    address = f"/api/pools/{answered.pk}/responses/matrix"
    reply = api.get(f"{address}?imports=false&students=true")
    told = reply.getvalue().decode().splitlines()
    assert [line.split(",")[0] for line in told] == ["person", "'=ada", "bob"]
    assert pointers(api.get(f"{address}?groups=x")) == ["/groups"]
    assert pointers(api.get(f"{address}?imports=false&delivered=false")) == ["/imports"]
    nothing = api.get(f"{address}?imports=false&since=2100-01-01T00:00:00Z")
    assert (nothing.status_code, nothing.json()["code"]) == (404, "no_answers")
