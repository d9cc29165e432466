"""GET /api/test/result/{session_id}: what came out, and how the estimate narrowed."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from rest_framework.test import APIClient

from sessions_app.conftest import Start, answer_questions, browser_of, client_with, take_test
from sessions_app.models import TestResponse
from sessions_app.sitting.proficiency import proficiency_of
from sessions_app.tests.factories import make_pool, make_token
from testing_engine.models import QuestionPool


def address(started: dict[str, Any]) -> str:
    return f"/api/test/result/{started['session_id']}"


def test_it_shows_the_result_and_its_path(api: APIClient, start: Start) -> None:
    make_pool(concepts=2)
    started = start()
    last = take_test(api, started)[-1]
    result = browser_of(started).get(address(started)).json()
    assert {name: result[name] for name in last} == last
    assert result["concept_names"] == ["Math", "Algebra"]
    assert [point["questions_answered"] for point in result["path"]] == [0, 1, 2, 3, 4, 5]
    assert result["path"][0]["proficiency"] == [0.5, 0.5]
    assert result["path"][0]["proficiency_95"][0] == pytest.approx([0.025, 0.975])
    assert result["path"][-1]["proficiency"] == last["final_proficiency"]
    ends = [concept["proficiency_95"] for concept in last["test_summary"]["concepts"]]
    assert result["path"][-1]["proficiency_95"] == ends
    stored = TestResponse.objects.order_by("position").values_list("theta", flat=True)
    assert [point["proficiency"] for point in result["path"][1:]] == [
        [proficiency_of(theta) for theta in after] for after in stored
    ]


def test_it_is_closed_while_the_test_runs(api: APIClient, start: Start, pool: QuestionPool) -> None:
    """Its path would tell which answers were right."""
    started = start()
    answer_questions(api, started, 1)
    for client in (api, browser_of(started)):
        refused = client.get(address(started))
        assert (refused.status_code, refused.json()["code"]) == (409, "session_active")
        assert "path" not in refused.json()


def test_it_shows_a_test_that_was_ended_early(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    api.post(f"/api/test/end/{started['session_id']}")
    result = api.get(address(started)).json()
    assert (result["status"], result["total_questions"], len(result["path"])) == ("ended", 0, 1)


def test_it_is_nobody_elses(api: APIClient, start: Start, pool: QuestionPool) -> None:
    mine, theirs = start(), start(student_id="s2")
    api.post(f"/api/test/end/{mine['session_id']}")
    for stranger in (browser_of(theirs), client_with(f"Token {make_token()}")):
        assert stranger.get(address(mine)).json()["code"] == "session_not_found"
    assert client_with(None).get(address(mine)).status_code == 401
    assert api.get("/api/test/result/nothing").status_code == 404


def test_it_takes_two_queries(
    start: Start, pool: QuestionPool, django_assert_num_queries: Callable[[int], AbstractContextManager[Any]]
) -> None:
    started = start()
    browser = browser_of(started)
    take_test(browser, started)
    with django_assert_num_queries(2):  # the session with its student, and its answers
        assert browser.get(address(started)).status_code == 200
