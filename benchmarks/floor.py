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
RECORD = _RECORD.replace("chain_head = %(head_before)s", "chain_head IS NOT NULL")

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
