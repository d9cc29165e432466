"""How many requests of one caller a process works on at once: so that who sends many, or dear ones, leaves
threads to the others.

Counted in each process: with the same share of each, a caller can never have all of them. The slot is held
by the thread that answers, and given back when the reply is done, streams included.
"""

import threading
from collections import Counter
from typing import Any

from django.core.signals import request_finished, request_started

from sessions_app.api.errors import RETRY_AFTER_BUSY, Problem


class Slots:
    """Named counters, with a limit that the taker knows."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._of_thread = threading.local()

    def take(self, name: str, most: int) -> bool:
        """Whether this thread has a slot now; it keeps it until `give_back`."""
        with self._lock:
            if self._taken[name] >= most:
                return False
            self._taken[name] += 1
        self._mine().append(name)
        return True

    def give_back(self) -> None:
        """All that this thread has."""
        mine = self._mine()
        with self._lock:
            for name in mine:
                self._taken[name] -= 1
                if not self._taken[name]:
                    del self._taken[name]
        mine.clear()

    def taken(self, name: str) -> int:
        with self._lock:
            return self._taken.get(name, 0)

    def _mine(self) -> list[str]:
        if not hasattr(self._of_thread, "names"):
            self._of_thread.names = []
        names: list[str] = self._of_thread.names
        return names


SLOTS = Slots()


def take_slot(name: str, most: int) -> None:
    """For the rest of this request. Raises a 429 where the caller has as many as it may."""
    if not SLOTS.take(name, most):
        raise Problem(
            429, "too_many_at_once", f"More than {most} requests of yours at once.", wait=RETRY_AFTER_BUSY
        )


def _give_back(**_: Any) -> None:
    SLOTS.give_back()


request_started.connect(_give_back, dispatch_uid="slots of a request that broke off")
request_finished.connect(_give_back, dispatch_uid="slots of a request that is done")
