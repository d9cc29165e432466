"""Counts are what the sessions say, whether they are counted, wait for it, run, or went on again."""

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.administration import cleanup, privacy, supervision
from sessions_app.administration.supervision import Supervisor
from sessions_app.conftest import answer_questions, is_even, take_test
from sessions_app.counting import answers, fit, folding, hours, results
from sessions_app.models import AnswerCount, HourCount, ResultCount, SessionToCount, TestSession
from sessions_app.reporting import exposure, item_statistics
from sessions_app.reporting.result_distribution import (
    Results,
    results_of,
    results_of_named_test,
    results_of_pool,
)
from sessions_app.tests.factories import make_named_test, make_pool
from testing_engine.models import QuestionPool
from testing_engine.revisions import newest_revision

Start = Callable[..., dict[str, Any]]


def told(pool: QuestionPool) -> tuple[Any, ...]:
    """Everything that pages tell of the pool's tests."""
    revision = newest_revision(str(pool.pk))
    used = exposure.observed(revision)
    keys = revision.question_ids.tolist()
    return (
        (used.tests, used.given.tolist()),
        [item_statistics.use(key) for key in keys],
        [rows.tolist() for rows in (answers.before(revision, keys), answers.given_to(keys))],
        [answers.after(revision, key).tolist() for key in keys],
        {key: sums.tolist() for key, sums in fit.of(revision, keys).items()},
        results_of_pool(pool.pk),
        results.answers_for_good([pool.pk]),
        [hours.tests_begun([pool.pk], status) for status in (None, *TestSession.OVER)],
    )


@pytest.fixture
def school(api: APIClient, db: None, start: Start) -> QuestionPool:
    """Tests that are over in two ways, one of a name, one that runs and one without an answer."""
    pool = make_pool(16, concepts=2)
    test = make_named_test(pool)
    take_test(api, start(student_id="a"), is_right=is_even)
    take_test(api, api.post("/api/test/start", {"student_id": "b", "test": test.name}).json())
    for student, number in (("c", 3), ("d", 0)):
        left = start(student_id=student)
        answer_questions(api, left, number, is_right=False)
        assert api.post(f"/api/test/end/{left['session_id']}").status_code == 200
    answer_questions(api, start(student_id="runs"), 2)
    return pool


def test_pages_tell_the_same_before_and_after(school: QuestionPool) -> None:
    before = told(school)
    assert before[0][0] == 3
    assert SessionToCount.objects.count() == 4
    assert folding.fold() == 4
    assert told(school) == before
    assert not SessionToCount.objects.exists()
    assert folding.fold() == 0
    assert told(school) == before
    assert results_of_pool(school.pk) == results_of(TestSession.objects.all())
    test = TestSession.objects.get(named_test__name="algebra").named_test_id or 0
    assert results_of_named_test(test) == results_of(TestSession.objects.filter(named_test=test))
    assert results_of_named_test(test).tests == 1
    assert folding.differences() == []


def test_answers_that_stay_are_counted_in_older_databases_too(school: QuestionPool) -> None:
    """As the migration counts them that brought it."""
    over = TestSession.objects.filter(status__in=("completed", "ended"))
    answered = {school.pk: sum(over.values_list("questions_answered", flat=True))}
    assert results.answers_for_good([school.pk]) == answered
    folding.fold()
    TestSession.objects.filter(status="active").update(
        status="expired", current_position=None, completed_at=timezone.now()
    )
    ResultCount.objects.filter(measure="over").delete()
    with connection.cursor() as cursor:
        cursor.execute(import_module("sessions_app.migrations.0054_tests_over_are_counted").COUNT_OVER)
    assert results.answers_for_good([school.pk]) == answered
    assert folding.differences() == []


def test_hours_are_counted_in_older_databases_too(school: QuestionPool) -> None:
    before = told(school)
    folding.fold()
    HourCount.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(import_module("sessions_app.migrations.0062_hours_are_counted").COUNT_HOURS)
    assert told(school) == before
    assert folding.differences() == []


def test_it_adds_to_what_was_counted(school: QuestionPool, api: APIClient, start: Start) -> None:
    folding.fold()
    take_test(api, start(student_id="e"))
    before = told(school)
    assert folding.fold() == 1
    assert told(school) == before
    assert folding.differences() == []


@pytest.mark.parametrize("is_counted", [True, False])
def test_what_goes_on_is_taken_back(
    school: QuestionPool, api: APIClient, start: Start, is_counted: bool
) -> None:
    folding.fold()
    without = told(school)[0], results_of_pool(school.pk)
    away = start(student_id="away")
    reply = answer_questions(api, away, 2)
    long_ago = timezone.now() - timedelta(hours=1)
    TestSession.objects.filter(pk=away["session_id"]).update(last_activity=long_ago, activity_mark=long_ago)
    assert cleanup.end_inactive(30, now=timezone.now()) == 1
    if is_counted:
        assert folding.fold() == 1
    assert exposure.observed(newest_revision(str(school.pk))).tests == without[0][0] + 1
    supervision.resume([UUID(away["session_id"])], Supervisor(), now=timezone.now())
    assert (told(school)[0], results_of_pool(school.pk)) == without
    assert folding.differences() == []
    answer_questions(api, away, 3, question=reply["next_question"])
    before = told(school)
    folding.fold()
    assert told(school) == before
    assert folding.differences() == []


def test_an_erased_student_is_still_counted(school: QuestionPool) -> None:
    folding.fold()
    before = told(school)
    privacy.erase_student("a", now=timezone.now())
    assert told(school) == before
    privacy.erase_student("runs", now=timezone.now())  # which ends the test
    assert folding.fold() == 1
    assert folding.differences() == []


def test_it_counts_everything_anew(school: QuestionPool, capsys: pytest.CaptureFixture[str]) -> None:
    before = told(school)
    folding.fold()
    call_command("check_counts")
    AnswerCount.objects.filter(measure="given").update(n=7)
    ResultCount.objects.filter(measure="theta").update(total=7)
    HourCount.objects.update(n=7)
    with pytest.raises(CommandError, match="counts differ"):
        call_command("check_counts")
    assert "answer_counts" in capsys.readouterr().out
    folding.begin_anew()
    assert told(school) == before
    call_command("check_counts", "--anew")
    assert told(school) == before


def test_nothing_is_told_of_nothing(pool: QuestionPool) -> None:
    assert results_of_pool(pool.pk) == Results(0, None, None, None, (0,) * 10, (), ())
    assert folding.fold() == 0
