"""A sign of life of whoever computes, whatever it is at: most stages tell nothing for minutes.

A thread beside the work writes it, by a connection of its own: what is written inside the work's transaction
nobody sees before it ends. A process that was killed has no pulse, and its work is taken up by another.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import Error, connection
from django.utils import timezone

logger = logging.getLogger(__name__)

EVERY = 10.0  # seconds

Write = Callable[[datetime], int]


@contextmanager
def felt(write: Write) -> Iterator[None]:
    """While the work inside goes on. `write` notes the moment, in how many rows: 0 where it is over."""
    over = threading.Event()
    thread = threading.Thread(target=_beat, args=(write, over), name="pulse", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _beat(write: Write, over: threading.Event) -> None:
    while not over.wait(EVERY):
        try:
            if not write(timezone.now()):
                return  # another's: the work learns of it with its next word
        except Error as error:
            logger.warning("no sign of life could be written: %s", error)  # the database may come back
        finally:
            connection.close()  # not held for the ten seconds between
