"""Reading from a replica what may be some seconds old: exports, and pictures and numbers of many tests.

Inside `read`, `default` is the replica, for queries, SQL and transactions alike, so nothing that reads has to
know of it. What the replica cannot say, the primary is asked: because it is away, behind, broke off a long
query, or does not have yet what was just written. Students, logins and whatever writes never come here.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from threading import Lock
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from prometheus_client import Counter

from sessions_app.outages import CONNECTION_ERRORS

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

ALIAS = "replica"
LOOK_EVERY = 1.0  # seconds
LOOK_AGAIN_AFTER = 5.0  # seconds, at one that is away: each look may wait for a connection
READS = Counter("adaptive_lagging_reads_total", "Reads that may be some seconds old.", ["server"])
FROM_REPLICA = READS.labels("replica")
FROM_PRIMARY = READS.labels("primary")

_PRIMARY = "SELECT pg_current_wal_lsn()::text"
# Seconds: none where all is there that the primary had written, else since what was replayed last.
_REPLICA = """
SELECT pg_is_in_recovery(), CASE WHEN pg_last_wal_replay_lsn() >= %s::pg_lsn THEN 0
  ELSE greatest(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0) END
"""


@dataclass(frozen=True)
class Standing:
    """How the replica stands. `lag` in seconds; None where that is not known. `why`: it is not read from."""

    lag: float | None
    why: str | None
    seen_at: float  # monotonic


_looking = Lock()
_standing: Standing | None = None


def is_set() -> bool:
    """Whether there is one at all."""
    return ALIAS in settings.DATABASES


def read(look_up: Callable[[], T]) -> T:
    """What `look_up`, which only reads, finds; it may be called twice. In a transaction it is that one's."""
    if not is_set() or connection.in_atomic_block or connection.alias == ALIAS:
        return look_up()
    if standing().why is None:
        try:
            with _in_place_of_primary():
                found = look_up()
        except Exception as error:  # also what is not there yet: the primary knows
            if isinstance(error, CONNECTION_ERRORS):
                _note(_away(error))
        else:
            FROM_REPLICA.inc()
            return found
    FROM_PRIMARY.inc()
    return look_up()


def may_lag(function: Callable[P, T]) -> Callable[P, T]:
    """A function that only reads, and is read so."""

    @wraps(function)
    def lagging(*args: P.args, **kwargs: P.kwargs) -> T:
        return read(lambda: function(*args, **kwargs))

    return lagging


@contextmanager
def _in_place_of_primary() -> Iterator[None]:
    """In this thread; connections are each thread's own."""
    primary = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = connections[ALIAS]
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = primary


def standing() -> Standing:
    """As it was a moment ago; one thread looks, others do not wait for it."""
    before = _standing
    if before is not None and time.monotonic() - before.seen_at < _good_for(before):
        return before
    if not _looking.acquire(blocking=before is None):
        assert before is not None
        return before
    try:
        return _note(_look())
    finally:
        _looking.release()


def _good_for(seen: Standing) -> float:
    return LOOK_EVERY if seen.lag is not None else LOOK_AGAIN_AFTER


def _look() -> Standing:
    try:
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute(_PRIMARY)
            (written,) = cursor.fetchone()
        with connections[ALIAS].cursor() as cursor:
            cursor.execute(_REPLICA, [written])
            is_standby, lag = cursor.fetchone()
    except (DatabaseError, *CONNECTION_ERRORS) as error:
        return _away(error)
    if not is_standby:
        _leave()
        return Standing(None, "it is no standby", time.monotonic())
    if lag is None:
        return Standing(None, "it has not replayed anything yet", time.monotonic())
    most = settings.DATABASE_REPLICA_MAX_LAG
    return Standing(float(lag), f"it is {lag:.0f} s behind" if lag > most else None, time.monotonic())


def _away(error: Exception) -> Standing:
    """It does not answer, or broke off: for a while the primary is asked, then by a new connection."""
    connections[ALIAS].close()
    return Standing(None, _in_words(error), time.monotonic())


def _leave() -> None:
    """It leads since a failover: new connections may find one that follows."""
    connections[ALIAS].close()
    pool = getattr(connections[ALIAS], "pool", None)
    if pool is not None:
        pool.drain()


def _note(seen: Standing) -> Standing:
    global _standing
    before, _standing = _standing, seen
    was_read_from = before is None or before.why is None
    if seen.why is not None and was_read_from:
        logger.warning("Reports are read from the primary, not from the replica: %s", seen.why)
    elif seen.why is None and not was_read_from:
        logger.warning("Reports are read from the replica again")
    return seen


def _in_words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
