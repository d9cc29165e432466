"""Send what is due: at least once each, in no promised order, for 28 hours.

A message is taken by moving its next try ahead, in one statement that passes over what another worker holds:
a worker that is killed loses nothing, somebody tries again when its lease is over. Receivers know a message
that came twice by its id.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from sessions_app.models import Webhook, WebhookMessage
from sessions_app.webhooks.bodies import TEST, body_of
from sessions_app.webhooks.delivery import SECONDS, Attempt, deliver
from sessions_app.webhooks.signing import signature

logger = logging.getLogger(__name__)

# Between one try and the next, in seconds: eight tries over 28 hours.
WAITS = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600)
MOST_TRIES = len(WAITS) + 1
LEASE = timedelta(seconds=6 * SECONDS)
PATIENCE = timedelta(days=5)  # of failures without one success, then it is switched off
KEPT = timedelta(days=30)  # settled messages

_TAKE = """
UPDATE webhook_messages SET next_try_at = %(lease)s, attempts = attempts + 1
WHERE id IN (
  SELECT message.id FROM webhook_messages AS message JOIN webhooks ON webhooks.id = message.webhook_id
  WHERE message.next_try_at <= %(now)s AND webhooks.is_active
  ORDER BY message.next_try_at LIMIT 1 FOR UPDATE OF message SKIP LOCKED
)
RETURNING id
"""


def send_due(now: datetime, most: int = 200) -> int:
    """Try messages that are due, one after the other; returns how many were delivered."""
    delivered = 0
    for _ in range(most):
        with connection.cursor() as cursor:
            cursor.execute(_TAKE, {"now": now, "lease": now + LEASE})
            taken = cursor.fetchone()
        if taken is None:
            break
        delivered += _try(_message(taken[0]), now)
    return delivered


def _message(pk: UUID) -> WebhookMessage:
    things = ("webhook", "session__student", "session__named_test", "revision", "watch")
    return WebhookMessage.objects.select_related(*things).get(pk=pk)


def _try(message: WebhookMessage, now: datetime) -> bool:
    body, timestamp = body_of(message), int(now.timestamp())
    headers = {
        "webhook-id": str(message.pk),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(message.webhook.secret, str(message.pk), timestamp, body),
    }
    attempt = deliver(message.webhook.url, body, headers)
    _settle(message, attempt, now)
    return attempt.is_delivered


def _settle(message: WebhookMessage, attempt: Attempt, now: datetime) -> None:
    """Note what came of it, and when to try again. By statements: another worker may hold newer rows."""
    own, webhook = WebhookMessage.objects.filter(pk=message.pk), Webhook.objects.filter(pk=message.webhook_id)
    if attempt.is_delivered:
        own.update(answer=attempt.told, delivered_at=now, next_try_at=None)
        webhook.filter(failing_since__isnull=False).update(failing_since=None)
        return
    is_last = message.attempts >= MOST_TRIES or message.kind == TEST
    wait = None if is_last else now + timedelta(seconds=WAITS[message.attempts - 1])
    own.update(answer=attempt.told, next_try_at=wait)
    webhook.filter(failing_since=None).update(failing_since=now)
    if attempt.is_gone:
        _switch_off(webhook.filter(is_active=True), "It answered 410: it wants no more messages.")
    else:
        late = webhook.filter(is_active=True, failing_since__lt=now - PATIENCE)
        _switch_off(late, "No message arrived for five days.")


def _switch_off(webhooks: QuerySet[Webhook], because: str) -> None:
    if webhooks.update(is_active=False, switched_off_because=because):
        logger.warning("Switched off a webhook: %s", because)


def send_again(message: WebhookMessage, now: datetime) -> None:
    """From the first try on, whatever came of it. Safe to repeat."""
    WebhookMessage.objects.filter(pk=message.pk).update(
        next_try_at=now, attempts=0, delivered_at=None, answer=""
    )


def send_test(webhook: Webhook) -> WebhookMessage:
    """A message that says nothing, tried once, soon."""
    return WebhookMessage.objects.create(webhook=webhook, kind=TEST)


def forget_settled(now: datetime) -> int:
    """Messages that arrived, or were given up, long ago."""
    settled = Q(next_try_at=None, happened_at__lt=now - KEPT)
    return WebhookMessage.objects.filter(settled).delete()[0]
