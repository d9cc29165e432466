"""`rules` of start: all that the engine can do, through the API, from the first question to the result."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from sessions_app.models import TestSession
from sessions_app.review.replay import replay
from sessions_app.tests.factories import make_pool, question, right_answer
from testing_engine.psychometrics.components import EDITION

Start = Callable[..., dict[str, Any]]

ONE_DIMENSION = [
    {},
    {"ability": {"name": "MAP"}, "criterion": {"name": "bOpt"}},
    {"ability": {"name": "ML"}, "criterion": {"name": "MFI"}},
    {"ability": {"name": "WLE"}, "strategy": {"name": "randomesque", "count": 3}},
    {"criterion": {"name": "MEPV"}, "strategy": {"name": "progressive"}},
    {"criterion": {"name": "KLP"}, "strategy": {"name": "proportional"}},
    {"criterion": {"name": "MPWI"}, "start": {"name": "abilities", "thetas": [-1, 1]}},
    {"prior": {"name": "uniform"}, "ability": {"name": "EAP"}},
    {"prior": {"name": "normal", "mean": [0.5], "covariance": [[2.0]]}},
    {"strategy": {"name": "a-stratified", "strata": 3}, "criterion": {"name": "bOpt"}},
    {"stop": [{"name": "SPRT", "cuts": [0]}, {"name": "PSER", "least": 0.01}]},
    {
        "stop": [
            {
                "name": "all",
                "rules": [{"name": "precision", "standard_error": 0.5}, {"name": "length", "questions": 4}],
            }
        ]
    },
    {
        "eligibility": [
            {"name": "area_targets", "targets": [{"area": "even", "share": 1}, {"area": "odd", "share": 1}]}
        ]
    },
    {"eligibility": [{"name": "shadow", "areas": [{"area": "even", "minimum": 3, "maximum": 3}]}]},
    {"eligibility": [{"name": "item_eligibility", "probabilities": [[0.5] * 40]}]},
]
SEVERAL_DIMENSIONS = [{"criterion": {"name": name}} for name in ("D", "A", "E", "T")] + [
    {"prior": {"name": "normal", "mean": [0, 0], "covariance": [[1, 0.5], [0.5, 1]]}},
    {"ability": {"name": "EAP"}, "criterion": {"name": "A"}},
    {"stop": [{"name": "precision", "composite": [1, 1], "standard_error": 0.9}]},
]
POLYTOMOUS: dict[str, dict[str, Any]] = {
    "GRM": {"thresholds": [-1, 0, 1]},
    "GPCM": {"thresholds": [-1, 0.5, 1]},
    "PCM": {"thresholds": [-1, 0, 1], "discrimination": 1},
    "RSM": {"thresholds": [-1, 0, 1], "discrimination": 1},
    "NRM": {
        "category_slopes": [0, 0.5, 1, 1.5],
        "category_intercepts": [0, 0.2, 0.1, -0.3],
        "difficulty": 0,
        "discrimination": 1,
    },
}


def _areas(count: int, concepts: int) -> list[dict[str, Any]]:
    return [
        question(i, [float(i % concepts == k) for k in range(concepts)], area=("even", "odd")[i % 2])
        for i in range(count)
    ]


def _finish(api: APIClient, started: dict[str, Any], answer: Callable[[str], object]) -> dict[str, Any]:
    """Answer until the test is over; every number on the way is finite and can be had again."""
    reply: dict[str, Any] = started
    while reply.get("next_question"):
        body = {
            "session_id": started["session_id"],
            "question_id": reply["next_question"]["id"],
            "response": answer(reply["next_question"]["id"]),
        }
        response = api.post("/api/test/submit", body)
        assert response.status_code == 200, response.content
        reply = response.json()
        numbers = [*reply["ability"]["theta"], *reply["ability"]["standard_error"]]
        assert all(map(math.isfinite, numbers))
    assert replay(started["session_id"]).differences == ()
    return reply


@pytest.mark.parametrize("rules", ONE_DIMENSION, ids=lambda rules: json.dumps(rules)[:60])
def test_it_runs_a_whole_test_in_one_dimension(api: APIClient, start: Start, rules: dict[str, Any]) -> None:
    make_pool(_areas(40, 1))
    started = start(end_criteria=None, rules={"max_questions": 6, **rules})
    result = _finish(api, started, right_answer)
    assert 1 <= result["total_questions"] <= 6
    assert result["ability"]["theta"][0] > 0
    assert result["test_summary"]["end_reason"]
    packed = get_redis_connection("default").keys(f"session:{{{started['session_id']}}}:*")
    assert not packed


@pytest.mark.parametrize("rules", SEVERAL_DIMENSIONS, ids=lambda rules: json.dumps(rules)[:60])
def test_it_runs_a_whole_test_in_two_dimensions(api: APIClient, start: Start, rules: dict[str, Any]) -> None:
    make_pool(_areas(40, 2), concepts=2)
    started = start(end_criteria=None, rules={"max_questions": 6, **rules})
    result = _finish(api, started, right_answer)
    assert len(result["ability"]["theta"]) == 2
    assert min(result["ability"]["theta"]) > 0


@pytest.mark.parametrize("model", POLYTOMOUS)
@pytest.mark.parametrize("answer", [0, 3, None], ids=["lowest", "highest", "unknown"])
def test_it_scores_every_model(api: APIClient, start: Start, model: str, answer: int | None) -> None:
    rows = []
    for i in range(8):
        row = question(i, [1.0], model=model, guessing=0.0, **POLYTOMOUS[model])
        del row["correct_answer"]
        rows.append(row)
    make_pool(rows)
    result = _finish(api, start(), lambda _: answer)
    theta, error = result["ability"]["theta"][0], result["ability"]["standard_error"][0]
    if answer is None:  # a rating that is not given says nothing
        assert (round(theta, 9), round(error, 6)) == (0.0, 1.0)
    else:
        assert (theta > 0) == (answer == 3)
        assert error < 1


def test_its_shadow_test_keeps_every_constraint(api: APIClient, start: Start) -> None:
    make_pool(_areas(40, 1))
    shadow = {"name": "shadow", "areas": [{"area": "even", "minimum": 2, "maximum": 2}]}
    started = start(end_criteria=None, rules={"max_questions": 8, "eligibility": [shadow]})
    _finish(api, started, right_answer)
    session = TestSession.objects.get(pk=started["session_id"])
    areas = [response.question.area for response in session.responses.select_related("question")]
    assert (areas.count("even"), areas.count("odd")) == (2, 6)


@pytest.mark.parametrize(
    ("rules", "pointer"),
    [
        ({"colour": 1}, "/rules/colour"),
        ({"criterion": {"name": "best of all"}}, "/rules/criterion"),
        ({"criterion": {"name": "D"}, "ability": {"name": "EAP", "points": 0}}, "/rules/ability"),
        ({"max_questions": 3, "min_questions": 4}, "/rules/min_questions"),
        ({"stop": [{"name": "precision", "standard_error": -1}]}, "/rules/stop/0/standard_error"),
        (
            {"eligibility": [{"name": "maximum_rate", "rates": [0.1], "maximum": 0.3}]},
            "/rules/eligibility/0/rates",
        ),
        (
            {"eligibility": [{"name": "shadow", "areas": [{"area": "odd", "minimum": 99}]}]},
            "/rules/eligibility/0",
        ),
    ],
)
def test_it_refuses_rules_that_cannot_work(api: APIClient, rules: dict[str, Any], pointer: str) -> None:
    make_pool(_areas(40, 1))
    response = api.post("/api/test/start", {"student_id": "s1", "rules": rules})
    assert response.status_code == 400
    assert response.json()["code"] == "rules_refused"
    assert any(error["pointer"].startswith(pointer) for error in response.json()["errors"]), response.json()
    assert not TestSession.objects.exists()


def test_it_keeps_the_rules_with_the_session_and_shows_them(client: Client, start: Start) -> None:
    make_pool(_areas(40, 1))
    rules = {"criterion": {"name": "MEPV"}, "max_questions": 7}
    started = start(end_criteria=None, rules=rules)
    session = TestSession.objects.get(pk=started["session_id"])
    assert session.plan.rules == rules | {"ability": {"name": "EAP"}, "edition": EDITION}
    client.force_login(User.objects.create_superuser("root"))
    page = client.get(f"/admin/sessions_app/testsession/{session.pk}/change/").content.decode()
    assert "MEPV" in page


def test_it_lets_the_rules_bring_a_prior_for_every_student(api: APIClient, start: Start) -> None:
    make_pool(_areas(40, 1))
    _finish(api, start(), right_answer)
    prior = {"name": "normal", "mean": [-1.0], "covariance": [[1.0]]}
    started = start(end_criteria=None, rules={"prior": prior, "max_questions": 5})
    assert started["ability"]["theta"][0] == pytest.approx(-1.0, abs=1e-6)
    assert started["initial_proficiency"][0] == pytest.approx(0.158655, abs=1e-5)


@pytest.mark.parametrize(
    "rules",
    [
        {"ability": {"name": "robust", "weight": "Tukey", "tuning": 0.01, "until_mixed": {"rule": "bound"}}},
        {"ability": {"name": "ML", "until_mixed": {"rule": "bound"}, "bounds": {"lower": -20, "upper": 20}}},
        {"ability": {"name": "EAP", "grid": {"lower": -4, "upper": 4, "points": 2}}},
        {"strategy": {"name": "proportional", "power": 1000, "acceleration": 20}},
        {"strategy": {"name": "progressive", "acceleration": -20}},
        {
            "prior": {"name": "uniform", "lower": 0, "upper": 0.1},
            "criterion": {"name": "MEI", "update": "MAP"},
        },
        {"prior": {"name": "Jeffreys", "lower": -20, "upper": 20}},
    ],
    ids=lambda rules: json.dumps(rules)[:60],
)
def test_it_keeps_to_finite_numbers_where_answers_tell_nothing(
    api: APIClient, start: Start, rules: dict[str, Any]
) -> None:
    make_pool(_areas(20, 1))
    result = _finish(api, start(end_criteria=None, rules={"max_questions": 10, **rules}), right_answer)
    assert result["total_questions"] == 10
    assert api.get("/api/sessions").status_code == 200


@pytest.mark.parametrize(
    ("rules", "pointer"),
    [
        (
            {
                "ability": {"name": "MAP", "bounds": {"lower": 5, "upper": 6}},
                "prior": {"name": "uniform"},
            },
            "/rules/ability/bounds",
        ),
        ({"strategy": {"name": "proportional", "acceleration": 1e5}}, "/rules/strategy/acceleration"),
        ({"prior": {"name": "normal", "mean": [0], "covariance": [[1e-8]]}}, "/rules/prior/covariance"),
        ({"prior": {"name": "normal", "mean": [0], "covariance": [[1e4]]}}, "/rules/prior/covariance"),
        ({"prior": {"name": "uniform", "lower": 0, "upper": 1e-300}}, "/rules/prior/upper"),
        ({"prior": {"name": "Jeffreys", "lower": -100, "upper": 99.5}}, "/rules/prior/lower"),
        ({"stop": [{"name": "change"}] * 21}, "/rules/stop"),
        ({"stop": [{"name": "all", "rules": [{"name": "change"}] * 20}] * 16}, "/rules"),
    ],
    ids=lambda value: json.dumps(value)[:50],
)
def test_it_refuses_rules_that_are_too_much_work(api: APIClient, rules: dict[str, Any], pointer: str) -> None:
    make_pool(_areas(20, 1))
    response = api.post("/api/test/start", {"student_id": "s1", "rules": rules})
    assert response.status_code == 400, response.json()
    assert any(error["pointer"].startswith(pointer) for error in response.json()["errors"]), response.json()


def test_it_weighs_the_population_in_before_it_carries_an_estimate_on(api: APIClient, start: Start) -> None:
    """One right answer under maximum likelihood says 4 ± much: the next test must not begin there."""
    make_pool(_areas(40, 1))
    ability = {"name": "ML", "until_mixed": {"rule": "bound"}}
    result = _finish(
        api, start(end_criteria=None, rules={"ability": ability, "max_questions": 1}), right_answer
    )
    theta, error = result["ability"]["theta"][0], result["ability"]["standard_error"][0]
    assert theta == 4.0
    started = start()
    assert started["ability"]["theta"][0] == pytest.approx(theta / (1 + error**2), abs=1e-6)
    assert 0.9 < started["ability"]["standard_error"][0] <= 1.0


def test_it_refuses_a_shadow_test_longer_than_the_pool(api: APIClient) -> None:
    make_pool(_areas(19, 1))
    rules = {"eligibility": [{"name": "shadow", "areas": [{"area": "even", "maximum": 4}]}]}
    response = api.post("/api/test/start", {"student_id": "s1", "rules": rules})
    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "/rules/max_questions"


def test_it_answers_a_key_that_no_reply_can_hold(api: APIClient) -> None:
    make_pool(_areas(19, 1))
    body = '{"student_id": "s1", "rules": {"\\ud800": 1}}'
    assert api.post("/api/test/start", body, content_type="application/json").status_code == 400


def test_it_asks_a_student_who_is_known_well_at_least_one_question(api: APIClient, start: Start) -> None:
    make_pool(_areas(40, 1))
    _finish(api, start(end_criteria={"type": "fixed_length", "max_questions": 20}), right_answer)
    rules = {"stop": [{"name": "precision", "standard_error": 0.9}], "max_questions": 40}
    result = _finish(api, start(end_criteria=None, rules=rules), right_answer)
    assert (result["total_questions"], result["test_summary"]["end_reason"]) == (1, "precision")
