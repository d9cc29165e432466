"""What moves a session on, into PostgreSQL: a single statement each, so a single transaction and round trip.

The conditional UPDATE is the guard of an answer: of two requests that answer the same question, the second
waits for the first one's row lock, then matches no row, and writes nothing. The constraints on
`test_responses` stand behind it. It asks for the chain's head as well: a hot state that is not of this very
past records nothing. It is SQL by hand because the ORM would make six round trips of it.

A slow clock of this process does not make a session look abandoned: PostgreSQL's own counts as well.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, cast
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import IntegrityError, connection, connections
from django.db.models import Field, Model
from psycopg.types.json import Jsonb
from psycopg.types.numeric import Int4, Int8

from sessions_app.audit import chain, entries
from sessions_app.models import SessionEvent, TestSession
from sessions_app.refusals import IdempotencyKeyReused
from testing_engine.questions.answers import Answer

_RECORD = """
WITH advanced AS (
  UPDATE test_sessions
  SET questions_answered = questions_answered + 1,
      correct_responses = correct_responses + (%(is_correct)s AND NOT %(is_pilot)s)::int,
      pilots_answered = pilots_answered + %(is_pilot)s::int,
      rapid_answers = rapid_answers + %(is_rapid)s::int,
      theta = %(theta)s::float8[], standard_error = %(standard_error)s::float8[],
      overall_theta = %(overall_theta)s, overall_error = %(overall_error)s,
      last_activity = GREATEST(last_activity, %(now)s, statement_timestamp()),
      activity_mark = CASE
        WHEN GREATEST(last_activity, %(now)s, statement_timestamp()) < activity_mark + %(mark_stays)s
        THEN activity_mark ELSE GREATEST(last_activity, %(now)s, statement_timestamp()) END,
      current_position = %(next_item)s, status = %(status)s, end_reason = %(end_reason)s,
      completed_at = %(completed_at)s, chain_head = %(chain_head)s
  WHERE id = %(session_id)s AND status = 'active' AND questions_answered = %(answered)s
    AND current_position = %(item)s AND chain_head = %(head_before)s
    AND token_generation = %(token_generation)s
    AND (deadline IS NULL OR deadline >= %(on_time)s) AND paused_at IS NULL
    AND (%(answer)s::int IS NOT NULL OR %(response)s::jsonb IS NOT NULL OR named_test_id IS NULL
         OR (SELECT allow_dont_know FROM named_tests WHERE named_tests.id = named_test_id))
  RETURNING id, student_id, revision_id, questions_answered, deadline
), recorded AS (
  INSERT INTO test_responses (session_id, position, question_id, answer, response, score, is_correct, theta,
                              standard_error, overall_theta, overall_error, is_pilot, is_rapid,
                              response_time_ms, idempotency_key, answered_at, link)
  SELECT id, questions_answered, %(question_pk)s, %(answer)s, %(response)s::jsonb, %(score)s, %(is_correct)s,
         %(theta)s::float8[], %(standard_error)s::float8[], %(overall_theta)s, %(overall_error)s,
         %(is_pilot)s, %(is_rapid)s, %(response_time_ms)s, %(idempotency_key)s, %(now)s, %(link)s
  FROM advanced
), finished AS (
  INSERT INTO session_events (session_id, kind, after_answers, at, reason, request_hash, link)
  SELECT id, %(status)s, questions_answered, %(now)s, %(end_reason)s, '', %(completed_link)s
  FROM advanced WHERE %(status)s <> 'active'
), known AS (
  INSERT INTO student_proficiencies (student_id, scale_id, concept_name, session_id, updated_at)
  SELECT advanced.student_id, pool.scale_id, concept.name, advanced.id, %(now)s
  FROM advanced JOIN pool_revisions AS revision ON revision.id = advanced.revision_id
       JOIN question_pools AS pool ON pool.id = revision.pool_id,
       unnest(%(concept_names)s::text[], %(is_measured)s::bool[]) AS concept (name, is_measured)
  WHERE concept.is_measured AND NOT EXISTS (
    SELECT FROM student_proficiencies AS own
    WHERE own.student_id = advanced.student_id AND own.scale_id = pool.scale_id
      AND own.concept_name = concept.name AND own.session_id = advanced.id)
  ORDER BY concept.name
  ON CONFLICT (student_id, scale_id, concept_name) DO UPDATE SET session_id = excluded.session_id
)
SELECT count(*), max(deadline) FROM advanced
"""


def begin(session: TestSession, event: SessionEvent) -> None:
    """Store a session that begins, and the event of it."""
    statement, session_fields, event_fields = _begin_statement()
    values = [*_prepared(session, session_fields), *_prepared(event, event_fields)]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
    session._state.adding, session._state.db = False, connection.alias


def _prepared(row: Model, fields: Sequence[Field[Any, Any]]) -> Iterator[Any]:
    own = connections[connection.alias]  # behind the proxy, which each of the fields would ask again
    for field in fields:
        value = getattr(row, field.attname)
        yield None if value is None else field.get_db_prep_save(value, own)


@cache
def _begin_statement() -> tuple[str, list[Field[Any, Any]], list[Field[Any, Any]]]:
    """The statement, and whose values it takes: all columns of both tables, but for the event's own key."""
    session_fields = list(TestSession._meta.local_concrete_fields)
    event_fields = [field for field in SessionEvent._meta.local_concrete_fields if not field.primary_key]
    latest = {"last_activity", "activity_mark"}
    begun = _inserted("test_sessions", session_fields, latest)
    return (
        f"WITH begun AS ({begun}) {_inserted('session_events', event_fields)}",
        session_fields,
        event_fields,
    )


def _inserted(table: str, fields: Sequence[Field[Any, Any]], latest: Collection[str] = ()) -> str:
    """Of `latest` columns PostgreSQL's own clock counts as well."""
    columns = [str(field.column) for field in fields]
    values = ["GREATEST(%s, statement_timestamp())" if name in latest else "%s" for name in columns]
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(values)})"  # noqa: S608


class Entry(msgspec.Struct, frozen=True):
    """An answer and what it changes: everything that one submission writes."""

    session_id: UUID
    answered: int  # before this answer
    item: int
    question_pk: int
    answer: int | None  # an option's index
    response: Answer | None  # or the values of the response variables
    score: int
    is_correct: bool
    is_pilot: bool  # only tried out: it counts in nothing
    is_rapid: bool  # too fast to be one of effort: abilities leave it out
    theta: list[float]
    standard_error: list[float]
    overall: tuple[float, float] | None  # mean θ over several concepts, and its standard error
    concept_names: list[str]
    is_measured: list[bool]  # whether the pool measures the concept at all; empty: nothing is estimated
    next_item: int | None
    status: str
    end_reason: str
    completed_at: datetime | None
    response_time_ms: int | None
    idempotency_key: str | None
    now: datetime
    token_generation: int  # a state from before a revocation records nothing
    on_time: datetime  # the earliest deadline that this answer still keeps
    head_before: bytes  # of the audit chain

    @property
    def columns(self) -> dict[str, object]:
        """What the driver takes otherwise than it stands here."""
        response = None if self.response is None else Jsonb(self.response)
        return {**self.overall_columns, **self.whole_numbers, **self.arrays, "response": response}

    @property
    def overall_columns(self) -> dict[str, float | None]:
        theta, error = self.overall or (None, None)
        return {"overall_theta": theta, "overall_error": error}

    @property
    def whole_numbers(self) -> dict[str, Int4 | Int8 | None]:
        """By column, as wide as it is: a number's own width would make each another statement to prepare."""
        milliseconds, following = self.response_time_ms, self.next_item
        return {
            "answered": Int4(self.answered),
            "item": Int4(self.item),
            "question_pk": Int8(self.question_pk),
            "answer": None if self.answer is None else Int4(self.answer),
            "score": Int4(self.score),
            "next_item": None if following is None else Int4(following),
            "response_time_ms": None if milliseconds is None else Int4(milliseconds),
            "token_generation": Int4(self.token_generation),
        }

    @property
    def arrays(self) -> dict[str, str]:
        """By column, as PostgreSQL writes them: the driver goes through each element more than once."""
        return {
            "theta": f"{{{','.join(map(repr, self.theta))}}}",
            "standard_error": f"{{{','.join(map(repr, self.standard_error))}}}",
            "concept_names": _array_of_texts(tuple(self.concept_names)),
            "is_measured": f"{{{','.join('t' if each else 'f' for each in self.is_measured)}}}",
        }


@dataclass(frozen=True)
class Recorded:
    """What only the row knows after an answer."""

    head: bytes  # of the audit chain
    deadline: datetime | None


@lru_cache(maxsize=1024)
def _array_of_texts(texts: tuple[str, ...]) -> str:
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"


def mark_stays() -> timedelta:
    """For so long no answer moves its session's mark of activity, so the cleanup looks at so many more."""
    return timedelta(minutes=settings.SESSION_INACTIVITY_MINUTES) / 3


def record(entry: Entry) -> Recorded | None:
    """Write the answer.

    None, and nothing written, where the session is not or no longer at this question, is paused, its time is
    up, or it does not take "I don't know".

    Raises `IdempotencyKeyReused` where another answer of this session carries the key.
    """
    links = _links_of(entry)
    row = msgspec.structs.asdict(entry) | entry.columns | links | {"mark_stays": mark_stays()}
    try:
        with connection.cursor() as cursor:
            cursor.execute(_RECORD, cast(Any, row))
            advanced, deadline = cursor.fetchone()
    except IntegrityError as error:
        if "idempotency_key" in str(error):  # a partition calls the constraint by a name of its own
            raise IdempotencyKeyReused from error
        raise
    return Recorded(links["chain_head"], deadline) if advanced else None


def _links_of(entry: Entry) -> dict[str, bytes]:
    """The chain over the answer, and over the end of the test where it was the last."""
    position = entry.answered + 1
    answer = chain.answer_entry(
        entry.session_id,
        position,
        entry.question_pk,
        entry.answer,
        entry.score,
        entry.is_correct,
        entry.theta,
        entry.standard_error,
        entry.response_time_ms,
        chain.microseconds(entry.now),
        entry.response,
        entry.overall,
        entry.is_pilot,
        entry.is_rapid,
    )
    head = chain.advance(entry.head_before, answer)
    links = {"link": chain.link_of(head), "completed_link": b""}
    if entry.status != TestSession.Status.ACTIVE:
        end = chain.event_entry(
            entry.session_id, entry.status, position, entry.now, entry.end_reason, None, ()
        )
        head = chain.advance(head, end)
        links["completed_link"] = chain.link_of(head)
    return {**links, "chain_head": head}


def came_before(session: TestSession, idempotency_key: str | None, fingerprint: str) -> bool:
    """Whether one of its events carries the key; raises `IdempotencyKeyReused` for another request's."""
    if idempotency_key is None:
        return False
    earlier = session.events.filter(idempotency_key=idempotency_key).first()
    if earlier is not None and earlier.request_hash != fingerprint:
        raise IdempotencyKeyReused
    return earlier is not None


_CLOSE = """
WITH closing AS (
  SELECT * FROM unnest(%(ids)s::uuid[], %(heads)s::bytea[], %(links)s::bytea[]) AS each (id, head, link)
), closed AS (
  UPDATE test_sessions AS session
  SET status = %(status)s, end_reason = %(reason)s, completed_at = %(now)s, current_position = NULL,
      paused_at = NULL, paused_until = NULL, chain_head = closing.head
  FROM closing WHERE session.id = closing.id
  RETURNING session.id, session.questions_answered, closing.link
)
INSERT INTO session_events (session_id, kind, after_answers, at, reason, by_id, idempotency_key, request_hash,
                            link)
SELECT id, %(status)s, questions_answered, %(now)s, %(reason)s, %(by_id)s, %(idempotency_key)s,
       %(request_hash)s, link
FROM closed
"""


def close(
    sessions: Sequence[TestSession],
    status: str,
    *,
    reason: str,
    now: datetime,
    by_id: int | None = None,
    idempotency_key: str | None = None,
    request_hash: str = "",
) -> None:
    """End active sessions that the model did not end. The caller holds their rows' locks."""
    ends = [entries.after_event(each, status, now=now, reason=reason, by_id=by_id) for each in sessions]
    parameters: dict[str, Any] = {
        "ids": [session.pk for session in sessions],
        "heads": [head for head, _ in ends],
        "links": [link for _, link in ends],
        "status": status,
        "reason": reason,
        "now": now,
        "by_id": by_id,
        "idempotency_key": idempotency_key,
        "request_hash": request_hash,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE, parameters)


def append_event(
    session: TestSession,
    kind: str,
    *,
    now: datetime,
    reason: str,
    by_id: int | None = None,
    idempotency_key: str | None = None,
    request_hash: str = "",
    **changes: object,
) -> None:
    """An event of one session, and what it `changes` in its row. The caller holds the row's lock."""
    head, link = entries.after_event(session, kind, now=now, reason=reason, by_id=by_id)
    for name, value in {**changes, "chain_head": head}.items():
        setattr(session, name, value)
    session.save(update_fields=[*changes, "chain_head"])
    SessionEvent.objects.create(
        session=session,
        kind=kind,
        after_answers=session.questions_answered,
        at=now,
        reason=reason,
        by_id=by_id,
        idempotency_key=idempotency_key,
        request_hash=request_hash,
        link=link,
    )
