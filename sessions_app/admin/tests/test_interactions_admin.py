"""Questions with interactions in the admin: shown, their other fields edited, their answers listed."""

import csv
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from sessions_app.admin.tests.test_editing import edit
from sessions_app.api.tests.test_interactions import TYPES, started
from sessions_app.conftest import submit
from sessions_app.models import TestResponse, TestSession
from sessions_app.reporting import item_statistics
from sessions_app.reporting.result_rows import answer_table
from sessions_app.tests.factories import make_pool
from testing_engine.models import Question
from testing_engine.revisions import load_revision

QUESTIONS = "/admin/testing_engine/question/"


@pytest.fixture
def answered(api: APIClient, db: None) -> dict[str, Any]:
    """One answer to a choice and a text, and "I don't know" to the same question."""
    given = TYPES["mixed"][2]
    for answer in (given, None):
        begun = started(api, "mixed", questions=1)
        assert submit(api, begun, begun["next_question"]["id"], answer).status_code == 200
    return dict(given)


def test_its_page_shows_what_it_asks_and_says_why_that_stays(browser: Client, api: APIClient) -> None:
    started(api, "mixed")
    page = browser.get(f"{QUESTIONS}{Question.objects.get().pk}/change/").content.decode()
    assert "uploaded or imported" in page
    assert "HOW/MANY" in page
    assert "A long text." in page
    assert 'name="options"' not in page
    assert 'name="interactions"' not in page


def test_another_field_is_edited_and_the_rest_stays(browser: Client, api: APIClient) -> None:
    started(api, "match")
    before = Question.objects.get()
    reply = edit(browser, before, difficulty="0.7")
    assert reply.status_code == 302, reply.context["adminform"].form.errors
    newest = Question.objects.get(version=2)
    assert newest.difficulty == 0.7
    kept = ("interactions", "scoring", "passage_id", "options", "model", "content")
    assert [getattr(newest, name) for name in kept] == [getattr(before, name) for name in kept]


@pytest.mark.parametrize("kind", TYPES)
def test_its_curves_and_answers_are_shown(browser: Client, api: APIClient, kind: str) -> None:
    begun = started(api, kind)
    shown = Question.objects.get()
    assert browser.get(f"{QUESTIONS}{shown.pk}/answers/", follow=True).status_code == 200
    submit(api, begun, shown.external_id, TYPES[kind][2])
    page = browser.get(f"{QUESTIONS}{shown.pk}/answers/", follow=True).content.decode()
    assert "Most frequent answers" in page
    assert "1 × " in page


def test_its_commonest_answers_are_drawn_along_ability(browser: Client, api: APIClient) -> None:
    """A question with parameters, so that there are abilities."""
    asked, key, given, *_ = TYPES["mixed"]
    row = {"id": "q", "content": "?", "concepts": [1], "difficulty": 0.5, "interactions": asked, "key": key}
    make_pool([row, {**row, "id": "other"}])
    others = {**given, "WHY": "B"}
    for number, answer in enumerate((given, given, others, None)):
        begun = api.post("/api/test/start", {"student_id": f"s{number}"}).json()
        submit(api, begun, begun["next_question"]["id"], answer)
        assert api.post(f"/api/test/end/{begun['session_id']}").status_code == 200
    (shown,) = {response.question for response in TestResponse.objects.select_related("question")}
    page = browser.get(f"{QUESTIONS}{shown.pk}/answers/", follow=True).content.decode()
    assert "Commonest answers, along ability" in page
    drawn = browser.get(f"{QUESTIONS}{shown.pk}/answers/?data=options", follow=True)
    header, *rows = csv.reader(drawn.content.decode("utf-8-sig").splitlines())
    assert (len(header), header[-2:]) == (6, ["all other answers", "“I don’t know”"])
    assert [sum(int(row[place]) for row in rows) for place in range(1, 6)] == [4, 2, 1, 0, 1]

    revision = load_revision(shown.pool.current_revision_id or 0)
    none = item_statistics.whole_answers(revision, shown.pk, [])
    assert {option: none.count[none.option == option].sum() for option in none.option.tolist()} == {
        0: 3,
        -1: 1,
    }


@pytest.mark.usefixtures("answered")
def test_an_answer_to_interactions_is_no_missing_one() -> None:
    uses = [item_statistics.use(each.pk) for each in Question.objects.order_by("pk")]
    assert sorted((use.answered, use.unknown) for use in uses) == [(1, 0), (1, 1)]


def test_the_export_has_the_values(answered: dict[str, Any]) -> None:
    table = answer_table(TestSession.objects.all())
    place = [column.name for column in table.columns].index("response_values")
    assert [row[place] for row in table.rows()] == ['{"HOW/MANY": "12", "WHY": "A"}', None]
