"""Which entry of the audit chain a row is, and how a session's chain goes on. `chain` has the arithmetic."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from sessions_app.audit import chain
from sessions_app.models import SessionEvent, TestResponse, TestSession

STATUS_AFTER: dict[str, str] = {
    SessionEvent.Kind.STARTED: TestSession.Status.ACTIVE,
    SessionEvent.Kind.BEGUN: TestSession.Status.ACTIVE,
    SessionEvent.Kind.RESUMED: TestSession.Status.ACTIVE,
    SessionEvent.Kind.EXTENDED: TestSession.Status.ACTIVE,
    SessionEvent.Kind.PAUSED: TestSession.Status.ACTIVE,
    SessionEvent.Kind.CONTINUED: TestSession.Status.ACTIVE,
    SessionEvent.Kind.COMPLETED: TestSession.Status.COMPLETED,
    SessionEvent.Kind.ENDED: TestSession.Status.ENDED,
    SessionEvent.Kind.EXPIRED: TestSession.Status.EXPIRED,
}

GIVES_TIME = {  # their reason says `until` when
    SessionEvent.Kind.STARTED,
    SessionEvent.Kind.BEGUN,
    SessionEvent.Kind.EXTENDED,
    SessionEvent.Kind.RESUMED,
    SessionEvent.Kind.CONTINUED,
}
UNTIL = "until %Y-%m-%dT%H:%M:%SZ"
WAITS = ", anew from when the student begins"  # stands behind it where the session waits
BY_SUPERVISOR = ", by a supervisor"  # stands behind that of a pause which is not the student's


def started(session: TestSession, revision_hash: str, plan_hash: str) -> SessionEvent:
    """The event that begins the session's chain; gives an unsaved session its head."""
    event = SessionEvent(
        session=session,
        kind=SessionEvent.Kind.STARTED,
        after_answers=0,
        at=session.started_at,
        reason=until(session.deadline) + (WAITS if session.waits_to_begin else ""),
    )
    _append(session, event, started_facts(session, revision_hash, plan_hash))
    return event


def until(deadline: datetime | None) -> str:
    """What the reason of an event says of a deadline, so that the chain covers it."""
    return "" if deadline is None else f"{deadline.astimezone(UTC):{UNTIL}}"


def deadline_in(reason: str) -> datetime | None:
    """The deadline that `until` wrote."""
    told = reason.removesuffix(WAITS).removesuffix(BY_SUPERVISOR)
    return datetime.strptime(told, UNTIL).replace(tzinfo=UTC) if told else None


def is_by_student(event: SessionEvent) -> bool:
    """Whether a pause is one of those that its student may have. An account alone said it before."""
    return event.by_id is None and not event.reason.endswith(BY_SUPERVISOR)


def pause_by(events: Sequence[SessionEvent]) -> tuple[datetime, datetime] | None:
    """Since when the session stands still, and until when at the longest; None: it runs, or is over."""
    moves = [event for event in events if event.kind != SessionEvent.Kind.EXTENDED]
    if not moves or moves[-1].kind != SessionEvent.Kind.PAUSED:
        return None
    until_when = deadline_in(moves[-1].reason)
    assert until_when is not None  # every pause has a longest time
    return moves[-1].at, until_when


def waits_by(events: Sequence[SessionEvent]) -> bool:
    """Whether the session's row has to say that it waits for its student to begin."""
    return events[0].reason.endswith(WAITS) and all(event.kind != event.Kind.BEGUN for event in events)


def imported(
    session: TestSession, responses: Sequence[TestResponse], revision_hash: str, plan_hash: str
) -> Iterator[SessionEvent]:
    """Gives rows of the original service, not stored yet, their chain; yields its events."""
    yield started(session, revision_hash, plan_hash)
    for response in responses:
        session.chain_head = chain.advance(bytes(session.chain_head), entry_of_answer(session, response))
        response.link = chain.link_of(session.chain_head)
    assert session.completed_at is not None  # nothing that was imported goes on
    event = SessionEvent(
        session=session,
        kind=SessionEvent.Kind.IMPORTED,
        after_answers=len(responses),
        at=session.completed_at,
        reason=session.end_reason,
    )
    _append(session, event, imported_facts(session))
    yield event


def _append(session: TestSession, event: SessionEvent, facts: Sequence[chain.Fact]) -> None:
    session.chain_head = chain.advance(bytes(session.chain_head), entry_of_event(session, event, facts))
    event.link = chain.link_of(session.chain_head)


def after_event(
    session: TestSession, kind: str, *, now: datetime, reason: str, by_id: int | None
) -> tuple[bytes, bytes]:
    """(head, link) of the session's chain after such an event now. The caller holds the row's lock."""
    entry = chain.event_entry(session.pk, kind, session.questions_answered, now, reason, by_id, ())
    head = chain.advance(bytes(session.chain_head), entry)
    return head, chain.link_of(head)


def entry_of_answer(session: TestSession, response: TestResponse) -> bytes:
    """An answer's row as an entry of the chain."""
    return chain.answer_entry(
        session.pk,
        response.position,
        response.question_id,
        response.answer,
        response.score,
        response.is_correct,
        response.theta,
        response.standard_error,
        response.response_time_ms,
        chain.microseconds(response.answered_at),
        response.response,
        overall_of(response.overall_theta, response.overall_error),
        response.is_pilot,
        response.is_rapid,
    )


def overall_of(theta: float | None, error: float | None) -> tuple[float, float] | None:
    """Both or none, as an answer's entry takes them."""
    return None if theta is None or error is None else (theta, error)


def entry_of_event(session: TestSession, event: SessionEvent, facts: Sequence[chain.Fact]) -> bytes:
    """An event's row as an entry of the chain."""
    return chain.event_entry(
        session.pk, event.kind, event.after_answers, event.at, event.reason, event.by_id, facts
    )


def started_facts(session: TestSession, revision_hash: str, plan_hash: str) -> list[chain.Fact]:
    """What never changes of a session. The student by primary key alone: the person can be erased."""
    named_test = [] if session.named_test_id is None else [session.named_test_id]
    told_by = [] if session.result_spec is None else [session.result_spec.content_hash]
    manner = {"scored alone": session.is_scored_alone, "options shuffled": session.shuffles_options}
    return [
        session.client_id,
        session.student_id,
        revision_hash,
        plan_hash,
        session.seed,
        session.prior_mean,
        session.prior_sd,
        *named_test,
        *told_by,
        *(name for name, is_so in manner.items() if is_so),
    ]


def imported_facts(session: TestSession) -> list[chain.Fact]:
    """The result that the original service gave, which need not be its last answer's."""
    return [
        session.status,
        session.theta,
        session.standard_error,
        session.questions_answered,
        session.correct_responses,
    ]
