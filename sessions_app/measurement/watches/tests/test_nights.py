"""One row a pool and night, whatever happens meanwhile, and what it says of delivered tests."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest
from django.db import DatabaseError, transaction

from sessions_app import tasks
from sessions_app.measurement.watches import nights, standing
from sessions_app.measurement.watches.tests.delivered import deliver, simulated_pool
from sessions_app.models import PoolWatch
from testing_engine.models import QuestionPool
from testing_engine.revisions import load_revision

NIGHT = datetime(2026, 3, 10, 2, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def tested(db: None) -> QuestionPool:
    """Two hundred tests by the parameters, in the week before."""
    pool = simulated_pool()
    deliver(pool, 200, NIGHT - 7 * DAY)
    return pool


def kinds(found: PoolWatch, change: str) -> set[tuple[str, str | None]]:
    """Kind and question of each finding; None where it is about none."""
    return {(each["kind"], each["item"]) for each in found.result["found"] if each["change"] == change}


def well_asked(pool: QuestionPool) -> int:
    """The question that tells most of the average student."""
    bank = load_revision(pool.current_revision_id or 0).bank
    return int(bank.information(np.zeros(1), np.arange(bank.n_items)).argmax())


def test_what_changes_from_night_to_night(db: None) -> None:
    """On any data: others may be found by chance beside the question that drifts in some eight errors."""
    seed = int(np.random.default_rng().integers(1_000_000))
    tested = simulated_pool(seed=seed)
    drifting = f"q{well_asked(tested)}"
    deliver(tested, 90, NIGHT - 7 * DAY, seed=seed + 1)
    first = nights.watch_pool(tested, NIGHT)
    assert first.result["numbers"]["tests"] == 90
    assert (first.result["numbers"]["not_looked_at"], first.alarms) == (["few_tests"], {})
    deliver(tested, 500, NIGHT + DAY / 2, seed=seed + 2, moved={well_asked(tested): 1.5})
    second = nights.watch_pool(tested, NIGHT + DAY)
    assert abs(second.result["numbers"]["population"]["mean"]) < 0.35
    assert ("harder", drifting) in kinds(second, "new")
    assert second.alarms["harder"] >= 1
    found = {(each["kind"], each["item"]): each for each in second.result["found"]}["harder", drifting]
    assert found["since"] == "2026-03-11"
    third = nights.watch_pool(tested, NIGHT + 2 * DAY)
    assert third.data_hash == second.data_hash
    assert ("harder", drifting) in kinds(third, "still")
    assert [pool.alarms for pool in standing.alarmed_pools()] == [sum(second.alarms.values())]
    assert standing.open_alarms() == second.alarms
    later = nights.watch_pool(tested, NIGHT + 91 * DAY)  # all of it has left the window
    assert ("harder", drifting) in {(each["kind"], each["item"]) for each in later.result["gone"]}
    assert later.result["numbers"]["not_looked_at"] == ["few_tests", "no_times", "not_adaptive"]
    assert standing.alarmed_pools() == []


def test_a_night_is_one_row_however_often_it_is_asked_for(tested: QuestionPool) -> None:
    first = nights.watch_pool(tested, NIGHT)
    deliver(tested, 5, NIGHT)
    assert nights.watch_pool(tested, NIGHT + DAY / 2) == first
    assert nights.watch_pool(tested, NIGHT + DAY - timedelta(minutes=31)) == first  # before two o'clock
    assert nights.watch_pool(tested, NIGHT + DAY) != first


def test_two_at_once_keep_one(tested: QuestionPool, monkeypatch: pytest.MonkeyPatch) -> None:
    first = nights.watch_pool(tested, NIGHT)
    answers = iter([None])  # the second one looked before the first one wrote
    look = nights._of_night
    monkeypatch.setattr(nights, "_of_night", lambda *asked: next(answers, look(*asked)))
    assert nights.watch_pool(tested, NIGHT) == first
    assert PoolWatch.objects.count() == 1


def test_a_look_that_is_killed_is_taken_again(tested: QuestionPool, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(nights, "_keep", killed)
        with pytest.raises(SystemExit):
            nights.watch_pool(tested, NIGHT)
    assert not PoolWatch.objects.exists()
    assert nights.waiting(NIGHT) == [tested.pk]
    nights.watch_pool(tested, NIGHT)
    assert nights.waiting(NIGHT) == []
    assert nights.waiting(NIGHT + DAY) == [tested.pk]


def test_who_waits(tested: QuestionPool, monkeypatch: pytest.MonkeyPatch) -> None:
    simulated_pool()  # nobody was tested with it
    sent: list[object] = []
    monkeypatch.setattr(tasks, "send_watches", sent.extend)
    monkeypatch.setattr("sessions_app.administration.cleanup.shared_clock", lambda: NIGHT)
    tasks.watch_pools()
    assert sent == [tested.pk]
    tasks.watch_pool(str(tested.pk))
    tasks.watch_pools()
    assert sent == [tested.pk]
    others = [uuid4(), uuid4()]
    with pytest.raises(QuestionPool.DoesNotExist):  # what goes wrong with one pool keeps no other waiting
        tasks.watch_pool(str(uuid4()), [str(each) for each in others])
    assert sent == [tested.pk, *others]
    assert nights.waiting(NIGHT + 100 * DAY) == []


def test_what_was_found_stays_and_goes_after_four_hundred_nights(db: None) -> None:
    pool = simulated_pool(2)
    now = datetime.now(tz=UTC)
    young, old = (nights.watch_pool(pool, at) for at in (now, now - 402 * DAY))
    for change in (
        lambda: PoolWatch.objects.filter(pk=young.pk).update(notices=3),
        lambda: young.delete(),
        lambda: PoolWatch.objects.filter(pk=old.pk).update(alarms={}),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert nights.forget_old(now) == 1
    assert nights.forget_old(now) == 0
    assert list(PoolWatch.objects.all()) == [young]
