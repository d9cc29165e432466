"""Simulations asked for, shared by workers, put together; and what goes wrong on the way."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.conftest import pointers
from sessions_app.long_work import jobs
from sessions_app.measurement.simulations import asking, queue, running
from sessions_app.measurement.simulations.asking import Asked, Design, Population
from sessions_app.measurement.simulations.refused import SimulationRefused
from sessions_app.models import Simulation, SimulationPart, Student, StudentProficiency
from sessions_app.refusals import SimulationRuns
from sessions_app.tests.factories import make_pool
from testing_engine.models import QuestionPool
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import load_revision
from testing_engine.simulation.simulate import simulate
from testing_engine.simulation.summary import summary

SHORT = CatRules(max_questions=4)


@pytest.fixture
def pool(db: None) -> QuestionPool:
    return make_pool(8)


def asked(students: int = 25, **fields: Any) -> Asked:
    return Asked(designs=(Design(SHORT),), students=students, **fields)


def test_over_the_api_from_asking_to_the_tables(api: APIClient, pool: QuestionPool) -> None:
    address, headers = f"/api/pools/{pool.pk}/simulations", {"Idempotency-Key": "one"}
    body = {
        "designs": [{"rules": {"max_questions": 4}}, {"name": "long", "rules": {"max_questions": 6}}],
        "students": 25,
        "population": {"mean": [0.5], "sd": [1.2]},
        "cuts": [0],
        "seed": 3,
    }
    first = api.post(address, body, headers=headers).json()
    assert (first["state"], first["progress"], first["revision"]) == ("queued", 0, 1)
    assert first["request"]["population"] == {"kind": "normal", "mean": [0.5], "sd": [1.2], "correlation": 0}
    assert api.post(address, body, headers=headers).json() == first
    assert api.post(address, {}, headers=headers).json()["code"] == "idempotency_key_reused"
    busy = api.post(address, {})
    assert (busy.status_code, busy.json()["code"]) == (409, "simulation_runs")
    one = f"{address}/{first['simulation_id']}"
    simulation = Simulation.objects.get()
    assert running.run_next(simulation.pk)
    halfway = api.get(one).json()
    assert (halfway["state"], halfway["progress"], halfway["result"]) == ("running", 10 / 50, None)
    while running.run_next(simulation.pk):
        pass
    done = api.get(one).json()
    assert (done["state"], done["progress"], done["error"]) == ("done", 1, "")
    assert [each["mean_length"] for each in done["result"]["designs"]] == [4, 6]
    assert done["result"]["comparison"]["length"]["mean"] == 2
    assert not SimulationPart.objects.exists()
    assert api.get(address).json()["results"][0]["result"] is None
    rates = _csv(api.get(one, {"format": "csv", "table": "exposure"}))
    assert sum(float(row["rate"]) for row in rates if row["design"] == "2") == pytest.approx(6)
    along = _csv(api.get(one, {"format": "csv"}))
    assert sum(int(row["students"]) for row in along) == 2 * 25
    assert api.post(f"{one}/cancel").json()["code"] == "simulation_state"
    with pytest.raises(DatabaseError), transaction.atomic():
        Simulation.objects.update(result={})


def _csv(reply: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(reply.streaming_content).decode())))


def test_the_numbers_are_the_engines_own_whoever_computes(pool: QuestionPool) -> None:
    """Parts in any order, one of them by a worker that died; against one simulation of all."""
    simulation = queue.ask(pool, asked(cuts=(0.5,)))
    parts = list(SimulationPart.objects.order_by("-first").values_list("pk", flat=True))
    now = timezone.now()
    dead = jobs.claim(SimulationPart, parts[0], now)
    assert dead is not None
    while running.run_next(simulation.pk):
        pass
    simulation.refresh_from_db()
    assert simulation.state == "running"
    sent: list[Any] = []
    assert queue.take_up(now, sent.append, running.settle) == (0, 0)
    later = timezone.now() + 2 * jobs.SILENT_AFTER
    assert queue.take_up(later, sent.append, running.settle) == (1, 0)
    assert sent == [simulation.pk]
    assert queue.take_up(later, sent.append, running.settle) == (0, 0)
    assert not running.run_next(simulation.pk)
    with pytest.raises(jobs.Superseded):
        jobs.beat(dead, "testing", 0.5, now)
    simulation.refresh_from_db()
    assert simulation.state == "done"
    bank = load_revision(simulation.revision_id).bank
    thetas = np.frombuffer(simulation.abilities).reshape(-1, 1)
    whole = summary(simulate(bank, SHORT, thetas, 0), (0.5,))
    assert simulation.result is not None
    found = simulation.result["designs"][0]
    assert found["exposure"] == whole["exposure"]
    assert found["rmse"] == pytest.approx(whole["rmse"])
    assert running.again(simulation) == simulation.result_hash


def test_a_part_that_kills_its_workers_ends_the_whole(pool: QuestionPool) -> None:
    simulation = queue.ask(pool, asked())
    part = SimulationPart.objects.first()
    assert part is not None
    now = timezone.now()
    SimulationPart.objects.filter(pk=part.pk).update(
        state="running", attempt=jobs.MOST_ATTEMPTS, heartbeat_at=now - 2 * jobs.SILENT_AFTER
    )
    assert queue.take_up(now, lambda simulation_id: None, running.settle) == (0, 1)
    simulation.refresh_from_db()
    assert (simulation.state, simulation.error[:21]) == ("failed", "Its worker died 3 tim")
    assert not running.run_next(simulation.pk)


def test_a_worker_that_dies_before_the_whole_is_made_up_for(
    pool: QuestionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulation = queue.ask(pool, asked())
    with monkeypatch.context() as patched:
        patched.setattr(running, "settle", lambda simulation_id: None)
        while running.run_next(simulation.pk):
            pass
    assert queue.take_up(timezone.now(), lambda simulation_id: None, running.settle) == (0, 0)
    simulation.refresh_from_db()
    assert simulation.state == "done"


def test_cancelling_ends_what_waits_and_then_what_runs(api: APIClient, pool: QuestionPool) -> None:
    simulation = queue.ask(pool, asked())
    with pytest.raises(SimulationRuns):
        queue.ask(pool, asked(seed=1))
    part = jobs.claim(SimulationPart, SimulationPart.objects.values_list("pk", flat=True)[0], timezone.now())
    assert part is not None
    address = f"/api/pools/{pool.pk}/simulations/{simulation.pk}/cancel"
    assert api.post(address).json()["state"] in ("queued", "running")
    assert api.post(address).status_code == 200
    with pytest.raises(jobs.Cancelled):
        jobs.beat(part, "testing", 0.5, timezone.now())
    jobs.finish(part, SimulationPart.State.CANCELLED, timezone.now())
    running.settle(simulation.pk)
    simulation.refresh_from_db()
    assert simulation.state == "cancelled"
    assert api.post(address).status_code == 200
    assert not SimulationPart.objects.exists()
    assert queue.ask(pool, asked(seed=1)).state == "queued"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"designs": [{"rules": {"max_questions": 0}}]}, "/designs/0/rules/max_questions"),
        ({"designs": [{"rules": {"selection": "linear"}}]}, "/designs/0/rules/selection"),
        ({"designs": []}, "/designs"),
        ({"students": 20_001}, "/students"),
        ({"population": {"mean": [0, 1]}}, "/population/mean"),
        ({"population": {"sd": [0]}}, "/population/sd"),
        ({"population": {"kind": "own"}}, "/population/kind"),
        ({"cuts": [1, 1]}, "/cuts"),
        ({"cuts": [7]}, "/cuts/0"),
    ],
)
def test_what_cannot_be_simulated_is_named(
    api: APIClient, pool: QuestionPool, body: dict[str, Any], pointer: str
) -> None:
    assert pointer in pointers(api.post(f"/api/pools/{pool.pk}/simulations", body))
    assert not Simulation.objects.exists()


def test_too_much_is_refused_with_the_number(pool: QuestionPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_ANSWERS", 100)
    with pytest.raises(SimulationRefused, match="are 104 answers; at most 100, so at most 25 students"):
        queue.ask(pool, asked(26))
    assert queue.ask(pool, asked(25)).state == "queued"


def test_the_pools_own_students(pool: QuestionPool) -> None:
    names = load_revision(pool.current_revision_id or 0).concept_names
    for number in range(30):
        student = Student.objects.create(external_id=f"s{number}")
        StudentProficiency.objects.create(
            student=student,
            scale=pool.scale,
            concept_name=names[0],
            theta=1 + number / 30,
            standard_error=0.2,
            updated_at=timezone.now() - timedelta(days=1),
        )
    simulation = queue.ask(pool, asked(200, population=Population("own")))
    told = simulation.request["population"]
    assert (told["kind"], told["students"]) == ("own", 30)
    assert told["mean"][0] == pytest.approx(1.5, abs=0.2)
    StudentProficiency.objects.all().delete()
    running.run_here(simulation)
    assert running.again(simulation) == simulation.result_hash


def test_by_command(pool: QuestionPool, tmp_path: Path) -> None:
    rules = tmp_path / "short.json"
    rules.write_text(json.dumps({"max_questions": 3}))
    said = io.StringIO()
    call_command("simulate_pool", str(pool.pk), "--rules", str(rules), students=30, stdout=said)
    assert "mean_length: 3" in said.getvalue()
    simulation = Simulation.objects.get()
    assert f"Simulation {simulation.pk} is kept." in said.getvalue()
    call_command("simulate_pool", again=str(simulation.pk), stdout=said)
    assert said.getvalue().endswith(f"Identical: result {simulation.result_hash[:12]}.\n")
    call_command("simulate_pool", str(pool.pk), "--rules", str(rules), "--rules", str(rules), "--json",
                 students=30, stdout=(whole := io.StringIO()))  # fmt: skip
    assert json.loads(whole.getvalue())["comparison"]["concepts"][0]["ranks"] == pytest.approx(1)
    with pytest.raises(CommandError, match="/students"):
        call_command("simulate_pool", str(pool.pk), students=0)
    rules.write_text("{")
    with pytest.raises(CommandError, match=r"short\.json"):
        call_command("simulate_pool", str(pool.pk), "--rules", str(rules))
