"""The live view's page asks for what it does not show yet: cells of rows that changed, and whole rows."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.admin import live
from sessions_app.conftest import Start, answer_questions
from sessions_app.models import TestSession
from testing_engine.models import QuestionPool

LIVE = "/admin/sessions_app/livesession/"


def versions_in(html: str) -> dict[str, str]:
    return dict(re.findall(r'data-key="([^"]+)" data-version="([^"]+)"', html))


def news(browser: Client, known: object, query: str = "") -> dict[str, Any]:
    reply = browser.post(f"{LIVE}changes/{query}", {"known": known}, content_type="application/json")
    assert reply.status_code == 200
    found: dict[str, Any] = reply.json()
    return found


@pytest.fixture
def two(start: Start, pool: QuestionPool) -> list[dict[str, Any]]:
    """Two running tests, the first begun first."""
    return [start(student_id=each) for each in ("anna", "ben")]


def test_what_is_known_is_not_sent_again(browser: Client, two: list[dict[str, Any]]) -> None:
    known = versions_in(browser.get(LIVE).content.decode())
    assert set(known) == {each["session_id"] for each in two}
    told = news(browser, known)
    assert told["order"] == [each["session_id"] for each in reversed(two)]
    assert (told["cells"], told["rows"]) == ({}, "")


def test_an_answer_sends_the_cells_of_its_row(
    browser: Client, api: APIClient, two: list[dict[str, Any]]
) -> None:
    known = versions_in(browser.get(LIVE).content.decode())
    answer_questions(api, two[0], 2)
    told = news(browser, known)
    ((key, cells),) = told["cells"].items()
    assert (key, told["rows"]) == (two[0]["session_id"], "")
    assert "3 of at most 5" in cells["question"]
    assert "Math: " in cells["ability"]
    assert news(browser, known | versions_in(cells["question"]))["cells"] == {}


def test_a_new_test_and_another_status_send_whole_rows(
    browser: Client, start: Start, two: list[dict[str, Any]]
) -> None:
    known = versions_in(browser.get(LIVE).content.decode())
    carl = start(student_id="carl")["session_id"]
    anna, ben = (each["session_id"] for each in two)
    over = {"completed_at": timezone.now(), "current_position": None}
    TestSession.objects.filter(pk=anna).update(status="expired", **over)
    told = news(browser, known)
    assert told["order"] == [carl, ben, anna]
    assert set(versions_in(told["rows"])) == {carl, anna}
    TestSession.objects.filter(pk=ben).update(status="ended", **over)
    assert news(browser, known)["order"] == [carl, anna]


def test_a_filter_of_the_page_is_kept(browser: Client, start: Start, two: list[dict[str, Any]]) -> None:
    assert news(browser, {}, "?q=ben")["order"] == [two[1]["session_id"]]


def test_no_list_is_longer_than_the_most(
    browser: Client, two: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST", 1)
    assert news(browser, {})["order"] == [two[1]["session_id"]]
    assert news(browser, {}, "?q=anna")["order"] == [two[0]["session_id"]]
    all_found = {"action": "end_these", "select_across": 1, "_selected_action": [0], "index": 0}
    assert browser.post(LIVE, all_found).context["ids"] == two[1]["session_id"]


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"known": []}', '{"known": 3}'])
def test_what_is_no_knowledge_is_refused(browser: Client, body: str) -> None:
    assert browser.post(f"{LIVE}changes/", body, content_type="application/json").status_code == 400


def test_only_who_may_see_tests_gets_news(client: Client) -> None:
    reply = client.post(f"{LIVE}changes/", {"known": {}}, content_type="application/json")
    assert reply.status_code == 302
