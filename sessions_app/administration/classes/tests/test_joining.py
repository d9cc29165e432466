"""A test given to a class: codes and links of slips, names to choose, and who can begin as whom."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.administration.classes import handing_out, members
from sessions_app.administration.classes.people import Person
from sessions_app.api import invitations as door
from sessions_app.conftest import Reply, answer_questions, api, browser_of, pool  # noqa: F401  # fixtures
from sessions_app.models import ClassTest, NamedTest, SchoolClass, Student
from sessions_app.tests.factories import make_named_test
from testing_engine.models import QuestionPool

pytestmark = pytest.mark.django_db
NAMES = {"s-1": "Ada Lovelace", "s-2": "Ben Ali", "s-3": ""}


@pytest.fixture
def given(pool: QuestionPool) -> ClassTest:  # noqa: F811
    school_class = SchoolClass.objects.create(name="9b")
    for student_id, name in NAMES.items():
        members.add_student(school_class, Person(student_id, name=name))
    return handing_out.give(school_class, make_named_test(pool).pk, names_may_be_chosen=False)


def post(where: str, **body: Any) -> Reply:
    return APIClient().post(f"/api/invitations/{where}", body)


def slip_of(given: ClassTest, student_id: str) -> handing_out.Slip:
    (slip,) = [slip for slip in handing_out.slips_of(given, "/take/test") if slip.student_id == student_id]
    return slip


def token_in(link: str) -> str:
    return link.partition("#invitation=")[2]


def choose(given: ClassTest, name: str) -> str:
    """The token that the choice of a name gives."""
    offered = {each["name"]: each["number"] for each in post("join", code=given.code).json()["names"]}
    chosen: str = post("join", code=given.code, student=offered[name]).json()["invitation"]
    return chosen


def test_a_slip_opens_its_students_test_by_link_and_by_code(given: ClassTest) -> None:
    slip = slip_of(given, "s-1")
    typed = f" {handing_out.in_groups(slip.code).lower()} "
    joined = post("join", code=typed).json()
    assert joined == {
        "title": "Algebra",
        "class_name": "9b",
        "invitation": token_in(slip.link),
        "names_may_be_chosen": False,
        "names": [],
    }
    told = post("read", invitation=joined["invitation"]).json()
    assert (told["student_name"], told["is_running"]) == ("Ada Lovelace", False)
    assert post("read", invitation=token_in(slip_of(given, "s-3").link)).json()["student_name"] == "s-3"
    started = post("start", invitation=joined["invitation"]).json()
    assert started["student_id"] == "s-1"
    assert [each.begun for each in handing_out.tests_of(given.school_class)] == [1]


def test_the_code_of_the_class_alone_tells_nobody(given: ClassTest) -> None:
    joined = post("join", code=given.code).json()
    assert (joined["invitation"], joined["names"]) == ("", [])
    number = handing_out.invitations_of(given)[0].pk
    refused = post("join", code=given.code, student=number)
    assert (refused.status_code, refused.json()["code"]) == (409, "name_taken")


@pytest.mark.parametrize("change", ["wrong class", "wrong student", "short", "odd", "archived", "new code"])
def test_what_is_no_code_opens_nothing(given: ClassTest, change: str) -> None:
    code = slip_of(given, "s-1").code
    other = {"C": "D"}.get(code[0], "C")
    wrong = {
        "wrong class": other + code[1:],
        "wrong student": code[:6] + "".join("C" if sign != "C" else "D" for sign in code[6:]),
        "short": code[:7],
        "odd": code[:11] + "0",
    }
    if change == "archived":
        SchoolClass.objects.update(archived_at=timezone.now())
    elif change == "new code":
        handing_out.new_code(given)
    refused = post("join", code=wrong.get(change, code))
    assert (refused.status_code, refused.json()["code"]) == (404, "join_code_unknown")


def test_codes_follow_the_secret_and_the_issue(given: ClassTest, settings: LazySettings) -> None:
    before = slip_of(given, "s-1").code
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another " * 8, [settings.SECRET_KEY]
    assert slip_of(given, "s-1").code != before
    assert post("join", code=before).json()["invitation"]
    settings.SECRET_KEY_FALLBACKS = []
    assert post("join", code=before).status_code == 404


def test_guessing_is_slowed(given: ClassTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "JOINS_OF_A_CODE", 3)
    monkeypatch.setattr(door, "JOINS_OF_AN_ADDRESS", 7)
    with time_machine.travel(timezone.now(), tick=False):
        tried = [post("join", code=given.code + "CDFGHJ").status_code for _ in range(5)]
        assert tried == [404, 404, 404, 429, 429]
        other = "C" * 6 if given.code != "C" * 6 else "D" * 6
        assert [post("join", code=other).status_code for _ in range(3)] == [404, 404, 429]


def test_a_name_is_chosen_once(given: ClassTest) -> None:
    """Who harvests choices of others' names can go on with none of their tests."""
    handing_out.let_choose(given, may=True)
    harvested = choose(given, "Ada Lovelace")
    hers = choose(given, "Ada Lovelace")
    assert post("read", invitation=hers).json()["student_name"] == "Ada Lovelace"
    started = post("start", invitation=hers).json()
    again = post("start", invitation=hers).json()  # the reply was lost
    assert again["session_id"] == started["session_id"]
    for where in ("read", "start"):
        refused = post(where, invitation=harvested)
        assert (refused.status_code, refused.json()["code"]) == (409, "name_taken")
    offered = [each["name"] for each in post("join", code=given.code).json()["names"]]
    assert offered == ["s-3", "Ben Ali"]
    # Her own slip opens it still, on another device.
    assert post("start", invitation=token_in(slip_of(given, "s-1").link)).status_code == 200


def test_a_choice_is_to_begin_with_soon(given: ClassTest) -> None:
    handing_out.let_choose(given, may=True)
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        bens, adas = choose(given, "Ben Ali"), choose(given, "Ada Lovelace")
        started = post("start", invitation=adas).json()
    with time_machine.travel(now + timedelta(minutes=16), tick=False):
        assert post("start", invitation=bens).status_code == 404
        assert post("start", invitation=adas).json()["session_id"] == started["session_id"]


def test_names_are_told_when_the_test_is_open(given: ClassTest) -> None:
    handing_out.let_choose(given, may=True)
    NamedTest.objects.update(opens_at=timezone.now() + timedelta(days=1))
    refused = post("join", code=given.code)
    assert (refused.status_code, refused.json()["code"]) == (409, "test_not_open")


def test_who_joins_later_is_invited_and_who_leaves_is_not(given: ClassTest) -> None:
    school_class, now = given.school_class, timezone.now()
    members.add_student(school_class, Person("s-4", name="Cem"))
    link = token_in(slip_of(given, "s-4").link)
    cem = Student.objects.get(external_id="s-4")
    assert members.remove(school_class, [cem.pk], now=now) == 1
    assert post("start", invitation=link).json()["code"] == "invitation_revoked"
    members.add_student(school_class, Person("s-4"))
    assert post("start", invitation=link).status_code == 200
    handing_out.take_back(given, now=now)
    assert post("read", invitation=link).json()["is_running"]  # a test that runs goes on
    assert post("join", code=given.code).status_code == 404


def test_ones_own_result_is_opened_again_unless_it_is_for_teachers(given: ClassTest, api: APIClient) -> None:  # noqa: F811
    link = token_in(slip_of(given, "s-1").link)
    NamedTest.objects.update(result_feedback=["a", "b", "c", "d"])
    started = post("start", invitation=link).json()
    answer_questions(browser_of(started), started, 5)
    used = post("read", invitation=link).json()
    assert used["code"] == "invitation_used"
    browser = browser_of({"session_token": used["session_token"]})
    shown = browser.get(f"/api/test/result/{started['session_id']}").json()
    assert shown["feedback"] == "abcd"[shown["report"]["whole"]["level"]]
    NamedTest.objects.update(result_release="never")
    assert "session_token" not in post("read", invitation=link).json()
    refused = browser.get(f"/api/test/result/{started['session_id']}")
    assert (refused.status_code, refused.json()["code"]) == (403, "result_not_shown")
    status = browser.get(f"/api/test/status/{started['session_id']}").json()
    assert (status["test"]["is_result_for_student"], status["ability"]) == (False, None)
