"""Two floors under `submit`: views that make the same round trips with the same bytes, and nothing else.

No engine, no validation, no domain: what they send was packed before. Their sessions are rows and keys of
their own, started by the service, so PostgreSQL and Redis do the very work that they do for `submit`.

The floor is as it was in version 1.0, and stays so: behind every middleware and all of REST framework, with
that version's commands to Redis, a question to PostgreSQL whether it lives, and a statement that it plans
each time. The lean floor makes
today's round trips, and knows no framework at all (`floor_wsgi`).
"""

import os
import secrets
import time
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection
from django.urls import path
from django.utils import timezone
from django_redis import get_redis_connection
from psycopg_pool import ConnectionPool
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from adaptive import urls
from sessions_app import replies
from sessions_app.sitting.ledger import _RECORD

PACKED_FILE = "BENCHMARK_FLOOR"  # the environment says where it lies

# The floors compute no chain: they write one that fits nothing, and ask for none.
LEAN_RECORD = _RECORD.replace("chain_head = %(head_before)s", "chain_head IS NOT NULL")
RECORD = """
WITH advanced AS (
  UPDATE test_sessions
  SET questions_answered = questions_answered + 1,
      correct_responses = correct_responses + (%(is_correct)s AND NOT %(is_pilot)s)::int,
      pilots_answered = pilots_answered + %(is_pilot)s::int,
      rapid_answers = rapid_answers + %(is_rapid)s::int,
      theta = %(theta)s::float8[], standard_error = %(standard_error)s::float8[],
      overall_theta = %(overall_theta)s, overall_error = %(overall_error)s,
      last_activity = GREATEST(last_activity, %(now)s, statement_timestamp()),
      current_position = %(next_item)s, status = %(status)s, end_reason = %(end_reason)s,
      completed_at = %(completed_at)s, chain_head = %(chain_head)s
  WHERE id = %(session_id)s AND status = 'active' AND questions_answered = %(answered)s
    AND current_position = %(item)s AND chain_head IS NOT NULL
    AND token_generation = %(token_generation)s
    AND (deadline IS NULL OR deadline >= %(on_time)s)
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
  INSERT INTO student_proficiencies (student_id, scale_id, concept_name, theta, standard_error, session_id,
                                     updated_at)
  SELECT advanced.student_id, pool.scale_id, concept.name, concept.theta, concept.standard_error, advanced.id,
         %(now)s
  FROM advanced JOIN pool_revisions AS revision ON revision.id = advanced.revision_id
       JOIN question_pools AS pool ON pool.id = revision.pool_id,
       unnest(%(concept_names)s::text[], %(theta)s::float8[], %(standard_error)s::float8[],
              %(is_measured)s::bool[]) AS concept (name, theta, standard_error, is_measured)
  WHERE concept.is_measured
  ORDER BY concept.name
  ON CONFLICT (student_id, scale_id, concept_name) DO UPDATE
  SET theta = excluded.theta, standard_error = excluded.standard_error, session_id = excluded.session_id,
      updated_at = excluded.updated_at
)
SELECT count(*), max(deadline) FROM advanced
"""

# What version 1.0 counted for a session's token and its student, and how it put a state in a state's place.
COUNT = """
local function is_over(key, limit)
  local seen = redis.call('INCR', key)
  if seen == 1 then redis.call('EXPIRE', key, ARGV[3]) end
  return seen > tonumber(limit)
end
local over = is_over(KEYS[1], ARGV[1])
local state = redis.call('GET', KEYS[2])
if state then
  local read, _, client, student = pcall(cmsgpack.unpack_limit, state, 2, 2 + 1)
  over = is_over('rate:student:' .. string.format('%.0f', 1) .. ':' .. ARGV[2], ARGV[1]) or over
end
return over and 1 or 0
"""
SETTLE = """
local function answered(state) return string.byte(state, 1) * 256 + string.byte(state, 2) end
local old = redis.call('GET', KEYS[1])
if old and answered(old) <= answered(ARGV[2]) then redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
"""


class Packed(msgspec.Struct, frozen=True):
    """What the floors send for tests of one pool, by the number of answers before."""

    question_pks: list[int]
    states: list[bytes]
    row: dict[str, Any]
    reply: replies.Continued


@cache
def packed() -> dict[int, Packed]:
    """By number of concepts."""
    return msgspec.msgpack.decode(Path(os.environ[PACKED_FILE]).read_bytes(), type=dict[int, Packed])


@cache
def digests() -> tuple[str, str]:
    """Teach Redis the scripts."""
    redis = get_redis_connection("default")
    return str(redis.script_load(COUNT)), str(redis.script_load(SETTLE))


class FloorView(APIView):
    permission_classes = [AllowAny]

    def get_throttles(self) -> list[BaseThrottle]:
        return []

    def post(self, request: Request) -> Response:
        body: Any = request.data
        answered, sent = body["answered"], packed()[body["concepts"]]
        session_id, now, minute = body["session_id"], timezone.now(), int(time.time() // 60)
        state, lock = f"session:{session_id}:state", f"lock:{session_id}:{body['question_id']}"
        token = secrets.token_bytes(8)
        redis = get_redis_connection("default")
        count, settle = digests()

        with redis.pipeline(transaction=False) as pipeline:
            counter = f"rate:session:{session_id}:0:{minute}"
            pipeline.evalsha(count, 2, counter, state, 10**9, minute, 120)
            pipeline.set(lock, token, nx=True, ex=settings.SUBMISSION_LOCK_TTL)
            pipeline.get(lock)
            pipeline.get(state)
            pipeline.execute()

        item = {"item": answered, "next_item": answered + 1, "question_pk": sent.question_pks[answered]}
        connection.ensure_connection()
        ConnectionPool.check_connection(connection.connection)
        with connection.cursor() as cursor:
            row = {**sent.row, **item, "session_id": session_id, "answered": answered, "now": now}
            row["on_time"] = now
            cursor.cursor.execute(RECORD, row, prepare=False)
            advanced, _ = cursor.fetchone()
        assert advanced == 1

        with redis.pipeline(transaction=False) as pipeline:
            after = sent.states[answered + 1]
            pipeline.evalsha(settle, 2, state, lock, token, after, settings.SESSION_STATE_TTL)
            pipeline.get(f"question:{sent.question_pks[answered + 1]}")
            pipeline.execute()
        return Response(sent.reply)


urlpatterns = [path("api/test/floor", FloorView.as_view()), *urls.urlpatterns]
