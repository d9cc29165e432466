"""A pause stops a test's clock, where its rules allow that: an event when it begins, and one when it ends.

While it lasts no answer is taken, no time runs, and nobody counts the test as abandoned. It ends when
somebody says so, or by itself at `paused_until`: then whoever next looks at the row writes down that it has
ended, and when. Its length moves the deadline once, in the transaction that ends it, and never beyond the
moment when the named test closes. Both ends are PostgreSQL's time. The row has no hot state meanwhile.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from django.db import transaction

from sessions_app.audit import entries
from sessions_app.models import SessionEvent, TestSession
from sessions_app.refusals import NoPauseLeft, PausesNotAllowed, SessionNotActive, SessionPaused
from sessions_app.sitting import hot_state, ledger
from sessions_app.sitting.access import Caller, session_for
from sessions_app.sitting.named_tests import TIME_LIMIT, is_overdue, whole_second
from sessions_app.sitting.shown import showing_of
from sessions_app.sitting.standing import Standing, rebuild_state, standing_of, with_pauses_left
from sessions_app.sitting.times import left_of, shared_clock
from testing_engine.psychometrics.pauses import Pauses
from testing_engine.revisions import load_plan


class By(Enum):
    """Who wants it: whoever answers the questions, who has so many pauses; or who watches over the test."""

    STUDENT = "student"
    SUPERVISOR = "supervisor"


@dataclass(frozen=True)
class Asked:
    """Who wants it, and the key by which a repeated request is known. `by_id`: the account that did it in
    the admin or at the desk."""

    by: By
    by_id: int | None = None
    idempotency_key: str | None = None
    fingerprint: str = ""


def pause(session_id: UUID, caller: Caller, asked: Asked, *, student_id: str | None = None) -> Standing:
    """Let the clock stand still. A test that is paused stays so.

    Raises `SessionNotActive`, also where its time is up, `PausesNotAllowed` and `NoPauseLeft`.
    """
    with transaction.atomic():
        session = session_for(session_id, caller, student_id, for_update=True)
        if not ledger.came_before(session, asked.idempotency_key, asked.fingerprint):
            now = shared_clock()
            is_active = session.status == TestSession.Status.ACTIVE
            if is_active and not session.is_waiting and is_late(session, now):
                ledger.close([session], TestSession.Status.ENDED, reason=TIME_LIMIT, now=now)
                session.refresh_from_db()
                hot_state.forget([session.pk])
            else:
                begin(session, asked, now=now)
    return _standing(session)


def go_on(session_id: UUID, caller: Caller, asked: Asked, *, student_id: str | None = None) -> Standing:
    """Let the clock run again. A test that is not paused goes on as it did. Raises `SessionNotActive`."""
    with transaction.atomic():
        session = session_for(session_id, caller, student_id, for_update=True)
        if not ledger.came_before(session, asked.idempotency_key, asked.fingerprint):
            end(session, asked, now=shared_clock())
    return _standing(session)


def begin(session: TestSession, asked: Asked, *, now: datetime) -> None:
    """A pause of this session begins, if none is under way. The caller holds the row's lock; refuses as
    `pause` does. A supervisor's takes nothing from what its student may."""
    if session.status != TestSession.Status.ACTIVE:
        raise SessionNotActive(f"This test is over: it is {session.status}.", session.status, None)
    allowed = load_plan(session.plan_id).rules.pauses
    if allowed is None:
        raise PausesNotAllowed("This test has no pauses.")
    end_if_over(session, now)
    if session.paused_at is not None:
        return
    if session.is_waiting:
        raise PausesNotAllowed("This test has not begun: its time does not run.")
    if is_late(session, now):
        raise SessionNotActive("This test is over: time is up.", session.status, None)
    is_students = asked.by is By.STUDENT
    until = whole_second(
        now + (_left(allowed, session) if is_students else timedelta(minutes=allowed.minutes))
    )
    if (closing := _closing(session)) is not None:
        until = min(until, max(closing, whole_second(now)))
    ledger.append_event(
        session,
        SessionEvent.Kind.PAUSED,
        now=now,
        reason=entries.until(until) + ("" if is_students else entries.BY_SUPERVISOR),
        by_id=asked.by_id,
        idempotency_key=asked.idempotency_key,
        request_hash=asked.fingerprint,
        paused_at=now,
        paused_until=until,
        last_activity=max(session.last_activity, now),
    )
    hot_state.forget([session.pk])


def end(session: TestSession, asked: Asked, *, now: datetime) -> None:
    """The pause of this session ends, if one is under way. The caller holds the row's lock."""
    if session.status != TestSession.Status.ACTIVE:
        raise SessionNotActive(f"This test is over: it is {session.status}.", session.status, None)
    if session.paused_at is not None:
        _end(session, asked, now)
        rebuild_state(session)


def _end(session: TestSession, asked: Asked | None, now: datetime) -> None:
    """`asked` None: it ended by itself."""
    ended = _ended_at(session, now)
    ledger.append_event(
        session,
        SessionEvent.Kind.CONTINUED,
        now=ended,
        reason=entries.until(deadline := deadline_of(session, now)),
        by_id=asked.by_id if asked else None,
        idempotency_key=asked.idempotency_key if asked else None,
        request_hash=asked.fingerprint if asked else "",
        deadline=deadline,
        paused_at=None,
        paused_until=None,
        last_activity=max(session.last_activity, ended),
    )


def end_if_over(session: TestSession, now: datetime | None = None) -> None:
    """A pause that has lasted as long as it may is over. The caller holds the row's lock, and makes its state
    where it is needed."""
    if session.paused_until is not None and (now or shared_clock()) >= session.paused_until:
        _end(session, None, session.paused_until)


def deadline_of(session: TestSession, now: datetime) -> datetime | None:
    """When its time is up; of a paused test, if it went on now."""
    if session.paused_at is None or session.deadline is None:
        return session.deadline
    moved = whole_second(session.deadline + (_ended_at(session, now) - session.paused_at))
    closing = _closing(session)
    return moved if closing is None else min(moved, closing)


def is_late(session: TestSession, now: datetime) -> bool:
    """Whether a running test's time is up; of a paused one, as its clock stands."""
    return is_overdue(deadline_of(session, now), now)


def check_runs(session: TestSession) -> None:
    """Raises `SessionPaused`: no question is handed out meanwhile."""
    if session.paused_until is not None and shared_clock() < session.paused_until:
        raise SessionPaused("This test is paused: it has no question until it goes on.", session.status, None)


def _ended_at(session: TestSession, now: datetime) -> datetime:
    """A clock that was set back ends no pause before it began."""
    assert session.paused_at is not None
    assert session.paused_until is not None
    return max(session.paused_at, min(now, session.paused_until))


def _closing(session: TestSession) -> datetime | None:
    """What no pause moves a deadline beyond: when the named test closes, unless a supervisor gave more."""
    closes_at = session.named_test.closes_at if session.named_test is not None else None
    if closes_at is None or session.deadline is None:
        return None
    return whole_second(max(closes_at, session.deadline))


def _left(allowed: Pauses, session: TestSession) -> timedelta:
    """How long a pause of its student's may last."""
    left = left_of(session.pk, allowed)
    if left.times < 1 or left.length < timedelta(seconds=1):
        raise NoPauseLeft(allowed.times, allowed.minutes)
    return left.length


def _standing(session: TestSession) -> Standing:
    if session.current_position is None:
        is_late = session.end_reason == TIME_LIMIT
        message = "time is up" if is_late else f"it is {session.status}"
        raise SessionNotActive(f"This test is over: {message}.", session.status, None)
    return with_pauses_left(standing_of(session, showing_of(session).question(session.current_position)))
