"""Tests that are over, in a file that stands for itself: with AUDIT_KEY it can be checked without their rows.

Lines of JSON, compressed by gzip: a head; each plan before the first test that ran by it; each test with its
answers and events; an end with a keyed hash over all before, so that a test that is missing shows. Each
test's own chain shows a change of it. Students are in it by number, without an id, a name or a client's
keys: who is erased in the database is nobody in the file as well.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet

from sessions_app.audit import chain
from sessions_app.models import ResultSpecification, SessionEvent, TestSession
from sessions_app.review.breaks import Break
from sessions_app.review.trails import Entry, break_of, entry_of_answer, entry_of_event, trails_of
from testing_engine.models import PoolRevision, Question, TestPlan
from testing_engine.revisions import is_plan_hash

VERSION = 1
BATCH = 500  # tests that are in memory at once


class ArchiveError(ValueError):
    """A line of the file is none; the message names it."""


class Head(msgspec.Struct, tag="archive", kw_only=True):
    """The first line. `before`: tests that were over before then."""

    version: int
    made_at: datetime
    before: datetime


class Plan(msgspec.Struct, tag="plan", kw_only=True):
    """Rules, and the names of the concepts that abilities are in the order of."""

    content_hash: str
    rules: Any
    concept_names: list[str]


class Answer(msgspec.Struct, kw_only=True):
    """As in the table, but for the client's key. `question`: as its pool calls it."""

    position: int
    question_id: int
    question: str
    answer: int | None
    response: Any
    score: int
    is_correct: bool
    theta: list[float]
    standard_error: list[float]
    overall_theta: float | None
    overall_error: float | None
    is_pilot: bool
    is_rapid: bool
    response_time_ms: int | None
    answered_at: datetime
    link: bytes


class Event(msgspec.Struct, kw_only=True):
    """The same."""

    kind: str
    after_answers: int
    at: datetime
    reason: str
    by_id: int | None
    link: bytes


class Session(msgspec.Struct, tag="session", kw_only=True):
    """What the chain vouches for, and what a result is told from."""

    id: UUID
    client_id: int | None
    student_id: int
    named_test_id: int | None
    revision: str
    plan: str
    result_spec: str | None
    seed: int
    prior_mean: list[float]
    prior_sd: list[float]
    is_scored_alone: bool
    shuffles_options: bool
    status: str
    end_reason: str
    theta: list[float]
    standard_error: list[float]
    overall_theta: float | None
    overall_error: float | None
    questions_answered: int
    correct_responses: int
    pilots_answered: int
    rapid_answers: int
    started_at: datetime
    completed_at: datetime
    deadline: datetime | None
    waits_to_begin: bool
    is_imported: bool
    chain_head: bytes
    answers: list[Answer]
    events: list[Event]


class End(msgspec.Struct, tag="end", kw_only=True):
    """The last line: how much came before, and what vouches for it."""

    sessions: int
    answers: int
    events: int
    seal: str


_LINE = msgspec.json.Decoder(Head | Plan | Session | End)
_OWN = (
    "id", "client_id", "student_id", "named_test_id", "seed", "prior_mean", "prior_sd", "is_scored_alone",
    "shuffles_options", "status", "end_reason", "theta", "standard_error", "overall_theta", "overall_error",
    "questions_answered", "correct_responses", "pilots_answered", "rapid_answers", "started_at",
    "completed_at", "deadline", "waits_to_begin",
)  # fmt: skip


@dataclass
class Counted:
    """How much is in a file, and what is wrong with it."""

    sessions: int = 0
    answers: int = 0
    events: int = 0
    breaks: list[Break] = field(default_factory=list)
    head: Head | None = None
    seal: str = ""

    def add(self, session: Session) -> None:
        self.sessions += 1
        self.answers += len(session.answers)
        self.events += len(session.events)


# --- Writing ------------------------------------------------------------------------------------------------


def over_before(moment: datetime) -> QuerySet[TestSession]:
    """Tests that were over by then."""
    return TestSession.objects.exclude(status=TestSession.Status.ACTIVE).filter(completed_at__lt=moment)


def lines_of(
    before: datetime, *, now: datetime, progress: Callable[[int], object] = lambda _: None
) -> Iterator[bytes]:
    """The file, line by line. Raises `ArchiveError` at a test that is not as it was written."""
    digest, counted, plans = hashlib.sha256(), Counted(), set[str]()

    def sealed(line: msgspec.Struct) -> bytes:
        encoded = msgspec.json.encode(line) + b"\n"
        digest.update(encoded)
        return encoded

    yield sealed(Head(version=VERSION, made_at=now, before=before))
    for batch in _batches(over_before(before)):
        for row, session in batch:
            if session.plan not in plans:
                plans.add(session.plan)
                plan = row.plan
                yield sealed(
                    Plan(content_hash=plan.content_hash, rules=plan.rules, concept_names=plan.concept_names)
                )
            counted.add(session)
            yield sealed(session)
        progress(len(batch))
    yield msgspec.json.encode(_end(counted, digest.digest())) + b"\n"


def _batches(sessions: QuerySet[TestSession]) -> Iterator[list[tuple[TestSession, Session]]]:
    ordered, after = sessions.select_related("revision", "plan", "result_spec").order_by("pk"), UUID(int=0)
    while batch := list(ordered.filter(pk__gt=after)[:BATCH]):
        after = batch[-1].pk
        trails = trails_of(Q(session_id__in=[row.pk for row in batch]))
        asked = {entry.row[2] for trail in trails.values() for entry in trail if entry.is_answer}
        names = dict(Question.objects.filter(pk__in=asked).values_list("pk", "external_id"))
        yield [(row, _told(row, trails.get(row.pk, []), names)) for row in batch]


def _told(row: TestSession, trail: list[Entry], names: dict[int, str]) -> Session:
    if (broken := break_of(row, trail)) is not None:
        raise ArchiveError(f"session {row.pk}: {broken}")
    return msgspec.structs.replace(
        alone(row),
        answers=[_answer(entry.row, names) for entry in trail if entry.is_answer],
        events=[_event(entry.row) for entry in trail if not entry.is_answer],
    )


def alone(row: TestSession) -> Session:
    """Its own row, without answers and events."""
    return Session(
        **{name: getattr(row, name) for name in _OWN},
        revision=row.revision.content_hash,
        plan=row.plan.content_hash,
        result_spec=row.result_spec.content_hash if row.result_spec else None,
        is_imported=row.legacy_id is not None,
        chain_head=bytes(row.chain_head),
        answers=[],
        events=[],
    )


def _answer(row: tuple[Any, ...], names: dict[int, str]) -> Answer:
    """`row`: as `trails_of` reads it."""
    _, position, question_id, answer, score, is_correct, theta, error, took, at, response, link, *more = row
    overall_theta, overall_error, is_pilot, is_rapid = more
    return Answer(
        position=position,
        question_id=question_id,
        question=names[question_id],
        answer=answer,
        response=response,
        score=score,
        is_correct=is_correct,
        theta=theta,
        standard_error=error,
        overall_theta=overall_theta,
        overall_error=overall_error,
        is_pilot=is_pilot,
        is_rapid=is_rapid,
        response_time_ms=took,
        answered_at=datetime.fromtimestamp(0, UTC) + timedelta(microseconds=at),
        link=bytes(link),
    )


def _event(row: SessionEvent) -> Event:
    return Event(
        kind=row.kind,
        after_answers=row.after_answers,
        at=row.at,
        reason=row.reason,
        by_id=row.by_id,
        link=bytes(row.link),
    )


def _end(counted: Counted, digest: bytes, key: str | None = None) -> End:
    told = (counted.sessions, counted.answers, counted.events)
    entry = msgspec.msgpack.encode(("archive", *told, digest))
    seal = hmac.digest((settings.AUDIT_KEY if key is None else key).encode(), entry, "sha256").hex()
    return End(sessions=told[0], answers=told[1], events=told[2], seal=seal)


# --- Checking -----------------------------------------------------------------------------------------------


def check(lines: Iterable[bytes], progress: Callable[[int], object] = lambda _: None) -> Counted:
    """Whether a file is what was written, with nothing missing, and whether the database still has it all.

    Raises `ArchiveError` where a line is none.
    """
    digest, counted, plans, is_over = hashlib.sha256(), Counted(), set[str](), False
    last_links: dict[UUID, bytes] = {}
    for number, line in enumerate(lines, start=1):
        told = _read(line, number)
        if is_over or isinstance(told, Head) != (number == 1):
            raise ArchiveError(f"Line {number} does not belong there.")
        if isinstance(told, Head):
            counted.head = told
        elif isinstance(told, End):
            is_over, counted.seal = True, told.seal
            if not _is_sealed(told, counted, digest.digest()):
                counted.breaks.append(Break("the file", "is not what was written: something is new or gone"))
        elif isinstance(told, Plan):
            plans.add(told.content_hash)
            if not is_plan_hash(told.content_hash, told.rules, told.concept_names):
                counted.breaks.append(Break("a plan", "its rules or concept names were changed"))
        elif isinstance(told, Session):
            counted.add(told)
            trail = trail_of(told)
            counted.breaks += _breaks_of(told, trail, plans)
            last_links[told.id] = trail[-1].link if trail else b""
            if len(last_links) == BATCH:
                counted.breaks += _gone(last_links)
                progress(len(last_links))
                last_links.clear()
        digest.update(line)
    if not is_over:
        counted.breaks.append(Break("the file", "breaks off: its end is missing"))
    counted.breaks += _gone(last_links)
    progress(len(last_links))
    return counted


def sessions_in(lines: Iterable[bytes]) -> Iterator[tuple[Session, list[Entry]]]:
    """A file's tests, each with its trail. Raises `ArchiveError` at one that is not as it was written."""
    for number, line in enumerate(lines, start=1):
        told = _read(line, number)
        if isinstance(told, Session):
            trail = trail_of(told)
            if (broken := break_of(row_of(told), trail)) is not None:
                raise ArchiveError(f"session {told.id}: {broken}")
            yield told, trail


def _is_sealed(told: End, counted: Counted, digest: bytes) -> bool:
    keys = (settings.AUDIT_KEY, *settings.AUDIT_KEY_FALLBACKS)
    return any(told == _end(counted, digest, key) for key in keys)


def _read(line: bytes, number: int) -> Head | Plan | Session | End:
    try:
        told: Head | Plan | Session | End = _LINE.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ArchiveError(f"Line {number} is none of an archive: {error}") from error
    if isinstance(told, Head) and told.version != VERSION:
        raise ArchiveError(f"The file is of version {told.version}, which this release does not read.")
    return told


def _breaks_of(told: Session, trail: list[Entry], plans: set[str]) -> Iterator[Break]:
    if told.plan not in plans:
        yield Break(f"session {told.id}", "its plan is missing")
    if (broken := break_of(row_of(told), trail)) is not None:
        yield Break(f"session {told.id}", broken)


def row_of(told: Session) -> TestSession:
    """As it was in the table, not stored."""
    spec = None if told.result_spec is None else ResultSpecification(content_hash=told.result_spec)
    return TestSession(
        **{name: getattr(told, name) for name in _OWN},
        revision=PoolRevision(content_hash=told.revision),
        plan=TestPlan(content_hash=told.plan),
        result_spec=spec,
        legacy_id="" if told.is_imported else None,
        chain_head=told.chain_head,
    )


def trail_of(told: Session) -> list[Entry]:
    own = [entry_of_answer(_row_of_answer(told.id, each)) for each in told.answers]
    for number, event in enumerate(told.events):
        fields = {name: getattr(event, name) for name in event.__struct_fields__}
        own.append(entry_of_event(SessionEvent(pk=number, session_id=told.id, **fields)))
    return sorted(own, key=lambda entry: entry.order)


def _row_of_answer(session_id: UUID, told: Answer) -> tuple[Any, ...]:
    """As `trails_of` reads it."""
    found = (told.answer, told.score, told.is_correct, told.theta, told.standard_error)
    times = (told.response_time_ms, chain.microseconds(told.answered_at))
    marks = (told.overall_theta, told.overall_error, told.is_pilot, told.is_rapid)
    return session_id, told.position, told.question_id, *found, *times, told.response, told.link, *marks


_GONE = """
SELECT known.id, session.chain_head, archived.session_id IS NOT NULL
FROM unnest(%s::uuid[], %s::bytea[]) AS known (id, link)
LEFT JOIN test_sessions session ON session.id = known.id
LEFT JOIN archived_sessions archived ON archived.session_id = known.id
WHERE NOT EXISTS (SELECT FROM test_responses row WHERE row.session_id = known.id AND row.link = known.link)
  AND NOT EXISTS (SELECT FROM session_events row WHERE row.session_id = known.id AND row.link = known.link)
"""


def _gone(last_links: dict[UUID, bytes]) -> list[Break]:
    """Tests whose last entry the database no longer has. One that went on since has it, and one whose entries
    were taken out has the head that it leads to.
    """
    with connection.cursor() as cursor:
        cursor.execute(_GONE, [list(last_links), list(last_links.values())])
        return [
            Break(f"session {session_id}", "is no longer in the database as the archive has it")
            for session_id, head, is_archived in cursor.fetchall()
            if not (is_archived and chain.link_of(bytes(head)) == last_links[session_id])
        ]
