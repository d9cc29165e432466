"""Kinds of result: what each test says, kept with each session, and told only to whom it is for."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.conftest import answer_questions, browser_of, take_test
from sessions_app.models import NamedTest, ResultSpecification, TestSession
from sessions_app.sitting.result_specs import (
    USUAL,
    Kind,
    ResultSpec,
    cuts_of,
    load_spec,
    problems_of_result,
    store_spec,
)
from sessions_app.tests.factories import make_named_test, make_pool, question
from testing_engine.models import QuestionPool
from testing_engine.psychometrics.rules import CatRules

SPRT = {"name": "SPRT", "cuts": [0.5]}


def started_with(api: APIClient, **body: Any) -> dict[str, Any]:
    reply = api.post("/api/test/start", {"student_id": "s", **body})
    assert reply.status_code == 200, reply.json()
    found: dict[str, Any] = reply.json()
    return found


def spec_of_start(api: APIClient, **body: Any) -> ResultSpec:
    started = started_with(api, **body)
    return load_spec(TestSession.objects.get(pk=started["session_id"]).result_spec_id)


@pytest.mark.parametrize(
    ("stop", "kind", "cuts"),
    [
        ([], Kind.LEVELS, (-1.0, 0.0, 1.0)),
        ([SPRT], Kind.PASSING, (0.5,)),
        ([{"name": "GLR", "cuts": [-0.0]}], Kind.PASSING, (0.0,)),
        ([{"name": "interval", "cuts": [0.25, -1]}], Kind.LEVELS, (-1.0, 0.25)),
        ([{"name": "any", "rules": [SPRT, {"name": "all", "rules": [SPRT]}]}], Kind.PASSING, (0.5,)),
    ],
)
def test_rules_that_decide_at_cuts_make_a_test_that_classifies(
    api: APIClient, pool: QuestionPool, stop: list[Any], kind: str, cuts: tuple[float, ...]
) -> None:
    rules = {"max_questions": 3, "stop": stop}
    make_named_test(pool, rules=rules)
    for body in ({"test": "algebra"}, {"rules": rules}):
        spec = spec_of_start(api, **body)
        assert (spec.kind, spec.cuts) == (kind, cuts)


def test_several_concepts_are_classified_each(api: APIClient, db: None) -> None:
    make_pool(concepts=2)
    criteria = {"type": "classification", "cut_scores": [0.0], "max_questions": 6}
    started = started_with(api, end_criteria=criteria)
    take_test(api, started)
    report = browser_of(started).get(f"/api/test/result/{started['session_id']}").json()["report"]
    assert report["kind"] == "passing"
    for found in (report["whole"], *report["concepts"]):
        assert found["level"] == int(found["theta"] >= -0.0005)
        assert 0.5 <= found["probability"] <= 1
    assert {found["headline"].split(" (")[0] for found in report["concepts"]} <= {"Passed", "Not passed"}


def test_a_pool_without_a_right_answer_makes_a_score(api: APIClient, db: None) -> None:
    fields = {"model": "GRM", "option_scores": [0, 1, 2, 3], "thresholds": [-1.0, 0.0, 1.0], "guessing": 0.0}
    rows = [question(i, [1.0], **fields) for i in range(5)]
    for row in rows:
        del row["correct_answer"]
    make_pool(rows)
    started = started_with(api, end_criteria={"type": "fixed_length", "max_questions": 2})
    for option in (3, 3):
        reply = api.get(f"/api/test/status/{started['session_id']}").json()
        body = {"session_id": started["session_id"], "question_id": reply["next_question"]["id"]}
        api.post("/api/test/submit", {**body, "response": option})
    report = api.get(f"/api/test/result/{started['session_id']}").json()["report"]
    assert (report["kind"], report["levels"], report["whole"]["level"]) == ("scale", [], None)
    assert report["whole"]["score"] == pytest.approx(50 + 10 * report["whole"]["theta"], abs=1e-5)


def test_an_edit_changes_no_result_that_was_given(api: APIClient, pool: QuestionPool) -> None:
    levels = [{"name": name, "meaning": ""} for name in ("low", "high")]
    test = make_named_test(pool, result_kind="levels", result_cuts=[-9.0], result_levels=levels)
    started = started_with(api, test="algebra")
    take_test(api, started)
    address = f"/api/test/result/{started['session_id']}"
    before = api.get(address).json()
    assert before["report"]["headline"].startswith("high (")
    test.result_cuts, test.result_levels, test.result_kind = [9.0], [], "passing"
    test.save()
    assert api.get(address).json() == before
    again = started_with(api, test="algebra")
    take_test(api, again)
    assert api.get(f"/api/test/result/{again['session_id']}").json()["report"]["kind"] == "passing"


def test_sessions_that_are_told_alike_share_a_specification(api: APIClient, pool: QuestionPool) -> None:
    make_named_test(pool)
    make_named_test(pool, name="other")
    for name in ("algebra", "other", "algebra"):
        started_with(api, test=name)
    assert ResultSpecification.objects.count() == 1
    assert load_spec(TestSession.objects.all()[0].result_spec_id) == USUAL == load_spec(None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE result_specifications SET content = jsonb_set(content, '{cuts}', '[-3]')", "were changed"),
        ("UPDATE test_sessions SET result_spec_id = NULL", "started"),
    ],
)
def test_the_audit_names_a_changed_specification(
    api: APIClient, pool: QuestionPool, change: str, named: str
) -> None:
    answer_questions(api, started_with(api, rules={"max_questions": 3, "stop": [SPRT]}), 1)
    call_command("verify_audit", stdout=StringIO())
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(change)
        cursor.execute("SET session_replication_role = origin")
    out = StringIO()
    with pytest.raises((CommandError, SystemExit)):
        call_command("verify_audit", stdout=out, stderr=out)
    assert named in out.getvalue()


@pytest.mark.parametrize(
    "change", ["UPDATE result_specifications SET content = '{}'", "DELETE FROM result_specifications"]
)
def test_a_specification_never_changes(db: None, change: str) -> None:
    store_spec(USUAL)
    with (
        pytest.raises(IntegrityError, match="never change"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)


# --- To whom ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"result_kind": "thanks"}, 403, "result_not_shown"),
        ({"result_release": "closed"}, 409, "result_not_released"),
    ],
)
def test_a_result_that_is_not_for_the_student_stays_with_the_school(
    api: APIClient, pool: QuestionPool, fields: dict[str, str], status: int, code: str
) -> None:
    closes_at = timezone.now() + timedelta(hours=1)
    make_named_test(pool, rules={"max_questions": 2}, closes_at=closes_at, **fields)
    started = started_with(api, test="algebra")
    browser = browser_of(started)
    first = answer_questions(browser, started, 1)
    assert (first["current_proficiency"], first["ability"]) == (None, None)
    assert api.get(f"/api/test/status/{started['session_id']}").json()["ability"]
    so_far = browser.get(f"/api/test/status/{started['session_id']}").json()
    assert (so_far["current_proficiency"], so_far["ability"]) == (None, None)
    last = answer_questions(browser, started, 1, question=first["next_question"])
    released_at = closes_at if "result_release" in fields else None
    expected = {"status": "completed", "total_questions": 2}
    told = released_at and released_at.isoformat().replace("+00:00", "Z")
    assert last == {**expected, "result_released_at": told}
    assert browser.post(f"/api/test/end/{started['session_id']}").json() == last
    refused = browser.get(f"/api/test/result/{started['session_id']}")
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert set(refused.json()) <= {"type", "title", "status", "detail", "code", "released_at"}
    assert api.get(f"/api/test/result/{started['session_id']}").json()["report"]["whole"]
    NamedTest.objects.update(closes_at=timezone.now())
    reply = browser.get(f"/api/test/result/{started['session_id']}")
    assert reply.status_code == (200 if released_at else 403)


# --- What a test may say ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"result_kind": "passing"}, "result_cuts"),
        ({"result_kind": "passing", "result_cuts": [0.0, 1.0]}, "result_cuts"),
        ({"result_cuts": [1.0, 0.0]}, "result_cuts"),
        ({"result_cuts": [0.0, 0.0]}, "result_cuts"),
        ({"result_cuts": [0.12345]}, "result_cuts"),
        ({"result_cuts": [99.0]}, "result_cuts"),
        ({"result_levels": [{"name": "one", "meaning": ""}]}, "result_levels"),
        ({"result_cuts": [0.0], "result_levels": [{"name": "a"}, {"name": "a"}]}, "result_levels"),
        ({"result_cuts": [0.0], "result_levels": [{"name": ""}, {"name": "a"}]}, "result_levels"),
        ({"result_levels": [{"title": "a"}]}, "result_levels"),
        ({"scale_sd": 1e9}, "scale_sd"),
    ],
)
def test_it_names_what_cannot_be(
    api: APIClient, pool: QuestionPool, fields: dict[str, Any], place: str
) -> None:
    test = make_named_test(pool, **fields)
    assert {field for field, _ in problems_of_result(test, pool, {})} == {place}
    refused = api.post("/api/test/start", {"student_id": "s", "test": "algebra"})
    assert (refused.status_code, refused.json()["code"]) == (400, "rules_refused")
    assert not TestSession.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"result_kind": "else"},
        {"result_release": "closed"},
        {"scale_sd": 0.0},
        {"result_cuts": [0.0] * 21},
        {"result_kind": "scale", "allow_dont_know": True},
        {"result_levels": {}},
    ],
)
def test_the_database_refuses_the_rest(pool: QuestionPool, fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_named_test(pool, **fields)


def test_more_cuts_of_rules_than_levels_have_names_are_no_levels() -> None:
    many = [{"name": "classification", "cuts": [i / 10 + k for i in range(20)]} for k in (-5, 5)]
    assert len(cuts_of(CatRules.from_json({"stop": [{"name": "any", "rules": many}]}))) == 40
