"""The service, with the lean floor before it: the round trips of `submit` with no framework around them."""

import os
import secrets
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection
from django.utils import timezone
from django_redis import get_redis_connection
from psycopg.types.numeric import Int4, Int8

from adaptive.wsgi import application as service
from benchmarks import floor
from sessions_app import replies
from sessions_app.sitting import hot_state, rates, scripts
from sessions_app.sitting.rates import Owners, SessionRate
from sessions_app.sitting.round_trips import exchange

LEAN_FLOOR = "/api/test/lean-floor"
assert os.environ[floor.PACKED_FILE]


class Asked(msgspec.Struct):
    session_id: UUID
    question_id: str
    answered: int
    concepts: int


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    if environ["PATH_INFO"] != LEAN_FLOOR:
        return service(environ, start_response)
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    reply = replies.encode(_answer(msgspec.json.decode(body, type=Asked)))
    connection.close()  # into the pool
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(reply)))]
    start_response("200 OK", headers)
    return [reply]


def _answer(asked: Asked) -> replies.Continued:
    answered, sent, now = asked.answered, floor.packed()[asked.concepts], timezone.now()
    token, rate = secrets.token_bytes(8), SessionRate(asked.session_id)
    keys = [hot_state.state_key(asked.session_id), hot_state.lock_key(asked.session_id, asked.question_id)]
    redis = get_redis_connection("default")

    claim = [*keys, rates.counter_key(rate)]
    lock = (token, settings.SUBMISSION_LOCK_TTL)
    exchange(
        redis,
        [
            *rates.count_outside(rate, Owners(None, 1)),
            scripts.CLAIM(claim, *lock, *rates.in_session(rate)),
        ],
    )

    row = {
        **sent.row,
        "item": Int4(answered),
        "next_item": Int4(answered + 1),
        "question_pk": Int8(sent.question_pks[answered]),
        "session_id": asked.session_id,
        "answered": Int4(answered),
        "now": now,
        "on_time": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(floor.LEAN_RECORD, row)
        assert cursor.fetchone()[0] == 1

    after, next_question = sent.states[answered + 1], hot_state.question_key(sent.question_pks[answered + 1])
    exchange(redis, [scripts.SETTLE(keys, token, after, settings.SESSION_STATE_TTL), ("GET", next_question)])
    return sent.reply
