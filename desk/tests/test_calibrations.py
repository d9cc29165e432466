"""A pool's page *Calibrate*: from a file of answers to a published revision."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from desk.calibration_words import finding_in_words, stage_in_words
from desk.tests.conftest import somebody
from desk.views import calibrations
from sessions_app.measurement import running
from sessions_app.measurement.running import STAGES
from sessions_app.measurement.tests.simulated import answers_of, matrix_file
from sessions_app.models import Calibration, LongJob, ResponseImport
from sessions_app.tests.factories import make_pool, question
from sessions_app.waiting import running as long_work
from testing_engine.calibration.findings import CODES
from testing_engine.models import QuestionPool

PERMISSIONS = ("testing_engine.author_pools", "sessions_app.publish_calibrations")
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.views.calibrations.send_calibration", lambda calibration_id: None)


@pytest.fixture
def author(db: None) -> Client:
    return somebody(*PERMISSIONS)


def test_from_answers_to_a_revision(author: Client) -> None:
    pool = make_pool(14)
    page = f"/desk/questions/{pool.pk}/calibrate"
    assert "There is none yet" in author.get(page).content.decode()
    answers = f"/desk/questions/{pool.pk}/answers"
    bad = SimpleUploadedFile("bad.csv", b"person,q0\np1,7\n")
    refused = author.post(answers, {"file": bad, "values": "categories"}).content.decode()
    assert "Line 2, column q0" in refused
    header, *lines = matrix_file(pool, answers_of(250, 14, moved=[2])).content.decode().split("\n")
    schools = [f"{'town' if number % 2 else 'land'}," for number in range(250)]
    rows = ["".join(each) for each in zip(["school,", *schools], [header, *lines], strict=True)]
    content = "\n".join(rows).encode()
    for _ in range(2):
        file = SimpleUploadedFile("answers.csv", content)
        author.post(answers, {"file": file, "values": "categories", "group": "group\nschool\n"})
    assert ResponseImport.objects.get().group_columns == {"group": ["A", "B"], "school": ["land", "town"]}
    assert "school: land, town" in author.get(page).content.decode()

    form = {"scale": "own", "groups": "file_1", "delivered": "on", "model": "2PL"}
    form |= {"dif_0": "=", "dif_1": "=town"}
    asked = author.post(page, form)
    calibration = Calibration.objects.get()
    assert calibration.request["column"] == "school"
    assert calibration.request["dif"] == [
        {"column": "group", "reference": ""},
        {"column": "school", "reference": "town"},
    ]
    assert asked["Location"] == f"/desk/questions/{pool.pk}/calibrations/{calibration.pk}"
    assert author.post(page, form)["Location"] == asked["Location"]  # one at a time: the one that waits
    progress = author.get(asked["Location"], headers=HTMX).content.decode()
    assert "<progress" in progress
    assert "<html" not in progress

    running.run(calibration.pk)
    assert author.get(asked["Location"], headers=HTMX)["HX-Redirect"] == asked["Location"]
    report = author.get(asked["Location"]).content.decode()
    assert "The iterations converged" in report
    assert report.count('<th scope="row">') == 12
    assert "<svg" in report
    differ = report.partition("Differences between groups")[2].partition("</section>")[0]
    assert "town (125), land (125)" in differ
    assert "<li>q2: B\N{NO-BREAK SPACE}−" in differ
    assert "group:\N{NO-BREAK SPACE}0.0" in report
    assert "<strong>differs</strong> B" in report
    rest = author.get(f"{asked['Location']}?first=12", headers=HTMX).content.decode()
    assert rest.count('<th scope="row">') == 2
    assert "Iterationen" in author.get(f"{asked['Location']}?language=de").content.decode()

    table = author.get(f"{asked['Location']}?format=csv").content.decode()
    assert len(table.splitlines()) == 1 + 14
    whole = author.get(f"{asked['Location']}?format=json").json()
    assert len(whole["result"]["items"]) == 14

    reader = somebody("testing_engine.author_pools")
    assert "Publish as the next" not in reader.get(asked["Location"]).content.decode()
    assert reader.post(f"{asked['Location']}/publish").status_code == 403
    for _ in range(2):
        author.post(f"{asked['Location']}/publish")
    revision = QuestionPool.objects.get().current_revision
    assert revision is not None
    assert revision.number == 2
    assert "Published as revision" in author.get(f"{asked['Location']}?language=en").content.decode()


def test_what_is_wrong_stands_in_the_form_and_a_waiting_one_is_cancelled(author: Client) -> None:
    pool = make_pool(3)
    page = f"/desk/questions/{pool.pk}/calibrate"
    form = {"scale": "anchors", "estimate": "nobody", "groups": "none", "model": "GRM"}
    shown = author.post(page, form).content.decode()
    assert "no question &#x27;nobody&#x27;" in shown
    assert "No question of this pool can have GRM" in shown
    assert not Calibration.objects.exists()
    author.post(page, {"scale": "link", "groups": "none", "delivered": "on"})
    found = Calibration.objects.get()
    author.post(f"/desk/questions/{pool.pk}/calibrations/{found.pk}/cancel")
    assert "cancelled" in author.get(page).content.decode()


def test_every_finding_and_stage_has_words() -> None:
    assert all(finding_in_words(code) != code for code in CODES)
    assert all(stage_in_words(stage) for stage in STAGES)


def test_a_pool_without_parameters_begins_a_scale_of_its_own(author: Client) -> None:
    """And what it has no scale for is refused at once, at its field, in the reader's language."""
    unknown = ("difficulty", "discrimination", "guessing")
    rows = [{k: v for k, v in question(n, [1.0]).items() if k not in unknown} for n in range(3)]
    pool = make_pool([{**row, "state": "not_calibrated"} for row in rows])
    page = f"/desk/questions/{pool.pk}/calibrate"
    assert author.get(page).context["form"]["scale"].value() == "own"
    reply = author.post(page, {"scale": "link", "groups": "none"}, headers={"Accept-Language": "de"})
    assert "Weniger als zwei Fragen dieses Pools haben Parameter" in str(
        reply.context["form"].errors["scale"]
    )
    assert not Calibration.objects.exists()
    assert (
        author.get(f"/desk/questions/{make_pool(3).pk}/calibrate").context["form"]["scale"].value() == "link"
    )


def test_a_large_file_of_answers_is_a_workers(author: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = make_pool(2)
    monkeypatch.setattr(calibrations, "AT_ONCE", 10)
    file = SimpleUploadedFile("paper.csv", b"person,q0,q1\na,1,0\nb,0,\n")
    page = author.post(f"/desk/questions/{pool.pk}/answers", {"file": file, "values": "categories"})
    job = LongJob.objects.get()
    assert page["Location"] == f"/desk/files/{job.pk}"
    assert not ResponseImport.objects.exists()
    long_work.run(job.pk)
    said = author.get(f"{page['Location']}?language=de").content.decode()
    assert "3 Antworten von 2 Personen sind gespeichert." in said
