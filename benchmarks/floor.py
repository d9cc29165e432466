"""The floor under `submit`: a view that makes the same round trips with the same bytes, and nothing else.

No engine, no validation, no domain: what it sends was packed before. Its sessions are rows and keys of its
own, started by the service, so PostgreSQL and Redis do the very work that they do for `submit`.
"""

import os
import secrets
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection
from django.urls import path
from django.utils import timezone
from django_redis import get_redis_connection
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from adaptive import urls
from sessions_app import replies
from sessions_app.sitting import rates
from sessions_app.sitting.hot_state import _SETTLE, _SETTLE_SHA
from sessions_app.sitting.ledger import _RECORD
from sessions_app.sitting.rates import RateLimit, SessionRate

PACKED_FILE = "BENCHMARK_FLOOR"  # the environment says where it lies

# The floor computes no chain: it writes one that fits nothing, and asks for none.
RECORD = _RECORD.replace("chain_head = %(head_before)s", "chain_head IS NOT NULL")


class Packed(msgspec.Struct, frozen=True):
    """What the floor sends for tests of one pool, by the number of answers before."""

    question_pks: list[int]
    states: list[bytes]
    row: dict[str, Any]
    reply: replies.Continued


@cache
def packed() -> dict[int, Packed]:
    """By number of concepts."""
    return msgspec.msgpack.decode(Path(os.environ[PACKED_FILE]).read_bytes(), type=dict[int, Packed])


@cache
def scripts() -> None:
    """Teach Redis the service's scripts, should the service not have come first."""
    with get_redis_connection("default").pipeline() as pipeline:
        rates.load_script(pipeline)
        pipeline.script_load(_SETTLE)
        pipeline.execute()


class FloorView(APIView):
    permission_classes = [AllowAny]

    def get_throttles(self) -> list[BaseThrottle]:
        return []

    def post(self, request: Request) -> Response:
        body: Any = request.data
        answered, sent = body["answered"], packed()[body["concepts"]]
        session_id, now = body["session_id"], timezone.now()
        state, lock = f"session:{session_id}:state", f"lock:{session_id}:{body['question_id']}"
        token = secrets.token_bytes(8)
        rate = SessionRate(RateLimit(f"session:{session_id}", 10**9), session_id, None)
        redis = get_redis_connection("default")
        scripts()

        with redis.pipeline(transaction=False) as pipeline:
            pipeline.set(lock, token, nx=True, ex=settings.SUBMISSION_LOCK_TTL)
            pipeline.get(lock)
            pipeline.get(state)
            rates.count_in_session(pipeline, rate, state)
            pipeline.execute()

        item = {"item": answered, "next_item": answered + 1, "question_pk": sent.question_pks[answered]}
        with connection.cursor() as cursor:
            row = {**sent.row, **item, "session_id": session_id, "answered": answered, "now": now}
            row["on_time"] = now
            cursor.execute(RECORD, row)
            advanced, _ = cursor.fetchone()
        assert advanced == 1

        with redis.pipeline(transaction=False) as pipeline:
            after = sent.states[answered + 1]
            pipeline.evalsha(_SETTLE_SHA, 2, state, lock, token, after, settings.SESSION_STATE_TTL)
            pipeline.get(f"question:{sent.question_pks[answered + 1]}")
            pipeline.execute()
        return Response(sent.reply)


urlpatterns = [path("api/test/floor", FloorView.as_view()), *urls.urlpatterns]
