"""The commands: tokens, cleanup, pools."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from knox.models import AuthToken
from rest_framework.test import APIClient

from sessions_app.models import TestSession
from sessions_app.tests.factories import last_active, make_pool, pool_document
from testing_engine.models import Question, QuestionPool


def _run(name: str, /, *args: Any, **options: Any) -> str:
    out = StringIO()
    call_command(name, *args, stdout=out, **options)
    return out.getvalue().strip()


def _status(token: str, address: str) -> int:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    return client.get(address).status_code


def test_create_api_token_grants_what_it_is_told(db: None) -> None:
    token = _run("create_api_token", "school", permissions="author, report")
    assert _status(token, "/api/pools") == 200
    assert _status(token, "/api/debug/redis/stats") == 403
    assert AuthToken.objects.get().expiry is not None
    _run("create_api_token", "school", days=0)
    assert AuthToken.objects.filter(expiry=None).count() == 1


def test_create_api_token_refuses_an_unknown_permission(db: None) -> None:
    with pytest.raises(CommandError, match="No such permission: everything"):
        _run("create_api_token", "school", permissions="everything")
    assert not AuthToken.objects.exists()


def test_create_api_token_makes_none_for_a_person(db: None) -> None:
    User.objects.create_superuser("root")
    with pytest.raises(CommandError, match="person"):
        _run("create_api_token", "root")
    assert not AuthToken.objects.exists()


def test_revoke_api_token_shuts_a_client_out(db: None) -> None:
    token = _run("create_api_token", "school", permissions="all")
    other = _run("create_api_token", "other", permissions="all")
    assert _run("revoke_api_token", "school") == "Revoked 1 token."
    assert _status(token, "/api/pools") == 401
    assert _status(other, "/api/pools") == 200
    assert _run("revoke_api_token", other[:10]) == "Revoked 1 token."
    with pytest.raises(CommandError):
        _run("revoke_api_token", "school")


def test_cleanup_sessions_counts_first_and_ends_then(pool: QuestionPool, start: Any) -> None:
    start(student_id="s1")
    start(student_id="s2")
    last_active("2020-01-01T00:00:00Z", student__external_id="s1")
    assert "Would end 1 sessions" in _run("cleanup_sessions", dry_run=True)
    assert TestSession.objects.filter(status="active").count() == 2
    assert "Ended 1 sessions" in _run("cleanup_sessions", inactivity_minutes=30)
    assert TestSession.objects.get(status="expired").student.external_id == "s1"
    assert "Ended 0 sessions" in _run("cleanup_sessions")


def test_upload_pool_takes_json(db: None, tmp_path: Path) -> None:
    path = tmp_path / "pool.json"
    path.write_text(json.dumps(pool_document(3)))
    assert "pool.json is fine" in _run("upload_pool", path, dry_run=True)
    assert not QuestionPool.objects.exists()
    assert "Published 3 questions" in _run("upload_pool", path, name="Mine")
    assert QuestionPool.objects.get().name == "Mine"


def test_upload_pool_names_a_scale(db: None, tmp_path: Path) -> None:
    path = tmp_path / "pool.json"
    path.write_text(json.dumps(pool_document(3, scale="Grade 8")))
    assert _run("upload_pool", path).endswith("on the scale Grade 8.")
    assert _run("upload_pool", path, scale="Grade 9").endswith("on the scale Grade 9.")
    with pytest.raises(CommandError, match="/scale"):
        _run("upload_pool", path, scale=" blank")


def test_default_pool_shows_and_chooses(db: None) -> None:
    assert _run("default_pool") == "There is no pool."
    first, newest = make_pool(), make_pool()
    assert _run("default_pool") == f"{newest.pk} A pool (the newest, as none is chosen)"
    assert _run("default_pool", str(first.pk)) == f"{first.pk} A pool (chosen)"
    assert _run("default_pool", newest=True).startswith(str(newest.pk))
    for wrong in ("nothing", "0b9f4c5e-2f5a-4d3b-9d53-0d6c5d2f9a11"):
        with pytest.raises(CommandError, match="There is no pool"):
            _run("default_pool", wrong)


def test_upload_pool_takes_csv(db: None, tmp_path: Path) -> None:
    path = tmp_path / "pool.csv"
    path.write_text(
        "id,content,options,correct_answer,concept:Math,concept:Algebra,difficulty,guessing\n"
        'a,"What is 2 + 2?",3|4|5,4,1,0,-1.5,0.2\n'
        "b,Solve x + 1 = 3.,1|2,2,0.5,1,,\n"
    )
    _run("upload_pool", path)
    pool = QuestionPool.objects.get()
    assert (pool.name, pool.concept_names) == ("pool", ["Math", "Algebra"])
    a, b = Question.objects.order_by("external_id")
    assert (a.options, a.option_scores, a.concepts, a.difficulty) == (
        ["3", "4", "5"],
        [0, 1, 0],
        [1.0, 0.0],
        -1.5,
    )
    assert (b.concepts, b.difficulty, b.guessing) == ([0.5, 1.0], 0.0, 0.0)


def test_upload_pool_names_what_is_wrong_and_publishes_nothing(db: None, tmp_path: Path) -> None:
    path = tmp_path / "pool.csv"
    path.write_text("id,content,options,correct_answer,concept:Math,difficulty\na,Text,1|2,3,1,hard\n")
    with pytest.raises(CommandError) as refused:
        _run("upload_pool", path)
    assert "Line 2, column correct_answer: " in str(refused.value)
    assert "Line 2, column difficulty: " in str(refused.value)
    assert not QuestionPool.objects.exists()


@pytest.mark.parametrize(
    ("name", "text"), [("a.json", "{"), ("b.json", "3"), ("c.csv", "id\n1\n"), ("d.json", None)]
)
def test_upload_pool_refuses_an_unreadable_file(
    db: None, tmp_path: Path, name: str, text: str | None
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(CommandError):
        _run("upload_pool", tmp_path / name)


def test_load_demo_publishes_it_once(db: None) -> None:
    assert "Published the demo pool" in _run("load_demo")
    assert "The demo pool is there" in _run("load_demo")
    assert QuestionPool.objects.get(name="Mathematics demo").concept_names == [
        "Math",
        "Algebra",
        "Geometry",
        "Statistics",
        "Calculus",
    ]


def test_exposure_rule_counts_what_students_saw(api: APIClient, pool: QuestionPool, start: Any) -> None:
    started = start()
    first = started["next_question"]["id"]
    body = {"session_id": started["session_id"], "question_id": first, "response": 0}
    assert api.post("/api/test/submit", body).status_code == 200
    api.post(f"/api/test/end/{started['session_id']}")
    rules = json.loads(_run("exposure_rule", str(pool.pk), maximum=0.5, stderr=StringIO()))
    assert sum(rules["eligibility"][0]["rates"]) == 1.0
    again = start(student_id="s2", end_criteria=None, rules=rules)
    assert again["next_question"]["id"] != first


def test_simulate_rules_reports_and_finds_exposure_numbers(pool: QuestionPool, tmp_path: Path) -> None:
    told = _run("simulate_rules", str(pool.pk), students=50)
    assert "rmse: " in told
    assert "students: 50" in told
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({"max_questions": 5}))
    found = _run("simulate_rules", str(pool.pk), rules=path, students=50, exposure="sympson_hetter")
    rule = json.loads(found.splitlines()[-1])["eligibility"][0]
    assert rule["name"] == "sympson_hetter"
    assert len(rule["probabilities"]) == 40
    path.write_text(json.dumps({"max_questions": 0}))
    with pytest.raises(CommandError, match="/max_questions"):
        _run("simulate_rules", str(pool.pk), rules=path)
    with pytest.raises(CommandError, match="no pool"):
        _run("simulate_rules", "nothing")
