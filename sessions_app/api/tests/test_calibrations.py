"""Imported answers and calibrations over the API."""

import csv
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.conftest import pointers
from sessions_app.measurement import running
from sessions_app.measurement.importing import Wishes, import_responses
from sessions_app.measurement.matrix import Wanted, matrix_lines
from sessions_app.measurement.tests.simulated import answers_of, matrix_file
from sessions_app.models import Calibration, ImportedSitting, ResponseImport, TestSession
from sessions_app.tests.factories import make_pool
from testing_engine.interchange.answer_files import Columns
from testing_engine.interchange.imported import Upload
from testing_engine.models import QuestionPool


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who computes is up to the test: what the broker gets, nobody takes."""
    monkeypatch.setattr("sessions_app.api.calibrations.send_calibration", lambda calibration_id: None)


@pytest.fixture
def pool(db: None) -> QuestionPool:
    return make_pool(8)


def send(api: APIClient, pool: QuestionPool, content: str, **fields: Any) -> Any:
    return api.post(f"/api/pools/{pool.pk}/responses", {"content": content, **fields})


def test_a_matrix_by_form_and_again_in_json_is_one_import(api: APIClient, pool: QuestionPool) -> None:
    text = "person,gender,q0,q2\np1,f,1,0\np2,m,NA,1\np3,f,,\n"
    file = SimpleUploadedFile("sheets.csv", text.encode())
    address = f"/api/pools/{pool.pk}/responses"
    first = api.post(address, {"file": file, "group": "gender"}, format="multipart").json()
    again = send(api, pool, text, group="gender", file_name="other name.csv").json()
    assert first == {**again, "is_repeat": False}
    assert first["groups"] == ["f", "m"]
    assert (first["persons"], first["answers"], first["questions"]) == (3, 3, ["q0", "q2"])
    stored = list(ImportedSitting.objects.values_list("person", "group_name", "items", "categories"))
    assert stored == [("p1", "f", [0, 1], [1, 0]), ("p2", "m", [1], [1]), ("p3", "f", [], [])]
    assert not TestSession.objects.exists()
    listed = api.get(address).json()
    assert [each["import_id"] for each in listed["results"]] == [first["import_id"]]
    assert listed["results"][0]["file_name"] == "sheets.csv"


def test_columns_of_groups_are_kept_by_name(api: APIClient, pool: QuestionPool) -> None:
    text = "person,sex,q0,language,q2\np1,f,1,de,0\np2,m,NA,fr,1\np3,,1,de,\n"
    file = SimpleUploadedFile("sheets.csv", text.encode())
    address = f"/api/pools/{pool.pk}/responses"
    form = {"file": file, "group": ["sex", "language"]}
    first = api.post(address, form, format="multipart").json()
    assert send(api, pool, text, group=["sex", "language"]).json() == {**first, "is_repeat": True}
    assert first["group_columns"] == {"sex": ["f", "m"], "language": ["de", "fr"]}
    assert (first["groups"], first["questions"]) == (["f", "m"], ["q0", "q2"])
    stored = list(ImportedSitting.objects.values_list("group_name", "other_groups"))
    assert stored == [("f", ["de"]), ("m", ["fr"]), ("", ["de"])]
    long = "person,item,response,sex,language\na,q0,1,f,de\na,q1,1,f,fr\n"
    told = send(api, pool, long, group=["sex", "language"]).json()["errors"][0]["detail"]
    assert told == "Line 3: the person 'a' is in group 'de' before, and here in 'fr'."
    for names in (["sex", "sex"], ["sex", "age"]):
        assert pointers(send(api, pool, text, group=names)) == ["/group"]

    address = f"/api/pools/{pool.pk}/calibrations"
    body: dict[str, Any] = {"groups": "file", "column": "language", "dif": [{"column": "sex"}]}
    wrong = {"column": "age", "dif": [{"column": "age"}, {"column": "sex", "reference": "x"}]}
    assert pointers(api.post(address, {**body, **wrong})) == ["/column", "/dif/0/column", "/dif/1/reference"]
    assert pointers(api.post(address, {**body, "groups": "none"})) == ["/column"]
    asked = api.post(address, body).json()
    assert asked["request"]["dif"] == [{"column": "sex", "reference": ""}]
    matrix = "".join(matrix_lines(pool, Wanted(groups="file"), timezone.now())).splitlines()
    assert matrix[:2] == ["person,sex,language,q0,q2", "1,f,de,1,0"]


def test_a_file_with_one_column_of_groups_is_the_import_that_it_was(pool: QuestionPool) -> None:
    """What its reading is called decides that: as it was when there could be no other."""
    file = Upload("a.csv", b"person,sex,q0\n1,f,1\n")
    source = import_responses(pool, file, Wishes(Columns(groups=("sex",)))).source
    assert source is not None
    before = {"shape": "matrix", "person": "", "group": "sex", "item": "", "response": "", "time": ""}
    assert source.reading == {**before, "missing": [], "values": "categories"}


def test_raw_answers_are_scored_by_the_questions_own_key(api: APIClient, pool: QuestionPool) -> None:
    long = "person;item;response;time_ms\nx;q0;A;900\nx;q1;a;\ny;q1;B;1200\n"
    assert send(api, pool, long, values="letters").json()["shape"] == "long"
    stored = list(ImportedSitting.objects.values_list("person", "items", "categories", "times"))
    assert stored == [("x", [0, 1], [1, 0], [900, None]), ("y", [1], [1], [1200])]


def test_every_bad_line_is_named_and_nothing_is_kept(api: APIClient, pool: QuestionPool) -> None:
    bad = "person,q0,q9\np1,1,1\np2,2,\np1,0,\np4,1\n"
    reply = send(api, pool, bad)
    assert reply.json()["code"] == "responses_refused"
    assert [each["detail"] for each in reply.json()["errors"]] == [
        "Line 1, column q9: the pool has no question of this id.",
        "Line 3, column q0: “2” is no category: 0 to 1, or −1 for none.",
        "Line 4: the person 'p1' is there twice.",
        "Line 5: it has 2 cells, the header has 3.",
    ]
    dry = send(api, pool, bad, dry_run=True).json()
    assert (dry["problem_count"], dry["import_id"]) == (4, None)
    assert not ResponseImport.objects.exists()
    rest = send(api, pool, bad, skip_bad_lines=True).json()
    assert (rest["persons"], rest["answers"]) == (1, 1)
    assert ResponseImport.objects.get().left_out == 4


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"content": ""}, "/content"),
        ({}, "/file"),
        ({"content": "person,q0\np1,1\n", "group": "gender"}, "/group"),
        ({"content": "person,item\np1,q0\n", "shape": "long"}, "/response"),
        ({"content": "person,q0\np1,\n"}, "/file"),
        ({"content": "person,q0\np1,1\n", "values": "words"}, "/values"),
        ({"content": 'person,q0\n"p1,1\n'}, "/file"),
    ],
)
def test_what_is_no_file_of_answers_is_refused(
    api: APIClient, pool: QuestionPool, fields: dict[str, Any], pointer: str
) -> None:
    reply = api.post(f"/api/pools/{pool.pk}/responses", fields)
    assert pointer in pointers(reply)
    assert not ResponseImport.objects.exists()


def test_ask_read_publish(api: APIClient, pool: QuestionPool) -> None:
    send(api, pool, matrix_file(pool, answers_of(250, 8)).content.decode())
    address = f"/api/pools/{pool.pk}/calibrations"
    headers = {"Idempotency-Key": "one"}
    body = {"scale": "own", "model": "2PL", "priors": {"a": [0.2, 0.4]}}
    asked = api.post(address, body, headers=headers).json()
    assert asked["state"] == "queued"
    assert api.post(address, body, headers=headers).json() == asked
    assert api.post(address, {"scale": "own"}, headers=headers).json()["code"] == "idempotency_key_reused"
    busy = api.post(address)
    assert (busy.status_code, busy.json()["code"]) == (409, "calibration_runs")
    assert busy.json()["calibration_id"] == asked["calibration_id"]
    early = api.post(f"{address}/{asked['calibration_id']}/publish")
    assert (early.status_code, early.json()["code"]) == (409, "calibration_state")

    running.run(Calibration.objects.get().pk)
    one = f"{address}/{asked['calibration_id']}"
    found = api.get(one).json()
    assert (found["state"], found["progress"], found["error"]) == ("done", 1.0, "")
    assert len(found["result"]["items"]) == 8
    table: Any = api.get(one, {"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(b"".join(table.streaming_content).decode())))
    assert [float(row["new_difficulty"]) for row in rows] == [
        item["new"]["difficulty"] for item in found["result"]["items"]
    ]
    assert api.get(address).json()["results"][0]["result"] is None

    published = api.post(f"{one}/publish").json()
    assert (published["revision"], published["questions_changed"]) == (2, 8)
    assert api.post(f"{one}/publish").json() == published
    assert api.get(f"/api/pools/{pool.pk}").json()["revision"] == 2
    assert api.post(f"{one}/cancel").status_code == 409


def test_a_doubtful_result_is_published_only_by_who_says_so(api: APIClient, pool: QuestionPool) -> None:
    halves = answers_of(200, 8)
    halves[:100, :4] = -1
    halves[100:, 4:] = -1
    send(api, pool, matrix_file(pool, halves).content.decode())
    address = f"/api/pools/{pool.pk}/calibrations"
    asked = api.post(address, {"scale": "own"}).json()
    running.run(Calibration.objects.get().pk)
    publish = f"{address}/{asked['calibration_id']}/publish"
    refused = api.post(publish)
    assert (refused.status_code, refused.json()["code"]) == (409, "proposal_doubtful")
    assert api.post(publish, {"despite_errors": True}).json()["revision"] == 2


def test_what_is_wrong_with_a_request_is_named(api: APIClient, pool: QuestionPool) -> None:
    address = f"/api/pools/{pool.pk}/calibrations"
    bad = {"seed": -1, "priors": {"a": 1}, "model": "9PL"}
    assert set(pointers(api.post(address, bad))) == {"/seed", "/priors", "/model"}
    assert pointers(api.post(address, {"scale": "anchors", "anchors": ["nobody"]})) == ["/anchors/0"]
    assert pointers(api.post(address, {"imports": ["0b9f4c5e-2f5a-4d3b-9d53-0d6c5d2f9a11"]})) == [
        "/imports/0"
    ]
    for unknown in ("0b9f4c5e-2f5a-4d3b-9d53-0d6c5d2f9a11", "x"):
        assert api.get(f"{address}/{unknown}").json()["code"] == "calibration_not_found"
        assert api.get(f"/api/pools/{unknown}/calibrations").json()["code"] == "pool_not_found"
