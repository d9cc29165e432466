"""End sessions that nobody continues: one function for beat, endpoint, command and admin."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from sessions_app import hot_state, lifecycle
from sessions_app.models import TestSession

BATCH = 500
MOST_MINUTES = 525_600  # a year


def shared_clock() -> datetime:
    """PostgreSQL's time, for `now` below: a machine that is ahead must not end tests that are being taken."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        (now,) = cursor.fetchone()
    assert isinstance(now, datetime)
    return now


def count_inactive(inactivity_minutes: int, *, now: datetime) -> int:
    """How many sessions `end_inactive` would end."""
    return TestSession.objects.filter(
        status=TestSession.Status.ACTIVE, last_activity__lte=now - timedelta(minutes=inactivity_minutes)
    ).count()


def end_inactive(
    inactivity_minutes: int | None = None,
    *,
    now: datetime,
    progress: Callable[[int], object] = lambda _: None,
) -> int:
    """Expire every session without activity for that long, in batches; returns how many.

    A batch is one short transaction. Rows that a student's request holds at this moment are passed over:
    they are being used, and the next run looks again. `progress` is told the size of each batch.
    """
    minutes = settings.SESSION_INACTIVITY_MINUTES if inactivity_minutes is None else inactivity_minutes
    cutoff = now - timedelta(minutes=minutes)
    ended = 0
    while batch := _end_batch(cutoff, now):
        ended += batch
        progress(batch)
    hot_state.note_cleanup(now, ended)
    return ended


def _end_batch(cutoff: datetime, now: datetime) -> int:
    with transaction.atomic():
        sessions = list(
            TestSession.objects.select_for_update(skip_locked=True)
            .filter(status=TestSession.Status.ACTIVE, last_activity__lte=cutoff)
            .order_by("last_activity")
            .only("questions_answered", "chain_head")[:BATCH]
        )
        if sessions:
            lifecycle.expire(sessions, now=now)
    hot_state.forget(session.pk for session in sessions)
    return len(sessions)
