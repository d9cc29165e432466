"""The admin's pages of named tests and of tests without a name: rules, live view, results."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.conftest import Start, answer_questions, browser_of
from sessions_app.models import Invitation, NamedTest, SessionEvent, Student, TestSession
from sessions_app.tests.factories import last_active, make_named_test, make_pool
from testing_engine.models import QuestionPool

NAMED_TESTS = "/admin/sessions_app/namedtest/"
LIVE = "/admin/sessions_app/livesession/"
MaxQueries = Callable[[int], Any]


def begin(api: APIClient, count: int = 1, *, answers: int = 0, **fields: Any) -> list[dict[str, Any]]:
    """So many students begin the named test."""
    begun = []
    for index in range(count):
        body = {"student_id": f"s{index}", "test": "algebra", **fields}
        begun.append(api.post("/api/test/start", body).json())
        if answers:
            answer_questions(api, begun[-1], answers)
    return begun


def form_data(pool: QuestionPool, **fields: Any) -> dict[str, Any]:
    return {
        "title": "Algebra",
        "name": "algebra",
        "pool": str(pool.pk),
        "stopping": "precision",
        "max_questions": 20,
        "min_questions": 5,
        "target_error": 0.3,
        "sure_enough": 0.9,
        "takers": "anybody",
        "earlier_results": "ignored",
        "allow_dont_know": "on",
        **fields,
    }


@pytest.mark.parametrize(
    ("fields", "rules"),
    [
        ({"target_error": 0.4}, {"min_questions": 5, "stop": [{"name": "precision", "standard_error": 0.4}]}),
        ({"stopping": "fixed_length", "max_questions": 8}, {"min_questions": 8, "max_questions": 8}),
        (
            {"stopping": "classification", "cuts": "-0.5, 0.5"},
            {
                "min_questions": 5,
                "stop": [{"name": "classification", "cuts": [-0.5, 0.5], "probability": 0.9}],
            },
        ),
        ({"stopping": "expert", "rules": '{"max_questions": 7}'}, {"max_questions": 7}),
        ({"stopping": "linear", "max_questions": 6}, {"selection": "linear", "max_questions": 6}),
        (
            {"stopping": "fixed_length", "max_questions": 12, "pilots": 2, "pilot_quota": 100},
            {"min_questions": 12, "max_questions": 12, "pilots": {"quota": 100}},
        ),
        (
            {"stopping": "fixed_length", "max_questions": 8, "effort": "by_question", "rapid_seconds": 2},
            {"min_questions": 8, "max_questions": 8, "effort": {"by_question": True, "seconds": 2.0}},
        ),
    ],
)
def test_it_makes_a_named_test_of_simple_fields_and_opens_it_again(
    browser: Client, pool: QuestionPool, fields: dict[str, Any], rules: dict[str, Any]
) -> None:
    reply = browser.post(f"{NAMED_TESTS}add/", form_data(pool, **fields))
    assert reply.status_code == 302, reply.context["adminform"].form.errors
    test = NamedTest.objects.get()
    assert test.rules == rules
    page = browser.get(f"{NAMED_TESTS}{test.pk}/change/")
    form = page.context["adminform"].form
    assert form["stopping"].value() == fields.get("stopping", "precision")
    again = {name: form[name].value() for name in form.fields if form[name].value() not in (None, "")}
    again = {**again, "opens_at_0": "", "opens_at_1": ""}
    saved = browser.post(f"{NAMED_TESTS}{test.pk}/change/", again)
    assert saved.status_code == 302, saved.context["adminform"].form.errors
    test.refresh_from_db()
    assert test.rules == rules


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"max_questions": 3, "min_questions": 5}, "min_questions"),
        ({"target_error": -1}, "target_error"),
        ({"target_error": ""}, "target_error"),
        ({"stopping": "classification", "cuts": ""}, "cuts"),
        ({"stopping": "classification", "cuts": "0", "sure_enough": 1.5}, "sure_enough"),
        ({"stopping": "expert", "rules": '{"criterion": {"name": "nothing"}}'}, "rules"),
        ({"stopping": "expert", "rules": '{"stop": 3}'}, "rules"),
        ({"stopping": "expert", "rules": "{"}, "rules"),
        ({"stopping": "expert", "rules": '{"max_questions": 5, "max_questions": 6}'}, "rules"),
        ({"concept_names": "One\nTwo"}, "concept_names"),
        ({"pilots": 2}, "stopping"),
        ({"pilots": 99}, "pilots"),
        ({"effort": "seconds", "rapid_seconds": 0}, "rapid_seconds"),
        ({"name": "not a slug"}, "name"),
        ({"time_limit_minutes": 0}, "time_limit_minutes"),
    ],
)
def test_it_names_the_field_that_is_wrong(
    browser: Client, pool: QuestionPool, fields: dict[str, Any], field: str
) -> None:
    reply = browser.post(f"{NAMED_TESTS}add/", form_data(pool, **fields))
    assert reply.status_code == 200
    form = reply.context["adminform"].form
    assert field in form.errors or "__all__" in form.errors, form.errors
    assert not NamedTest.objects.exists()


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("namedtest/{}/invite/", "tests/{}/students"),
        ("namedtest/{}/links/", "tests/{}/students/links"),
        ("namedtest/{}/live/", "tests/{}/live"),
        ("invitation/?test__id__exact={}", "tests/{}/students"),
        ("invitation/?test__id__exact=x", "tests/"),
        ("invitation/", "tests/"),
        ("livesession/?named_test__id__exact={}", "tests/{}/live"),
    ],
)
def test_students_and_live_views_of_a_test_are_at_the_desk(
    browser: Client, pool: QuestionPool, here: str, there: str
) -> None:
    test = make_named_test(pool)
    reply = browser.get(f"/admin/sessions_app/{here.format(test.pk)}", follow=True)
    assert reply.status_code == 200
    assert reply.redirect_chain == [(f"/desk/{there.format(test.pk)}", 302)]


def test_it_shows_who_is_where_in_tests_without_a_name(
    browser: Client, api: APIClient, start: Start, pool: QuestionPool
) -> None:
    make_named_test(pool)
    begin(api, student_id="of-a-named-test")
    answer_questions(api, start(), 2)
    page = browser.get(LIVE).content.decode()
    assert "3 of at most 5" in page
    assert "live.js" in page
    assert "Math: " in page
    assert "of-a-named-test" not in page
    TestSession.objects.update(status="completed", completed_at=timezone.now(), current_position=None)
    assert "3 of at most 5" not in browser.get(LIVE).content.decode()


def test_it_ends_and_resumes_one_by_a_dialog(
    browser: Client, api: APIClient, start: Start, pool: QuestionPool
) -> None:
    first, second = (start(student_id=each) for each in ("s0", "s1"))
    last_active("2020-01-01T00:00Z", pk=second["session_id"])
    api.post("/api/sessions/cleanup")
    for action, session in (("end", first), ("resume", second)):
        address = f"{LIVE}{session['session_id']}/{action}/"
        assert browser.get(address).status_code == 200  # asks, and changes nothing
        assert not SessionEvent.objects.filter(kind__in=["ended", "resumed"], session=session["session_id"])
        browser.post(address, {"key": action, "_form_submitted": "on"})
    ended = TestSession.objects.get(pk=first["session_id"])
    assert (ended.status, ended.end_reason) == ("ended", "ended by administrator")
    assert ended.events.get(kind="ended").by.username == "root"  # type: ignore[union-attr]
    assert browser_of(second).get(f"/api/test/status/{second['session_id']}").json()["is_active"]


def test_it_says_why_something_was_not_done(browser: Client, start: Start, pool: QuestionPool) -> None:
    chosen = [start(student_id=each)["session_id"] for each in ("s0", "s1")]
    data = {"action": "resume_these", "_selected_action": chosen}
    page = browser.post(LIVE, data, follow=True).content.decode()
    assert "2 not done: Only an expired test can be resumed; this one is active." in page


@pytest.fixture
def teacher(client: Client, db: None) -> tuple[Client, User]:
    user = User.objects.create_user("teacher", is_staff=True)
    client.force_login(user)
    return client, user


def test_it_lets_nobody_act_who_may_only_look(
    teacher: tuple[Client, User], start: Start, pool: QuestionPool
) -> None:
    client, user = teacher
    test, begun = make_named_test(pool), start()
    for address in (LIVE, f"{NAMED_TESTS}{test.pk}/results/", f"{NAMED_TESTS}{test.pk}/invite/"):
        assert client.get(address).status_code == 403
    look = ["view_testsession", "view_namedtest"]
    user.user_permissions.set(Permission.objects.filter(codename__in=look))
    assert client.get(LIVE).status_code == 200
    one = f"{LIVE}{begun['session_id']}/end/"
    assert client.post(one, {"key": "k", "_form_submitted": "on"}).status_code == 403
    client.post(LIVE, {"action": "end_these", "_selected_action": [begun["session_id"]]})
    assert TestSession.objects.get().status == "active"
    for page in ("results", "invite", "links"):
        assert client.get(f"{NAMED_TESTS}{test.pk}/{page}/").status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="report_results"))
    assert client.get(f"{NAMED_TESTS}{test.pk}/results/").status_code == 200


def test_it_shows_results_of_a_test_and_of_a_student(
    browser: Client, api: APIClient, pool: QuestionPool
) -> None:
    test = make_named_test(pool)
    begin(api, 2, answers=5)
    begin(api, student_id="running")
    page = browser.get(f"{NAMED_TESTS}{test.pk}/results/").content.decode()
    assert "<dt>Tests that are over</dt><dd>2</dd>" in page
    assert page.count("<svg") == 3
    assert b"Beginning" in browser.get(f"{NAMED_TESTS}{test.pk}/results/?data=levels").content
    assert "3 tests, the newest first" in page
    page = browser.get(f"{NAMED_TESTS}{test.pk}/results/?status=active").content.decode()
    assert "1 test, the newest first" in page
    assert (
        "1 test"
        not in browser.get(f"{NAMED_TESTS}{test.pk}/results/?started_until=2020-01-01").content.decode()
    )
    student = Student.objects.get(external_id="s1")
    address = f"/admin/sessions_app/student/{student.pk}/results/"
    assert "1 test, the newest first" in browser.get(address).content.decode()
    file = browser.get(f"{address}?rows=answers&format=csv")
    assert len(b"".join(file.streaming_content).splitlines()) == 6  # type: ignore[attr-defined]
    assert browser.get(f"{address}?rows=keys").status_code == 404


def test_its_pages_cost_the_same_however_long_they_are(
    browser: Client, api: APIClient, django_assert_max_num_queries: MaxQueries
) -> None:
    test = make_named_test(make_pool(concepts=2), time_limit_minutes=30)
    begin(api, 6, answers=2)
    Invitation.objects.bulk_create(Invitation(test=test, student=s) for s in Student.objects.all())
    for address, most in (
        (LIVE, 10),
        (NAMED_TESTS, 9),
        (f"{NAMED_TESTS}{test.pk}/results/", 10),
    ):
        with django_assert_max_num_queries(most):
            assert browser.get(address).status_code == 200
