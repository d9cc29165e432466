"""End sessions whose time is up or that nobody continues: one function for beat, endpoint, command, admin."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from organisations.acting import acting_organisation
from sessions_app.models import TestSession
from sessions_app.sitting import hot_state, lifecycle, pausing
from sessions_app.sitting.times import shared_clock

__all__ = ["count_inactive", "end_inactive", "shared_clock"]

BATCH = 500
MOST_MINUTES = 525_600  # a year


def count_inactive(inactivity_minutes: int, *, now: datetime) -> int:
    """How many sessions `end_inactive` would end."""
    return sum(
        TestSession.objects.filter(too_long, status=TestSession.Status.ACTIVE).count()
        for too_long in (_without_activity(inactivity_minutes, now) & ~_overdue(now), _overdue(now))
    )


def end_inactive(
    inactivity_minutes: int | None = None,
    *,
    now: datetime,
    progress: Callable[[int], object] = lambda _: None,
) -> int:
    """End every session whose time is up, and expire those without activity for that long; returns how many.
    Those of the acting organisation. A paused test is neither: its pause ends here, where it has lasted as
    long as it may, and from then on its time runs and it may be abandoned.

    A batch is one short transaction. Rows that a student's request holds at this moment are passed over:
    they are being used, and the next run looks again. `progress` is told the size of each batch.
    """
    minutes = settings.SESSION_INACTIVITY_MINUTES if inactivity_minutes is None else inactivity_minutes
    ended = 0
    while _end_pauses(now):
        pass
    for too_long, order, end in (
        (_overdue(now), "deadline", lifecycle.end_overdue),
        (_without_activity(minutes, now), "activity_mark", lifecycle.expire),
    ):
        while batch := _end_batch(too_long, order, end, now):
            ended += batch
            progress(batch)
    if acting_organisation() is None:  # what is noted is the whole service's
        hot_state.note_cleanup(now, ended)
    return ended


def _end_pauses(now: datetime) -> int:
    """Those that have lasted as long as they may."""
    with transaction.atomic():
        rows = TestSession.objects.select_for_update(of=("self",), skip_locked=True)
        sessions = list(rows.select_related("named_test").filter(paused_until__lte=now)[:BATCH])
        for session in sessions:
            pausing.end_if_over(session, now)
    return len(sessions)


_WAITING = Q(waits_to_begin=True, questions_answered=0)  # no time runs: such a test ends as abandoned


def _overdue(now: datetime) -> Q:
    is_late = Q(deadline__isnull=False, deadline__lt=now - timedelta(seconds=settings.DEADLINE_GRACE))
    return is_late & ~_WAITING & Q(paused_at=None)


def _without_activity(minutes: int, now: datetime) -> Q:
    """By the mark, which has the index; then by the activity itself, which may be somewhat later."""
    before = now - timedelta(minutes=minutes)
    return Q(activity_mark__lte=before, last_activity__lte=before, paused_at=None)


def _end_batch(too_long: Q, order: str, end: Callable[..., None], now: datetime) -> int:
    with transaction.atomic():
        sessions = list(
            TestSession.objects.select_for_update(skip_locked=True)
            .filter(too_long, status=TestSession.Status.ACTIVE)
            .order_by(order)
            .only("questions_answered", "chain_head")[:BATCH]
        )
        if sessions:
            end(sessions, now=now)
    hot_state.forget(session.pk for session in sessions)
    return len(sessions)
