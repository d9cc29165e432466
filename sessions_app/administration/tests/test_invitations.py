"""Invitations: a list of students in, links out, and the test that a link opens."""

import csv
import io
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import time_machine
from django.conf import LazySettings
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app import replies
from sessions_app.administration import invitations, privacy
from sessions_app.administration.classes.people import Person
from sessions_app.administration.classes.tables import MOST_BYTES, RosterRefused, StudentList, read_roster
from sessions_app.conftest import Reply, answer_questions, browser_of, client_with
from sessions_app.models import Invitation, NamedTest, Student, TestSession
from sessions_app.reporting.spreadsheets import csv_lines
from sessions_app.review.verification import verify
from sessions_app.sitting.tests.test_concurrency import at_once, statuses
from sessions_app.tests.factories import make_named_test, make_pool, make_token
from testing_engine.models import QuestionPool

Row = dict[str, str]


def invite(test: NamedTest, *students: str) -> list[str]:
    """The tokens of these students, in order."""
    invitations.invite(test, [{"student_id": student} for student in students])
    tokens = {student: link.partition("#invitation=")[2] for student, _, link in invitations.links(test, "")}
    return [tokens[student] for student in students]


def open_link(token: object, **headers: str) -> Reply:
    client = APIClient()
    client.credentials(**headers)
    return client.post("/api/invitations/start", {"invitation": token})


def assert_refused(reply: Reply, status: int, code: str) -> None:
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert not TestSession.objects.filter(status="active").exists()


# --- The list --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "student_id,name,email,grade\na,Anna,a@x.org,9b\nb,,,\n",
        "\ufeffStudent_ID;Name;Email;Grade\r\na;Anna;a@x.org;9b\r\n\r\nb;;;\r\n",
        "name\tgrade\temail\tstudent_id\n Anna \t9b\ta@x.org\ta\n\t\t\tb",
    ],
)
def test_it_reads_what_spreadsheets_write(content: str) -> None:
    people = [line.person for line in read_roster(StudentList(content.encode()))]
    anna = Person("a", name="Anna", email="a@x.org", grade="9b")
    assert sorted(people, key=lambda person: person.student_id) == [anna, Person("b")]


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        (b"", ["Line 1: the first line names the columns; student_id or name must be among them."]),
        (b"a,Anna\n", ["Line 1, column a: it must be one of", "column anna: ", "Line 1: the first line"]),
        (b"student_id,student_id\n", ["Line 1, column student_id: it is there twice."]),
        (b"student_id\n", ["Line 2: there is no student in the list."]),
        (b"student_id,name\na\n", ["Line 2, column name: it has 1 cell, the header has 2."]),
        (b"student_id,grade\n,9\nb,B\n\nb,C\n", [
            "Line 2, column student_id: it is empty.",
            "Line 5, column student_id: this student is on line 3 already.",
        ]),
        (b"student_id,email\na,nobody\n", ["Line 2, column email: it is no e-mail address."]),
        (b"student_id\n" + b"x" * 201, ["Line 2, column student_id: it is longer than 200 characters."]),
        (b"student_id\na\x00b\n", ["Line 2, column student_id: it has a control character or a line break"]),
        (b'student_id,name\na,"Anna\n', ["Line 2: this is no CSV: a quotation mark opens and never closes."]),
        (b"student_id\na\nM\xfcller\n", [
            "Line 3: this is not UTF-8. It may be Windows-1252, where “üller” stands here. Save",
        ]),
        ("student_id\ns-17\u200b\ns-17\n\ufeffs-18\ns\u00a019\ne\u0301\na/../b\n".encode(), [
            "Line 2, column student_id: it has a sign that cannot be seen (U+200B).",
            "Line 4, column student_id: it has a sign that cannot be seen (U+FEFF).",
            "Line 5, column student_id: it has a blank that is not the space (U+00A0).",
            "Line 6, column student_id: it has letters whose accents are characters of their own",
            "Line 7, column student_id: it has nothing, “.” or “..” beside a slash",
        ]),
    ],
)  # fmt: skip
def test_it_says_line_and_column_of_all_that_is_wrong(content: bytes, problems: list[str]) -> None:
    with pytest.raises(RosterRefused) as refused:
        read_roster(StudentList(content))
    assert len(refused.value.problems) == len(problems), refused.value.problems
    for said, expected in zip(refused.value.problems, problems, strict=True):
        assert expected in said


def test_it_refuses_a_list_that_is_too_long() -> None:
    assert len(read_roster(StudentList(b"student_id\na\nb\n"), most=2)) == 2
    with pytest.raises(RosterRefused, match=r"Line 4: a list holds at most 2 students\."):
        read_roster(StudentList(b"student_id\na\nb\nc\n"), most=2)
    with pytest.raises(RosterRefused, match="larger than 2 MiB"):
        read_roster(StudentList(b"x" * (MOST_BYTES + 1)))


def test_it_invites_once_and_keeps_what_a_longer_list_says(pool: QuestionPool) -> None:
    Student.objects.create(external_id="a", name="Old", grade_level="8")
    test = make_named_test(pool)
    rows: list[Row] = [{"student_id": "a", "name": "Anna", "grade": ""}, {"student_id": "b", "name": ""}]
    assert invitations.invite(test, rows) == invitations.Invited(new=2, known=0)
    before = list(Invitation.objects.order_by("pk").values())
    assert invitations.invite(test, [*rows, {"student_id": "c"}]) == invitations.Invited(new=1, known=2)
    assert list(Invitation.objects.order_by("pk").values())[:2] == before
    anna = Student.objects.get(external_id="a")
    assert (anna.name, anna.grade_level) == ("Anna", "8")


def test_two_ids_stay_two_in_a_spreadsheet(pool: QuestionPool) -> None:
    test = make_named_test(pool)
    ids = ["=7", "'=7", "''=7", "' =7", "7", "'7"]
    invitations.invite(test, [{"student_id": student} for student in ids])
    header = ["student_id", "name", "link"]
    rows = list(csv.reader(io.StringIO("".join(csv_lines(header, invitations.links(test, ""))))))
    cells = [row[0] for row in rows[1:]]
    assert len(set(cells)) == len(ids)
    assert not [cell for cell in cells if cell.lstrip().startswith("=")]


def test_it_invites_many_in_few_queries(pool: QuestionPool, django_assert_max_num_queries: Any) -> None:
    test = make_named_test(pool)
    with django_assert_max_num_queries(12):
        invitations.invite(test, [{"student_id": f"s{i}", "name": "N"} for i in range(900)])
    assert Invitation.objects.count() == 900


# --- The link --------------------------------------------------------------------------------------------


def test_it_starts_the_test_of_the_invitation(pool: QuestionPool) -> None:
    test = make_named_test(pool, takers="invited", time_limit_minutes=30)
    (token,) = invite(test, "anna")
    reply = open_link(token)
    assert reply.status_code == 200, reply.json()
    started = reply.json()
    assert (started["student_id"], started["test"]["name"]) == ("anna", "algebra")
    session = TestSession.objects.get()
    assert (session.named_test, session.client, session.invitation.test) == (test, None, test)
    assert answer_questions(browser_of(started), started, 5)["status"] == "completed"


def read_link(token: object) -> Reply:
    return APIClient().post("/api/invitations/read?render=html", {"invitation": token})


def test_it_is_read_before_anything_starts(pool: QuestionPool) -> None:
    test = make_named_test(pool, introduction="Of $x^2$.", time_limit_minutes=30, takers="invited")
    (token,) = invite(test, "anna")
    reply = read_link(token).json()
    assert (reply["time_limit_minutes"], reply["is_running"]) == (30, False)
    assert reply["test"]["introduction"] == "Of $x^2$."
    assert "<msup>" in reply["test"]["introduction_html"]
    assert not TestSession.objects.exists()
    started = open_link(token).json()
    assert read_link(token).json()["is_running"] is True
    answer_questions(browser_of(started), started, 5)
    assert_refused(read_link(token), 409, "invitation_used")


def test_it_is_read_as_it_would_start(pool: QuestionPool) -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    test = make_named_test(pool, opens_at=tomorrow, attempts_allowed=1)
    (token,) = invite(test, "anna")
    assert_refused(read_link(token), 409, "test_not_open")
    NamedTest.objects.update(opens_at=None)
    invitations.revoke([Invitation.objects.get().pk], now=timezone.now())
    assert_refused(read_link(token), 403, "invitation_revoked")
    invitations.renew([Invitation.objects.get().pk])
    assert_refused(read_link(token), 404, "invitation_not_found")
    assert_refused(read_link("AAAA:BBBB"), 404, "invitation_not_found")


def test_it_goes_on_with_the_running_test_on_another_device(pool: QuestionPool) -> None:
    (token,) = invite(make_named_test(pool, attempts_allowed=1), "anna")
    first = open_link(token).json()
    reply = answer_questions(browser_of(first), first, 2)
    again = open_link(token).json()
    assert again["session_id"] == first["session_id"]
    assert again["next_question"] == reply["next_question"]
    assert again["questions_answered"] == 2
    assert answer_questions(browser_of(again), again, 1, question=again["next_question"])
    assert TestSession.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_it_starts_one_test_for_many_taps_at_once() -> None:
    (token,) = invite(make_named_test(make_pool()), "anna")
    replies = at_once(*[lambda: open_link(token)] * 6)
    assert statuses(replies) == {200: 6}
    assert len({reply.json()["session_id"] for reply in replies}) == 1
    assert TestSession.objects.count() == 1
    connection.close()


def test_it_gives_a_session_token_that_lives_from_now(pool: QuestionPool, settings: LazySettings) -> None:
    """A test that was resumed a day later can be gone on with."""
    (token,) = invite(make_named_test(pool), "anna")
    with time_machine.travel("2026-11-22T10:00Z", tick=False) as clock:
        first = open_link(token).json()
        clock.shift(timedelta(seconds=settings.SESSION_TOKEN_MAX_AGE + 60))
        address = f"/api/test/status/{first['session_id']}"
        assert browser_of(first).get(address).status_code == 401
        assert browser_of(open_link(token).json()).get(address).status_code == 200


def test_it_opens_nothing_once_the_test_is_over(pool: QuestionPool) -> None:
    (token,) = invite(make_named_test(pool), "anna")
    started = open_link(token).json()
    answer_questions(browser_of(started), started, 5)
    reply = open_link(token)
    assert_refused(reply, 409, "invitation_used")
    assert reply.json()["session_status"] == "completed"


def test_it_can_be_revoked_and_renewed(pool: QuestionPool) -> None:
    token, _other = invite(make_named_test(pool), "anna", "ben")
    invitation = Invitation.objects.get(student__external_id="anna")
    assert invitations.revoke([invitation.pk], now=timezone.now()) == 1
    assert invitations.revoke([invitation.pk], now=timezone.now()) == 0
    assert_refused(open_link(token), 403, "invitation_revoked")
    assert [student for student, _, _ in invitations.links(invitation.test, "")] == ["ben"]
    assert invitations.renew([invitation.pk]) == 1
    assert_refused(open_link(token), 404, "invitation_not_found")
    assert open_link(invite(invitation.test, "anna")[0]).status_code == 200


def test_it_opens_only_while_the_test_is_open(pool: QuestionPool) -> None:
    (token,) = invite(make_named_test(pool, closes_at="2026-11-22T12:00Z"), "anna")
    with time_machine.travel("2026-11-22T12:00Z", tick=False):
        assert_refused(open_link(token), 409, "test_not_open")
    assert Invitation.objects.get().session is None


def test_it_counts_attempts_that_a_client_started(api: APIClient, pool: QuestionPool) -> None:
    (token,) = invite(make_named_test(pool, attempts_allowed=1), "anna")
    started = api.post("/api/test/start", {"student_id": "anna", "test": "algebra"}).json()
    api.post(f"/api/test/end/{started['session_id']}")
    assert_refused(open_link(token), 409, "no_attempts_left")


@pytest.mark.parametrize("change", ["cut", "longer", "flipped", "swapped", "other", "empty", "int", "none"])
def test_it_refuses_what_is_no_invitation(pool: QuestionPool, change: str) -> None:
    token, other = invite(make_named_test(pool), "anna", "ben")
    payload, signature = token.split(":")
    changed: object = {
        "cut": token[:-1],
        "longer": token + "A",
        "flipped": ("B" if payload[0] != "B" else "C") + payload[1:] + ":" + signature,
        "swapped": f"{payload}:{other.split(':')[1]}",
        "other": "ä" * 20,
        "empty": "",
        "int": 17,
        "none": None,
    }[change]
    reply = open_link(changed)
    expected = (400, "invalid") if change in ("empty", "none") else (404, "invitation_not_found")
    assert_refused(reply, *expected)


def test_it_refuses_a_session_token(pool: QuestionPool) -> None:
    (token,) = invite(make_named_test(pool), "anna")
    started = open_link(token).json()
    answer_questions(browser_of(started), started, 5)
    assert_refused(open_link(started["session_token"]), 404, "invitation_not_found")


@pytest.mark.parametrize("header", ["Token wrong", "Session wrong", "Basic x", "Token ä"])
def test_it_needs_no_other_credentials_and_minds_none(pool: QuestionPool, header: str) -> None:
    (token,) = invite(make_named_test(pool), "anna")
    assert open_link(token, HTTP_AUTHORIZATION=header).status_code == 200


def test_it_opens_no_session_to_a_client(pool: QuestionPool) -> None:
    """It was started by nobody's client."""
    (token,) = invite(make_named_test(pool), "anna")
    session_id = open_link(token).json()["session_id"]
    stranger = client_with(f"Token {make_token()}")
    assert stranger.get(f"/api/test/status/{session_id}").status_code == 404


def test_it_limits_the_rate_of_an_invitation(pool: QuestionPool, settings: LazySettings) -> None:
    settings.RATE_LIMIT_SESSION_PER_MINUTE = 2
    token, other = invite(make_named_test(pool), "anna", "ben")
    with time_machine.travel("2026-01-01T10:00:30Z", tick=False):
        assert [open_link(token).status_code for _ in range(3)] == [200, 200, 429]
        assert open_link(other).status_code == 200


# --- Somebody who was erased -----------------------------------------------------------------------------


@pytest.mark.parametrize("is_started", [True, False])
def test_an_erased_students_link_opens_nothing(pool: QuestionPool, is_started: bool) -> None:
    test = make_named_test(pool)
    (link,) = invite(test, "alice")
    if is_started:
        assert open_link(link).status_code == 200
    held = replies.student_export(privacy.held_of("alice"), now=timezone.now())
    exported = msgspec.to_builtins(held)
    assert [each["test"] for each in exported["invitations"]] == [test.name]
    assert [each["test"] for each in exported["sessions"]] == [test.name] * is_started
    privacy.erase_student("alice", now=timezone.now())
    assert_refused(open_link(link), 404, "invitation_not_found")
    (anew,) = invite(test, "alice")  # somebody new
    assert open_link(anew).status_code == 200
    assert not verify().breaks
