"""A thread's connection stays with it from one request of a running test to the next.

The pool would take it back and hand it out again, which costs a tenth of what an answer does. Half of the
pool at the most is kept: so there is something for others, however many threads and however small a pool.
"""

import threading
import time
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from adaptive.postgresql.base import is_silent
from sessions_app import outages

KEPT_FOR = 60.0  # seconds; then the pool may replace what is too old


class _OfThread(threading.local):
    since: float | None = None  # None: this thread keeps nothing


_of_thread = _OfThread()


def begin_with_kept() -> None:
    """What this thread has kept goes where it is old, or leads to no server or to one that was left."""
    since = _of_thread.since
    if since is None:
        return
    own: Any = connections[DEFAULT_DB_ALIAS]
    oldest = max(time.monotonic() - KEPT_FOR, outages.left_at())
    if own.connection is None or since < oldest or not is_silent(own.connection):
        _give_back(own)


def keep() -> None:
    """At the end of a request: what nothing is wrong with stays, if there is room; all else goes back."""
    own: Any
    for own in connections.all(initialized_only=True):
        if own.alias != DEFAULT_DB_ALIAS:
            own.close_if_unusable_or_obsolete()
        elif own.in_atomic_block or own.connection is None:  # a test's, or none was needed
            continue
        elif own.errors_occurred or not own.get_autocommit():
            _give_back(own)
        elif _of_thread.since is None:
            if _room(own.pool).acquire(blocking=False):
                _of_thread.since = time.monotonic()
            else:
                own.close()


def _give_back(own: Any) -> None:
    if _of_thread.since is not None:
        _of_thread.since = None
        _room(own.pool).release()
    own.close()


@cache
def _room(pool: Any) -> threading.BoundedSemaphore:
    """For so many threads."""
    return threading.BoundedSemaphore(pool.max_size // 2)
