"""Many sessions, some at a time, in the order in which they began: for what is too long for memory.

Each piece begins where the last one ended, by an index, and in statements of its own: no cursor and no
transaction is held while somebody reads a file slowly, whatever stands between here and PostgreSQL, and a
connection that breaks costs a repetition and not the file. Each test is told as it stands when its piece is
read, where there is a replica some seconds before; one that begins meanwhile comes at the end.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import Any, TypeVar

from django.db import OperationalError, connection
from django.db.models import Q, QuerySet

from sessions_app import replica

LINES = 100  # of a block
PAUSES = (0.5, 1, 2, 4, 8)  # seconds before trying again: a PostgreSQL that restarts is back by then

T = TypeVar("T")


def in_pieces(
    sessions: QuerySet[Any],
    make: Callable[[list[Any]], T],
    most: int,
    began: Callable[[Any], datetime] = attrgetter("started_at"),
) -> Iterator[T]:
    """What `make` makes of each piece of so many, of rows or of named columns, `pk` among them. `began`: when
    the session of one began."""
    ordered, after = sessions.order_by("started_at", "pk"), Q()
    while True:
        here = ordered.filter(after)

        def read(here: QuerySet[Any] = here) -> tuple[list[Any], T]:
            piece = list(here[:most])
            return piece, make(piece)

        piece, made = _again(read)
        yield made
        if len(piece) < most:
            return
        last = piece[-1]
        # The first condition is what an index takes.
        moment = began(last)
        after = Q(started_at__gte=moment) & (Q(started_at__gt=moment) | Q(pk__gt=last.pk))


def in_blocks(lines: Iterable[str]) -> Iterator[str]:
    """The same text in fewer parts, each of which costs whoever sends it; the first line at once."""
    rest = iter(lines)
    yield next(rest, "")
    while block := "".join(islice(rest, LINES)):
        yield block


def _again(read: Callable[[], T]) -> T:
    for pause in PAUSES:
        try:
            return replica.read(read)
        except OperationalError:
            if connection.in_atomic_block:
                raise
            connection.close()
            time.sleep(pause)
    return replica.read(read)
