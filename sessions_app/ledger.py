"""One answer into PostgreSQL: a single statement, so a single transaction and a single round trip.

The conditional UPDATE is the guard: of two requests that answer the same question, the second waits for the
first one's row lock, then matches no row, and writes nothing. The constraints on `test_responses` stand
behind it. It is SQL by hand because the ORM would make five round trips of it.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, connection

from sessions_app.refusals import IdempotencyKeyReused

_RECORD = """
WITH advanced AS (
  UPDATE test_sessions
  SET questions_answered = questions_answered + 1,
      correct_responses = correct_responses + %(is_correct)s::int,
      theta = %(theta)s, standard_error = %(standard_error)s, last_activity = %(now)s,
      current_position = %(next_item)s, status = %(status)s, end_reason = %(end_reason)s,
      completed_at = %(completed_at)s
  WHERE id = %(session_id)s AND status = 'active' AND questions_answered = %(answered)s
    AND current_position = %(item)s
  RETURNING id, student_id, questions_answered
), recorded AS (
  INSERT INTO test_responses (session_id, position, question_id, answer, score, is_correct, theta,
                              standard_error, response_time_ms, idempotency_key, answered_at)
  SELECT id, questions_answered, %(question_pk)s, %(answer)s, %(score)s, %(is_correct)s, %(theta)s,
         %(standard_error)s, %(response_time_ms)s, %(idempotency_key)s, %(now)s
  FROM advanced
), known AS (
  INSERT INTO student_proficiencies (student_id, concept_name, theta, standard_error, session_id, updated_at)
  SELECT advanced.student_id, concept.name, concept.theta, concept.standard_error, advanced.id, %(now)s
  FROM advanced, unnest(%(concept_names)s::text[], %(theta)s::float8[], %(standard_error)s::float8[],
                        %(is_measured)s::bool[]) AS concept (name, theta, standard_error, is_measured)
  WHERE concept.is_measured
  ORDER BY concept.name
  ON CONFLICT (student_id, concept_name) DO UPDATE
  SET theta = excluded.theta, standard_error = excluded.standard_error, session_id = excluded.session_id,
      updated_at = excluded.updated_at
)
SELECT count(*) FROM advanced
"""


@dataclass(frozen=True)
class Entry:
    """An answer and what it changes: everything that one submission writes."""

    session_id: UUID
    answered: int  # before this answer
    item: int
    question_pk: int
    answer: int | None
    score: int
    is_correct: bool
    theta: list[float]
    standard_error: list[float]
    concept_names: list[str]
    is_measured: list[bool]  # whether the pool measures the concept at all
    next_item: int | None
    status: str
    end_reason: str
    completed_at: datetime | None
    response_time_ms: int | None
    idempotency_key: str | None
    now: datetime


def record(entry: Entry) -> bool:
    """Write the answer. False, and nothing written, where the session is no longer at this question.

    Raises `IdempotencyKeyReused` where another answer of this session carries the key.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(_RECORD, vars(entry))
            (advanced,) = cursor.fetchone()
    except IntegrityError as error:
        if "response_idempotency_key_once" in str(error):
            raise IdempotencyKeyReused from error
        raise
    return bool(advanced)
