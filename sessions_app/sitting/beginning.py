"""A student begins a test whose introduction they have read: its time limit runs from now.

`start` gives such a test a deadline as any other, which holds for clients that never say when their student
begins. Once said, before the first answer, the time limit counts anew. An event of the audit chain tells it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Greatest, Now

from sessions_app.audit import entries
from sessions_app.models import SessionEvent, TestSession
from sessions_app.refusals import SessionNotActive
from sessions_app.sitting import hot_state, ledger, named_tests
from sessions_app.sitting.access import Caller, session_for
from sessions_app.sitting.shown import showing_of
from sessions_app.sitting.standing import Standing, rebuild_state, standing_of, with_pauses_left

MINUTE = timedelta(minutes=1)


def begin(session_id: UUID, caller: Caller, *, now: datetime, student_id: str | None = None) -> Standing:
    """Let the clock of a test that waits run from now. Of any other running test nothing changes.

    Time limit and closing time are those of the named test as it is now. Raises `SessionNotActive`, also
    where the test has closed meanwhile.
    """
    with transaction.atomic():
        session = session_for(session_id, caller, student_id, for_update=True)
        if session.is_waiting:
            _begin(session, max(now, session.started_at))
    if session.current_position is None:
        is_late = session.end_reason == named_tests.TIME_LIMIT
        message = "time is up" if is_late else f"it is {session.status}"
        raise SessionNotActive(f"This test is over: {message}.", session.status, None)
    return with_pauses_left(standing_of(session, showing_of(session).question(session.current_position)))


def _begin(session: TestSession, now: datetime) -> None:
    deadline = _deadline_of(session, now)
    if named_tests.is_overdue(deadline, now):
        ledger.close([session], TestSession.Status.ENDED, reason=named_tests.TIME_LIMIT, now=now)
        session.refresh_from_db()
        hot_state.forget([session.pk])
        return
    ledger.append_event(
        session,
        SessionEvent.Kind.BEGUN,
        now=now,
        reason=entries.until(deadline),
        deadline=deadline,
        waits_to_begin=False,
        last_activity=Greatest(Value(now), Now()),  # as with every answer (ledger)
    )
    rebuild_state(session)


def _deadline_of(session: TestSession, now: datetime) -> datetime | None:
    """The test's, counted from now, and what a supervisor has given beyond it."""
    assert session.named_test is not None
    deadline = named_tests.deadline_of(session.named_test, session.student_id, now)
    return deadline and deadline + _given_beyond(session.events.order_by("after_answers", "pk"))


def _given_beyond(events: Iterable[SessionEvent]) -> timedelta:
    """The minutes by which a test was extended, from what its events say of its deadline."""
    given, before = timedelta(), None
    for event in events:
        if event.kind not in entries.GIVES_TIME:
            continue
        until = entries.deadline_in(event.reason)
        if event.kind == SessionEvent.Kind.EXTENDED and until is not None:
            given += (until - max(before or event.at, event.at)) // MINUTE * MINUTE
        before = until
    return given
