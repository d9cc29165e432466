"""Walks the audit chain of every session: is each row what was written, and is each there?

It only reads, in one snapshot, so it may run beside students; batch by batch, so memory does not grow with
the tables. A revision and a plan are checked against their hash, which the sessions' chains vouch for.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models.expressions import RawSQL

from sessions_app.audit import chain, entries
from sessions_app.models import SessionEvent, TestResponse, TestSession
from sessions_app.review.breaks import Break
from sessions_app.review.guards import changed_guards
from sessions_app.review.surroundings import (
    changed_invitations,
    changed_media,
    changed_parameter_sources,
    changed_plans,
    changed_proficiencies,
    changed_revisions,
    changed_specifications,
    lost_answers,
    misplaced_sessions,
)

BATCH = 1000  # sessions
LAST_ID = UUID(int=2**128 - 1)
MICROSECONDS = RawSQL("(extract(epoch FROM answered_at) * 1000000)::bigint", ())  # `chain.microseconds`
LOOKS = (
    changed_guards,
    changed_revisions,
    changed_parameter_sources,
    changed_specifications,
    changed_plans,
    changed_specifications,
    changed_media,
    changed_invitations,
    changed_proficiencies,
    misplaced_sessions,
    lost_answers,
)


class Seen(NamedTuple):
    """What a witness knows of a session: how many entries it had, and the link of the last."""

    entries: int
    link: bytes


@dataclass
class Verified:
    """What was looked at, and what was found."""

    sessions: int = 0
    answers: int = 0
    events: int = 0
    breaks: list[Break] = field(default_factory=list)


def verify(
    witness: Mapping[UUID, Seen] | None = None,
    note: Callable[[UUID, Seen], object] = lambda *_: None,
    progress: Callable[[int], object] = lambda _: None,
) -> Verified:
    """Check everything. `progress` is told sessions, batch by batch.

    `witness`: what `note` was told in a former run. A session that is gone, or no longer holds the entry
    that the witness saw, is a break: what was cut off with all its traces shows only so.
    """
    found = Verified()
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for look in LOOKS:
            found.breaks += look()
        unseen = dict(witness or {})
        for session_id, links in _walk(found, progress):
            seen = unseen.pop(session_id, None)
            if seen and (len(links) < seen.entries or links[seen.entries - 1] != seen.link):
                found.breaks.append(_unlike(session_id, seen))
            if links:
                note(session_id, Seen(len(links), links[-1]))
        found.breaks += [_unlike(session_id, seen) for session_id, seen in unseen.items()]
    return found


def _unlike(session_id: UUID, seen: Seen) -> Break:
    return Break(f"session {session_id}", f"no longer holds the {seen.entries} entries that the witness saw")


def _walk(found: Verified, progress: Callable[[int], object]) -> Iterator[tuple[UUID, list[bytes]]]:
    """Every session with the links that it holds, in the order of ids."""
    beginning = UUID(int=0)
    sessions = TestSession.objects.select_related("revision", "plan", "result_spec")
    sessions = sessions.defer("plan__rules", "result_spec__content").order_by("pk")
    while True:
        batch = list(sessions.filter(pk__gt=beginning)[:BATCH])
        until = batch[-1].pk if len(batch) == BATCH else LAST_ID
        trails = _entries(found, beginning, until)
        for session in batch:
            own = trails.pop(session.pk, [])
            if (broken := _break_of(session, own)) is not None:
                found.breaks.append(Break(f"session {session.pk}", broken))
            yield session.pk, [entry.link for entry in own]
        found.breaks += [
            Break(f"session {session_id}", "is missing: its answers or events are here")
            for session_id in trails
        ]
        found.sessions += len(batch)
        progress(len(batch))
        if until == LAST_ID:
            return
        beginning = until


class _Entry(NamedTuple):
    """A row of the chain. `packed` wants the session's facts, which an answer does not need."""

    order: tuple[int, int, int]
    link: bytes
    name: str
    row: Any
    packed: Callable[[TestSession], bytes]


def _entries(found: Verified, after: UUID, until: UUID) -> dict[UUID, list[_Entry]]:
    """Answers and events of the sessions in this range, in the order of their chains."""
    trails: dict[UUID, list[_Entry]] = defaultdict(list)
    of_range = {"session_id__gt": after, "session_id__lte": until}
    answers = TestResponse.objects.filter(**of_range).values_list(
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
        name = f"answer {row[1]}"
        trails[row[0]].append(_Entry((row[1], 0, 0), bytes(row[11]), name, row, partial(_packed_answer, row)))
        found.answers += 1
    for event in SessionEvent.objects.filter(**of_range).order_by().iterator(chunk_size=5000):
        order = (event.after_answers, 1, event.pk)
        of_event = partial(_packed_event, event)
        trails[event.session_id].append(
            _Entry(order, bytes(event.link), f"the event “{event.kind}”", event, of_event)
        )
        found.events += 1
    for own in trails.values():
        own.sort(key=lambda entry: entry.order)
    return trails


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


def _break_of(session: TestSession, trail: list[_Entry]) -> str | None:
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


def _contradiction(session: TestSession, trail: Iterable[_Entry]) -> str | None:
    """What the session's row says that its trail, which is whole, does not."""
    events = [entry.row for entry in trail if isinstance(entry.row, SessionEvent)]
    answers = [entry.row for entry in trail if not isinstance(entry.row, SessionEvent)]
    last = events[-1]
    until = [event.reason for event in events if event.kind in entries.GIVES_TIME][-1]
    until = until.removesuffix(entries.WAITS)
    if session.waits_to_begin != entries.waits_by(events):
        return f"its row says waits_to_begin {session.waits_to_begin}, its trail says otherwise"
    if entries.until(session.deadline) != until:
        return f"its row says deadline {session.deadline}, its trail says {until or 'none'}"
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
