"""Simulations on recorded answers: asked for, shared by workers, the same whoever computes; refused."""

import io
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from rest_framework.test import APIClient

from sessions_app.conftest import Start, is_even, pointers, take_test
from sessions_app.measurement import gate
from sessions_app.measurement.importing import import_responses
from sessions_app.measurement.simulations import queue, recorded, running
from sessions_app.measurement.simulations.asking import RECORDED, Asked, Design, Population
from sessions_app.measurement.simulations.recorded import Recorded
from sessions_app.measurement.simulations.refused import SimulationRefused
from sessions_app.measurement.tests.simulated import answers_of, matrix_file
from sessions_app.models import Simulation
from sessions_app.tests.factories import make_pool, question
from testing_engine.models import QuestionPool
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import load_revision
from testing_engine.simulation.recorded import DRAWN, replay_answers
from testing_engine.simulation.summary import summary

ITEMS, PERSONS, IN_PART = 10, 45, 20
SHORT = CatRules(max_questions=4)


@pytest.fixture
def answered(db: None) -> QuestionPool:
    """45 persons who answered all ten questions, or nine, and 20 who answered three."""
    pool = make_pool([question(i, [1.0], guessing=0.0) for i in range(ITEMS)])
    answers = answers_of(PERSONS + IN_PART, ITEMS)
    answers[5:PERSONS, 3] = -1
    answers[PERSONS:, 3:] = -1
    import_responses(pool, matrix_file(pool, answers))
    return pool


def asked(students: int = 1000, **fields: Any) -> Asked:
    population = Population(RECORDED, recorded=Recorded(**fields))
    return Asked(designs=(Design(SHORT),), students=students, population=population)


def test_over_the_api_with_two_designs(api: APIClient, answered: QuestionPool) -> None:
    address, headers = f"/api/pools/{answered.pk}/simulations", {"Idempotency-Key": "one"}
    body = {
        "designs": [{"rules": {"max_questions": 3}}, {"name": "long", "rules": {"max_questions": 6}}],
        "population": {"kind": "recorded", "delivered": False},
        "cuts": [0],
    }
    first = api.post(address, body, headers=headers).json()
    assert first["request"]["students"] == PERSONS
    population = first["request"]["population"]
    assert (population["sittings"], population["enough"]) == (PERSONS + IN_PART, PERSONS)
    import_responses(answered, matrix_file(answered, answers_of(30, ITEMS, seed=3), "more.csv"))
    assert api.post(address, body, headers=headers).json() == first
    other = {**body, "population": {"kind": "recorded"}}
    assert api.post(address, other, headers=headers).json()["code"] == "idempotency_key_reused"
    running.run_here(Simulation.objects.get())
    done = api.get(f"{address}/{first['simulation_id']}").json()
    assert done["error"] == ""
    short, long = done["result"]["designs"]
    assert short["students"] == PERSONS
    assert short["recorded"]["correlation"][0] < long["recorded"]["correlation"][0] <= 1
    assert short["rmse"][0] > long["rmse"][0]
    assert short["recorded"]["answered"] == (PERSONS * (ITEMS - 1) + 5) / PERSONS
    assert done["result"]["comparison"]["length"]["mean"] == 3
    assert len(short["levels"][0]["students"]) == 2
    with pytest.raises(DatabaseError), transaction.atomic():
        Simulation.objects.update(recorded=b"")


@pytest.mark.parametrize("missing", ["left_out", DRAWN])
def test_the_numbers_are_the_engines_own_whoever_computes(answered: QuestionPool, missing: str) -> None:
    simulation = queue.ask(answered, asked(missing=missing))
    assert simulation.parts.count() == 5
    running.run_here(simulation)
    assert running.again(simulation) == simulation.result_hash
    bank = load_revision(simulation.revision_id).bank
    answers = answers_of(PERSONS + IN_PART, ITEMS)[:PERSONS]
    answers[5:, 3] = -1
    whole = summary(replay_answers(bank, SHORT, answers, 0, missing=missing))
    assert simulation.result is not None
    found = simulation.result["designs"][0]
    assert found["exposure"] == whole["exposure"]
    assert found["recorded"] == {k: pytest.approx(v) for k, v in whole["recorded"].items()}
    assert gate._kept(simulation.revision_id, SHORT) is None  # it is not held against the truth


def test_at_most_so_many_are_drawn(answered: QuestionPool) -> None:
    first = queue.ask(answered, asked(30, least_answered=0.3))
    assert first.request["students"] == 30
    assert first.request["population"]["enough"] == PERSONS + IN_PART
    assert bytes(first.recorded or b"") != b""


def test_answers_of_a_linear_test_count(
    api: APIClient, start: Start, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorded, "FEWEST_PERSONS", 4)
    pool, linear = make_pool(4), {"selection": "linear"}
    for number in range(4):
        began = start(question_pool_id=str(pool.pk), student_id=f"s{number}", rules=linear, end_criteria=None)
        take_test(api, began, is_right=is_even if number % 2 else lambda so_far: so_far < 3)
    simulation = queue.ask(pool, asked())
    running.run_here(simulation)
    assert simulation.result is not None
    assert simulation.result["designs"][0]["students"] == 4
    with pytest.raises(SimulationRefused, match="There are no recorded answers"):
        queue.ask(pool, asked(imports=(), since=simulation.finished_at))


@pytest.mark.parametrize(
    ("population", "pointer"),
    [
        ({"least_answered": 0}, "/population/least_answered"),
        ({"least_answered": 1}, "/population/least_answered"),
        ({"imports": ["5b4ac6ac-8f4f-4a6b-9a2f-4b1c1f1a7f11"]}, "/population/imports/0"),
        ({"imports": [], "delivered": False}, "/population/imports"),
        ({"missing": "guessed"}, "/population/missing"),
    ],
)
def test_what_cannot_be_done_is_named(
    api: APIClient, answered: QuestionPool, population: dict[str, Any], pointer: str
) -> None:
    body = {"population": {"kind": "recorded", **population}}
    assert pointers(api.post(f"/api/pools/{answered.pk}/simulations", body)) == [pointer]
    assert not Simulation.objects.exists()


def test_too_few_answers_are_told_with_what_there_is(answered: QuestionPool) -> None:
    told = r"Of 65 sittings 5 answered 95 % or more of the 10 questions .* 20 of them answered 90 % or more\."
    with pytest.raises(SimulationRefused, match=told):
        queue.ask(answered, asked(least_answered=0.95))


def test_by_command(answered: QuestionPool) -> None:
    said = io.StringIO()
    options = {"recorded": True, "no_delivered": True, "missing": DRAWN, "stdout": said}
    call_command("simulate_pool", str(answered.pk), **options)
    assert "persons_who_ran_out: 45\n" in said.getvalue()  # by default tests are longer than this pool
    assert f"{PERSONS} students" in said.getvalue()
    with pytest.raises(CommandError, match="/population/least_answered: Of 65 sittings"):
        call_command("simulate_pool", str(answered.pk), recorded=True, least_answered=1.0)
    assert np.isfinite(Simulation.objects.get().result["designs"][0]["rmse"]).all()  # type: ignore[index]
