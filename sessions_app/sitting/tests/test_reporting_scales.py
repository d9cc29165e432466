"""Results on a pool's or a test's own scale, frozen with the session."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from sessions_app.administration import told_on
from sessions_app.conftest import Start, take_test
from sessions_app.models import TestSession
from sessions_app.reporting.result_rows import export
from sessions_app.review.replay import replay
from sessions_app.review.surroundings import changed_specifications
from sessions_app.sitting.result_specs import USUAL, store_spec
from sessions_app.tests.factories import make_named_test
from testing_engine.models import QuestionPool

POINTS: dict[str, Any] = {
    "name": "Punkte",
    "at_zero": 500,
    "per_unit": 100,
    "minimum": 200,
    "maximum": 800,
    "cuts": [450, 550],
    "levels": [{"name": "basic"}, {"name": "sound"}, {"name": "strong"}],
}


def result(api: APIClient, started: dict[str, Any], language: str = "en") -> dict[str, Any]:
    address = f"/api/test/result/{started['session_id']}"
    found: dict[str, Any] = api.get(address, headers={"Accept-Language": language}).json()["report"]
    return found


def test_old_results_stay_as_they_were_told(api: APIClient, start: Start, pool: QuestionPool) -> None:
    old = start()
    take_test(api, old)
    before = result(api, old)
    assert (before["reporting_scale"], before["whole"]["score"]) == (None, None)
    told_on.tell_pool_on(pool, POINTS)
    new = start(student_id="s2")
    take_test(api, new)
    assert result(api, old) == before
    told = result(api, new)
    assert told["reporting_scale"] == {"name": "Punkte", "digits": 0, "minimum": 200.0, "maximum": 800.0}
    whole = told["whole"]
    assert whole["score"] == round(500 + 100 * whole["theta"])
    assert whole["score_error"] == pytest.approx(100 * whole["standard_error"], abs=1e-4)
    assert [level["name"] for level in told["levels"]] == ["basic", "sound", "strong"]
    assert [level["score_from"] for level in told["levels"]] == [None, 450.0, 550.0]
    assert whole["level"] == sum(whole["score"] >= cut for cut in (450, 550))
    line = f"Punkte: {whole['score']:.0f}, standard error {whole['score_error']:.1f}"
    assert any(each.startswith(line) for each in told["lines"])
    assert any("Standardfehler" in each for each in result(api, new, "de")["lines"])
    told_on.tell_pool_on(pool, None)
    assert result(api, new) == told
    assert replay(TestSession.objects.get(pk=new["session_id"]).pk).is_identical
    assert not list(changed_specifications())


def test_a_test_has_a_scale_of_its_own(api: APIClient, start: Start, pool: QuestionPool) -> None:
    told_on.tell_pool_on(pool, POINTS)
    test = make_named_test(pool, result_cuts=[0.5], reporting_scale={"name": "T", "digits": 1})
    started = api.post("/api/test/start", {"student_id": "s9", "test": test.name}).json()
    take_test(api, started)
    told = result(api, started)
    assert told["kind"] == "passing"
    assert told["reporting_scale"]["name"] == "T"
    assert told["levels"][1]["score_from"] == 55.0
    rows = json.loads("".join(export(TestSession.objects.all(), "sessions", "json")))["rows"]
    assert rows[0]["score"] == told["whole"]["score"]
    assert rows[0]["score_standard_error"] == told["whole"]["score_error"]


def test_a_specification_without_a_scale_keeps_its_hash(db: None) -> None:
    assert "reporting" not in USUAL.to_json()
    assert store_spec(USUAL) == store_spec(USUAL)


def test_the_command(pool: QuestionPool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "scale.json"
    file.write_text(json.dumps(POINTS))
    call_command("reporting_scale", str(pool.pk), "--scale", str(file), "--dry-run")
    assert QuestionPool.objects.get().reporting_scale is None
    call_command("reporting_scale", str(pool.pk), "--scale", str(file))
    assert "600 ± 30.00" in capsys.readouterr().out
    assert QuestionPool.objects.filter(reporting_scale__name="Punkte").exists()
    file.write_text('{"per_unit": -1}')
    with pytest.raises(CommandError, match="/per_unit"):
        call_command("reporting_scale", str(pool.pk), "--scale", str(file))
    call_command("reporting_scale", str(pool.pk), "--none")
    assert QuestionPool.objects.get().reporting_scale is None
