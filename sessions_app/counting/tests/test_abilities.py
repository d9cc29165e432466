"""Students are counted by the ability that their newest test that is over found, whoever changes it."""

from collections import Counter
from importlib import import_module
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.administration import cleanup, privacy, supervision
from sessions_app.administration.scales import put_on_scale
from sessions_app.administration.supervision import Supervisor
from sessions_app.conftest import Start, answer_questions
from sessions_app.counting import abilities, folding
from sessions_app.models import AbilityChange, AbilityCount, TestSession
from sessions_app.sitting.tests.test_concurrency import at_once
from sessions_app.tests.factories import last_active, make_pool
from testing_engine.models import QuestionPool, Scale
from testing_engine.pictures.pools import POPULATION_EDGES

CONCEPTS = ("Math", "Algebra")


def told(pool: QuestionPool) -> dict[str, list[int]]:
    return abilities.of_scale(pool.scale_id, CONCEPTS)


def found(*sessions: TestSession) -> dict[str, list[int]]:
    """The same, of these tests."""
    counts = {name: [0] * abilities.PLACES for name in CONCEPTS}
    for session in sessions:
        for name, theta in zip(session.plan.concept_names, session.theta, strict=True):
            counts[name][int(np.digitize(theta, abilities.EDGES))] += 1
    return counts


def session_of(started: dict[str, Any]) -> TestSession:
    return TestSession.objects.get(pk=started["session_id"])


@pytest.fixture
def tests_over(api: APIClient, db: None, start: Start) -> list[TestSession]:
    """Of three students; a fourth has begun."""
    make_pool(16, concepts=2)
    for number, student in enumerate("abc"):
        started = start(student_id=student)
        answer_questions(api, started, 3, is_right=bool(number))
        assert api.post(f"/api/test/end/{started['session_id']}").status_code == 200
    answer_questions(api, start(student_id="runs"), 2)
    return list(TestSession.objects.exclude(status="active").order_by("student__external_id"))


@pytest.fixture
def pool(tests_over: list[TestSession]) -> QuestionPool:
    return QuestionPool.objects.get()


@pytest.mark.django_db
def test_places_are_those_of_the_picture() -> None:
    assert list(POPULATION_EDGES[1:-1]) == list(abilities.EDGES)
    beside = [np.nextafter(edge, side) for edge in abilities.EDGES for side in (-9, 9)]
    theta = [*abilities.EDGES, *beside, -9.0, 9.0, -0.0]
    with connection.cursor() as cursor:
        cursor.execute("SELECT ability_place(unnest(%s::float8[]))", [[float(each) for each in theta]])
        places = [place for (place,) in cursor.fetchall()]
    assert places == np.digitize(theta, abilities.EDGES).tolist()


def test_pages_tell_the_same_before_and_after(tests_over: list[TestSession], pool: QuestionPool) -> None:
    assert told(pool) == found(*tests_over)
    assert AbilityChange.objects.count() == 6  # students by concepts: none for an answer
    folding.fold()
    assert not AbilityChange.objects.exists()
    assert told(pool) == found(*tests_over)
    folding.fold()
    assert told(pool) == found(*tests_over)
    assert folding.differences() == []


@pytest.mark.parametrize("is_counted", [True, False])
def test_a_student_counts_as_before_until_the_next_test_is_over(
    tests_over: list[TestSession], pool: QuestionPool, api: APIClient, start: Start, is_counted: bool
) -> None:
    again = start(student_id="a")
    reply = answer_questions(api, again, 3)
    if is_counted:
        folding.fold()
    assert told(pool) == found(*tests_over)
    last_active("2026-01-01T00:00Z", pk=again["session_id"])
    assert cleanup.end_inactive(30, now=timezone.now()) == 1
    assert told(pool) == found(session_of(again), *tests_over[1:]) != found(*tests_over)
    expired = told(pool)
    supervision.resume([UUID(again["session_id"])], Supervisor(), now=timezone.now())
    answer_questions(api, again, 1, is_right=False, question=reply["next_question"])
    assert told(pool) == expired
    for _ in range(2):  # the second time nothing ends
        assert api.post(f"/api/test/end/{again['session_id']}").status_code in (200, 409)
    assert told(pool) == found(session_of(again), *tests_over[1:])
    assert folding.differences() == []
    folding.fold()
    assert told(pool) == found(session_of(again), *tests_over[1:])
    assert folding.differences() == []


def test_an_erased_student_is_nobody_there(tests_over: list[TestSession], pool: QuestionPool) -> None:
    folding.fold()
    privacy.erase_student("b", now=timezone.now())
    privacy.erase_student("runs", now=timezone.now())  # which ends the test
    assert told(pool) == found(tests_over[0], tests_over[2])
    assert folding.differences() == []


def test_another_scale_gets_them(tests_over: list[TestSession], pool: QuestionPool) -> None:
    before = pool.scale_id
    put_on_scale(pool, Scale.objects.create(name="Other"))
    assert told(pool) == found(*tests_over)
    assert abilities.of_scale(before, CONCEPTS) == found()
    assert folding.differences() == []


def test_wrong_counts_are_seen_and_put_right(
    tests_over: list[TestSession], pool: QuestionPool, capsys: pytest.CaptureFixture[str]
) -> None:
    folding.fold()
    call_command("check_counts")
    AbilityCount.objects.filter(concept_name="Math").update(n=7)
    with pytest.raises(CommandError, match="counts differ"):
        call_command("check_counts")
    assert f"ability_counts ({pool.scale_id}, Math" in capsys.readouterr().out
    call_command("check_counts", "--anew")
    assert told(pool) == found(*tests_over)


def test_those_of_older_databases_are_counted_once(tests_over: list[TestSession], pool: QuestionPool) -> None:
    """As the migration notes them, though it be repeated, and though some are noted already."""
    AbilityChange.objects.filter(concept_name="Math").delete()
    for _ in range(2):
        with connection.cursor() as cursor:
            cursor.execute(import_module("sessions_app.migrations.0059_count_abilities").NOTE)
        assert told(pool) == found(*tests_over)
        folding.fold()
    assert folding.differences() == []


@pytest.mark.django_db(transaction=True)
def test_two_that_count_at_once_take_other_notes() -> None:
    scale = Scale.objects.create(name="Busy").pk
    AbilityChange.objects.bulk_create(
        AbilityChange(scale_id=scale, concept_name=str(number % 2), place=number % 3, n=1)
        for number in range(60)
    )
    expected = {name: [10, 10, 10] + [0] * (abilities.PLACES - 3) for name in ("0", "1")}
    taken = at_once(lambda: abilities._fold_batch(35), lambda: abilities._fold_batch(35))
    assert sorted(taken) == [25, 35]
    assert abilities.of_scale(scale, ["0", "1"]) == expected
    assert abilities.fold(float("inf"), 35) == 0
    assert Counter(AbilityCount.objects.values_list("n", flat=True)) == {10: 6}
