"""The admin: pools, questions, sessions with their audit trail, students, API clients."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client
from knox.models import AuthToken
from rest_framework.test import APIClient

from sessions_app.models import ApiClient, Student, TestResponse, TestSession
from sessions_app.tests.factories import last_active, make_pool, make_token
from testing_engine.admin import QuestionForm
from testing_engine.models import Question, QuestionPool

Start = Callable[..., dict[str, Any]]


def _answered(api: APIClient, start: Start) -> dict[str, Any]:
    started = start()
    body = {"session_id": started["session_id"], "question_id": started["next_question"]["id"], "response": 1}
    assert api.post("/api/test/submit", body).status_code == 200
    return started


@pytest.mark.parametrize(
    "address",
    [
        "/admin/",
        "/admin/testing_engine/questionpool/",
        "/admin/testing_engine/question/",
        "/admin/testing_engine/question/?q=q1",
        "/admin/sessions_app/testsession/",
        "/admin/sessions_app/testsession/?q=s1&status__exact=active",
        "/admin/sessions_app/student/?q=s1",
        "/admin/sessions_app/studentproficiency/",
        "/admin/sessions_app/apiclient/",
        "/admin/sessions_app/apiclient/add/",
        "/admin/auth/user/",
        "/admin/auth/group/",
    ],
)
def test_it_shows_every_list(
    browser: Client, api: APIClient, pool: QuestionPool, start: Start, address: str
) -> None:
    _answered(api, start)
    assert browser.get(address).status_code == 200


def test_it_shows_the_answers_of_a_session_in_order(
    browser: Client, api: APIClient, pool: QuestionPool, start: Start
) -> None:
    started = _answered(api, start)
    page = browser.get(f"/admin/sessions_app/testsession/{started['session_id']}/change/").content.decode()
    assert started["next_question"]["id"] in page
    assert "Math: proficiency" in page


@pytest.mark.parametrize("model", ["testsession", "studentproficiency"])
def test_it_lets_nobody_add_change_or_delete_a_result(
    browser: Client, api: APIClient, pool: QuestionPool, start: Start, model: str
) -> None:
    _answered(api, start)
    row = TestSession.objects.get() if model == "testsession" else Student.objects.get().proficiencies.get()
    base = f"/admin/sessions_app/{model}"
    assert browser.get(f"{base}/add/").status_code == 403
    assert browser.post(f"{base}/{row.pk}/change/", {"status": "completed"}).status_code == 403
    assert browser.post(f"{base}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert TestResponse.objects.count() == 1


def test_it_lists_sessions_in_few_queries(
    browser: Client, pool: QuestionPool, start: Start, django_assert_max_num_queries: Any
) -> None:
    for index in range(10):
        start(student_id=f"s{index}")
    with django_assert_max_num_queries(9):
        browser.get("/admin/sessions_app/testsession/")


def _as_posted(form: Any) -> dict[str, Any]:
    """What a browser would send back from an untouched form."""
    return {name: form.fields[name].prepare_value(form[name].value()) for name in form.fields}


def test_it_can_save_every_demo_question(db: None) -> None:
    call_command("load_demo", stdout=StringIO())
    for question in Question.objects.select_related("pool"):
        untouched = QuestionForm(instance=question)
        again = QuestionForm(_as_posted(untouched), instance=question)
        assert again.is_valid(), (question.external_id, again.errors)
        assert again.draft.options == tuple(question.options)
        assert not again.has_changed(), (question.external_id, again.changed_data)


def test_it_publishes_a_revision_when_a_question_is_saved(browser: Client, pool: QuestionPool) -> None:
    question = Question.objects.get(external_id="q3")
    address = f"/admin/testing_engine/question/{question.pk}/change/"
    form = browser.get(address).context["adminform"].form
    data = _as_posted(form)
    browser.post(address, {**data, "difficulty": "1.5"})
    pool.refresh_from_db()
    assert pool.current_revision is not None
    assert pool.current_revision.number == 2
    assert sorted(Question.objects.filter(external_id="q3").values_list("version", "difficulty")) == [
        (1, question.difficulty),
        (2, 1.5),
    ]
    listed = browser.get("/admin/testing_engine/question/?q=q3").context["cl"].result_list
    assert [row.version for row in listed if row.external_id == "q3"] == [2]


def test_it_refuses_a_question_that_an_upload_would_refuse(browser: Client, pool: QuestionPool) -> None:
    question = Question.objects.get(external_id="q3")
    address = f"/admin/testing_engine/question/{question.pk}/change/"
    form = browser.get(address).context["adminform"].form
    data = _as_posted(form)
    reply = browser.post(address, {**data, "concepts": "1,2", "guessing": "0.2"})
    assert "concepts" in reply.context["adminform"].form.errors
    assert Question.objects.filter(external_id="q3").count() == 1


def test_it_cleans_up_now(browser: Client, pool: QuestionPool, start: Start) -> None:
    start()
    last_active("2020-01-01T00:00:00Z")
    address = "/admin/sessions_app/testsession/clean-up-now/"
    assert browser.get(address).status_code == 200
    assert TestSession.objects.get().status == "active"  # a GET changes nothing
    browser.post(address, {"inactivity_minutes": 30, "_form_submitted": "on"})
    assert TestSession.objects.get().status == "expired"


def test_it_replays_a_session(browser: Client, api: APIClient, pool: QuestionPool, start: Start) -> None:
    started = _answered(api, start)
    address = f"/admin/sessions_app/testsession/{started['session_id']}"
    assert f'href="{address}/replay/"' in browser.get(f"{address}/change/").content.decode()
    page = browser.get(f"{address}/replay/").content.decode()
    assert "Identical: 2 steps" in page
    assert "chosen by the rule “best”" in page
    assert f"{started['next_question']['id']}: option 1" in " ".join(page.split())
    TestSession.objects.update(theta=[9.0], end_reason="<b>")
    page = browser.get(f"{address}/replay/").content.decode()
    assert "Different in 2 places" in page
    assert "[9.0]" in page
    assert "&lt;b&gt;" in page
    TestSession.objects.update(legacy_id="17")
    assert "Not replayable" in browser.get(f"{address}/replay/").content.decode()


def test_it_replays_for_those_who_may_see_sessions(
    client: Client, api: APIClient, pool: QuestionPool, start: Start
) -> None:
    address = f"/admin/sessions_app/testsession/{_answered(api, start)['session_id']}/replay/"
    assert client.get(address).status_code == 302
    teacher = User.objects.create_user("teacher", is_staff=True)
    client.force_login(teacher)
    assert client.get(address).status_code == 403
    teacher.user_permissions.add(Permission.objects.get(codename="view_testsession"))
    assert client.get(address).status_code == 200
    for nobody in ("nobody", "00000000-0000-0000-0000-000000000000"):
        assert client.get(f"/admin/sessions_app/testsession/{nobody}/replay/").status_code == 404


def test_it_makes_a_token_that_works_and_revokes_it(browser: Client) -> None:
    make_token(["report_results"])
    client = ApiClient.objects.get()
    AuthToken.objects.all().delete()
    address = f"/admin/sessions_app/apiclient/{client.pk}/make-token/"
    page = browser.post(address, {"days": 1, "_form_submitted": "on"}, follow=True)
    token = str(next(iter(page.context["messages"]))).rsplit(" ", 1)[1]
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert api.get("/api/sessions").status_code == 200
    AuthToken.objects.get().delete()
    assert api.get("/api/sessions").status_code == 401


def test_its_dialogs_lead_to_the_page_with_the_message(browser: Client) -> None:
    """They post by htmx, which follows a redirect without showing it."""
    make_token()
    client = ApiClient.objects.get()
    page = f"/admin/sessions_app/apiclient/{client.pk}/change/"
    address = f"/admin/sessions_app/apiclient/{client.pk}/make-token/"
    data = {"days": 1, "_form_submitted": "on"}
    reply = browser.post(address, data, headers={"HX-Request": "true"})
    assert (reply.status_code, reply.headers["HX-Redirect"]) == (200, page)
    assert "The new token, shown only now" in browser.get(page).content.decode()


def test_it_is_closed_to_api_clients_and_strangers(client: Client, db: None) -> None:
    make_pool()
    make_token()
    assert client.get("/admin/testing_engine/question/").status_code == 302
    client.force_login(ApiClient.objects.get())
    assert client.get("/admin/testing_engine/question/").status_code == 302
