"""Distributions over tests, against the rows."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.conftest import answer_questions, take_test
from sessions_app.models import StudentProficiency, TestSession
from sessions_app.reporting.pictures.results import results_pictures
from sessions_app.reporting.population import abilities
from sessions_app.reporting.result_distribution import results_of
from sessions_app.sitting.proficiency import proficiency_of
from sessions_app.sitting.result_specs import USUAL, USUAL_CUTS
from sessions_app.sitting.thousandths import level_index
from sessions_app.tests.factories import make_pool
from testing_engine.models import QuestionPool
from testing_engine.pictures.pools import POPULATION_EDGES

Start = Callable[..., dict[str, Any]]


@pytest.fixture
def tests_over(api: APIClient, db: None, start: Start) -> list[TestSession]:
    """Six tests that are over, one that runs, one that ended before an answer."""
    make_pool(30, concepts=2)
    for student in range(6):
        now = timezone.now()
        with time_machine.travel(now, tick=False):
            started = start(student_id=f"s{student}")
        with time_machine.travel(now + timedelta(minutes=(0.5, 3, 3, 12, 59, 61)[student]), tick=False):
            take_test(api, started, is_right=student.__gt__)
    answer_questions(api, start(student_id="running"), 2)
    empty = start(student_id="gone")
    assert api.post(f"/api/test/end/{empty['session_id']}").status_code == 200
    return list(TestSession.objects.filter(status="completed").order_by("student__external_id"))


def test_it_counts_tests_that_are_over(tests_over: list[TestSession]) -> None:
    results = results_of(TestSession.objects.all())
    assert results.tests == 6
    assert results.mean_questions == 5
    assert results.mean_accuracy == pytest.approx(np.mean([session.accuracy for session in tests_over]))
    assert results.minutes == (1, 0, 2, 0, 1, 0, 0, 0, 1, 1)
    assert results.median_time == timedelta(minutes=7.5)


def test_it_describes_each_concept(tests_over: list[TestSession]) -> None:
    results = results_of(TestSession.objects.all())
    assert [concept.name for concept in results.concepts] == ["Algebra", "Math"]
    for index, concept in ((1, results.concepts[0]), (0, results.concepts[1])):
        theta = np.array([session.theta[index] for session in tests_over])
        assert concept.tests == 6
        assert concept.mean == pytest.approx(theta.mean())
        assert concept.sd == pytest.approx(theta.std(ddof=1))
        tenths = np.histogram([proficiency_of(value) for value in theta], np.linspace(0, 1, 11))[0]
        assert concept.tenths == tuple(tenths)
    (told,) = results.levels
    assert told.spec == USUAL
    by_concept = dict(told.counts)
    for index, name in enumerate(["Math", "Algebra"]):
        own = [level_index(session.theta[index], USUAL_CUTS) for session in tests_over]
        assert by_concept[name] == tuple(np.bincount(own, minlength=4))
    whole = [level_index((session.theta[0] + session.theta[1]) / 2, USUAL_CUTS) for session in tests_over]
    assert by_concept[None] == tuple(np.bincount(whole, minlength=4))


def test_tests_that_name_concepts_otherwise_are_counted_with_them(
    api: APIClient, db: None, start: Start
) -> None:
    make_pool(30, concepts=2)
    take_test(api, start(student_id="a"))
    take_test(api, start(student_id="b", concept_names=["Algebra", "Logic"]))
    found = {concept.name: concept.tests for concept in results_of(TestSession.objects.all()).concepts}
    assert found == {"Algebra": 2, "Logic": 1, "Math": 1}


def test_its_pictures_have_the_same_numbers(tests_over: list[TestSession]) -> None:
    results = results_of(TestSession.objects.all())
    pictures = results_pictures(results)
    by_name = {picture.name: picture for picture in pictures}
    assert by_name["proficiency"].rows[0][5:] == results.concepts[0].tenths
    counts = dict(results.levels[0].counts)
    assert by_name["levels"].rows[:2] == (("whole test", *counts[None]), ("Math", *counts["Math"]))
    assert sum(int(row[1] or 0) for row in by_name["times"].rows) == 6
    assert all(picture.svg.startswith("<svg") for picture in pictures)


def test_there_is_no_picture_of_nothing(db: None) -> None:
    results = results_of(TestSession.objects.all())
    pictures = results_pictures(results)
    assert (results.tests, results.median_time, pictures) == (0, None, ())


def test_it_asks_few_queries(tests_over: list[TestSession], django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        results_of(TestSession.objects.filter(revision__pool__name="A pool"))


def test_the_population_is_counted_by_concept(tests_over: list[TestSession]) -> None:
    """Of tests that are over; whose first one runs, counts nowhere."""
    known = StudentProficiency.objects.filter(concept_name="Math")
    theta = [row.theta for row in known if row.theta is not None]
    known.filter(theta=max(theta)).update(theta=9.0)
    expected = np.histogram(np.clip(theta, -4, 3.99), POPULATION_EDGES)[0]
    expected[np.digitize(max(theta), POPULATION_EDGES) - 1] -= 1
    expected[-1] += 1
    scale = QuestionPool.objects.get(name="A pool").scale_id
    assert len(theta) == 6
    assert abilities(scale, ["Math", "Nothing"], fewest=3) == (tuple(expected), ())
    assert abilities(scale, ["Math"], fewest=len(theta) + 1) == ((),)
