"""What somebody who supervises does to tests: extend, pause, let go on, end, resume. Each is an event of the
audit trail.

Every function takes several sessions, does what it can, and says of each of the others why not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Greatest, Now

from sessions_app.audit.entries import until
from sessions_app.counting import folding
from sessions_app.models import SessionEvent, TestSession
from sessions_app.refusals import (
    NoDeadline,
    NotExpired,
    Refusal,
    SessionNotActive,
    SessionNotFound,
)
from sessions_app.sitting import hot_state, ledger, pausing
from sessions_app.sitting.archived import archive_of
from sessions_app.sitting.decisions import next_item_after
from sessions_app.sitting.named_tests import whole_second
from sessions_app.sitting.shown import showing_of
from sessions_app.sitting.standing import Standing, rebuild_state, standing_of, with_pauses_left
from sessions_app.sitting.times import shared_clock

MOST_MINUTES = 1440
ENDED_BY_STAFF = "ended by administrator"


@dataclass(frozen=True)
class Supervisor:
    """Who acts, and the key by which a repeated request is known. No user: a caller of the API."""

    user_id: int | None = None
    idempotency_key: str | None = None
    fingerprint: str = ""


Outcome = dict[UUID, Standing | Refusal]


def extend(session_ids: Sequence[UUID], minutes: int, supervisor: Supervisor, *, now: datetime) -> Outcome:
    """Give running tests so many minutes more: after their deadline, or from now where it has passed.

    Refuses `SessionNotActive`, and `NoDeadline` where there is nothing to extend.
    """

    def extended(session: TestSession) -> None:
        _check_active(session)
        if session.deadline is None:
            raise NoDeadline("This test has no time limit.")
        pausing.end_if_over(session)
        is_paused = session.paused_at is not None  # then its clock stands, wherever the deadline is
        since = session.deadline if is_paused else max(session.deadline, now)
        deadline = whole_second(since + timedelta(minutes=minutes))
        _append(session, SessionEvent.Kind.EXTENDED, until(deadline), supervisor, now, deadline=deadline)
        if not is_paused:
            rebuild_state(session)

    return _each(session_ids, extended, supervisor)


def pause(session_ids: Sequence[UUID], supervisor: Supervisor) -> Outcome:
    """Stop the clock of running tests whose rules allow pauses, for as long as those allow; what their
    students may is as before. Refuses as `pausing.pause`."""

    def paused(session: TestSession) -> None:
        pausing.begin(session, _asked(supervisor), now=shared_clock())

    return _each(session_ids, paused, supervisor)


def go_on(session_ids: Sequence[UUID], supervisor: Supervisor) -> Outcome:
    """Let the clock of paused tests run again. Refuses `SessionNotActive`."""

    def went_on(session: TestSession) -> None:
        pausing.end(session, _asked(supervisor), now=shared_clock())

    return _each(session_ids, went_on, supervisor)


def on_again(session_ids: Sequence[UUID], supervisor: Supervisor, *, now: datetime) -> Outcome:
    """Let each go on: out of a pause, or after it expired. Refuses `NotExpired` for one that does neither."""
    paused = TestSession.objects.filter(pk__in=session_ids, paused_at__isnull=False)
    ids = set(paused.values_list("pk", flat=True))
    outcome = go_on([pk for pk in session_ids if pk in ids], supervisor)
    return outcome | resume([pk for pk in session_ids if pk not in ids], supervisor, now=now)


def _asked(supervisor: Supervisor) -> pausing.Asked:
    return pausing.Asked(
        pausing.By.SUPERVISOR, supervisor.user_id, supervisor.idempotency_key, supervisor.fingerprint
    )


def end(session_ids: Sequence[UUID], supervisor: Supervisor, *, now: datetime) -> Outcome:
    """End running tests with their results so far. Refuses `SessionNotActive`."""

    def ended(session: TestSession) -> None:
        _check_active(session)
        ledger.close(
            [session],
            TestSession.Status.ENDED,
            reason=ENDED_BY_STAFF,
            now=now,
            by_id=supervisor.user_id,
            idempotency_key=supervisor.idempotency_key,
            request_hash=supervisor.fingerprint,
        )
        session.refresh_from_db()

    outcome = _each(session_ids, ended, supervisor)
    hot_state.forget(pk for pk, result in outcome.items() if isinstance(result, Standing))
    return outcome


def resume(session_ids: Sequence[UUID], supervisor: Supervisor, *, now: datetime) -> Outcome:
    """Let expired tests go on at the question where they stood. Refuses `NotExpired`.

    A test whose deadline has passed meanwhile gets the time that was left after its last answer; one that
    waited for its student to begin waits again.
    """

    def resumed(session: TestSession) -> None:
        if session.status != TestSession.Status.EXPIRED:
            raise NotExpired(session.status)
        if session.student.erased_at is not None:
            raise NotExpired("of a student who was erased")
        if session.legacy_id is not None:
            raise NotExpired("imported, and nobody knows by which rules it went on")
        if (archive := archive_of(session.pk)) is not None:
            raise NotExpired(f"in the archive {archive}")
        responses = list(session.responses.order_by("position"))
        item = next_item_after(session, responses, len(responses))
        if item is None:
            raise NotExpired("over by its rules")
        deadline = session.deadline
        if deadline is not None and deadline < now:
            deadline = whole_second(now + max(deadline - session.last_activity, timedelta(minutes=1)))
        folding.take_back(session.pk)
        _append(
            session,
            SessionEvent.Kind.RESUMED,
            until(deadline),
            supervisor,
            now,
            status=TestSession.Status.ACTIVE,
            end_reason="",
            completed_at=None,
            current_position=item,
            last_activity=Greatest(Value(now), Now()),  # as with every answer (ledger)
            deadline=deadline,
        )
        rebuild_state(session)

    return _each(session_ids, resumed, supervisor)


def one(outcome: Outcome) -> Standing:
    """The outcome for the only session; raises its refusal."""
    (result,) = outcome.values()
    if isinstance(result, Refusal):
        raise result
    return with_pauses_left(result)


def _each(session_ids: Sequence[UUID], act: Callable[[TestSession], None], supervisor: Supervisor) -> Outcome:
    """`act` on each session under its row's lock; a request that came before gets the same reply again."""
    outcome: Outcome = {}
    for session_id in session_ids:
        try:
            with transaction.atomic():
                session = (
                    TestSession.objects.select_for_update(of=("self",))
                    .select_related("student", "named_test")
                    .filter(pk=session_id)
                    .first()
                )
                if session is None:
                    raise SessionNotFound
                if not ledger.came_before(session, supervisor.idempotency_key, supervisor.fingerprint):
                    act(session)
                outcome[session_id] = _standing(session)
        except Refusal as refusal:
            outcome[session_id] = refusal
    return outcome


def _check_active(session: TestSession) -> None:
    if session.status != TestSession.Status.ACTIVE:
        raise SessionNotActive(f"This test is over: it is {session.status}.", session.status, None)


def _append(
    session: TestSession, kind: str, reason: str, supervisor: Supervisor, now: datetime, **changes: object
) -> None:
    ledger.append_event(
        session,
        kind,
        now=now,
        reason=reason,
        by_id=supervisor.user_id,
        idempotency_key=supervisor.idempotency_key,
        request_hash=supervisor.fingerprint,
        **changes,
    )


def _standing(session: TestSession) -> Standing:
    if session.current_position is None:
        return standing_of(session)
    return standing_of(session, showing_of(session).question(session.current_position))
