"""The demo class is made of real tests: complete, replayable, and made once."""

from io import StringIO

import pytest
from django.core.management import call_command

from sessions_app.administration.classes import handing_out, members
from sessions_app.demo.school_class import NAMES, QUESTIONS, RAN_OUT_OF_TIME, TEST, TITLE
from sessions_app.models import NamedTest, SchoolClass, Student, TestResponse, TestSession
from sessions_app.reporting import class_results
from sessions_app.review.replay import replay
from sessions_app.review.verification import verify

pytestmark = pytest.mark.django_db


def test_it_takes_its_tests_once() -> None:
    for _ in range(2):
        call_command("load_demo", "--with-class", stdout=StringIO())
        assert set(Student.objects.values_list("name", flat=True)) == set(NAMES)
        assert TestResponse.objects.count() == (len(NAMES) - 1) * QUESTIONS + RAN_OUT_OF_TIME
    assert verify().breaks == []
    school_class = SchoolClass.objects.get()
    assert members.students_in(school_class).count() == len(NAMES)
    (given,) = handing_out.tests_of(school_class)
    assert (given.title, given.students, given.begun) == (TITLE, len(NAMES), len(NAMES))
    found = class_results.standings(
        NamedTest.objects.get(name=TEST).pk, [each.pk for each in members.students_in(school_class)]
    )
    assert all(each.status is not None for each in found.values())
    sessions = TestSession.objects.filter(named_test=NamedTest.objects.get(name=TEST))
    assert replay(sessions[0].pk).differences == ()
    assert sessions.exclude(status="completed").count() == 1
    assert len({session.started_at.date() for session in sessions}) >= 3
