"""A teacher's tests at the desk: made in three steps, copied, opened, closed, archived."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from desk.rights import CHANGE_TESTS, GIVE_TESTS, SEE_TESTS
from desk.tests.conftest import somebody
from sessions_app.administration.classes import members
from sessions_app.administration.classes.people import Person
from sessions_app.models import ClassTeacher, ClassTest, NamedTest, SchoolClass
from sessions_app.preparing import shelf
from sessions_app.preparing.rules_in_fields import fields_of
from sessions_app.preparing.shelf import State
from sessions_app.refusals import NamedTestNotOpen
from sessions_app.sitting.named_tests import check_open
from sessions_app.tests.factories import make_named_test, make_pool, question

pytestmark = pytest.mark.django_db


@pytest.fixture
def teacher() -> Client:
    return somebody(*CHANGE_TESTS.any_of, *SEE_TESTS.any_of)


def text_of(reply: Any) -> str:
    return str(reply.content.decode())


HOW = {
    "stopping": "precision",
    "max_questions": "20",
    "min_questions": "5",
    "target_error": "0.5",
    "sure_enough": "0.9",
    "time_limit_minutes": "30",
    "result_kind": "rules",
    "pass_from": "",
    "closing": "Thank you.",
}
WHO = {"takers": "invited", "attempts_allowed": "1", "result_release": "now", "opens_at": "", "closes_at": ""}


def make(teacher: Client, pool_id: Any, title: str = "Brüche, 9b", key: Any = None) -> NamedTest:
    fields = {"title": title, "pool": str(pool_id), "creation_key": str(key or uuid.uuid4())}
    reply = teacher.post("/desk/tests/new", fields)
    assert reply.status_code == 302, text_of(reply)
    return NamedTest.objects.get(pk=re.findall(r"\d+", reply["Location"])[0])


def test_a_test_in_three_steps(teacher: Client) -> None:
    pool, now = make_pool(24), timezone.now()
    assert "There is no test yet" in text_of(teacher.get("/desk/tests/"))
    key = uuid.uuid4()
    test = make(teacher, pool.pk, key=key)
    assert make(teacher, pool.pk, key=key) == test
    assert test.name == "brueche-9b"
    how, who = f"/desk/tests/{test.pk}/how", f"/desk/tests/{test.pk}/who"
    assert teacher.post(how, HOW)["Location"] == who
    closes = timezone.localtime(now + timedelta(days=2))
    reply = teacher.post(who, {**WHO, "closes_at": f"{closes:%Y-%m-%dT%H:%M}", "introduction": "Calculate."})
    assert reply["Location"] == f"/desk/tests/{test.pk}/"
    test.refresh_from_db()
    simple = fields_of(test.rules)
    assert (simple["stopping"], simple["target_error"], simple["max_questions"]) == ("precision", 0.5, 20)
    assert (test.time_limit_minutes, test.takers, test.introduction) == (30, "invited", "Calculate.")
    assert test.closes_at == closes.replace(second=0, microsecond=0)
    with pytest.raises(NamedTestNotOpen, match="not open yet"):
        check_open(test, now)
    page = text_of(teacher.get(f"/desk/tests/{test.pk}/"))
    assert "in preparation" in page
    assert "It has 5 to 20 questions." in page
    teacher.post(f"/desk/tests/{test.pk}/open")
    test.refresh_from_db()
    check_open(test, now)
    assert "open until" in text_of(teacher.get("/desk/tests/"))


@pytest.mark.parametrize(
    ("step", "changed", "said"),
    [
        ("how", {"stopping": "fixed_length", "max_questions": "30"}, "The pool has 24 questions"),
        ("how", {"stopping": "linear", "max_questions": "30"}, "The pool has 24 questions"),
        ("how", {"max_questions": ""}, "This is needed"),
        ("how", {"min_questions": "21"}, "more than the test may ask"),
        ("how", {"time_limit_minutes": "0"}, "greater than or equal to 1"),
        ("how", {"result_kind": "passing"}, "Choose one"),
        ("how", {"feedback": "Again.\n\nGo on."}, "4 levels, 2 texts. Write one for each of: Beginning, Dev"),
        ("how", {"feedback": "Again.", "result_kind": "thanks"}, "4 levels, 1 texts"),
        ("who", {"closes_at": "2020-01-01T12:00"}, "This has passed"),
        ("who", {"opens_at": "2050-01-02T12:00", "closes_at": "2050-01-01T12:00"}, "close before it opens"),
        ("who", {"result_release": "closed"}, "when the test closes"),
        ("what", {"title": ""}, "required"),
        ("what", {"pool": str(uuid.UUID(int=1))}, "no such pool"),
    ],
)
def test_what_cannot_work_is_said_while_typing_and_not_stored(
    teacher: Client, step: str, changed: dict[str, str], said: str
) -> None:
    test = make(teacher, make_pool(24).pk)
    before = NamedTest.objects.filter(pk=test.pk).values().get()
    first = {"what": {"title": test.title, "pool": str(test.pool_id)}, "how": HOW, "who": WHO}[step]
    address, fields = f"/desk/tests/{test.pk}/{step}", {**first, **changed}
    part = teacher.post(address, fields, headers={"HX-Request": "true"})
    assert said in text_of(part)
    assert "<html" not in text_of(part)
    whole = teacher.post(address, fields)
    assert whole.status_code == 200
    assert said in text_of(whole)
    assert NamedTest.objects.filter(pk=test.pk).values().get() == before


def test_students_of_each_level_read_a_text_of_their_own(teacher: Client) -> None:
    test = make(teacher, make_pool(24).pk)
    address = f"/desk/tests/{test.pk}/how"
    texts = ["Again, from page 3.\nThen ask.", "Go on.", "Well done.", "Try the next book."]
    assert teacher.post(address, {**HOW, "feedback": "\r\n \r\n".join(texts)}).status_code == 302
    test.refresh_from_db()
    assert test.result_feedback == texts
    assert "\n\n".join(texts) in text_of(teacher.get(address))
    assert teacher.post(address, {**HOW, "feedback": " "}).status_code == 302
    test.refresh_from_db()
    assert test.result_feedback is None


def test_an_exactness_that_the_pool_does_not_reach_is_pointed_out(teacher: Client) -> None:
    test = make(teacher, make_pool(24).pk)
    address = f"/desk/tests/{test.pk}/how"
    wanted = {**HOW, "target_error": "0.3", "max_questions": "6"}
    part = text_of(teacher.post(address, wanted, headers={"HX-Request": "true"}))
    assert "no result gets that exact" in part
    assert teacher.post(address, wanted).status_code == 302  # it works, only not as well
    assert "no result gets that exact" in text_of(teacher.get(f"/desk/tests/{test.pk}/"))
    easy = text_of(teacher.post(address, HOW, headers={"HX-Request": "true"}))
    assert "Where it fits best, that takes" in easy


def test_a_pool_without_parameters_gives_points(teacher: Client) -> None:
    kept = ("id", "content", "options", "correct_answer", "concepts")
    rows = [{name: question(n, [1.0])[name] for name in kept} for n in range(6)]
    pool = make_pool([{**row, "state": "not_calibrated"} for row in rows])
    test = make(teacher, pool.pk)
    assert fields_of(test.rules)["stopping"] == "linear"
    page = text_of(teacher.get(f"/desk/tests/{test.pk}/how"))
    assert "for points" in page
    assert 'value="precision"' not in page


def test_pauses_are_a_rule_like_others_and_no_expert_s_rules_lose_them(teacher: Client) -> None:
    test = make_named_test(make_pool(24), rules={"max_questions": 20})
    address = f"/desk/tests/{test.pk}/how"
    teacher.post(address, {**HOW, "pauses": "2", "pause_minutes": "15"})
    test.refresh_from_db()
    assert test.rules["pauses"] == {"minutes": 15, "times": 2}
    assert fields_of(test.rules)["stopping"] == "precision"
    page = text_of(teacher.get(address))
    assert "Students may pause: 2 times, for 15 minutes in all; the clock stops." in page
    refused = text_of(teacher.post(address, {**HOW, "pauses": "2", "pause_minutes": "5000"}))
    assert "1440" in refused
    NamedTest.objects.update(rules={"max_questions": 9, "strategy": {"name": "randomesque", "count": 3}})
    teacher.post(address, {**HOW, "stopping": "expert", "pauses": "1", "pause_minutes": "10"})
    test.refresh_from_db()
    assert (test.rules["pauses"], test.rules["strategy"]["count"]) == ({}, 3)
    teacher.post(address, {**HOW, "stopping": "expert", "pauses": ""})
    test.refresh_from_db()
    assert "pauses" not in test.rules


def test_what_an_expert_set_stays(teacher: Client) -> None:
    rules = {"max_questions": 8, "min_questions": 8, "pilots": {"count": 1, "quota": 9}}
    test = make_named_test(make_pool(24), rules=rules, result_cuts=[0.25, 0.5])
    teacher.post(f"/desk/tests/{test.pk}/how", {**HOW, "stopping": "fixed_length", "max_questions": "9"})
    test.refresh_from_db()
    assert test.rules["pilots"] == {"count": 1, "quota": 9}
    assert test.rules["max_questions"] == 9
    assert test.result_cuts == [0.25, 0.5]
    expert = {"max_questions": 8, "stop": [{"name": "interval", "cuts": [0.0], "confidence": 0.95}]}
    test = make_named_test(make_pool(24), "expert", rules=expert)
    page = text_of(teacher.get(f"/desk/tests/{test.pk}/how"))
    assert "by the rules that an expert has set" in page
    teacher.post(f"/desk/tests/{test.pk}/how", {**HOW, "stopping": "expert", "closing": "Bye"})
    test.refresh_from_db()
    assert (test.rules, test.closing) == (expert, "Bye")


def test_passing_is_said_by_a_level(teacher: Client) -> None:
    test = make(teacher, make_pool(24).pk)
    address = f"/desk/tests/{test.pk}/how"
    classified = {**HOW, "stopping": "classification", "result_kind": "passing", "pass_from": "0.0"}
    teacher.post(address, classified)
    test.refresh_from_db()
    assert (test.result_kind, test.result_cuts) == ("passing", [0.0])
    assert fields_of(test.rules)["cuts"] == [0.0]
    teacher.post(address, {**HOW, "stopping": "classification"})
    test.refresh_from_db()
    assert (test.result_kind, test.result_cuts) == ("rules", [])
    assert fields_of(test.rules)["cuts"] == [-1.0, 0.0, 1.0]


def test_a_copy_is_unopened_and_has_no_times(teacher: Client) -> None:
    later = timezone.now() + timedelta(days=1)
    test = make_named_test(make_pool(8), closes_at=later, result_release="closed", introduction="Hello")
    fields = {"title": "Algebra again", "creation_key": str(uuid.uuid4())}
    first, second = (teacher.post(f"/desk/tests/{test.pk}/copy", fields)["Location"] for _ in range(2))
    assert first == second
    copied = NamedTest.objects.get(title="Algebra again")
    assert (copied.is_draft, copied.closes_at, copied.result_release) == (True, None, "now")
    assert (copied.rules, copied.introduction, copied.name) == (test.rules, "Hello", "algebra-again")
    again = {**fields, "creation_key": str(uuid.uuid4())}
    teacher.post(f"/desk/tests/{test.pk}/copy", again)
    assert NamedTest.objects.filter(name="algebra-again-2").exists()


def test_opened_closed_archived(teacher: Client) -> None:
    test, now = make_named_test(make_pool(8)), timezone.now()

    def state() -> State:
        return shelf.test_card(test.pk, timezone.now()).state

    assert state() is State.OPEN
    teacher.post(f"/desk/tests/{test.pk}/close")
    assert state() is State.CLOSED
    teacher.post(f"/desk/tests/{test.pk}/open")
    assert state() is State.OPEN
    NamedTest.objects.update(opens_at=now + timedelta(days=1))
    assert state() is State.COMING
    teacher.post(f"/desk/tests/{test.pk}/close")
    assert state() is State.DRAFT
    teacher.post(f"/desk/tests/{test.pk}/archive")
    assert state() is State.ARCHIVED
    with pytest.raises(NamedTestNotOpen):
        check_open(NamedTest.objects.get(), now)
    assert test.title not in text_of(teacher.get("/desk/tests/"))
    assert test.title in text_of(teacher.get("/desk/tests/?archive=1"))
    teacher.post(f"/desk/tests/{test.pk}/restore")
    assert state() is State.DRAFT


def test_another_pool_for_a_test_in_preparation_brings_rules_that_fit(teacher: Client) -> None:
    test, small = make(teacher, make_pool(24).pk), make_pool(4, name="Small")
    address = f"/desk/tests/{test.pk}/what"
    fields = {"title": "Small one", "pool": str(small.pk)}
    assert teacher.post(address, fields)["Location"].endswith("/how")
    test.refresh_from_db()
    assert (test.title, test.pool_id, test.rules["max_questions"]) == ("Small one", small.pk, 4)
    opened = make_named_test(make_pool(24), rules={"max_questions": 20})
    reply = teacher.post(f"/desk/tests/{opened.pk}/what", fields)
    assert "Copy the test for it" in text_of(reply)


def test_the_last_step_gives_the_test_to_classes() -> None:
    """Only her own, once however often it is sent; each word about the result is there once."""
    teacher = somebody(
        *CHANGE_TESTS.any_of, *SEE_TESTS.any_of, "sessions_app.teach_classes", *GIVE_TESTS.any_of
    )
    me = User.objects.get(pk=teacher.session["_auth_user_id"])
    mine = [SchoolClass.objects.create(name=name) for name in ("9a", "9b", "9c")]
    for each, student_id in zip(mine, ("s-1", "s-2", "s-3"), strict=True):
        ClassTeacher.objects.create(school_class=each, user=me)
        members.add_student(each, Person(student_id))
    others = SchoolClass.objects.create(name="Not hers")
    test = make(teacher, make_pool(24).pk)
    who = f"/desk/tests/{test.pk}/who"
    page = text_of(teacher.get(who))
    assert all(each.name in page for each in mine)
    assert others.name not in page
    assert page.count('value="never"') == 1

    refused = teacher.post(who, {**WHO, "classes": [str(others.pk)]})
    assert "There is no such class any more." in text_of(refused)
    send = {**WHO, "result_release": "never", "classes": [str(each.pk) for each in mine[:2]]}
    assert teacher.post(who, send, headers={"HX-Request": "true"}).status_code == 200
    assert not ClassTest.objects.exists()  # looked at, not given
    for _ in range(2):
        assert teacher.post(who, send).status_code == 302
    assert set(ClassTest.objects.values_list("school_class__name", flat=True)) == {"9a", "9b"}
    assert set(test.invitations.values_list("student__external_id", flat=True)) == {"s-1", "s-2"}
    assert text_of(teacher.get(f"/desk/tests/{test.pk}/")).count("Students do not see their result.") == 1
    assert "These classes have it: 9a, 9b" in text_of(teacher.get(who))

    without = somebody(*CHANGE_TESTS.any_of, *SEE_TESTS.any_of, "sessions_app.manage_classes")
    assert "9c" not in text_of(without.get(who))  # who may not invite gives nothing
