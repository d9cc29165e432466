"""What is saved in the admin is what was typed; what nothing takes back is asked about first."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib.auth.models import Permission, User
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.admin.tests.test_teachers_admin import LIVE, NAMED_TESTS, form_data
from sessions_app.conftest import Start
from sessions_app.models import NamedTest, TestSession
from sessions_app.tests.factories import make_pool, question
from testing_engine.form_fields import LinesField, NumbersField
from testing_engine.models import Question, QuestionPool

QUESTIONS = "/admin/testing_engine/question/"
OPTIONS = [
    ["```\nfor i in range(3):\n    print(i)\n```", "```\nfor i in range(3): pass\nprint(i)\n```"],
    ["    print(i)", "print(i) # after"],
    ["a\u2028b", "a\u0085c"],
    ["a\r\nb", "c\rd"],
    ["----", "x"],
]


def as_sent(form: forms.Form) -> dict[str, Any]:
    """What a browser sends of a form that nobody touched: line ends as CR LF."""
    shown = {name: form[name].value() for name in form.fields}
    sent = {name: "" if value is None else str(value) for name, value in shown.items()}
    return {name: value.replace("\r\n", "\n").replace("\n", "\r\n") for name, value in sent.items()}


def edit(browser: Client, stored: Question, **changes: Any) -> Any:
    address = f"{QUESTIONS}{stored.pk}/change/"
    form = browser.get(address).context["adminform"].form
    return browser.post(address, {**as_sent(form), **changes})


@pytest.mark.parametrize("options", OPTIONS)
def test_saving_another_field_leaves_options_as_they_were(browser: Client, options: list[str]) -> None:
    content = "  Which?\r\n\u2028 one\n"
    fields: dict[str, Any] = {"content": content, "options": options, "correct_answer": options[0]}
    make_pool([question(0, [1], **fields)])
    reply = edit(browser, Question.objects.get(), difficulty="0.7")
    assert reply.status_code == 302, reply.context["adminform"].form.errors
    newest = Question.objects.get(version=2)
    assert (newest.difficulty, newest.options, newest.content) == (0.7, options, content)


def test_saving_nothing_publishes_nothing(browser: Client) -> None:
    make_pool([question(0, [1], options=OPTIONS[0], correct_answer=OPTIONS[0][1], enemy_groups=["a", "b"])])
    assert edit(browser, Question.objects.get()).status_code == 302
    assert Question.objects.count() == 1


def test_options_of_several_lines_can_be_edited(browser: Client) -> None:
    make_pool([question(0, [1], options=["a", "b"], correct_answer="a")])
    reply = edit(browser, Question.objects.get(), options="```\r\nx\r\n  y\r\n```\r\n----\r\n  b")
    assert reply.status_code == 302, reply.context["adminform"].form.errors
    assert Question.objects.get(version=2).options == ["```\nx\n  y\n```", "  b"]


def test_options_that_look_alike_are_refused_in_the_form(browser: Client) -> None:
    make_pool([question(0, [1], options=["a", "b"], correct_answer="a")])
    reply = edit(browser, Question.objects.get(), options="a\r\na\u00a0")
    assert "look the same" in str(reply.context["adminform"].form.errors["options"])


def test_save_and_continue_goes_on_at_the_new_version(browser: Client) -> None:
    make_pool([question(0, [1])])
    reply = edit(browser, Question.objects.get(), difficulty="0.7", _continue="1")
    newest = Question.objects.get(version=2)
    assert reply.url == f"{QUESTIONS}{newest.pk}/change/"
    again = browser.get(reply.url)
    assert again.status_code == 200
    assert again.context["adminform"].form["difficulty"].value() == 0.7


# --- The fields -----------------------------------------------------------------------------------------


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"]), max_size=8), max_size=4
    )
)
def test_texts_come_back_as_they_went(texts: list[str]) -> None:
    field = LinesField(required=False)
    texts = [text for text in texts if text.strip() and "----" not in text and not text.startswith("\n")]
    texts = [text.rstrip("\n") for text in texts]
    sent = field.prepare_value(texts).replace("\n", "\r\n")
    assert field.to_python(sent) == texts
    assert not field.has_changed(texts, sent)


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("-0.5", [-0.5]),
        ("-1, 0, 1", [-1, 0, 1]),
        ("-1.0,0.5", [-1, 0.5]),
        ("-0,5; 0,5", [-0.5, 0.5]),
        ("\N{MINUS SIGN}1", [-1]),
        ("", []),
    ],
)
def test_numbers_are_read(typed: str, numbers: list[float]) -> None:
    assert NumbersField(required=False).to_python(typed) == numbers


@pytest.mark.parametrize("typed", ["-0,5", "1,0,1", "0,5, 1", "x", "1_0", "nan", "1, ", "1.0.0"])
def test_numbers_that_may_be_others_are_refused(typed: str) -> None:
    with pytest.raises(forms.ValidationError):
        NumbersField().to_python(typed)


def test_whole_numbers_have_no_decimals() -> None:
    field = NumbersField(whole=True)
    assert field.to_python("0,1,0") == field.to_python("0, 1, 0") == [0, 1, 0]
    with pytest.raises(forms.ValidationError):
        field.to_python("0.5, 1")


# --- Named tests ----------------------------------------------------------------------------------------


def test_a_decimal_comma_in_cuts_is_asked_about(browser: Client, pool: QuestionPool) -> None:
    fields = form_data(pool, stopping="classification", cuts="-0,5")
    reply = browser.post(f"{NAMED_TESTS}add/", fields)
    assert "decimal comma" in str(reply.context["adminform"].form.errors["cuts"])


def test_a_test_longer_than_its_pool_is_refused_or_warned_of(browser: Client) -> None:
    pool = make_pool(questions=12)
    fixed = form_data(pool, stopping="fixed_length", max_questions=40)
    reply = browser.post(f"{NAMED_TESTS}add/", fixed)
    assert "The pool has 12 questions" in str(reply.context["adminform"].form.errors["max_questions"])
    reply = browser.post(f"{NAMED_TESTS}add/", form_data(pool, max_questions=40), follow=True)
    assert "The pool has 12 questions, the test may ask 40" in reply.content.decode()
    assert NamedTest.objects.get().rules["max_questions"] == 40


def test_a_test_that_is_over_before_it_begins_is_refused(browser: Client, pool: QuestionPool) -> None:
    yesterday = {"closes_at_0": "2020-01-01", "closes_at_1": "08:00"}
    reply = browser.post(f"{NAMED_TESTS}add/", form_data(pool, **yesterday))
    assert "This has passed" in str(reply.context["adminform"].form.errors["closes_at"])
    assert not NamedTest.objects.exists()


# --- Asked first ----------------------------------------------------------------------------------------


def test_ending_all_that_are_ticked_asks_first(browser: Client, start: Start, pool: QuestionPool) -> None:
    for each in ("s0", "s1", "s2"):
        start(student_id=each)
    seen = TestSession.objects.filter(student__external_id__in=["s0", "s1"])
    ticked = {"action": "end_these", "_selected_action": [str(session.pk) for session in seen]}
    asked = browser.post(LIVE, ticked)
    assert "End these tests now?" in asked.content.decode()
    assert TestSession.objects.filter(status="active").count() == 3
    ids = asked.context["ids"]
    done = browser.post(LIVE, {**ticked, "confirmed": ids}, follow=True)
    assert "Ended: 2 tests." in done.content.decode()
    assert TestSession.objects.get(status="active").student.external_id == "s2"


def test_second_factors_are_removed_for_who_lost_them_but_of_nobody_who_may_more(db: None) -> None:
    teacher, boss = User.objects.create_user("teacher"), User.objects.create_superuser("boss")
    for person in (teacher, boss):
        Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
    asking = User.objects.create_user("help desk", is_staff=True)
    asking.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user"]))
    browser = Client()
    browser.force_login(asking)
    ticked = {"action": "remove_second_factors", "_selected_action": [str(teacher.pk), str(boss.pk)]}
    asked = browser.post("/admin/auth/user/", ticked)
    assert Authenticator.objects.count() == 2
    browser.post("/admin/auth/user/", {**ticked, "confirmed": asked.context["ids"]})
    assert Authenticator.objects.get().user == boss
