"""manage.py import_responses and calibrate."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from sessions_app.measurement.tests.simulated import answers_of, matrix_file
from sessions_app.models import Calibration, ResponseImport
from sessions_app.tests.factories import make_pool
from testing_engine.models import QuestionPool


def test_from_a_file_to_a_revision(db: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pool = make_pool(8)
    file = tmp_path / "answers.csv"
    file.write_bytes(matrix_file(pool, answers_of(200, 8)).content)
    call_command("import_responses", str(pool.pk), str(file), "--dry-run")
    assert "200 persons, 8 questions, 1600 answers, group A, B; 0 bad" in capsys.readouterr().out
    assert not ResponseImport.objects.exists()
    for _ in range(2):
        call_command("import_responses", str(pool.pk), str(file))
    assert "This file is here already" in capsys.readouterr().out

    call_command("calibrate", str(pool.pk), "--scale", "own", "--no-delivered", "--model", "2PL")
    assert "converged; 200 persons, 1600 answers" in capsys.readouterr().out
    calibration = Calibration.objects.get()
    call_command("calibrate", "--again", str(calibration.pk))
    assert "Identical" in capsys.readouterr().out
    call_command("calibrate", "--publish", str(calibration.pk))
    revision = QuestionPool.objects.get().current_revision
    assert revision is not None
    assert revision.number == 2

    capsys.readouterr()
    call_command("calibrate", str(pool.pk), "--json", "--priors", '{"slope": [1, 0.5]}')
    assert len(json.loads(capsys.readouterr().out)["items"]) == 8


def test_what_is_wrong_is_said(db: None, tmp_path: Path) -> None:
    pool = make_pool(3)
    file = tmp_path / "answers.csv"
    file.write_text("person,q0\np1,7\n")
    with pytest.raises(CommandError, match="Line 2, column q0"):
        call_command("import_responses", str(pool.pk), str(file))
    for arguments, said in (
        ([], "Name a pool"),
        ([str(pool.pk), "--since", "yesterday"], "2026-11-30"),
        ([str(pool.pk), "--priors", "some"], "--priors"),
        ([str(pool.pk), "--scale", "anchors"], "/anchors"),
        ([str(pool.pk)], "There are no answers"),
        (["--again", str(pool.pk)], "no calibration"),
        (["nothing"], "no pool"),
    ):
        with pytest.raises(CommandError, match=said):
            call_command("calibrate", *arguments)
