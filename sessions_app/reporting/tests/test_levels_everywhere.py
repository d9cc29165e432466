"""A student's page, a teacher's list, files and pictures name the same level for one θ."""

import csv
import io
import json
import re
from collections import Counter
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from sessions_app.conftest import answer_questions, browser_of, take_test
from sessions_app.models import NamedTest, TestSession
from sessions_app.reporting.levels import levels_of
from sessions_app.reporting.pictures.results import results_pictures
from sessions_app.reporting.result_distribution import results_of, results_of_named_test
from sessions_app.sitting.result_specs import load_spec
from sessions_app.sitting.thousandths import told
from sessions_app.tests.factories import make_named_test, make_pool, question

DUST = [-0.0, 6e-17, -8.6e-17, 4e-4, -4e-4]


def levels_told(api: APIClient, test: NamedTest) -> list[tuple[str, ...]]:
    """For each session that is over: its level on the student's page, in the list, in CSV and in JSON."""
    sessions = {str(session.pk): session for session in TestSession.objects.filter(named_test=test)}
    address = f"/api/tests/{test.name}/results"
    exported = json.loads(b"".join(api.get(address).streaming_content))["rows"]  # type: ignore[attr-defined]
    text = b"".join(api.get(address, {"format": "csv"}).streaming_content).decode()  # type: ignore[attr-defined]
    lines = {line["session_id"]: line for line in csv.DictReader(io.StringIO(text))}
    admin = Client()
    admin.force_login(User.objects.create_superuser("root"))
    page = admin.get(f"/admin/sessions_app/namedtest/{test.pk}/results/").content.decode()
    found: list[tuple[str, ...]] = []
    for row, line in ((row, lines[row["session_id"]]) for row in exported):
        session = sessions[row["session_id"]]
        report = api.get(f"/api/test/result/{session.pk}").json()["report"]
        level = report["levels"][report["whole"]["level"]]["name"]
        assert report["headline"].startswith(f"{level} (probability ")
        cell = page[page.index(f"/{session.pk}/change/") :]
        in_list = re.search(r'<div class="font-medium">(.*?) \(probability', cell)
        assert in_list
        assert f"θ = {told(session.theta[0])}," in cell[: cell.index("</details>")]
        found.append((level, in_list[1], line["level: Math"], row["level: Math"], row["overall_level"]))
    for text in (page, json.dumps(exported), str(lines)):
        assert not re.search(r"[-−]0\.0+\b(?!\d)|\d\.\d+e-\d", text)
    return found


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"rules": {"max_questions": 2, "stop": [{"name": "classification", "cuts": [0.5]}]}},
        {"result_cuts": [-0.125, 0.75], "result_levels": [{"name": n, "meaning": ""} for n in "ABC"]},
    ],
    ids=["usual", "passing", "own"],
)
def test_all_say_the_same_around_every_cut(api: APIClient, db: None, fields: dict[str, Any]) -> None:
    test = make_named_test(make_pool(), **{"rules": {"max_questions": 2}, **fields})
    cuts = load_spec(None).cuts
    number = 0
    for dust in DUST:
        started = api.post("/api/test/start", {"student_id": "s", "test": "algebra"}).json()
        cuts = load_spec(TestSession.objects.get(pk=started["session_id"]).result_spec_id).cuts
        for cut in cuts:
            number += 1
            started = api.post("/api/test/start", {"student_id": f"s{number}", "test": "algebra"}).json()
            answer_questions(api, started, 1)
            TestSession.objects.filter(pk=started["session_id"]).update(
                theta=[cut + dust],
                status="expired",
                completed_at="2026-01-01T00:00Z",
                current_position=None,
            )
    TestSession.objects.filter(status="active").update(
        status="expired", completed_at="2026-01-01T00:00Z", current_position=None, named_test=None
    )
    told_levels = levels_told(api, test)
    assert len(told_levels) == len(DUST) * len(cuts)
    assert all(len(set(levels)) == 1 for levels in told_levels)
    sessions = TestSession.objects.filter(named_test=test)
    spec = load_spec(sessions[0].result_spec_id)
    assert {levels[0] for levels in told_levels} == {level.name for level in levels_of(spec)[1:]}
    pictures = results_pictures(results_of_named_test(test.pk))
    (drawn,) = [picture for picture in pictures if picture.name == "levels"]
    counted = Counter(levels[0] for levels in told_levels)
    assert drawn.rows[0][1:] == tuple(counted[name] for name in drawn.columns[1:])


def test_half_right(api: APIClient, db: None) -> None:
    """Twelve alike questions, right and wrong in turn: θ is 0 but for dust."""
    alike = [question(i, [1.0], difficulty=0.0, discrimination=1.0, guessing=0.0) for i in range(12)]
    test = make_named_test(make_pool(alike), rules={"max_questions": 12})
    for first_is_right in (False, True):
        started = api.post("/api/test/start", {"student_id": f"s{first_is_right}", "test": "algebra"}).json()
        last = take_test(api, started, is_right=lambda n, first=first_is_right: n % 2 == (not first))[-1]  # type: ignore[misc]
        assert abs(TestSession.objects.get(pk=started["session_id"]).theta[0]) < 1e-9
        assert json.dumps(last["ability"]["theta"]) == "[0.0]"
    assert [set(levels) for levels in levels_told(api, test)] == [{"Secure"}, {"Secure"}]


def test_nothing_is_said_before_the_first_answer(api: APIClient, db: None) -> None:
    test = make_named_test(make_pool(concepts=2), closes_at=None)
    started = api.post("/api/test/start", {"student_id": "s", "test": "algebra"}).json()
    api.post(f"/api/test/end/{started['session_id']}")
    report = browser_of(started).get(f"/api/test/result/{started['session_id']}").json()["report"]
    assert (report["whole"], report["concepts"]) == (None, [])
    assert report["headline"] == "No question was answered, so there is nothing to show."
    (row,) = json.loads(b"".join(api.get("/api/tests/algebra/results").streaming_content))["rows"]  # type: ignore[attr-defined]
    assert {row[name] for name in ("accuracy", "overall_level", "overall_theta", "level: Math")} == {None}
    admin = Client()
    admin.force_login(User.objects.create_superuser("root"))
    page = admin.get(f"/admin/sessions_app/namedtest/{test.pk}/results/").content.decode()
    assert "0 %" not in page
    assert not any(level.name in page for level in levels_of(load_spec(None)))


def test_nothing_is_said_about_a_concept_without_a_question(api: APIClient, db: None) -> None:
    rows = [question(i, [1.0, 0.0]) for i in range(20)] + [question(99, [0.0, 1.0], discrimination=0.1)]
    make_named_test(make_pool(rows, concepts=2), rules={"max_questions": 3})
    started = api.post("/api/test/start", {"student_id": "s", "test": "algebra"}).json()
    take_test(api, started)
    found = api.get(f"/api/test/result/{started['session_id']}").json()
    assert [concept["name"] for concept in found["report"]["concepts"]] == ["Math"]
    assert found["report"]["whole"]["theta"] == found["ability"]["theta"][0]
    assert not found["report"]["stands_out"]
    (row,) = json.loads(b"".join(api.get("/api/tests/algebra/results").streaming_content))["rows"]  # type: ignore[attr-defined]
    assert row["level: Math"]
    assert row["level: Algebra"] is None
    results = results_of(TestSession.objects.all())
    assert [concept.name for concept in results.concepts] == ["Math"]
    (told_alike,) = results.levels
    assert sum(dict(told_alike.counts)["Algebra"]) == 0
