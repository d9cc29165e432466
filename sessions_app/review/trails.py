"""One session's chain: the rows that are its entries, and whether each is what was written."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.db.models.expressions import RawSQL

from sessions_app.audit import chain, entries
from sessions_app.models import SessionEvent, TestResponse, TestSession

MICROSECONDS = RawSQL("(extract(epoch FROM answered_at) * 1000000)::bigint", ())  # `chain.microseconds`


class Entry(NamedTuple):
    """A row of the chain. `packed` wants the session's facts, which an answer does not need."""

    order: tuple[int, int, int]
    link: bytes
    name: str
    row: Any
    packed: Callable[[TestSession], bytes]

    @property
    def is_answer(self) -> bool:
        """Else it is an event."""
        return not isinstance(self.row, SessionEvent)


def trails_of(sessions: Q) -> dict[UUID, list[Entry]]:
    """Answers and events of these sessions (a condition on `session_id`), in the order of their chains."""
    trails: dict[UUID, list[Entry]] = defaultdict(list)
    answers = TestResponse.objects.filter(sessions).values_list(
        "session_id",
        "position",
        "question_id",
        "answer",
        "score",
        "is_correct",
        "theta",
        "standard_error",
        "response_time_ms",
        MICROSECONDS,
        "response",
        "link",
        "overall_theta",
        "overall_error",
        "is_pilot",
        "is_rapid",
    )
    for row in answers.order_by().iterator(chunk_size=5000):
        trails[row[0]].append(entry_of_answer(row))
    for event in SessionEvent.objects.filter(sessions).order_by().iterator(chunk_size=5000):
        trails[event.session_id].append(entry_of_event(event))
    for own in trails.values():
        own.sort(key=lambda entry: entry.order)
    return trails


def entry_of_answer(row: tuple[Any, ...]) -> Entry:
    """`row`: as `trails_of` reads it."""
    return Entry((row[1], 0, 0), bytes(row[11]), f"answer {row[1]}", row, partial(_packed_answer, row))


def entry_of_event(event: SessionEvent) -> Entry:
    """Of the events behind one answer, the one with the lower key comes first."""
    order, packed = (event.after_answers, 1, event.pk), partial(_packed_event, event)
    return Entry(order, bytes(event.link), f"the event “{event.kind}”", event, packed)


def _packed_answer(row: tuple[Any, ...], session: TestSession) -> bytes:
    whole = (*row[:11], entries.overall_of(*row[12:14]), row[14], row[15])
    return chain.answer_entry(*whole)


def _packed_event(event: SessionEvent, session: TestSession) -> bytes:
    facts: list[chain.Fact] = []
    if event.kind == SessionEvent.Kind.STARTED:
        facts = entries.started_facts(session, session.revision.content_hash, session.plan.content_hash)
    elif event.kind == SessionEvent.Kind.IMPORTED:
        facts = entries.imported_facts(session)
    return entries.entry_of_event(session, event, facts)


def break_of(session: TestSession, trail: list[Entry]) -> str | None:
    """The first link that does not hold, else what the session's own row says otherwise than its trail."""
    head = chain.BEGINNING
    if not trail or trail[0].name != "the event “started”":
        return "its start is missing"
    for before, entry in zip([None, *trail], trail, strict=False):
        after = _matching(head, entry.packed(session), entry.link)
        if after is None:
            behind = (
                f", or what stood behind {before.name} is missing" if before else ", or the session's own row"
            )
            return f"{entry.name} is not what was written{behind}"
        head = after
    if head != bytes(session.chain_head):
        return f"what came after {trail[-1].name} is missing, or chain_head was changed"
    return _contradiction(session, trail)


def _matching(head: bytes, entry: bytes, link: bytes) -> bytes | None:
    """The head after the entry, by whichever key gives its link."""
    for key in (settings.AUDIT_KEY, *settings.AUDIT_KEY_FALLBACKS):
        after = chain.advance(head, entry, key)
        if chain.link_of(after) == link:
            return after
    return None


def _contradiction(session: TestSession, trail: Iterable[Entry]) -> str | None:
    """What the session's row says that its trail, which is whole, does not."""
    events = [entry.row for entry in trail if not entry.is_answer]
    answers = [entry.row for entry in trail if entry.is_answer]
    last = events[-1]
    until = [event.reason for event in events if event.kind in entries.GIVES_TIME][-1]
    until = until.removesuffix(entries.WAITS)
    if session.waits_to_begin != entries.waits_by(events):
        return f"its row says waits_to_begin {session.waits_to_begin}, its trail says otherwise"
    if entries.until(session.deadline) != until:
        return f"its row says deadline {session.deadline}, its trail says {until or 'none'}"
    if (session.paused_at, session.paused_until) != (entries.pause_by(events) or (None, None)):
        return f"its row says paused_at {session.paused_at}, its trail says otherwise"
    is_imported = last.kind == SessionEvent.Kind.IMPORTED
    if is_imported != (session.legacy_id is not None):
        return f"its row says legacy_id {session.legacy_id}, its trail says otherwise"
    if session.started_at != events[0].at:
        return f"its row says started_at {session.started_at}, its trail says {events[0].at}"
    if is_imported:  # the event itself vouches for the result
        is_as_told = (session.end_reason, session.completed_at) == (last.reason, last.at)
        return None if is_as_told else "its row says another end than its trail"
    is_over = entries.STATUS_AFTER[last.kind] != TestSession.Status.ACTIVE
    told: dict[str, object] = {
        "status": entries.STATUS_AFTER[last.kind],
        "end_reason": last.reason if is_over else "",
        "completed_at": last.at if is_over else None,
        "questions_answered": len(answers),
        "correct_responses": sum(row[5] and not row[14] for row in answers),
        "pilots_answered": sum(row[14] for row in answers),
        "rapid_answers": sum(row[15] for row in answers),
    }
    if answers:
        told |= {"theta": answers[-1][6], "standard_error": answers[-1][7]}
        told |= {"overall_theta": answers[-1][12], "overall_error": answers[-1][13]}
    for name, value in told.items():
        if getattr(session, name) != value:
            return f"its row says {name} {getattr(session, name)}, its trail says {value}"
    return None
