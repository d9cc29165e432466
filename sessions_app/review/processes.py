"""Portions of a verification on several processors of one machine.

They are forked from one that has loaded the service (`loaded`), and not from this one, whose connections and
threads would not survive that. Imports no rows, for that one imports this before Django is set up.
"""

import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection as pipes
from multiprocessing import get_context, parent_process
from os import _exit
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sessions_app.review.portions import Found, Manner, Portion

    Work = tuple[Portion, Sequence[str], Manner]

AHEAD = 4  # portions for each process that may be ready before they are asked for
MOST_DEATHS = 3


class VerificationBroke(Exception):
    """Processes died again and again: too little memory, perhaps."""


def checked_in(processes: int, work: Iterable["Work"], database: str) -> Iterator["Found"]:
    """What is found in each portion, in order. What a process that died was at is done by another."""
    waiting: deque[Work] = deque()
    coming, deaths = iter(work), 0
    while True:
        try:
            for found in _checked_in(processes, waiting, coming, database):
                waiting.popleft()
                yield found
            return
        except BrokenProcessPool as error:
            deaths += 1
            if deaths == MOST_DEATHS:
                raise VerificationBroke from error


def _checked_in(
    processes: int, waiting: deque["Work"], coming: Iterator["Work"], database: str
) -> Iterator["Found"]:
    """`waiting`: what was taken of `coming` and not yielded, in order; whoever asks takes the first away."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["sessions_app.review.loaded"])
    with ProcessPoolExecutor(processes, context, _begin, (database,)) as pool:
        at_work: deque[Future[Found]] = deque(pool.submit(_check, each) for each in waiting)
        try:
            while True:
                while len(at_work) < processes * AHEAD and (following := next(coming, None)) is not None:
                    waiting.append(following)
                    at_work.append(pool.submit(_check, following))
                if not at_work:
                    return
                yield at_work.popleft().result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _begin(database: str) -> None:
    """Whoever presses Ctrl-C means the run, which ends its processes; they end with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from django.db import connections

    from sessions_app.review import loaded  # noqa: F401  in case it is not

    connections.settings["default"]["NAME"] = database


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    pipes.wait([parent.sentinel])
    _exit(1)


def _check(work: "Work") -> Any:
    from sessions_app.review.loaded import check

    return check(*work)
