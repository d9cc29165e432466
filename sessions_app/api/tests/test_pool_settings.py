"""A pool's reporting scale and its requirements over the API."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from sessions_app.conftest import Start, pointers, take_test
from sessions_app.models import StudentProficiency
from testing_engine.models import QuestionPool

SCALE = {"name": "T", "at_zero": 50, "per_unit": 10, "cuts": [45], "levels": [{"name": "a"}, {"name": "b"}]}


def test_results_are_told_on_the_scale_that_was_put(api: APIClient, pool: QuestionPool, start: Start) -> None:
    address = f"/api/pools/{pool.pk}/reporting-scale"
    assert api.get(address).json() == {
        "question_pool_id": str(pool.pk), "reporting_scale": None, "preview": [],
    }  # fmt: skip
    first, again = (api.put(address, {"reporting_scale": SCALE}).json() for _ in range(2))
    assert first == again == api.get(address).json()
    assert [read["score"] for read in first["preview"]] == [40.0, 50.0, 60.0]
    assert first["preview"][0]["sentences"][0].startswith("a (probability")
    put_back = api.put(address, {"reporting_scale": first["reporting_scale"]}).json()
    assert put_back == first
    started = start()
    take_test(api, started)
    report = api.get(f"/api/test/result/{started['session_id']}").json()["report"]
    assert report["reporting_scale"]["name"] == "T"
    assert api.put(address, {"reporting_scale": None}).json()["reporting_scale"] is None


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({}, "/reporting_scale"),
        ({"reporting_scale": {"per_unit": 0}}, "/reporting_scale/per_unit"),
        ({"reporting_scale": {"points": [[0, 1]]}}, "/reporting_scale/points"),
        ({"reporting_scale": {"cuts": [2, 1]}}, "/reporting_scale/cuts"),
        ({"reporting_scale": {"digits": "x"}}, "/reporting_scale/digits"),
        ({"reporting_scale": {"cut": [2]}}, "/reporting_scale/cut"),
    ],
)
def test_what_is_no_scale_is_refused(api: APIClient, pool: QuestionPool, body: Any, at: str) -> None:
    reply = api.put(f"/api/pools/{pool.pk}/reporting-scale", body)
    assert (reply.status_code, pointers(reply)) == (400, [at])
    pool.refresh_from_db()
    assert pool.reporting_scale is None


def test_requirements_are_put_and_taken_away(api: APIClient, pool: QuestionPool) -> None:
    address = f"/api/pools/{pool.pk}/requirements"
    assert api.get(address).json()["requirements"] is None
    asked = {"coverage": 0.93, "no_errors": True, "rules": {"max_questions": 9}}
    first, again = (api.put(address, {"requirements": asked}).json() for _ in range(2))
    assert first == again == api.get(address).json()
    found = first["requirements"]
    assert (found["coverage"], found["rmse"], found["no_errors"], found["students"]) == (
        0.93,
        None,
        True,
        500,
    )
    assert api.put(address, {"requirements": found}).json() == first
    for wrong, at in (
        ({"coverage": 2}, "/requirements/coverage"),
        ({"rules": {"max_questions": 0}}, "/requirements/rules/max_questions"),
        ({"students": 1}, "/requirements/students"),
        ({"exposur": 0.2}, "/requirements/exposur"),
    ):
        reply = api.put(address, {"requirements": wrong})
        assert (reply.status_code, pointers(reply)) == (400, [at])
    assert api.get(address).json() == first
    nothing: Any
    for nothing in (None, {}):
        assert api.put(address, {"requirements": nothing}).json()["requirements"] is None


REQUESTS = [
    ("requirements", {"requirements": {"students": 1, "standrd_error": 0.3}}, "/requirements/standrd_error"),
    ("requirements", {"requirements": {}, "exposure": 0.2}, "/exposure"),
    ("reporting-scale", {"reporting_scale": {"levels": [{"name": "a", "mean": "b"}]}}, "/levels/0/mean"),
    ("calibrations", {"sede": 1}, "/sede"),
    ("simulations", {"population": {"men": [1]}}, "/population/men"),
    ("parameters", {"table": "id,b", "dryrun": True}, "/dryrun"),
    ("responses", {"content": "q1", "dryrun": True}, "/dryrun"),
]


@pytest.mark.parametrize(("place", "body", "at"), REQUESTS)
def test_a_misspelt_field_is_named(
    api: APIClient, pool: QuestionPool, place: str, body: Any, at: str
) -> None:
    send = api.put if place in ("requirements", "reporting-scale") else api.post
    reply = send(f"/api/pools/{pool.pk}/{place}", body)
    assert reply.status_code == 400
    assert any(each.endswith(at) for each in pointers(reply))
    form = api.post("/api/pools/import", {"dryrun": "true"}, format="multipart")
    assert (form.status_code, "/dryrun" in pointers(form)) == (400, True)


def test_a_pool_gets_another_name_and_scale_and_is_the_default_no_more(
    api: APIClient, pool: QuestionPool, start: Start
) -> None:
    take_test(api, start())
    address = f"/api/v1/pools/{pool.pk}"
    before = api.post(f"{address}/default").json()
    changed = {"name": "Grade 9", "scale": "Algebra"}
    for _ in range(2):
        assert api.patch(address, changed).json() == {**before, **changed}
    known = StudentProficiency.objects.get()
    assert known.scale.name == "Algebra"
    assert sorted(pointers(api.patch(address, {"name": "", "scal": "x"}))) == ["/name", "/scal"]
    for _ in range(2):
        assert api.delete(f"{address}/default").json()["is_default"] is False


def test_scales_are_made_once_and_changed(api: APIClient, pool: QuestionPool) -> None:
    asked = {"name": "Al/gebra", "correlation": 0.5}
    made = api.post("/api/v1/scales", asked).json()
    assert (made["correlation"], made["pools"]) == (0.5, 0)
    assert api.post("/api/v1/scales", asked).json() == made
    assert pointers(api.post("/api/v1/scales", {**asked, "correlation": 0.6})) == ["/name"]
    assert pointers(api.post("/api/v1/scales", {"name": "B", "correlation": 1})) == ["/correlation"]
    changed = api.patch("/api/v1/scales/Al/gebra", {"description": "Autumn."}).json()
    assert changed == {**made, "description": "Autumn."} == api.get("/api/v1/scales/Al/gebra").json()
    assert pointers(api.patch("/api/v1/scales/Al/gebra", {"name": pool.scale.name})) == ["/name"]
    names = [each["name"] for each in api.get("/api/v1/scales").json()["results"]]
    assert names == sorted(["Al/gebra", pool.scale.name])
    assert api.get("/api/v1/scales/none").json()["code"] == "scale_not_found"
