"""`?render=html` on start, submit and status, and the link to the student's page."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from sessions_app.conftest import Start, browser_of, pointers
from sessions_app.models import Student, TestResponse
from sessions_app.tests.factories import make_pool, question
from testing_engine.models import QuestionPool


@pytest.fixture
def formulas(db: None) -> None:
    options = ["$x^2$", "`x`", "<b>", "$5"]
    make_pool(
        [question(i, [1], content="Is $x$ < 2?", options=options, correct_answer="`x`") for i in range(6)]
    )


def assert_html(shown: dict[str, Any]) -> None:
    assert shown["content"] == "Is $x$ < 2?"
    assert "<math" in shown["content_html"]
    assert "&lt; 2?" in shown["content_html"]
    assert "<msup>" in shown["options_html"][0]
    assert shown["options_html"][1:] == ['<code dir="ltr">x</code>', "&lt;b&gt;", "$5"]


@pytest.mark.usefixtures("formulas")
def test_it_adds_html_where_asked(api: APIClient) -> None:
    started = api.post("/api/test/start?render=html", {"student_id": "s1"}).json()
    assert_html(started["next_question"])
    body = {
        "session_id": started["session_id"],
        "question_id": started["next_question"]["id"],
        "response": 0,
    }
    browser = browser_of(started)
    assert_html(browser.post("/api/test/submit?render=html", body).json()["next_question"])
    assert_html(browser.get(f"/api/test/status/{started['session_id']}?render=html").json()["next_question"])


@pytest.mark.usefixtures("formulas")
def test_it_adds_none_where_not(start: Start) -> None:
    shown = {"id", "content", "options", "concepts", "interactions", "passage"}
    assert set(start()["next_question"]) == shown


def test_it_refuses_another_form_before_it_writes(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    body = {
        "session_id": started["session_id"],
        "question_id": started["next_question"]["id"],
        "response": 0,
    }
    assert pointers(api.post("/api/test/submit?render=pdf", body)) == ["/render"]
    assert pointers(api.post("/api/test/start?render=pdf", {"student_id": "s2"})) == ["/render"]
    assert pointers(api.get(f"/api/test/status/{started['session_id']}?render=")) == ["/render"]
    assert not TestResponse.objects.exists()
    assert Student.objects.count() == 1


def test_it_gives_the_students_link(start: Start, pool: QuestionPool) -> None:
    started = start(key="one")
    assert started["take_url"] == f"http://testserver/take/test#{started['session_token']}"
    assert start(key="one")["take_url"] == started["take_url"]
