"""When PostgreSQL cannot serve, or not write: what it raises then, and getting away from such a server."""

import time
from threading import Lock

import psycopg
from django.core.cache import cache
from django.db import Error, InterfaceError, OperationalError, connection

CONNECTION_ERRORS = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
LEAVE_EVERY = 5.0  # seconds
DISK_FULL_KEY = "database:disk_full"
REMEMBERED_FOR = 24 * 3600  # seconds; a write that succeeds forgets it sooner

_leaving = Lock()
_left_at = -LEAVE_EVERY
_disk_was_full = False  # as this process saw it; Redis tells the others


def is_outage(error: BaseException | None) -> bool:
    """No connection, a full disk, or a server that only reads: a standby, or one that was told to.

    psycopg's own, too: Django does not wrap what closing a broken cursor raises.
    """
    return isinstance(error, CONNECTION_ERRORS) or is_read_only(error)


def is_read_only(error: BaseException | None) -> bool:
    """PostgreSQL's read_only_sql_transaction (25006), which drivers file under errors of their own."""
    cause = error.__cause__ if isinstance(error, Error) else error
    return isinstance(cause, psycopg.errors.ReadOnlySqlTransaction)


def note_outage(error: BaseException | None) -> None:
    """What has to be done about it: leave a server that only reads, remember a full disk for `/health`."""
    global _disk_was_full
    if is_read_only(error):
        leave_read_only_server()
    elif isinstance(error.__cause__ if isinstance(error, Error) else error, psycopg.errors.DiskFull):
        _disk_was_full = True
        cache.set(DISK_FULL_KEY, 1, timeout=REMEMBERED_FOR)


def disk_was_full() -> bool:
    """Whether a write found no room, here or in another process that Redis tells of, and none has since."""
    return _disk_was_full or cache.get(DISK_FULL_KEY) is not None


def forget_full_disk() -> None:
    global _disk_was_full
    _disk_was_full = False
    cache.delete(DISK_FULL_KEY)


def left_at() -> float:
    """When this process last left a server, by `time.monotonic`: connections from before lead there."""
    return _left_at


def leave_read_only_server() -> None:
    """After a failover this process's connections lead to a standby: new ones may lead elsewhere."""
    global _left_at
    with _leaving:
        if time.monotonic() - _left_at < LEAVE_EVERY:
            return
        _left_at = time.monotonic()
    pool = getattr(connection, "pool", None)
    if pool is not None:
        pool.drain()
