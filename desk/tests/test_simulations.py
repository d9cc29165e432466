"""A pool's page *Simulate*: from two designs to pictures and tables."""

import uuid

import pytest
from django.test import Client

from desk.simulation_forms import USUAL
from sessions_app.measurement import gate
from sessions_app.measurement.importing import import_responses
from sessions_app.measurement.simulations import running
from sessions_app.measurement.tests.simulated import answers_of, matrix_file
from sessions_app.models import Simulation
from sessions_app.tests.factories import make_pool, question
from testing_engine.authoring import shelf

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.views.simulations.send_simulation", lambda simulation_id: None)


FORM = {
    "rules_1": '{"max_questions": 3}',
    "students": "40",
    "kind": "normal",
    "mean": "−0.5",
    "sd": "1",
    "cuts": "0",
    "seed": "1",
}


def test_two_designs_from_the_form_to_the_pictures(author: Client) -> None:
    pool = make_pool(8)
    page = f"/desk/questions/{pool.pk}/simulate"
    shown = author.get(page).content.decode()
    assert "There is none yet" in shown
    assert "precision" in USUAL
    form = {**FORM, "rules_2": '{"max_questions": 5}', "name_2": "<long>"}
    asked = author.post(page, form)
    simulation = Simulation.objects.get()
    assert asked["Location"] == f"/desk/questions/{pool.pk}/simulations/{simulation.pk}"
    assert simulation.request["population"]["mean"] == [-0.5]
    assert author.post(page, form)["Location"] == asked["Location"]  # one at a time: the one that waits
    progress = author.get(asked["Location"], headers=HTMX).content.decode()
    assert "<progress" in progress
    assert "<html" not in progress

    running.run_here(simulation)
    assert author.get(asked["Location"], headers=HTMX)["HX-Redirect"] == asked["Location"]
    report = author.get(asked["Location"]).content.decode()
    assert report.count("<svg") == 4
    assert "Side by side" in report
    assert "&lt;long&gt;" in report
    assert "<long>" not in report
    assert "κ = " in report
    data = author.get(f"{asked['Location']}?data=lengths").content.decode().splitlines()
    assert [line.split(",")[0] for line in data[1:]] == ["3", "5"]
    assert author.get(f"{asked['Location']}?data=nothing").status_code == 404
    german = author.get(f"{asked['Location']}?language=de").content.decode()
    assert "Warum die Tests endeten" in german
    assert author.post(f"{asked['Location']}/cancel").status_code == 302
    assert Simulation.objects.get().state == "done"


def test_persons_who_answered_already(author: Client) -> None:
    pool = make_pool([question(i, [1.0], guessing=0.0) for i in range(8)])
    page = f"/desk/questions/{pool.pk}/simulate"
    form = {**FORM, "kind": "recorded", "least": "90"}
    assert "There are no recorded answers" in author.post(page, form).content.decode()
    answers = answers_of(30, 8)
    answers[:9, :5] = -1
    import_responses(pool, matrix_file(pool, answers))
    running.run_here(Simulation.objects.get(pk=author.post(page, form)["Location"].rsplit("/", 1)[1]))
    report = author.get(f"{page.removesuffix('simulate')}simulations/{Simulation.objects.get().pk}")
    told = report.content.decode()
    assert "21 persons, by what they answered before: 21 of 30 answered enough." in told
    assert "Correlation with it" in told
    assert "Differences along ability" in told
    assert "the truth" not in told


def test_what_is_wrong_stands_at_its_field_and_a_waiting_one_is_cancelled(author: Client) -> None:
    pool = make_pool(3)
    page = f"/desk/questions/{pool.pk}/simulate"
    for fields, told in (
        ({"rules_1": '{"max_questions": 0}'}, "/max_questions: "),
        ({"rules_1": "{"}, "This is not JSON"),
        ({"rules_2": '{"selection": "random"}'}, "finds no abilities"),
        ({"cuts": "a"}, "Numbers with a point"),
        ({"mean": "1 2"}, "one for each of the 1 concepts"),
        ({"kind": "own"}, "0 students have a result"),
    ):
        assert told in author.post(page, {**FORM, **fields}).content.decode()
    assert not Simulation.objects.exists()
    author.post(page, FORM)
    author.post(f"/desk/questions/{pool.pk}/simulations/{Simulation.objects.get().pk}/cancel")
    assert "cancelled" in author.get(page).content.decode()


def test_what_must_hold_is_stated_and_shown(author: Client) -> None:
    pool = make_pool(3)
    page, address = f"/desk/questions/{pool.pk}/simulate", f"/desk/questions/{pool.pk}/requirements"
    wrong = author.post(address, {"coverage": "3", "students": "50", "rules": "{"}).content.decode()
    assert wrong.count('class="field wrong"') == 2
    author.post(address, {"coverage": "0.9", "students": "50", "rules": '{"max_questions": 3}'})
    asked = gate.requirements_of(pool.pk)
    assert asked is not None
    assert asked.to_json() == {"coverage": 0.9, "students": 50, "rules": {"max_questions": 3}}
    shown = author.get(page).content.decode()
    assert 'value="0.9"' in shown
    assert "&quot;max_questions&quot;: 3" in shown
    author.post(address, {"students": "50"})
    assert gate.requirements_of(pool.pk) is None


@pytest.mark.parametrize("page", ["simulations/{}", "calibrations/{}", "parameters/out?form=mirt"])
def test_of_a_pool_without_questions_there_is_nothing(author: Client, page: str) -> None:
    pool = shelf.new_pool(uuid.uuid4(), "Empty", ("A",))
    assert author.get(f"/desk/questions/{pool.id}/{page.format(uuid.uuid4())}").status_code == 404
