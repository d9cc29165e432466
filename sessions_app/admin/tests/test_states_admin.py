"""States in the admin: a question's form, a pool's pages, a named test of a pool without parameters."""

from typing import Any

from django.test import Client
from rest_framework.test import APIClient

from sessions_app.admin.tests.test_editing import edit
from sessions_app.admin.tests.test_teachers_admin import NAMED_TESTS, form_data
from sessions_app.api.tests.test_without_parameters import bare
from sessions_app.conftest import Start, answer_questions
from sessions_app.models import NamedTest, TestSession
from sessions_app.tests.factories import make_named_test, make_pool, question
from testing_engine.models import Question


def test_an_edit_keeps_the_state_and_may_change_it(browser: Client) -> None:
    make_pool([bare(0), question(1, [1.0])])
    stored = Question.objects.get(external_id="q0")
    assert edit(browser, stored, content="Other?").status_code == 302
    newest = Question.objects.get(external_id="q0", version=2)
    assert (newest.state, newest.content) == ("not_calibrated", "Other?")
    edit(browser, newest, state="provisional", difficulty="0.4")
    newest = Question.objects.get(external_id="q0", version=3)
    assert (newest.state, newest.difficulty) == ("provisional", 0.4)
    edit(browser, Question.objects.get(external_id="q1"), state="retired")
    assert Question.objects.get(external_id="q1", version=2).state == "retired"


def test_pages_of_a_pool_without_parameters(browser: Client, api: APIClient, start: Start) -> None:
    pool = make_pool([bare(i) for i in range(4)])
    make_named_test(pool, rules={"max_questions": 4})
    started = start(test="algebra", end_criteria=None)
    answer_questions(api, started, 4)
    session = TestSession.objects.get()
    pages = [
        f"testing_engine/questionpool/{pool.pk}/change/",
        f"testing_engine/questionpool/{pool.pk}/measurement/",
        f"testing_engine/questionpool/{pool.pk}/results/",
        f"testing_engine/question/{Question.objects.earliest('pk').pk}/answers/",
        f"sessions_app/testsession/{session.pk}/change/",
        f"sessions_app/testsession/{session.pk}/path/",
        f"sessions_app/testsession/{session.pk}/replay/",
        f"sessions_app/namedtest/{NamedTest.objects.get().pk}/results/",
        "sessions_app/testsession/",
    ]
    shown: dict[str, Any] = {page: browser.get(f"/admin/{page}", follow=True) for page in pages}
    assert {page: reply.status_code for page, reply in shown.items() if reply.status_code != 200} == {}
    assert "No question of this pool has parameters" in shown[pages[0]].content.decode()
    assert "4 of 4 right (100 %)" in shown[pages[4]].content.decode()
    about_abilities = ("θ after", "Standard error", "θ ± standard error", "Best questions by", "Why each")
    for page in pages[4:7]:
        assert not [words for words in about_abilities if words in shown[page].content.decode()], page
    assert "4 of 4 right (100 %)" in shown[pages[7]].content.decode()


def test_a_new_test_fits_a_pool_without_parameters(browser: Client) -> None:
    pool = make_pool([bare(i) for i in range(6)])
    reply = browser.post(f"{NAMED_TESTS}add/", {**form_data(pool), "_continue": "1"}, follow=True)
    assert "This pool has no parameters" in reply.content.decode()
    assert NamedTest.objects.get().rules == {"selection": "linear", "max_questions": 6}
    asked = form_data(pool, name="other", stopping="precision", target_error=0.4)
    refused = browser.post(f"{NAMED_TESTS}add/", asked)
    assert "stopping" in refused.context["adminform"].form.errors


def test_only_questions_that_can_be_asked_are_counted(browser: Client) -> None:
    pool = make_pool([*(question(i, [1.0]) for i in range(7)), *(bare(i) for i in range(7, 9))])
    reply = browser.post(f"{NAMED_TESTS}add/", form_data(pool, max_questions=20), follow=True)
    said = "The pool has 7 questions that such a test can ask (of 2 more the parameters are missing)"
    assert said in reply.content.decode()


def test_sets_come_together_by_a_tick(browser: Client) -> None:
    pool = make_pool(8)
    page = browser.get(f"{NAMED_TESTS}add/")
    assert page.context["adminform"].form["sets_together"].value() is True
    for stopping in ("precision", "linear", "random"):
        fields = form_data(pool, stopping=stopping, sets_together="on", name=stopping)
        assert browser.post(f"{NAMED_TESTS}add/", fields).status_code == 302
        test = NamedTest.objects.get(name=stopping)
        assert test.rules["eligibility"] == [{"name": "question_sets"}]
        again = browser.get(f"{NAMED_TESTS}{test.pk}/change/")
        form = again.context["adminform"].form
        assert (form["stopping"].value(), form["sets_together"].value()) == (stopping, True)
        assert "come one after the other" in again.content.decode()
