"""The pages of *Measure*: who sees them, what they ask of the database, what they offer, in two languages."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from rest_framework.test import APIClient

from sessions_app.conftest import answer_questions, take_test
from sessions_app.models import Calibration, ResponseImport, TestResponse, TestSession
from sessions_app.tests.factories import make_pool, question
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
    of_pool = f"/desk/measure/{pool.pk}"
    question = TestResponse.objects.filter(position=1)[0].question_id
    session = TestSession.objects.filter(status="completed")[0].pk
    return {
        "measurement": f"{of_pool}/",
        "exposure": f"{of_pool}/exposure",
        "results": f"{of_pool}/results",
        "question": f"{of_pool}/items/{question}",
        "session": f"/desk/measure/sessions/{session}",
    }


@pytest.fixture
def browser(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


PICTURES = {
    "measurement": ["information", "standard-error", "together", "questions", "concepts"],
    "exposure": ["exposure"],
    "results": ["proficiency", "levels", "times"],
    "question": ["curves", "options", "fit"],
    "session": ["ability", "information"],
}


def test_it_shows_its_pictures_with_their_data(
    browser: Client, pages: dict[str, str], subtests: pytest.Subtests
) -> None:
    for name in PICTURES:
        with subtests.test(name):
            _shows_its_pictures(browser, pages, name)


def _shows_its_pictures(browser: Client, pages: dict[str, str], name: str) -> None:
    reply = browser.get(pages[name])
    assert reply.status_code == 200
    page = reply.content.decode()
    assert page.count("<svg xmlns") == len(PICTURES[name])
    assert page.count("The same as a table") == len(PICTURES[name])
    assert "pictures/pictures.css" in page
    for picture in reply.context["pictures"]:
        assert f'href="?data={picture.name}"' in page
        download = browser.get(f"{pages[name]}?data={picture.name}")
        assert download.headers["Content-Type"].startswith("text/csv")
        rows = list(csv.reader(io.StringIO(download.content.decode())))
        assert rows[0] == list(picture.columns)
        assert len(rows) == len(picture.rows) + 1
        german = browser.get(f"{pages[name]}?data={picture.name}", headers={"Accept-Language": "de"})
        assert german.content.decode().splitlines()[0] != download.content.decode().splitlines()[0]
    assert [picture.name for picture in reply.context["pictures"]] == PICTURES[name]
    assert browser.get(f"{pages[name]}?data=nothing").status_code == 404


# Of each, three are the visitor's session, account and membership; one is the object. A page that counts
# something again for every question or answer would go far beyond.
BUDGETS = {"measurement": 9, "exposure": 10, "results": 9, "question": 11, "session": 12}


@pytest.mark.parametrize("name", PICTURES)
def test_it_asks_few_queries(
    browser: Client, pages: dict[str, str], name: str, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(BUDGETS[name]):
        assert browser.get(pages[name]).status_code == 200


NEEDED = {
    "measurement": "view_questionpool",
    "exposure": "view_questionpool",
    "results": "view_testsession",
    "question": "view_question",
    "session": "view_testsession",
}


def test_it_is_for_those_who_may_see_its_rows(
    client: Client, pages: dict[str, str], subtests: pytest.Subtests
) -> None:
    for name, needed in NEEDED.items():
        with subtests.test(name):
            client.logout()
            assert client.get(pages[name]).status_code == 302
            teacher = User.objects.create_user(f"teacher of {name}", is_staff=True)
            client.force_login(teacher)
            assert client.get(pages[name]).status_code == 403
            assert client.get(f"{pages[name]}?data={PICTURES[name][0]}").status_code == 403
            teacher.user_permissions.add(Permission.objects.get(codename=needed))
            assert client.get(pages[name]).status_code == 200


@pytest.mark.parametrize("name", ["measurement", "exposure", "results"])
def test_a_pool_without_tests_has_its_pages_too(browser: Client, name: str) -> None:
    pool = make_pool(8, concept_names=[])
    page = "" if name == "measurement" else name
    reply = browser.get(f"/desk/measure/{pool.pk}/{page}")
    assert reply.status_code == 200
    assert bool(reply.context["pictures"]) == (name == "measurement")


def test_a_question_that_nobody_answered_has_its_curves(browser: Client, pool: QuestionPool) -> None:
    question = Question.objects.all()[0]
    reply = browser.get(f"/desk/measure/{question.pool_id}/items/{question.pk}")
    assert [picture.name for picture in reply.context["pictures"]] == ["curves"]


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
    other = {**body, "question_id": "other" if body["question_id"] == "scale" else "scale"}
    assert api.post("/api/test/submit", {**other, "response": 2}).status_code == 200
    question = Question.objects.get(external_id=started["next_question"]["id"])
    reply = browser.get(f"/desk/measure/{question.pool_id}/items/{question.pk}")
    assert reply.context["pictures"][0].columns == (
        "θ", "P(score 0)", "P(score 1)", "P(score 2)", "information",
    )  # fmt: skip
    # "I don't know" is not scored on a scale: it is drawn among the options, and says nothing about fit.
    assert [picture.name for picture in reply.context["pictures"]] == ["curves", "options"]
    assert reply.context["answered"].infit is None
    question = Question.objects.get(external_id=other["question_id"])
    reply = browser.get(f"/desk/measure/{question.pool_id}/items/{question.pk}")
    assert [picture.name for picture in reply.context["pictures"]] == ["curves", "options", "fit"]


def test_exposure_of_an_older_revision_can_be_asked_for(browser: Client, pages: dict[str, str]) -> None:
    reply = browser.get(f"{pages['exposure']}?revision=1")
    assert (reply.context["exposed"].tests, reply.context["exposed"].largest) == (4, 1.0)
    assert 'href="?revision=1&amp;data=exposure"' in reply.content.decode()
    for wrong in ("2", "x", "-1", "1" * 30, "²"):
        assert browser.get(pages["exposure"], {"revision": wrong}).status_code == 404


def test_unused_questions_are_named(browser: Client, pages: dict[str, str]) -> None:
    unused = browser.get(pages["exposure"]).context["unused"]
    over = TestResponse.objects.filter(session__status="completed")
    used = set(over.values_list("question__external_id", flat=True))
    assert set(unused) == {f"q{n}" for n in range(30)} - used


def test_a_session_says_why_each_question_came(browser: Client, pages: dict[str, str]) -> None:
    reply = browser.get(pages["session"])
    assert len(reply.context["walk"].reasons) == 5
    assert "Why each question came" in reply.content.decode()
    assert len(reply.context["pictures"][0].rows) == 6


def test_an_imported_session_is_drawn_from_what_is_stored(browser: Client, pages: dict[str, str]) -> None:
    running = TestSession.objects.get(status="active")
    TestSession.objects.filter(pk=running.pk).update(legacy_id="17")
    reply = browser.get(f"/desk/measure/sessions/{running.pk}")
    assert reply.context["walk"].reasons == ()
    assert [picture.name for picture in reply.context["pictures"]] == ["ability", "information"]
    assert "not replayable" in reply.content.decode()


def test_a_path_is_what_the_rows_say(browser: Client, pages: dict[str, str]) -> None:
    session = TestSession.objects.get(pk=pages["session"].split("/")[-1])
    ability, information = browser.get(pages["session"]).context["pictures"]
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
        "/desk/measure/8d2f6a5e-0000-4000-8000-000000000000/",
        f"{pages['measurement']}items/999999",
        "/desk/measure/sessions/8d2f6a5e-0000-4000-8000-000000000000",
    ):
        assert browser.get(address).status_code == 404


def test_a_hostile_name_stays_text(browser: Client, api: APIClient, start: Start) -> None:
    hostile = "<script>alert(1)</script>"
    pool = make_pool(12, concept_names=[hostile])
    take_test(api, start())
    for address in addresses(pool).values():
        assert hostile not in browser.get(address).content.decode()


def test_the_admin_leads_there(browser: Client, pages: dict[str, str]) -> None:
    pool = QuestionPool.objects.get()
    question, session = pages["question"].split("/")[-1], pages["session"].split("/")[-1]
    for before, name in {
        f"testing_engine/questionpool/{pool.pk}/measurement": "measurement",
        f"testing_engine/questionpool/{pool.pk}/exposure": "exposure",
        f"testing_engine/questionpool/{pool.pk}/results": "results",
        f"testing_engine/question/{question}/answers": "question",
        f"sessions_app/testsession/{session}/path": "session",
    }.items():
        assert browser.get(f"/admin/{before}/?data=x")["Location"] == f"{pages[name]}?data=x"


def test_pools_are_listed_with_their_states(
    api: APIClient, browser: Client, pages: dict[str, str], django_assert_max_num_queries: Any
) -> None:
    """And with the answers that a calibration has not read: the running test's are none yet."""
    unknown = dict.fromkeys(("difficulty", "discrimination", "guessing"))
    rows = [{k: v for k, v in {**question(n, [1.0]), **unknown}.items() if v is not None} for n in range(2)]
    newer = make_pool(rows, name="Newer")
    with django_assert_max_num_queries(10):  # one's own pools are asked for before those of others
        listed = {card.name: found for card, found in browser.get("/desk/measure/").context["rows"]}
    assert listed["Newer"].states["not_calibrated"] == 2
    assert (listed["A pool"].states["operational"], listed["A pool"].answers_since) == (30, 20)
    pool = QuestionPool.objects.exclude(pk=newer.pk).get()
    Calibration.objects.create(
        pool=pool,
        revision=pool.revisions.get(),
        request={},
        state="done",
        result={"findings": []},
        answers_then=20,
    )
    ResponseImport.objects.create(
        pool=pool, file_name="a", sha256="a", size=1, reading={}, questions=[], person_count=3, answer_count=7
    )
    reply = browser.get("/desk/measure/?search=a+pool")
    ((_card, found),) = reply.context["rows"]
    assert (found.answers_since, found.is_published) == (7, False)
    assert "not published" in reply.content.decode()
    assert "nicht veröffentlicht" in browser.get("/desk/measure/?language=de").content.decode()
