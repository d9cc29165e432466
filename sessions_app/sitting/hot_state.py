"""Redis: the state of running sessions, submission locks, the question cache, and their statistics.

Everything here is speed, nothing is truth. Every function works, and says so by its result, when Redis is
gone; PostgreSQL's constraints guard what matters. A submission costs two round trips: `claim` and `settle`.
"""

import logging
import os
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.core.signals import setting_changed
from django_redis import get_redis_connection
from redis import Redis, RedisCluster
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisClusterException, RedisError

from sessions_app import metrics
from sessions_app.sitting import rates, scripts
from sessions_app.sitting.rates import Owners, RateLimit, SessionRate
from sessions_app.sitting.round_trips import Command, exchange
from sessions_app.sitting.session_state import SessionState, ShownQuestion

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claim:
    """What the first round trip of a submission found. `token` is None where Redis did not answer."""

    session_id: UUID
    question_id: str
    token: bytes | None
    is_free: bool
    state: SessionState | None
    is_over_rate: bool = False


WATCH_KEY = "watch"
CLEANUP_KEY = "cleanup:last"
LOSSES_KEY = "losses"
_REMEMBERED_FOR = 600  # seconds; a test that is over, in case its last answer is lost (`losses`)


def state_key(session_id: UUID) -> str:
    """The braces are part of it: a cluster keeps all keys with the same word in them in one place."""
    return f"session:{{{session_id}}}:state"


def over_key(session_id: UUID) -> str:
    """Where the last state of a test that is over stays for a while."""
    return f"over:{{{session_id}}}"


def lock_key(session_id: UUID, question_id: str) -> str:
    return f"lock:{{{session_id}}}:{question_id}"


def question_key(question_pk: int) -> str:
    return f"question:{question_pk}"


# --- The two round trips of a submission -----------------------------------------------------------------


def claim(session_id: UUID, question_id: str, rate: SessionRate | None = None) -> Claim:
    """Take the submission lock and read the state behind it, in one round trip.

    The lock is a courtesy that saves work. It is read back in the same trip: a command that the driver
    sent twice over a broken connection still knows its own lock.
    """
    token = secrets.token_bytes(8)
    keys = [state_key(session_id), lock_key(session_id, question_id)]
    counter = rates.counter_key(rate or SessionRate(session_id))
    commands = [] if rate is None else rates.count_outside(rate, _owners.get(session_id))
    in_session = rates.in_session(rate)
    commands.append(scripts.CLAIM([*keys, counter], token, settings.SUBMISSION_LOCK_TTL, *in_session))
    replies = _talk(*commands)
    if replies is None:
        return Claim(session_id, question_id, None, is_free=True, state=None)
    *outside, (is_over, owner, packed) = replies
    state = _unpacked(session_id, packed)
    is_over_rate = bool(is_over) or any(outside)
    return Claim(session_id, question_id, token, owner == token, state, is_over_rate)


def settle(
    claimed: Claim,
    state: SessionState | None,
    *,
    is_over: bool = False,
    next_question_pk: int | None = None,
) -> ShownQuestion | None:
    """Write the new state, release the lock if it is still ours, and read the next question, in one trip.

    `state=None` leaves the stored state alone, unless the session `is_over`: then it goes, and `state` is
    remembered apart. Returns the next question where it was cached.
    """
    if claimed.token is None and state is None and not is_over:
        return None
    packed: bytes | str = "" if is_over else "=" if state is None else state.packed()
    keys = [state_key(claimed.session_id), lock_key(claimed.session_id, claimed.question_id)]
    remembered: tuple[bytes, int] | tuple[()] = ()
    if is_over and state is not None:
        keys.append(over_key(claimed.session_id))
        remembered = (state.packed(), _REMEMBERED_FOR)
    lifetime = settings.SESSION_STATE_TTL
    commands = [scripts.SETTLE(keys, claimed.token or b"-", packed, lifetime, *remembered)]
    if next_question_pk is not None:
        commands.append(("GET", question_key(next_question_pk)))
    replies = _talk(*commands)
    if replies is None:
        _forget_later(claimed.session_id)
        return None
    return _decode_question(replies[-1]) if next_question_pk is not None else None


# --- State and questions outside a submission ---------------------------------------------------------------


def read_state(session_id: UUID) -> SessionState | None:
    """The state, or None where it is not in Redis or Redis does not answer."""
    replies = _talk(("GET", state_key(session_id)))
    return None if replies is None else _unpacked(session_id, replies[0])


def write_state(session_id: UUID, state: SessionState) -> None:
    """Store the state for as long as a session may be inactive."""
    packed = state.packed()
    _remember_owners(session_id, state)
    if _talk(("SET", state_key(session_id), packed, "EX", settings.SESSION_STATE_TTL)) is None:
        _forget_later(session_id)


def forget(session_ids: Iterable[UUID], *, also_over: bool = False) -> None:
    """Remove the state of sessions that are over; with `also_over` what is remembered of them behind it."""
    ids = list(session_ids)
    keys = [state_key(session_id) for session_id in ids]
    if also_over:
        keys += [over_key(session_id) for session_id in ids]
    unlinked = [("UNLINK", key) for key in keys]  # each in its own place of a cluster
    if ids and _talk(*unlinked) is None:
        for session_id in ids:
            _forget_later(session_id)


def every_state() -> Iterator[dict[UUID, SessionState]]:
    """The newest states of all sessions that run or were over a moment ago, some hundred at a time.

    Raises `RedisError` where Redis does not answer.
    """
    redis = _redis()
    for pattern in ("over:{*}", "session:{*}:state"):
        keys: list[bytes] = []
        for key in redis.scan_iter(match=pattern, count=1000):
            keys.append(key)
            if len(keys) == 500:
                yield _states_at(keys)
                keys = []
        yield _states_at(keys)


def _states_at(keys: Sequence[bytes]) -> dict[UUID, SessionState]:
    replies = _talk(*(("GET", key) for key in keys)) if keys else []
    if replies is None:
        raise RedisConnectionError("Redis went away while its states were read.")
    found = {}
    for key, packed in zip(keys, replies, strict=True):
        state = SessionState.unpack(packed)
        if state is not None:  # not gone meanwhile, and not of another version
            found[UUID(key.decode().partition("{")[2].partition("}")[0])] = state
    return found


def read_question(question_pk: int) -> ShownQuestion | None:
    """What a student sees of a question, where it is cached."""
    replies = _talk(("GET", question_key(question_pk)))
    return _decode_question(replies[0]) if replies else None


def cache_question(question_pk: int, question: ShownQuestion) -> None:
    """Keep what a student sees of a question."""
    packed = msgspec.msgpack.encode(question)
    _talk(("SET", question_key(question_pk), packed, "EX", settings.QUESTION_CACHE_TTL))


def is_over(limit: RateLimit) -> bool:
    """Count a request; says whether that is too many. Without Redis none is."""
    replies = _talk(rates.count(limit))
    return replies is not None and bool(replies[0])


def is_over_in_session(rate: SessionRate) -> bool:
    """The same for a request about a session, which counts for its student, too."""
    counts = rates.count_outside(rate, _owners.get(rate.session_id))
    counts += rates.count_in_session(rate, state_key(rate.session_id))
    replies = _talk(*counts)
    return replies is not None and any(replies)


def note_cleanup(at: datetime, ended: int) -> None:
    """For `/metrics`, which web answers, while a worker cleans up."""
    noted = ("HSET", CLEANUP_KEY, "at", str(at.timestamp()))
    _talk(noted, ("HINCRBY", CLEANUP_KEY, "ended", ended))


def last_cleanup() -> tuple[float, int] | None:
    """(seconds since 1970, sessions ended by all cleanups); None where Redis knows of none."""
    return _noted(CLEANUP_KEY, "ended")


def note_watch(at: datetime, waiting: int) -> None:
    """For `/metrics`: when somebody last looked which pools wait to be watched, and how many did."""
    _talk(("HSET", WATCH_KEY, "at", str(at.timestamp()), "waiting", waiting))


def last_watch() -> tuple[float, int] | None:
    """(seconds since 1970, pools that waited); None where Redis knows of none."""
    return _noted(WATCH_KEY, "waiting")


def timeline_looked_at() -> str | None:
    """The timeline of the PostgreSQL that somebody last compared every state with."""
    replies = _talk(("HGET", LOSSES_KEY, "timeline"))
    return str(replies[0].decode()) if replies and replies[0] else None


def note_timeline(timeline: str) -> None:
    """Every state has been compared with the rows of a PostgreSQL of this timeline."""
    _talk(("HSET", LOSSES_KEY, "timeline", timeline))


def _noted(key: str, name: str) -> tuple[float, int] | None:
    replies = _talk(("HMGET", key, "at", name))
    if replies is None or replies[0][0] is None:
        return None
    at, count = replies[0]
    return float(at), int(count)


def is_up() -> bool:
    """Whether Redis answers; of a cluster every master."""
    try:
        redis = _redis()
        redis.ping(**_everywhere(redis))
    except RedisError:
        return False
    return True


def statistics() -> dict[str, int | float] | None:
    """Keys by kind and memory used, or None where Redis does not answer. Never blocks Redis: it scans."""
    try:
        redis = _redis()
        counts = {
            "active_sessions": _count_keys(redis, "session:*:state"),
            "active_locks": _count_keys(redis, "lock:*"),
            "cached_questions": _count_keys(redis, "question:*"),
        }
        told = redis.info("memory", **_everywhere(redis))
        memory = sum(each["used_memory"] for each in ([told] if "used_memory" in told else told.values()))
        keys = redis.dbsize(**_everywhere(redis))
        return {**counts, "memory_used_mb": round(memory / 2**20, 2), "total_keys": keys}
    except RedisError:
        return None


def _everywhere(redis: Redis | RedisCluster) -> dict[str, Any]:
    """How a cluster is told to ask each of its masters."""
    return {"target_nodes": RedisCluster.PRIMARIES} if isinstance(redis, RedisCluster) else {}


# --- Whose sessions are, for counting their students ------------------------------------------------------

_MOST_OWNERS = 20_000  # some megabytes
_owners: dict[UUID, Owners] = {}


def _remember_owners(session_id: UUID, state: SessionState) -> None:
    if len(_owners) >= _MOST_OWNERS:
        _owners.clear()
    _owners[session_id] = Owners(state.client_id, state.student_id)


def _unpacked(session_id: UUID, packed: bytes | None) -> SessionState | None:
    state = SessionState.unpack(packed)
    metrics.hit_or_miss(state is not None)
    if state is not None and session_id not in _owners:
        _remember_owners(session_id, state)
    return state


# --- Talking to Redis ------------------------------------------------------------------------------


FAILURES = (RedisError, RedisClusterException)  # of a cluster's pipeline, which tells some in its own way


class _Outage:
    """When Redis last failed, and which states must go as soon as it is back, for this process."""

    def __init__(self) -> None:
        self.until = 0.0
        self.stale: set[UUID] = set()
        self.lock = threading.Lock()

    def take_stale(self) -> list[UUID]:
        if not self.stale:
            return []
        with self.lock:
            taken, self.stale = list(self.stale), set()
        return taken


_outage = _Outage()


def forget_outage() -> None:
    """Try Redis again at once, whatever happened a moment ago."""
    _outage.until, _outage.stale = 0.0, set()


def _forget_later(session_id: UUID) -> None:
    """Redis holds an older state than PostgreSQL: drop it in the next trip that succeeds."""
    with _outage.lock:
        _outage.stale.add(session_id)


def _redis() -> Redis | RedisCluster:
    return _client_in(os.getpid())


@lru_cache(maxsize=1)
def _client_in(pid: int) -> Redis | RedisCluster:
    """Django would look it up in every request."""
    client: Redis | RedisCluster = get_redis_connection("default")
    return client


setting_changed.connect(lambda **_: _client_in.cache_clear(), weak=False)  # in tests alone


def _talk(*commands: Command) -> list[Any] | None:
    """One round trip. None when Redis does not answer, or did not a moment ago.

    A Redis that was restarted learns our scripts, and is asked again. A cluster is away with any master.
    """
    if time.monotonic() < _outage.until:
        return None
    stale = _outage.take_stale()
    unlinked = [("DEL", state_key(session_id)) for session_id in stale]
    try:
        replies = exchange(_redis(), [*unlinked, *commands])
        if any(isinstance(reply, NoScriptError) for reply in replies):
            redis = _redis()  # of a cluster each master
            for script in scripts.ALL:
                redis.script_load(script.text)
            replies = exchange(redis, [*unlinked, *commands])
        for reply in replies:
            if isinstance(reply, Exception):
                raise reply
        return replies[len(stale) :]
    except FAILURES as error:
        _outage.until = time.monotonic() + settings.REDIS_PAUSE_AFTER_FAILURE
        for session_id in stale:
            _forget_later(session_id)
        metrics.REDIS_FAILURES.inc()
        logger.warning("Redis failed (%s: %s); going on with PostgreSQL alone", type(error).__name__, error)
        return None


def _count_keys(redis: Redis | RedisCluster, pattern: str) -> int:
    return sum(1 for _ in redis.scan_iter(match=pattern, count=1000))


def _decode_question(packed: bytes | None) -> ShownQuestion | None:
    if packed is None:
        return None
    try:
        return msgspec.msgpack.decode(packed, type=ShownQuestion)
    except msgspec.DecodeError:
        return None
