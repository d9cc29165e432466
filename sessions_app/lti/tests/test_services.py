"""What goes between a platform and us beside launches: scores, rosters, choices, reviews, registrations."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pylti1p3
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.conftest import client_with
from sessions_app.lti import outbox, registering
from sessions_app.lti.tests.school import LEARNER, TEACHER, School
from sessions_app.lti.tests.test_launch import reason_in, token_in
from sessions_app.models import (
    Invitation,
    LtiLink,
    LtiMessage,
    LtiPerson,
    LtiRegistration,
    NamedTest,
    Student,
    TestSession,
)
from sessions_app.outgoing import queue
from sessions_app.sitting.proficiency import proficiency_of

Launch = Callable[..., Any]
LTI = "https://purl.imsglobal.org/spec/lti/claim/"
better_than_the_original = pytest.mark.skipif(
    pylti1p3.__version__ == "2.0.0", reason="PyLTI1p3 2.0.0 does not (docs/LTI.md, Limits)"
)


def take(token: str, answers: int = 2) -> TestSession:
    """Answer some questions and end."""
    browser = client_with(f"Session {token}")
    session = TestSession.objects.order_by("-started_at")[0]
    status = browser.get(f"/api/test/status/{session.pk}").json()
    for _ in range(answers):
        body = {"session_id": str(session.pk), "question_id": status["next_question"]["id"], "response": 0}
        status = browser.post("/api/test/submit", body).json()
    assert browser.post(f"/api/test/end/{session.pk}", {}).status_code == 200
    session.refresh_from_db()
    return session


def send(hours: float = 0) -> int:
    return outbox.send_due(timezone.now() + timedelta(hours=hours))


def test_a_score_goes_to_the_gradebook(school: School, test: NamedTest, launch: Launch) -> None:
    school.row()
    token = token_in(launch("ada"))
    assert not LtiMessage.objects.exists()
    session = take(token)
    assert school.scores == []  # never in a request
    assert send() == 1
    (score,) = school.scores
    assert (score["userId"], score["scoreMaximum"]) == ("ada", 100)
    assert score["scoreGiven"] == round(100 * proficiency_of(session.theta[0]), 2)
    assert (score["activityProgress"], score["gradingProgress"]) == ("Completed", "FullyGraded")
    assert score["comment"]
    message = LtiMessage.objects.get()
    assert (message.answer, message.next_try_at) == ("Taken.", None)
    assert message.delivered_at is not None
    assert send() == 0
    queue.send_again(message, timezone.now())
    assert send() == 1
    assert len(school.scores) == 2


@better_than_the_original
def test_a_token_is_good_for_an_hour(school: School, test: NamedTest, launch: Launch) -> None:
    school.row()
    take(token_in(launch("ada")))
    assert send() == 1
    queue.send_again(LtiMessage.objects.get(), timezone.now())
    assert send() == 1
    assert school.asked.count("POST /token") == 1


def test_no_score_where_the_platform_has_no_column_or_lets_us_write_none(
    school: School, test: NamedTest, launch: Launch
) -> None:
    school.row()
    grades = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
    readable = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly"
    for user, said in (("ada", {}), ("bob", {"scope": [readable], "lineitem": school.line_item})):
        take(token_in(launch(user, claims={grades: said})))
        assert LtiLink.objects.get().line_item == ""
    assert not LtiMessage.objects.exists()


def test_no_answers_no_score(school: School, test: NamedTest, launch: Launch) -> None:
    school.row()
    take(token_in(launch("ada")), answers=0)
    send()
    (score,) = school.scores
    assert "scoreGiven" not in score
    assert score["gradingProgress"] == "NotReady"


def test_a_result_that_students_do_not_get_is_not_in_their_gradebook(
    school: School, test: NamedTest, launch: Launch
) -> None:
    school.row()
    closes = timezone.now() + timedelta(hours=2)
    NamedTest.objects.update(result_release="closed", closes_at=closes)
    take(token_in(launch("ada")))
    assert send() == 0
    message = LtiMessage.objects.get()
    assert (message.next_try_at, message.attempts) == (closes, 0)
    assert send(1) == 0
    assert send(3) == 1
    assert school.scores[0]["scoreGiven"] > 0
    NamedTest.objects.update(result_release="now", result_kind="thanks", closes_at=None)
    take(token_in(launch("bob")))
    send(3)
    assert "scoreGiven" not in school.scores[-1]


def test_what_fails_is_tried_again_and_told(school: School, test: NamedTest, launch: Launch) -> None:
    school.row()
    take(token_in(launch("ada")))
    school.failing = 503
    assert send() == 0
    message = LtiMessage.objects.get()
    assert message.answer == "HTTP 503"
    assert message.next_try_at is not None
    school.failing = None
    assert send(1) == 1


def test_an_older_score_does_not_overtake_a_newer_one(
    school: School, test: NamedTest, launch: Launch
) -> None:
    """The first test's message comes late: it tells what the second found, or that a newer score is there."""
    school.row()
    take(token_in(launch("ada")))
    late = LtiMessage.objects.get()
    LtiMessage.objects.update(next_try_at=timezone.now() + timedelta(hours=1))
    again = re.search(r'name="ticket" value="([^"]+)"', launch("ada").content.decode())
    assert again is not None
    second = take(token_in(Client().post("/lti/again", {"ticket": again[1]})), answers=3)
    assert send() == 1
    assert send(2) == 1
    assert {score["scoreGiven"] for score in school.scores} == {
        round(100 * proficiency_of(second.theta[0]), 2)
    }
    school.newest["ada"] = "9999"
    queue.send_again(late, timezone.now())
    assert send() == 0
    late.refresh_from_db()
    assert (late.answer, late.next_try_at) == ("A newer score is there already.", None)


def test_a_409_without_a_newer_score_of_ours_is_a_wrong_clock(
    school: School, test: NamedTest, launch: Launch
) -> None:
    school.row()
    take(token_in(launch("ada")))
    school.newest["ada"] = (timezone.now() + timedelta(minutes=3)).isoformat(timespec="milliseconds")
    assert send() == 0
    message = LtiMessage.objects.get()
    assert message.answer == "HTTP 409"
    assert message.next_try_at is not None
    assert send(1) == 1


def test_nothing_is_told_of_who_was_erased(
    school: School, test: NamedTest, launch: Launch, api: APIClient
) -> None:
    school.row()
    take(token_in(launch("ada", named=("Ada Lovelace", "ada@school.example"))))
    student = Student.objects.get()
    exported = api.get(f"/api/student/{student.external_id}/export").json()
    assert exported["platforms"] == [
        {"platform": school.root, "person": "ada", "known_since": exported["platforms"][0]["known_since"]}
    ]
    erased = api.post(f"/api/student/{student.external_id}/erase", {"student_id": student.external_id})
    assert erased.status_code == 200
    assert not LtiPerson.objects.exists()
    assert send() == 0
    assert school.scores == []
    assert LtiMessage.objects.get().answer == "The student was erased."
    token_in(launch("ada"))  # somebody new
    assert Student.objects.count() == 2


def test_who_is_in_the_course_is_invited(school: School, test: NamedTest, launch: Launch) -> None:
    school.row()
    school.members = [
        {
            "user_id": "ada",
            "roles": [LEARNER],
            "name": "Ada",
            "email": "ada@school.example",
            "status": "Active",
        },
        {"user_id": "bob", "roles": ["Learner"], "given_name": "Bob", "family_name": "B"},
        {"user_id": "gone", "roles": [LEARNER], "status": "Inactive"},
        {"user_id": "eve", "roles": [TEACHER.replace("http:", "https:")], "name": "Eve"},
    ]
    overview = launch("eve", TEACHER)
    assert overview.status_code == 200
    assert b"Nobody has begun yet." in overview.content
    launch("eve", TEACHER)
    assert LtiMessage.objects.get().kind == "roster"  # one question is enough
    waiting = LtiMessage.objects.get()
    settled = LtiMessage(
        **{field.attname: getattr(waiting, field.attname) for field in LtiMessage._meta.fields}
    )
    settled.pk, settled.next_try_at, settled.answer = uuid4(), None, "HTTP 503"
    settled.save(force_insert=True)
    queue.send_again(settled, timezone.now())  # what waits asks the same
    settled.refresh_from_db()
    assert (settled.next_try_at, settled.answer) == (None, "HTTP 503")
    settled.delete()
    assert send() == 1
    assert LtiMessage.objects.get().answer == "2 students, 2 of them new."
    invited = Invitation.objects.filter(test=test).values_list("student__name", flat=True)
    assert sorted(invited) == ["Ada", "Bob B"]
    token_in(launch("ada"))
    assert Student.objects.count() == 2
    assert not TestSession.objects.exclude(student__name="Ada").exists()


@better_than_the_original
def test_a_roster_comes_in_pages(school: School, test: NamedTest, launch: Launch) -> None:
    school.row()
    school.members = [{"user_id": "ada", "roles": [LEARNER], "name": "Ada"}]
    school.members_on_second_page = [{"user_id": "bob", "roles": [LEARNER], "name": "Bob"}]
    launch("eve", TEACHER)
    assert send() == 1
    assert LtiMessage.objects.get().answer == "2 students, 2 of them new."


def test_a_teacher_chooses_a_test(school: School, test: NamedTest, launch: Launch, browser: Client) -> None:
    school.row(frame_ancestors=["https://school.example"])
    page = launch("eve", TEACHER, deep_linking=True).content.decode()
    ticket = re.search(r'name="ticket" value="([^"]+)"', page)
    assert ticket is not None
    assert f'value="{test.name}"' in page
    chosen = {"ticket": ticket[1], "test": test.name}
    assert "no such test" in reason_in(browser.post("/lti/choice", {**chosen, "test": "another"}))
    reply = browser.post("/lti/choice", chosen)
    assert f"form-action {school.root}" in reply["Content-Security-Policy"]
    assert f'action="{school.root}/chosen"' in reply.content.decode()
    answer = re.search(r'name="JWT" value="([^"]+)"', reply.content.decode())
    assert answer is not None
    (item,) = school.chosen(answer[1])
    assert (item["type"], item["title"]) == ("ltiResourceLink", test.title)
    assert item["url"] == f"http://testserver/lti/tests/{test.name}"
    assert item["custom"] == {"test": test.name}
    assert item["lineItem"]["scoreMaximum"] == 100
    assert "chosen on this page already" in reason_in(browser.post("/lti/choice", chosen))
    assert "Choose the test again" in reason_in(browser.post("/lti/choice", {**chosen, "ticket": "made up"}))
    assert "Only who teaches" in reason_in(launch("ada", deep_linking=True))


def test_a_teacher_looks_at_a_student_s_result(school: School, test: NamedTest, launch: Launch) -> None:
    school.row()
    token = token_in(launch("ada", named=("Ada Lovelace", "ada@school.example")))

    def look(by: str, *roles: str, at: str = "ada") -> Any:
        claims = {LTI + "message_type": "LtiSubmissionReviewRequest", LTI + "for_user": {"user_id": at}}
        return launch(by, *roles, claims=claims)

    assert b"The test is running." in look("eve", TEACHER).content
    take(token)
    shown = look("eve", TEACHER)
    assert shown.status_code == 200
    assert b"Ada Lovelace" in shown.content
    assert b"Very likely" in shown.content
    token_in(look("ada", LEARNER))  # one's own
    assert "Only who teaches" in reason_in(look("bob", LEARNER))
    assert "has not been here" in reason_in(look("eve", TEACHER, at="carol"))


def test_a_platform_registers_by_a_link_of_ours_once(
    school: School, test: NamedTest, browser: Client, clock: Any
) -> None:
    address = f"/lti/register/{registering.invitation()}"
    asked = {"openid_configuration": f"{school.root}/configuration", "registration_token": "a-token"}
    other = {**asked, "openid_configuration": f"http://localhost:{school.server.server_port}/configuration"}
    assert "issuer is not the host" in reason_in(browser.get(address, other))
    school.failing = 500
    assert "does not do its part" in reason_in(browser.get(address, asked))
    school.failing = None
    reply = browser.get(address, asked)
    assert reply.status_code == 200
    row = LtiRegistration.objects.get()
    assert (row.issuer, row.client_id, row.deployment_ids) == (school.root, "client-2", ["deployment-1"])
    assert (row.frame_ancestors, row.takes_any_deployment) == ([school.root], False)
    assert school.registered is not None
    assert school.registered["redirect_uris"] == ["http://testserver/lti/launch"]
    assert school.registered["jwks_uri"] == "http://testserver/lti/jwks"
    assert LtiRegistration.objects.count() == 1
    # What went wrong is said to an administrator, who has no course to go back to.
    used = browser.get(address, asked)
    made_up = browser.get("/lti/register/made-up", asked)
    clock.move_to(timezone.now() + timedelta(days=8))
    late = browser.get(f"/lti/register/{registering.invitation()[:-1]}x", asked), browser.get(address, asked)
    assert "used already" in reason_in(used)
    assert "no registration address" in reason_in(made_up)
    assert "too old" in reason_in(late[1])
    for reply in (used, made_up, *late):
        page = reply.content.decode()
        assert "Not registered" in page
        assert "course" not in page
        assert "admin" in page
    german = browser.get(address, asked, headers={"Accept-Language": "de"}).content.decode()
    assert "Nicht registriert" in german
    assert "zu alt" in german
    assert LtiRegistration.objects.count() == 1


# --- The admin ----------------------------------------------------------------------------------------------


@pytest.fixture
def officer(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


def test_an_administrator_registers_a_platform(school: School, officer: Client) -> None:
    page = "/admin/sessions_app/ltiregistration/add/"
    shown = officer.get(page).content.decode()
    for address in ("lti/launch", "lti/login", "lti/jwks"):
        assert f"<code>http://testserver/{address}</code>" in shown
    entered = {
        "name": "School", "issuer": "https://school.example", "client_id": "c", "deployment_ids": "1\r\n 2 ",
        "auth_url": "https://school.example/auth", "token_url": "https://school.example/token",
        "keyset_url": "https://school.example/keys", "is_active": "on",
        "frame_ancestors": "https://school.example\r\nhttps://other.example:8443",
    }  # fmt: skip
    for wrong in (
        {"frame_ancestors": "https://school.example/path"},
        {"frame_ancestors": "*"},
        {"token_url": "ftp://school.example"},
        {"deployment_ids": ""},
    ):
        assert officer.post(page, {**entered, **wrong}).status_code == 200, wrong
    assert officer.post(page, entered).status_code == 302
    row = LtiRegistration.objects.get()
    assert row.deployment_ids == ["1", "2"]
    assert row.frame_ancestors == ["https://school.example", "https://other.example:8443"]
    change = officer.get(f"/admin/sessions_app/ltiregistration/{row.pk}/change/").content.decode()
    assert "https://other.example:8443" in change


def test_an_administrator_sees_what_was_sent_and_sends_it_again(
    school: School, test: NamedTest, launch: Launch, officer: Client
) -> None:
    row = school.row()
    take(token_in(launch("ada")))
    send()
    message = LtiMessage.objects.get()
    listed = officer.get("/admin/sessions_app/ltimessage/", {"registration__id__exact": str(row.pk)})
    assert b"Taken." in listed.content
    for address in (
        f"/admin/sessions_app/ltimessage/{message.pk}/again/",
        f"/admin/sessions_app/ltilink/{LtiLink.objects.get().pk}/roster/",
        f"/admin/sessions_app/ltiregistration/{row.pk}/messages/",
        "/admin/sessions_app/ltiregistration/rotate/",
    ):
        assert officer.get(address).status_code == 302, address
    data = {"action": "send_these_again", "_selected_action": [str(message.pk)]}
    assert officer.post("/admin/sessions_app/ltimessage/", data).status_code == 302
    assert send() == 2  # the score and the roster
    assert len(school.scores) == 2
    invited = officer.get("/admin/sessions_app/ltiregistration/invite/", follow=True).content.decode()
    assert "http://testserver/lti/register/" in invited
