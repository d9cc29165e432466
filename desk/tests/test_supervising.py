"""A test's students at the desk: invited by names or a list, and the live view while they work."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from django.utils.timezone import override
from rest_framework.test import APIClient

from desk.live_words import row_words
from desk.rights import INVITE, SEE_SESSIONS, SUPERVISE
from desk.tests.conftest import somebody
from sessions_app.administration import invitations
from sessions_app.administration.live import Row, Standing, live_of
from sessions_app.conftest import browser_of, submit
from sessions_app.models import Invitation, NamedTest, SessionEvent, Student, TestSession
from sessions_app.sitting.times import PausesLeft
from sessions_app.tests.factories import make_named_test, make_pool

pytestmark = pytest.mark.django_db


@pytest.fixture
def teacher() -> Client:
    return somebody(*INVITE.any_of, *SEE_SESSIONS.any_of, *SUPERVISE.any_of)


@pytest.fixture
def test() -> NamedTest:
    return make_named_test(make_pool(8), time_limit_minutes=30)


def text_of(reply: Any) -> str:
    return str(reply.content.decode())


def begin(test: NamedTest, name: str) -> dict[str, Any]:
    """Whoever is called so, invited, begins by their link."""
    invitation = Invitation.objects.get(student__name=name)
    token = invitations.token_of(invitation)
    reply = APIClient().post("/api/invitations/start", {"invitation": token}, format="json")
    assert reply.status_code in (200, 201), reply.content
    return dict(reply.json())


def test_names_are_enough_and_the_same_list_again_changes_nothing(teacher: Client, test: NamedTest) -> None:
    address = f"/desk/tests/{test.pk}/students"
    assert "Nobody is invited yet" in text_of(teacher.get(address))
    for _ in range(2):
        assert teacher.post(address, {"names": "Ada Lovelace\nEmmy Noether\n"})["Location"] == address
    assert Student.objects.count() == Invitation.objects.count() == 2
    file = SimpleUploadedFile("a.csv", b"student_id,name,email\ns1,Sofja,s@example.org\n")
    teacher.post(address, {"file": file})
    page = text_of(teacher.get(address))
    assert "s@example.org" in page
    assert len(re.findall(r'data-copy="http://testserver/take/test#invitation=', page)) == 3
    assert "Emmy" not in text_of(teacher.get(f"{address}?search=ada"))
    assert text_of(teacher.get(f"{address}/links")).count("#invitation=") == 3


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "Type names, or choose a file"),
        ({"names": "name,colour\nAda,red"}, "it must be one of"),
        ({"names": "Ada\n\nAda"}, "Line 3, column name: this student is on line 1 already"),
    ],
)
def test_a_wrong_list_invites_nobody(
    teacher: Client, test: NamedTest, sent: dict[str, str], said: str
) -> None:
    assert said in text_of(teacher.post(f"/desk/tests/{test.pk}/students", sent))
    assert not Invitation.objects.exists()


def test_invitations_are_taken_back_and_renewed(teacher: Client, test: NamedTest) -> None:
    address = f"/desk/tests/{test.pk}/students"
    teacher.post(address, {"names": "Ada"})
    other = make_named_test(test.pool, "other")
    ada = Invitation.objects.get()
    teacher.post(f"/desk/tests/{other.pk}/students/change", {"chosen": ada.pk, "do": "revoke"})
    assert not Invitation.objects.exclude(revoked_at=None).exists()  # of another test's page
    teacher.post(f"{address}/change", {"chosen": ada.pk, "do": "revoke"})
    assert "taken back" in text_of(teacher.get(address))
    teacher.post(f"{address}/change", {"chosen": ada.pk, "do": "renew"})
    ada.refresh_from_db()
    assert (ada.issue, ada.revoked_at) == (2, None)


def changes(teacher: Client, test: NamedTest, known: Any) -> dict[str, Any]:
    address = f"/desk/tests/{test.pk}/live/changes"
    reply = teacher.post(address, {"known": json.dumps(known)})
    assert reply.status_code == 200
    return dict(reply.json())


def test_the_live_view_tells_what_is_new(teacher: Client, test: NamedTest) -> None:
    teacher.post(f"/desk/tests/{test.pk}/students", {"names": "Ada\nEmmy"})
    started = begin(test, "Ada")
    page = text_of(teacher.get(f"/desk/tests/{test.pk}/live"))
    assert "At work: 1. Stopped: 0. Finished: 0. Not begun: 1." in page
    known = dict(re.findall(r'data-key="([^"]+)" data-version="([^"]+)"', page))
    first = changes(teacher, test, known)
    assert (first["rows"], len(first["order"])) == ({}, 2)
    student = browser_of(started)
    submit(student, started, started["next_question"]["id"], 0)
    (row,) = changes(teacher, test, known)["rows"].values()
    assert "2 of at most 5" in row
    assert 'name="chosen"' in row
    bad = teacher.post(f"/desk/tests/{test.pk}/live/changes", {"known": "[]"})
    assert bad.status_code == 400


def test_the_live_view_has_pages(teacher: Client, test: NamedTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessions_app.administration.live.PAGE_SIZE", 1)
    teacher.post(f"/desk/tests/{test.pk}/students", {"names": "Ada\nAdele\nEmmy"})
    for name in ("Ada", "Adele"):
        begin(test, name)
    address = f"/desk/tests/{test.pk}/live"
    assert "Page 1 / 3" in text_of(teacher.get(f"{address}?page=x"))
    page = text_of(teacher.get(f"{address}?search=ad&page=2"))
    assert "At work: 2. Stopped: 0. Finished: 0. Not begun: 0." in page
    assert re.findall(r'data-key="([^"]+)"', page) == [str(TestSession.objects.get(student__name="Ada").pk)]
    assert 'rel="prev" href="?search=ad&amp;page=1"' in page
    assert 'rel="next"' not in page
    (asked,) = re.findall(r'data-changes="([^"]+)"', page)
    told = teacher.post(unescape(asked), {"known": "{}"}).json()
    assert list(told["rows"]) == told["order"] == re.findall(r'data-key="([^"]+)"', page)
    assert "Page 2 / 2" in told["pages"]
    (acting,) = re.findall(r'action="([^"]+live/act[^"]+)"', page)
    done = teacher.post(unescape(acting), {"do": "extend", "minutes": "5", "chosen": told["order"]})
    assert done["Location"] == f"{address}?search=ad&page=2"


def test_more_time_an_end_and_on_again(teacher: Client, test: NamedTest) -> None:
    teacher.post(f"/desk/tests/{test.pk}/students", {"names": "Ada\nEmmy"})
    for name in ("Ada", "Emmy"):
        begin(test, name)
    ada, emmy = (TestSession.objects.get(student__name=name) for name in ("Ada", "Emmy"))
    act, before = f"/desk/tests/{test.pk}/live/act", ada.deadline
    extend = {"do": "extend", "minutes": "7", "key": "k1", "chosen": [str(ada.pk), "invited-3"]}
    for _ in range(2):  # a double click
        teacher.post(act, extend)
    ada.refresh_from_db()
    assert before is not None
    assert ada.deadline is not None
    assert (ada.deadline - before).total_seconds() == 7 * 60
    teacher.post(act, {**extend, "key": "k2", "minutes": "-1"})
    teacher.post(act, {**extend, "key": "k3", "chosen": []})
    assert SessionEvent.objects.filter(kind="extended").count() == 1
    asked = text_of(teacher.post(act, {"do": "end", "key": "k4", "chosen": [str(emmy.pk)]}))
    assert "End these tests now?" in asked
    assert TestSession.objects.get(pk=emmy.pk).status == "active"
    teacher.post(act, {"do": "end", "sure": "1", "key": "k4", "chosen": [str(emmy.pk)]})
    assert TestSession.objects.get(pk=emmy.pk).status == "ended"
    told = teacher.post(act, {"do": "resume", "key": "k5", "chosen": [str(emmy.pk)]}, follow=True)
    assert "it cannot go on" in text_of(told)
    counts = live_of(test.pk, now=timezone.now()).counts
    assert (counts.running, counts.finished) == (1, 1)
    other = make_named_test(test.pool, "other")
    teacher.post(f"/desk/tests/{other.pk}/live/act", {"do": "end", "sure": "1", "chosen": [str(ada.pk)]})
    assert TestSession.objects.get(pk=ada.pk).status == "active"  # of another test's page


def test_a_pause_for_the_class_and_on_again(teacher: Client) -> None:
    pauses = {"times": 1, "minutes": 10}
    test = make_named_test(make_pool(8), time_limit_minutes=30, rules={"max_questions": 5, "pauses": pauses})
    teacher.post(f"/desk/tests/{test.pk}/students", {"names": "Ada"})
    ada, address = begin(test, "Ada"), f"/desk/tests/{test.pk}/live/act"
    said: list[str] = []
    for number, what in enumerate(("pause", "pause", "extend", "resume", "resume")):
        sent = {"chosen": ada["session_id"], "do": what, "minutes": "5", "key": f"k{number}"}
        said.append(text_of(teacher.post(address, sent, follow=True)))
        if what == "extend":
            row = live_of(test.pk, now=timezone.now()).rows[0]
            assert row.standing is Standing.PAUSED
            assert "paused" in said[-1]
    assert "Paused: 1." in said[0]
    assert "At work: 1, paused of these: 1. Stopped: 0." in said[0]
    assert "At work: 1. Stopped: 0." in said[3]
    assert "More time: 5 min. Tests: 1." in said[2]
    assert "On again: 1." in said[3]
    assert "Not done: 1 (it cannot go on: it runs, or it is finished)." in said[4]
    kinds = list(SessionEvent.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["started", "paused", "extended", "continued"]


def test_a_row_tells_how_long_a_pause_lasts_and_what_is_left() -> None:
    until = datetime(2026, 11, 22, 10, 14, tzinfo=UTC)
    row = Row("k", "s1", "Ada", Standing.PAUSED, paused_at=until, paused_until=until)
    with override("UTC"):
        some = row_words(replace(row, pauses_left=PausesLeft(1, timedelta(minutes=6))), until)
        none = row_words(replace(row, pauses_left=PausesLeft(0, timedelta())), until)
    assert some["standing"] == "paused, until 10:14 at the longest"
    assert some["pauses"] == "Pauses left: 1, together 6:00 minutes."
    assert none["pauses"] == "No pause is left."
    assert "pauses" not in row_words(row, until)
