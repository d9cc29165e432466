"""From a course into a test: what is let in, and all that is not."""

import hashlib
import hmac
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import jwt
import pytest
from django.test import Client
from django.utils import timezone

from organisations.acting import acting_for
from organisations.models import Organisation
from sessions_app.conftest import client_with
from sessions_app.lti import keys
from sessions_app.lti.claims import is_learner, is_teacher
from sessions_app.lti.tests.school import TEACHER, School, key_pair
from sessions_app.models import (
    Invitation,
    LtiKey,
    LtiLink,
    LtiPerson,
    LtiSpent,
    NamedTest,
    Student,
    TestSession,
)
from sessions_app.tests.factories import make_named_test, make_pool

Launch = Callable[..., Any]
LTI = "https://purl.imsglobal.org/spec/lti/claim/"


def token_in(reply: Any) -> str:
    assert reply.status_code == 303, reply.content
    assert reply["Location"].startswith("/take/test")
    return str(reply["Location"].partition("#")[2])


def reason_in(reply: Any) -> str:
    assert reply.status_code == 400, reply.status_code
    assert "frame-ancestors *" in reply["Content-Security-Policy"]
    found = re.search(r'<p(?: lang="en")?>([^<]*)</p>\s*</section>', reply.content.decode())
    assert found is not None, reply.content
    return found[1]


def test_a_student_comes_into_the_test(
    school: School, test: NamedTest, launch: Launch, browser: Client
) -> None:
    school.row()
    token = token_in(launch("ada", named=("Ada Lovelace", "ada@school.example")))
    student = Student.objects.get()
    assert (student.name, student.email) == ("Ada Lovelace", "ada@school.example")
    assert student.external_id.endswith("-ada")
    session = TestSession.objects.get()
    assert (session.student, session.named_test, session.client_id) == (student, test, None)
    status = client_with(f"Session {token}").get(f"/api/test/status/{session.pk}").json()
    assert status["status"] == "active"
    assert status["next_question"]["id"]
    link = LtiLink.objects.get()
    assert (link.context_title, link.test, link.line_item) == ("Mathematics 8b", test, school.line_item)
    assert not browser.cookies


def test_a_second_launch_goes_on_with_the_test(school: School, test: NamedTest, launch: Launch) -> None:
    school.row()
    assert token_in(launch("ada"))
    assert token_in(launch("ada"))
    assert TestSession.objects.count() == 1
    token_in(launch("bob"))
    assert TestSession.objects.count() == Student.objects.count() == LtiPerson.objects.count() == 2


def test_nothing_is_known_of_who_is_not_named(school: School, test: NamedTest, launch: Launch) -> None:
    school.row()
    launch("ada")
    assert Student.objects.values_list("name", "email").get() == ("", "")
    launch("ada", named=("Ada", "no address"))
    assert Student.objects.values_list("name", "email").get() == ("Ada", "")


def test_a_test_that_is_over_is_shown_and_may_be_taken_again(
    school: School, test: NamedTest, launch: Launch, browser: Client
) -> None:
    school.row()
    token = token_in(launch("ada"))
    session = TestSession.objects.get()
    client_with(f"Session {token}").post(f"/api/test/end/{session.pk}", {})
    over = launch("ada")
    assert over.status_code == 200
    ticket = re.search(r'name="ticket" value="([^"]+)"', over.content.decode())
    assert ticket is not None
    for _ in range(2):  # pressed twice
        token_in(browser.post("/lti/again", {"ticket": ticket[1]}))
    assert TestSession.objects.count() == 2
    NamedTest.objects.update(attempts_allowed=2)
    TestSession.objects.filter(status="active").get()
    newest = token_in(launch("ada"))
    client_with(f"Session {newest}").post(f"/api/test/end/{TestSession.objects.get(status='active').pk}", {})
    over = launch("ada")
    assert b"/take/test" in over.content
    assert b"ticket" not in over.content


def test_who_is_refused_by_the_test_reads_why(school: School, test: NamedTest, launch: Launch) -> None:
    school.row()
    NamedTest.objects.update(closes_at=timezone.now() - timedelta(hours=1))
    closed = launch("ada", headers={"Accept-Language": "de"})
    assert closed.status_code == 403
    assert not TestSession.objects.exists()
    NamedTest.objects.update(closes_at=None)
    token_in(launch("ada"))
    Invitation.objects.update(revoked_at=timezone.now())
    assert launch("ada").status_code == 403


def test_a_test_for_invited_students_is_open_to_the_course(
    school: School, test: NamedTest, launch: Launch
) -> None:
    NamedTest.objects.update(takers="invited")
    school.row()
    token_in(launch("ada"))
    assert Invitation.objects.get().session == TestSession.objects.get()


def test_the_target_names_the_test_where_no_parameter_does(
    school: School, test: NamedTest, launch: Launch
) -> None:
    school.row()
    token_in(
        launch("ada", custom={}, claims={LTI + "target_link_uri": "http://testserver/lti/tests/algebra"})
    )
    token_in(launch("bob", custom={}))  # the link is known by now
    assert TestSession.objects.filter(named_test=test).count() == 2


# --- What is not let in -------------------------------------------------------------------------------------


def _with_a_shared_secret(said: dict[str, Any], secret: str, kid: str | None) -> str:
    def part(content: bytes) -> bytes:
        return urlsafe_b64encode(content).rstrip(b"=")

    header = {"alg": "HS256", "typ": "JWT", "kid": kid}
    signed = part(json.dumps(header).encode()) + b"." + part(json.dumps(said).encode())
    return (signed + b"." + part(hmac.new(secret.encode(), signed, hashlib.sha256).digest())).decode()


def _times() -> dict[str, int]:
    now = int(timezone.now().timestamp())
    return {"iat": now, "exp": now + 300}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"claims": {"iss": "https://elsewhere.example"}}, "issuer"),
    ({"claims": {"aud": "client-of-others"}}, "Audience"),
    ({"claims": {"aud": ["client-1", "another"], "azp": "another"}}, "azp"),
    ({"claims": {"azp": "another"}}, "azp"),
    ({"claims": {LTI + "deployment_id": "another"}}, "deployment"),
    ({"claims": {LTI + "version": "1.1"}}, "no LTI 1.3"),
    ({"claims": {LTI + "message_type": "DataPrivacyLaunchRequest"}}, "type"),
    ({"claims": {LTI + "target_link_uri": "http://elsewhere.example/lti/launch"}}, "target link"),
    ({"claims": {LTI + "target_link_uri": "http://testserver@elsewhere.example/lti/launch"}}, "target"),
    ({"claims": {LTI + "target_link_uri": "http://testserver/admin/"}}, "target link"),
    ({"claims": {LTI + "resource_link": "link-1"}}, "LTI has it"),
    ({"claims": {LTI + "resource_link": {"id": ["x"]}}}, "no text"),
    ({"claims": {LTI + "custom": "x"}}, "no object"),
    ({"custom": {"test": "no-such"}}, "no test"),
    ({"custom": {"test": "x\x00"}}, "no text"),
    ({"custom": {}}, "names no test"),
    ({"expires": -120}, "expired"),
    ({"drop": ("sub",)}, "nobody"),
    ({"drop": ("aud",)}, "aud"),
    ({"drop": (LTI + "deployment_id",)}, "deployment"),
    ({"roles": ("http://purl.imsglobal.org/vocab/lis/v2/membership#Mentor",)}, "neither"),
]


def test_what_is_refused(school: School, test: NamedTest, launch: Launch) -> None:
    school.row()
    for said, why in REFUSED:
        assert why in reason_in(launch("ada", **said)).replace("&#x27;", "'"), said
    assert not TestSession.objects.exists()
    assert not Student.objects.exists()


def test_what_is_signed_otherwise_is_refused(school: School, test: NamedTest, launch: Launch) -> None:
    school.row()
    platform = school.registration
    public, kid = str(platform.get_platform_public_key()), platform.get_kid()
    ways: dict[str, Callable[[dict[str, Any]], str]] = {
        "by nobody": lambda said: jwt.encode(said, "", "none", {"kid": kid}),
        "with what everybody knows": lambda said: _with_a_shared_secret(said, public, kid),
        "by others": lambda said: jwt.encode(said, key_pair()[1], "RS256", {"kid": kid}),
        "without a key's name": lambda said: platform.encode_and_sign(
            said, str(platform.get_platform_private_key())
        ),
        "for another question": lambda said: platform.platform_encode_and_sign({**said, "nonce": "made up"}),
        "for ever": lambda said: platform.platform_encode_and_sign(
            {name: value for name, value in said.items() if name != "exp"}
        ),
        "no token": lambda said: "x.y.z",
    }
    for way, sign in ways.items():
        assert reason_in(launch("ada", sign=lambda said, sign=sign: sign({**said, **_times()}))), way
    assert not Student.objects.exists()
    assert token_in(launch("ada", sign=lambda said: platform.platform_encode_and_sign({**said, **_times()})))


def test_a_launch_is_good_once(school: School, test: NamedTest, browser: Client) -> None:
    school.row()
    asked = browser.get(school.log_in_address().removeprefix("http://testserver"))
    answer = school.answer(asked["Location"])
    token_in(browser.post("/lti/launch", answer))
    assert "opened already. Open the test again" in reason_in(browser.post("/lti/launch", answer))
    assert LtiSpent.objects.count() == 1


def test_a_state_of_another_kind_or_time_opens_nothing(
    school: School, test: NamedTest, browser: Client, clock: Any
) -> None:
    school.row()
    asked = browser.get(school.log_in_address().removeprefix("http://testserver"))
    answer = school.answer(asked["Location"])
    for state in ("", "x", answer["state"] + "x", answer["state"][:-2], "{}:x:y"):
        assert "not complete" in reason_in(browser.post("/lti/launch", {**answer, "state": state}))
    clock.move_to(timezone.now() + timedelta(minutes=11))
    assert "too long" in reason_in(browser.post("/lti/launch", answer))


def test_another_platform_s_answer_to_our_question_is_refused(
    school: School, test: NamedTest, browser: Client
) -> None:
    """A mix-up: two platforms are registered, the state is of one and the token of the other."""
    school.row()
    other = school.row(issuer="https://other.example", name="Other")
    question = browser.get(
        "/lti/login",
        {"iss": other.issuer, "login_hint": "x", "target_link_uri": "http://testserver/lti/launch"},
    )["Location"]
    asked = dict(parse_qsl(urlsplit(question).query))
    assert asked["client_id"] == other.client_id
    assert "issuer" in reason_in(browser.post("/lti/launch", school.answer(question)))


def test_a_log_in_that_is_refused(school: School, browser: Client) -> None:
    school.row()
    asked = {"iss": school.root, "login_hint": "ada", "target_link_uri": "http://testserver/lti/launch"}
    assert browser.get("/lti/login", asked).status_code == 303
    assert browser.post("/lti/login", asked).status_code == 303
    for changed, why in (
        ({"iss": "https://nobody.example"}, "No active registration"),
        ({"client_id": "another"}, "No active registration"),
        ({"iss": "x\x00"}, "No active registration"),
        ({"target_link_uri": "https://elsewhere.example/"}, "target link"),
        ({"target_link_uri": "http://[::1"}, "no address"),
        ({"login_hint": ""}, "login_hint"),
        ({"lti_message_hint": "x" * 5000}, "long hint"),
    ):
        assert why in reason_in(browser.get("/lti/login", {**asked, **changed})), changed
    assert not LtiSpent.objects.exists()


def test_a_question_keeps_what_the_platform_s_address_says(school: School, browser: Client) -> None:
    school.row()
    question = browser.get(school.log_in_address().removeprefix("http://testserver"))["Location"]
    asked = dict(parse_qsl(urlsplit(question).query))
    assert question.startswith(f"{school.root}/auth?")
    assert (asked["for"], asked["scope"], asked["response_mode"]) == ("us", "openid", "form_post")
    assert asked["lti_message_hint"] == "link-1"


def test_a_platform_that_was_switched_off(school: School, test: NamedTest, browser: Client) -> None:
    row = school.row()
    asked = browser.get(school.log_in_address().removeprefix("http://testserver"))
    answer = school.answer(asked["Location"])
    type(row).objects.update(is_active=False)
    assert "switched off" in reason_in(browser.post("/lti/launch", answer))
    assert "No active" in reason_in(browser.get(school.log_in_address().removeprefix("http://testserver")))


def test_keys_are_read_once_a_day_and_when_another_signs(
    school: School, test: NamedTest, launch: Launch
) -> None:
    school.row()
    launch("ada")
    launch("ada")
    assert school.asked.count("GET /keys") == 1
    public, private = (
        school.registration.get_platform_public_key(),
        school.registration.get_platform_private_key(),
    )
    new_public, new_private = key_pair()
    school.registration.set_platform_public_key(new_public).set_platform_private_key(new_private)
    try:
        assert "key set" in reason_in(launch("ada"))  # not at once: nobody makes us ask all the time
        row = type(school.row(client_id="x")).objects.get(client_id="client-1")
        row.keyset_read_at = timezone.now() - timedelta(minutes=1)
        row.save()
        token_in(launch("ada"))
    finally:
        assert public is not None
        assert private is not None
        school.registration.set_platform_public_key(public).set_platform_private_key(private)


def test_keys_inside_this_network_are_not_read(
    school: School, test: NamedTest, launch: Launch, settings: Any
) -> None:
    settings.WEBHOOKS_MAY_GO_INSIDE = False
    school.row()
    assert "key set cannot be read" in reason_in(launch("ada"))
    assert school.asked == []


def test_any_deployment_where_an_administrator_said_so(
    school: School, test: NamedTest, launch: Launch
) -> None:
    school.row(deployment_ids=[], takes_any_deployment=True)
    token_in(launch("ada", claims={LTI + "deployment_id": uuid4().hex}))


def test_a_platform_opens_tests_of_its_own_organisation_alone(
    school: School, test: NamedTest, launch: Launch
) -> None:
    """Also where the other's test has the same name, and the same person comes from both."""
    other = Organisation.objects.create(slug="other", name="Other")
    with acting_for(other.pk):
        school.row()
    assert "no test" in reason_in(launch("ada"))
    assert test.name.encode() not in launch("eve", TEACHER, deep_linking=True).content
    with acting_for(other.pk):
        theirs = make_named_test(make_pool())
    token_in(launch("ada"))
    with acting_for(None):
        session = TestSession.objects.get()
        assert (session.named_test, session.organisation_id) == (theirs, other.pk)
        assert session.student.organisation_id == other.pk


# --- Frames -------------------------------------------------------------------------------------------------


def test_in_a_frame_that_is_listed(school: School, test: NamedTest, launch: Launch, browser: Client) -> None:
    school.row(frame_ancestors=["https://school.example"])
    reply = launch("ada", headers={"Sec-Fetch-Dest": "iframe"})
    page = browser.get(reply["Location"].partition("#")[0])
    assert "frame-ancestors https://school.example" in page["Content-Security-Policy"]
    assert "X-Frame-Options" not in page
    assert b"frame=" in page.content  # the language switch stays in the frame


def test_no_other_page_may_frame_the_test(browser: Client, db: None) -> None:
    for frame in ("", "x", str(uuid4()), "00000000-0000-0000-0000-00000000000\x00"):
        page = browser.get("/take/test", {"frame": frame})
        assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
        assert page["X-Frame-Options"] == "DENY"


def test_in_a_frame_that_is_not_listed_the_test_opens_a_tab(
    school: School, test: NamedTest, launch: Launch
) -> None:
    school.row()
    reply = launch("ada", headers={"Sec-Fetch-Dest": "iframe"})
    assert reply.status_code == 200
    assert f"frame-ancestors {school.root}" in reply["Content-Security-Policy"]
    assert b'target="_blank"' in reply.content
    assert reply["Cache-Control"] == "no-store"


# --- Roles --------------------------------------------------------------------------------------------------

MEMBERSHIP = "purl.imsglobal.org/vocab/lis/v2/membership"
PERSON = "http://purl.imsglobal.org/vocab/lis/v2/institution/person"


@pytest.mark.parametrize(
    ("roles", "teaches", "learns"),
    [
        ([f"http://{MEMBERSHIP}#Learner"], False, True),
        ([f"https://{MEMBERSHIP}#Learner"], False, True),
        ([f"http://{MEMBERSHIP}/Learner#NonCreditLearner"], False, True),
        (["Learner"], False, True),
        ([f"https://{MEMBERSHIP}#Instructor", f"http://{MEMBERSHIP}#Learner"], True, True),
        ([f"http://{MEMBERSHIP}/Instructor#TeachingAssistant"], True, False),
        ([f"{PERSON}#Instructor", f"http://{MEMBERSHIP}#Learner"], False, True),
        ([f"{PERSON}#Administrator"], True, False),
        ([f"{PERSON}#Administrator", f"http://{MEMBERSHIP}#Learner"], False, True),
        ([f"{PERSON}#Student"], False, False),
        ([f"http://{MEMBERSHIP}#Mentor"], False, False),
        ([], False, False),
    ],
)
def test_who_teaches_and_who_learns(roles: list[str], teaches: bool, learns: bool) -> None:
    assert (is_teacher(roles), is_learner(roles)) == (teaches, learns)


# --- Keys ---------------------------------------------------------------------------------------------------


def test_a_key_is_published_before_it_signs_and_after(school: School, browser: Client, settings: Any) -> None:
    now = timezone.now()
    (first,) = browser.get("/lti/jwks").json()["keys"]
    assert {"kty", "n", "e", "kid", "alg", "use"} == set(first)
    keys.rotate(now)
    published = [key["kid"] for key in browser.get("/lti/jwks").json()["keys"]]
    assert len(published) == 2
    old, _ = keys.signing_key(now)
    new, _ = keys.signing_key(now + keys.READ_BEFORE)
    assert old != new
    keys.keep_fresh(now + timedelta(days=2))
    assert len(keys.key_set(now + timedelta(days=2))["keys"]) == 2
    keys.keep_fresh(now + timedelta(days=9))
    (left,) = keys.key_set(now + timedelta(days=9))["keys"]
    assert left["kid"] != first["kid"]
    assert LtiKey.objects.get(kid=first["kid"]).sealed == ""


def test_private_keys_are_sealed_with_the_secret_key(school: School, settings: Any) -> None:
    now = timezone.now()
    assert "PRIVATE" not in LtiKey.objects.get().sealed
    before = keys.signing_key(now)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [settings.SECRET_KEY]
    assert keys.signing_key(now) == before
    settings.SECRET_KEY_FALLBACKS = []
    assert keys.signing_key(now) != before  # nobody can open it any more: a new one signs
    assert LtiKey.objects.count() == 2
