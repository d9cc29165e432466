"""Sums of fit are what the counts of answers say, however many they are and whenever they are made."""

from importlib import import_module
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.administration import cleanup, supervision
from sessions_app.administration.supervision import Supervisor
from sessions_app.conftest import Start, answer_questions, is_even, take_test
from sessions_app.counting import fit, folding
from sessions_app.counting.fit import predicted
from sessions_app.models import FitSum
from sessions_app.reporting.item_statistics import answers
from sessions_app.sitting.tests.test_concurrency import at_once
from sessions_app.tests.factories import last_active, make_pool
from testing_engine.models import QuestionPool
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameters
from testing_engine.revisions import newest_revision

MIXED = [
    ItemParameters((1.0,), "3PL", difficulty=0.3, discrimination=1.5, guessing=0.2),
    ItemParameters((1.0,), "GPCM", difficulty=0.2, discrimination=1.1, thresholds=(-0.7, 0.1, 0.6)),
    ItemParameters((1.0,), "2PL", difficulty=-1.0, discrimination=0.7),
]


def told(pool: QuestionPool) -> dict[int, list[int]]:
    revision = newest_revision(str(pool.pk))
    return {key: sums.tolist() for key, sums in fit.of(revision, revision.question_ids.tolist()).items()}


def kept() -> list[tuple[Any, ...]]:
    return list(FitSum.objects.order_by("pk").values_list("pk", "n", "squares", "variances", "waits"))


def pool_with_tests(api: APIClient, start: Start) -> QuestionPool:
    """With two tests that are counted, one that waits for it."""
    made = make_pool(8, concepts=2)
    take_test(api, start(student_id="a"), is_right=is_even)
    take_test(api, start(student_id="b"))
    folding.fold()
    take_test(api, start(student_id="c"), is_right=lambda answered: False)
    return made


@pytest.fixture
def pool(api: APIClient, db: None, start: Start) -> QuestionPool:
    return pool_with_tests(api, start)


def test_they_give_the_infit_of_each_question(pool: QuestionPool) -> None:
    """As the answers give it one by one."""
    revision, fitted = newest_revision(str(pool.pk)), 0
    for key, (n, squares, variances) in told(pool).items():
        single = answers(revision, key)
        assert n == single.total
        if single.infit is not None:
            assert squares / variances == pytest.approx(single.infit.value, rel=1e-4)
            fitted += 1
    assert fitted >= 5
    before = told(pool)
    assert folding.fold() == 1
    assert told(pool) == before
    assert folding.fold() == 0
    assert told(pool) == before
    assert folding.differences() == []


def test_what_goes_on_leaves_no_trace(pool: QuestionPool, api: APIClient, start: Start) -> None:
    folding.fold()
    before = kept()
    away = start(student_id="away")
    answer_questions(api, away, 3)
    last_active("2026-01-01T00:00Z", pk=away["session_id"])
    assert cleanup.end_inactive(30, now=timezone.now()) == 1
    assert folding.fold() == 1
    assert kept() != before
    supervision.resume([UUID(away["session_id"])], Supervisor(), now=timezone.now())
    nothing_left = [row for row in kept() if row[1:] != (0, 0, 0, False)]
    assert nothing_left == before
    assert folding.differences() == []


def test_those_of_older_databases_are_made_from_the_counts(
    pool: QuestionPool, api: APIClient, start: Start
) -> None:
    """Pages tell the same before the migration, after it, and while some are made and others counted."""
    right, made = told(pool), kept()
    FitSum.objects.all().delete()
    assert told(pool) != right
    assert {each.table for each in folding.differences()} == {"fit_sums"}
    with connection.cursor() as cursor:
        cursor.execute(import_module("sessions_app.migrations.0061_sums_of_fit").LET_ALL_WAIT)
    assert {row[1:] for row in kept()} == {(0, 0, 0, True)}
    assert told(pool) == right
    assert folding.differences() == []
    folding._fold_batch(1)
    assert told(pool) == right
    assert folding._sum_up_some() == len(made)
    assert told(pool) == right
    assert not FitSum.objects.filter(waits=True).exists()
    assert folding._sum_up_some() == 0
    assert folding.differences() == []


@pytest.mark.parametrize("change", [{"squares": 7}, {"n": 7}, {"variances": 7}])
def test_wrong_sums_are_seen_and_made_anew(
    pool: QuestionPool, change: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    right = told(pool)
    call_command("check_counts")
    FitSum.objects.filter(pk=kept()[0][0]).update(**change)
    with pytest.raises(CommandError, match="counts differ"):
        call_command("check_counts")
    assert "fit_sums (" in capsys.readouterr().out
    call_command("check_counts", "--anew")
    assert told(pool) == right


def test_an_answer_is_predicted_alike_among_any_others() -> None:
    """So that what is taken back is what was added."""
    bank, rng = ItemBank.from_parameters(MIXED), np.random.default_rng()
    items = rng.integers(0, len(MIXED), 257)
    ability, error = rng.normal(0, 2, 257), rng.uniform(0.05, 1, 257)
    together = predicted(bank, items, ability, error)
    rows = (np.array([row]) for row in range(257))
    alone = [predicted(bank, items[row], ability[row], error[row]) for row in rows]
    assert np.array_equal(together, np.concatenate(alone))


@pytest.mark.django_db(transaction=True)
def test_two_that_count_at_once_count_once(api: APIClient, start: Start) -> None:
    pool = pool_with_tests(api, start)
    right = told(pool)
    FitSum.objects.update(n=0, squares=0, variances=0, waits=True)
    assert sorted(at_once(folding.fold, folding.fold)) == [0, 1]
    assert told(pool) == right
    assert not FitSum.objects.filter(waits=True).exists()
    assert folding.differences() == []
    connection.close()
