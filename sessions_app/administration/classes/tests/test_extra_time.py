"""Extra time of a student counts from when a test with a time limit begins, and the audit chain tells it."""

from datetime import UTC, datetime, timedelta

import pytest

from sessions_app.administration import privacy
from sessions_app.administration.classes import members
from sessions_app.administration.classes.people import Person
from sessions_app.audit import entries
from sessions_app.conftest import pool  # noqa: F401  # a fixture
from sessions_app.models import Accommodation, ClassMember, SchoolClass, SessionEvent, TestSession
from sessions_app.review.verification import verify
from sessions_app.sitting import beginning, lifecycle
from sessions_app.sitting.access import Caller
from sessions_app.sitting.standing import Standing
from sessions_app.tests.factories import make_named_test
from testing_engine.models import QuestionPool

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def need(extra_time: int, student_id: str = "s-1") -> None:
    school_class, _ = SchoolClass.objects.get_or_create(name="9b")
    members.add_student(school_class, Person(student_id, extra_time=extra_time))


def start(student_id: str = "s-1") -> Standing:
    return lifecycle.start(lifecycle.TestRequest(student_id, test="algebra"), Caller(), seed=1, now=NOW)


@pytest.mark.parametrize(("percent", "minutes"), [(0, 41), (25, 52), (100, 82)])  # 41 · 1.25 = 51.25
def test_it_moves_the_deadline(pool: QuestionPool, percent: int, minutes: int) -> None:  # noqa: F811
    make_named_test(pool, time_limit_minutes=41)
    need(percent)
    assert start().deadline == NOW + timedelta(minutes=minutes)
    assert start("somebody else").deadline == NOW + timedelta(minutes=41)
    event = SessionEvent.objects.filter(session__student__external_id="s-1").get()
    assert entries.deadline_in(event.reason) == NOW + timedelta(minutes=minutes)
    need(0)  # a test that runs keeps what it has
    assert TestSession.objects.get(student__external_id="s-1").deadline == NOW + timedelta(minutes=minutes)
    assert verify().breaks == []


def test_it_counts_from_when_the_student_begins(pool: QuestionPool) -> None:  # noqa: F811
    make_named_test(pool, time_limit_minutes=40, introduction="Read this.")
    need(50)
    waits = start()
    later = NOW + timedelta(minutes=5)
    begun = beginning.begin(waits.session_id, Caller(session_id=waits.session_id), now=later)
    assert begun.deadline == later + timedelta(minutes=60)


def test_a_closing_time_stays(pool: QuestionPool) -> None:  # noqa: F811
    closes_at = NOW + timedelta(minutes=45)
    make_named_test(pool, time_limit_minutes=40, closes_at=closes_at)
    need(50)
    assert start().deadline == closes_at


def test_an_erased_student_is_in_no_class_and_needs_nothing(pool: QuestionPool) -> None:  # noqa: F811
    need(50)
    held = privacy.held_of("s-1")
    assert [each.school_class.name for each in held.classes] == ["9b"]
    assert held.accommodation is not None
    privacy.erase_student("s-1", now=NOW)
    assert not ClassMember.objects.exists()
    assert not Accommodation.objects.exists()
