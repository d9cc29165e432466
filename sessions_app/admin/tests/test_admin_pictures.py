"""The pages of pictures in the admin: who sees them, what they ask of the database, what they offer."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from rest_framework.test import APIClient

from sessions_app.conftest import answer_questions, take_test
from sessions_app.models import TestResponse, TestSession
from sessions_app.tests.factories import make_pool
from testing_engine.models import Question, QuestionPool

Start = Callable[..., dict[str, Any]]


@pytest.fixture
def pages(api: APIClient, db: None, start: Start) -> dict[str, str]:
    """Every page of pictures, after a few tests."""
    pool = make_pool(30, concepts=2)
    for student in range(4):
        take_test(api, start(student_id=f"s{student}"), is_right=student.__gt__)
    answer_questions(api, start(student_id="running"), 2)
    return addresses(pool)


def addresses(pool: QuestionPool) -> dict[str, str]:
    of_pool = f"/admin/testing_engine/questionpool/{pool.pk}"
    question = TestResponse.objects.filter(position=1)[0].question_id
    session = TestSession.objects.filter(status="completed")[0].pk
    return {
        "measurement": f"{of_pool}/measurement/",
        "exposure": f"{of_pool}/exposure/",
        "results": f"{of_pool}/results/",
        "question": f"/admin/testing_engine/question/{question}/answers/",
        "session": f"/admin/sessions_app/testsession/{session}/path/",
    }


PICTURES = {
    "measurement": ["information", "standard-error", "together", "questions", "concepts"],
    "exposure": ["exposure"],
    "results": ["proficiency", "levels", "times"],
    "question": ["curves", "options", "fit"],
    "session": ["ability", "information"],
}


@pytest.mark.parametrize("name", PICTURES)
def test_it_shows_its_pictures_with_their_data(browser: Client, pages: dict[str, str], name: str) -> None:
    reply = browser.get(pages[name])
    assert reply.status_code == 200
    page = reply.content.decode()
    assert page.count("<svg xmlns") == len(PICTURES[name])
    assert page.count("The same as a table") == len(PICTURES[name])
    assert "pictures/pictures.css" in page
    for picture in reply.context["page"].pictures:
        assert f'href="?data={picture.name}"' in page
        download = browser.get(f"{pages[name]}?data={picture.name}")
        assert download.headers["Content-Type"].startswith("text/csv")
        rows = list(csv.reader(io.StringIO(download.content.decode())))
        assert rows[0] == list(picture.columns)
        assert len(rows) == len(picture.rows) + 1
    assert [picture.name for picture in reply.context["page"].pictures] == PICTURES[name]
    assert browser.get(f"{pages[name]}?data=nothing").status_code == 404


# Of each, two are the visitor's session and account; one is the object. A page that counts something again
# for every question or answer would go far beyond.
BUDGETS = {"measurement": 8, "exposure": 9, "results": 8, "question": 9, "session": 11}


@pytest.mark.parametrize("name", PICTURES)
def test_it_asks_few_queries(
    browser: Client, pages: dict[str, str], name: str, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(BUDGETS[name]):
        assert browser.get(pages[name]).status_code == 200


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("measurement", ["view_questionpool"]),
        ("exposure", ["view_questionpool"]),
        ("results", ["view_questionpool", "view_testsession"]),
        ("question", ["view_question"]),
        ("session", ["view_testsession"]),
    ],
)
def test_it_is_for_those_who_may_see_its_rows(
    client: Client, pages: dict[str, str], name: str, needed: list[str]
) -> None:
    assert client.get(pages[name]).status_code == 302
    teacher = User.objects.create_user("teacher", is_staff=True)
    client.force_login(teacher)
    for codename in needed:
        assert client.get(pages[name]).status_code == 403
        assert client.get(f"{pages[name]}?data={PICTURES[name][0]}").status_code == 403
        teacher.user_permissions.add(Permission.objects.get(codename=codename))
    assert client.get(pages[name]).status_code == 200


@pytest.mark.parametrize("name", ["measurement", "exposure", "results"])
def test_a_pool_without_tests_has_its_pages_too(browser: Client, name: str) -> None:
    pool = make_pool(8, concept_names=[])
    reply = browser.get(f"/admin/testing_engine/questionpool/{pool.pk}/{name}/")
    assert reply.status_code == 200
    assert bool(reply.context["page"].pictures) == (name == "measurement")


def test_a_question_that_nobody_answered_has_its_curves(browser: Client, pool: QuestionPool) -> None:
    question = Question.objects.all()[0]
    reply = browser.get(f"/admin/testing_engine/question/{question.pk}/answers/")
    assert [picture.name for picture in reply.context["page"].pictures] == ["curves"]


def test_a_scale_has_its_curves_and_answers(browser: Client, api: APIClient, start: Start) -> None:
    scale = {
        "id": "scale",
        "content": "I like this.",
        "options": ["no", "so so", "yes"],
        "option_scores": [0, 1, 2],
        "concepts": [1],
        "model": "GRM",
        "thresholds": [-1, 1],
    }
    make_pool([scale, {**scale, "id": "other"}])
    started = start(end_criteria={"type": "fixed_length", "max_questions": 2, "min_questions": 2})
    body = {"session_id": started["session_id"], "question_id": started["next_question"]["id"]}
    assert api.post("/api/test/submit", {**body, "response": None}).status_code == 200
    question = Question.objects.get(external_id=started["next_question"]["id"])
    reply = browser.get(f"/admin/testing_engine/question/{question.pk}/answers/")
    assert reply.context["page"].pictures[0].columns == (
        "θ", "P(score 0)", "P(score 1)", "P(score 2)", "information",
    )  # fmt: skip
    # "I don't know" is not scored on a scale: it is drawn among the options, and says nothing about fit.
    assert [picture.name for picture in reply.context["page"].pictures] == ["curves", "options"]
    assert dict(reply.context["page"].facts)["Infit mean square"] == "–"
    body = {
        "session_id": started["session_id"],
        "question_id": "other" if question.external_id == "scale" else "scale",
    }
    assert api.post("/api/test/submit", {**body, "response": 2}).status_code == 200
    question = Question.objects.get(external_id=body["question_id"])
    reply = browser.get(f"/admin/testing_engine/question/{question.pk}/answers/")
    assert [picture.name for picture in reply.context["page"].pictures] == ["curves", "options", "fit"]


def test_exposure_of_an_older_revision_can_be_asked_for(browser: Client, pages: dict[str, str]) -> None:
    facts = dict(browser.get(f"{pages['exposure']}?revision=1").context["page"].facts)
    assert (facts["Tests"], facts["Largest exposure rate"]) == ("4", "100.0 %")
    for wrong in ("2", "x", "-1", "1" * 30, "²"):
        assert browser.get(pages["exposure"], {"revision": wrong}).status_code == 404


def test_unused_questions_are_named(browser: Client, pages: dict[str, str]) -> None:
    page = browser.get(pages["exposure"]).context["page"]
    ((heading, (unused,)),) = page.lists
    used = set(
        TestResponse.objects.filter(session__status="completed").values_list(
            "question__external_id", flat=True
        )
    )
    assert heading == "Never used"
    assert set(unused.split(", ")) == {f"q{n}" for n in range(30)} - used


def test_a_session_says_why_each_question_came(browser: Client, pages: dict[str, str]) -> None:
    reply = browser.get(pages["session"])
    assert len(reply.context["reasons"]) == 5
    assert "Why each question came" in reply.content.decode()
    assert len(reply.context["page"].pictures[0].rows) == 6


def test_an_imported_session_is_drawn_from_what_is_stored(browser: Client, pages: dict[str, str]) -> None:
    running = TestSession.objects.get(status="active")
    TestSession.objects.filter(pk=running.pk).update(legacy_id="17")
    reply = browser.get(f"/admin/sessions_app/testsession/{running.pk}/path/")
    assert reply.context["reasons"] == []
    assert [picture.name for picture in reply.context["page"].pictures] == ["ability", "information"]
    assert "not replayable" in reply.content.decode()


def test_a_path_is_what_the_rows_say(browser: Client, pages: dict[str, str]) -> None:
    session = TestSession.objects.get(pk=pages["session"].split("/")[4])
    ability, information = browser.get(pages["session"]).context["page"].pictures
    columns = dict(zip(ability.columns, zip(*ability.rows, strict=True), strict=True))
    responses = list(session.responses.order_by("position").select_related("question"))
    for index, name in enumerate(("Math", "Algebra")):
        theta = [session.prior_mean[index], *(r.theta[index] for r in responses)]
        error = [session.prior_sd[index], *(r.standard_error[index] for r in responses)]
        assert columns[f"θ: {name}"] == pytest.approx(theta, abs=1e-4)
        assert columns[f"high: {name}"] == pytest.approx(
            [t + 1.96 * e for t, e in zip(theta, error, strict=True)], abs=1e-4
        )
    assert [row[1] for row in information.rows] == [r.question.external_id for r in responses]
    assert [row[2] for row in information.rows] == ["right" if r.is_correct else "wrong" for r in responses]


def test_unknown_rows_are_not_found(browser: Client, pages: dict[str, str]) -> None:
    for address in (
        "/admin/testing_engine/questionpool/8d2f6a5e-0000-4000-8000-000000000000/measurement/",
        "/admin/testing_engine/question/999999/answers/",
        "/admin/sessions_app/testsession/8d2f6a5e-0000-4000-8000-000000000000/path/",
    ):
        assert browser.get(address).status_code == 404


def test_a_hostile_name_stays_text(browser: Client, api: APIClient, start: Start) -> None:
    hostile = "<script>alert(1)</script>"
    pool = make_pool(12, concept_names=[hostile])
    take_test(api, start())
    for address in addresses(pool).values():
        assert hostile not in browser.get(address).content.decode()
