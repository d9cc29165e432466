"""Send what is due of an outbox: at least once each, in no promised order, for 28 hours.

A message is taken by moving its next try ahead, in one statement that passes over what another worker holds:
a worker that is killed loses nothing, somebody tries again when its lease is over. What a message says and to
whom it goes, its kind knows (`webhooks.outbox`, `lti.outbox`).
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import ForeignKey, Q

from sessions_app.models import Outgoing
from sessions_app.outgoing.exchange import SECONDS

# Between one try and the next, in seconds: eight tries over 28 hours.
WAITS = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600)
MOST_TRIES = len(WAITS) + 1
LEASE = timedelta(seconds=6 * SECONDS)
KEPT = timedelta(days=30)  # settled messages

_TAKE = """
UPDATE {outbox} SET next_try_at = %(lease)s, attempts = attempts + 1
WHERE id IN (
  SELECT message.id FROM {outbox} AS message JOIN {receivers} AS receiver ON receiver.id = message.{receiver}
  WHERE message.next_try_at <= %(now)s AND receiver.is_active
  ORDER BY message.next_try_at LIMIT 1 FOR UPDATE OF message SKIP LOCKED
)
RETURNING id
"""


@dataclass(frozen=True)
class Outcome:
    """What came of one try. `is_last`: another would bring nothing. `wait_until`: it was not its time yet."""

    told: str
    is_delivered: bool = False
    is_last: bool = False
    wait_until: datetime | None = None


def send_due(
    outbox: type[Outgoing], attempt: Callable[[UUID, datetime], bool], now: datetime, most: int = 200
) -> int:
    """Try messages that are due, one after the other; returns how many were delivered.

    `attempt` tries the message of that key, settles it, and says whether it was delivered.
    """
    delivered = 0
    for _ in range(most):
        taken = _take(outbox, now)
        if taken is None:
            break
        delivered += attempt(taken, now)
    return delivered


def _take(outbox: type[Outgoing], now: datetime) -> UUID | None:
    receiver = outbox._meta.get_field(outbox.RECEIVER)
    assert isinstance(receiver, ForeignKey)
    statement = _TAKE.format(
        outbox=outbox._meta.db_table,
        receivers=receiver.remote_field.model._meta.db_table,
        receiver=receiver.column,
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, {"now": now, "lease": now + LEASE})
        taken = cursor.fetchone()
    return None if taken is None else taken[0]


def settle(message: Outgoing, outcome: Outcome, now: datetime) -> None:
    """Note what came of it, and when to try again. By a statement: another worker may hold a newer row."""
    own = type(message)._default_manager.filter(pk=message.pk)
    told = outcome.told[:200]
    if outcome.is_delivered:
        own.update(answer=told, delivered_at=now, next_try_at=None)
    elif outcome.wait_until is not None:
        own.update(answer=told, attempts=0, next_try_at=outcome.wait_until)
    else:
        is_last = outcome.is_last or message.attempts >= MOST_TRIES
        wait = None if is_last else now + timedelta(seconds=WAITS[message.attempts - 1])
        own.update(answer=told, next_try_at=wait)


def send_again(message: Outgoing, now: datetime) -> None:
    """From the first try on, whatever came of it; not where another that waits asks for the same. Safe to
    repeat.
    """
    with contextlib.suppress(IntegrityError), transaction.atomic():
        type(message)._default_manager.filter(pk=message.pk).update(
            next_try_at=now, attempts=0, delivered_at=None, answer=""
        )


def forget_settled(outbox: type[Outgoing], now: datetime) -> int:
    """Messages that arrived, or were given up, long ago."""
    settled = Q(next_try_at=None, happened_at__lt=now - KEPT)
    return outbox._default_manager.filter(settled).delete()[0]
