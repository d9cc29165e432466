"""The gate before a calibration is published and before a named test is saved."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.admin.tests.test_teachers_admin import form_data
from sessions_app.measurement import gate, looks, proposals
from sessions_app.measurement.simulations import queue, running
from sessions_app.measurement.simulations.asking import Asked, Design
from sessions_app.models import Calibration, GateCheck, LongJob, NamedTest
from sessions_app.refusals import GateRefused
from sessions_app.tasks import do_long_job
from sessions_app.tests.factories import make_pool
from testing_engine.models import QuestionPool
from testing_engine.psychometrics.rules import CatRules

CANNOT_HOLD = {"standard_error": 0.05, "students": 50}
HOLDS = {"standard_error": 2.0, "length": 6, "no_errors": True, "students": 50}
FINDING = {"code": "negative_slope", "item": "q1", "severity": "error", "sentence": "It is keyed wrongly."}


@pytest.fixture
def pool(db: None) -> QuestionPool:
    return make_pool(6)


def calibrated(pool: QuestionPool, *findings: dict[str, Any]) -> Calibration:
    """One that proposes another difficulty of q0."""
    new = {"difficulty": 0.75, "discrimination": 1.1}
    item = {"id": "q0", "new": new, "state": "operational", "new_state": "operational"}
    revision_id = pool.current_revision_id
    assert revision_id is not None
    result = {"items": [item], "findings": list(findings)}
    return Calibration.objects.create(
        pool=pool, revision_id=revision_id, request={}, state="done", result=result
    )


def test_without_requirements_all_is_as_before(pool: QuestionPool) -> None:
    assert proposals.publish(calibrated(pool), None, timezone.now()).number == 2
    assert not GateCheck.objects.exists()


def test_a_proposal_that_falls_short_is_published_with_a_reason_alone(
    api: APIClient, pool: QuestionPool
) -> None:
    gate.require(pool, CANNOT_HOLD, None)
    calibration = calibrated(pool)
    address = f"/api/pools/{pool.pk}/calibrations/{calibration.pk}/publish"
    refused = api.post(address, {"override_reason": "  "})
    assert (refused.status_code, refused.json()["code"]) == (409, "gate_refused")
    assert "The mean standard error is 0." in refused.json()["detail"]
    assert not GateCheck.objects.exists()
    assert pool.revisions.count() == 1
    for _ in range(2):
        assert api.post(address, {"override_reason": " A pilot. "}).json()["revision"] == 2
    check = GateCheck.objects.get()
    assert (check.override_reason, check.calibration, check.by is not None) == ("A pilot.", calibration, True)
    assert check.found["numbers"]["students"] == 50
    for change in (
        lambda: GateCheck.objects.update(override_reason="Other"),
        GateCheck.objects.all().delete,
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_what_holds_is_recorded_and_error_findings_do_not(pool: QuestionPool) -> None:
    gate.require(pool, {**HOLDS, "length": 20}, None)
    with pytest.raises(GateRefused, match="The calibration says: It is keyed wrongly"):
        proposals.publish(calibrated(pool, FINDING), None, timezone.now())
    assert proposals.publish(calibrated(pool), None, timezone.now(), override_reason="unneeded").number == 2
    check = GateCheck.objects.get()
    assert (check.shortfalls, check.override_reason) == ([], "")


def test_a_named_test_takes_the_newest_simulation_of_its_rules(pool: QuestionPool) -> None:
    gate.require(pool, {"length": 5}, None)
    rules = CatRules(max_questions=4)
    assert (first := gate.of_test(pool, rules)) is not None
    assert (first.shortfalls, first.found["seed"]) == ((), looks.SEED)
    simulation = queue.ask(pool, Asked(designs=(Design(rules),), students=30))
    running.run_here(simulation)
    assert (second := gate.of_test(pool, rules)) is not None
    assert (second.found["simulation"], second.found["numbers"]["students"]) == (str(simulation.pk), 30)
    linear = gate.of_test(pool, CatRules(selection="linear"))
    assert linear is not None
    assert linear.shortfalls == ()


def test_the_form_of_a_named_test_asks_for_a_reason(
    client: Client, pool: QuestionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(User.objects.create_superuser("root"))
    gate.require(pool, CANNOT_HOLD, None)
    address = "/admin/sessions_app/namedtest/add/"
    page = client.post(address, form_data(pool))
    assert "at most 0.05 is required" in page.content.decode()
    assert not NamedTest.objects.exists()
    assert client.post(address, form_data(pool, override_reason="Only to practise.")).status_code == 302
    check = GateCheck.objects.get()
    assert (check.test_name, check.override_reason) == ("algebra", "Only to practise.")
    again = f"/admin/sessions_app/namedtest/{NamedTest.objects.get().pk}/change/"
    assert client.post(again, form_data(pool, title="Another title")).status_code == 302  # no new rules
    assert client.post(again, form_data(pool, target_error=0.4)).status_code == 200
    assert GateCheck.objects.count() == 1
    monkeypatch.setattr(gate, "AT_ONCE", 0.0)
    reason = {"target_error": 0.4, "override_reason": "Only to practise."}
    assert "Save again in some seconds." in client.post(again, form_data(pool, **reason)).content.decode()
    do_long_job(str(LongJob.objects.get().pk))
    assert client.post(again, form_data(pool, **reason)).status_code == 302
    assert (GateCheck.objects.count(), LongJob.objects.count()) == (2, 1)


def test_by_command(pool: QuestionPool, tmp_path: Path) -> None:
    file, said = tmp_path / "requirements.json", io.StringIO()
    file.write_text(json.dumps({"coverage": 2}))
    with pytest.raises(CommandError, match="/coverage"):
        call_command("pool_requirements", str(pool.pk), str(file))
    for content in ({"coverage": 0.93}, {}):
        file.write_text(json.dumps(content))
        call_command("pool_requirements", str(pool.pk), str(file), stdout=said)
    assert [json.loads(line)["coverage"] for line in said.getvalue().splitlines()[:1]] == [0.93]
    assert said.getvalue().splitlines()[1] == "{}"
    assert gate.requirements_of(pool.pk) is None
