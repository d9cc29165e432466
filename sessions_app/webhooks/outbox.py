"""Webhooks' messages: what is sent to whom, and when an address is switched off.

Receivers know a message that came twice by its id.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from sessions_app.models import Webhook, WebhookMessage
from sessions_app.outgoing import queue
from sessions_app.outgoing.exchange import Unreachable, exchange
from sessions_app.outgoing.queue import Outcome
from sessions_app.webhooks.bodies import TEST, body_of
from sessions_app.webhooks.signing import signature

logger = logging.getLogger(__name__)

PATIENCE = timedelta(days=5)  # of failures without one success, then it is switched off
GONE = 410


def send_due(now: datetime) -> int:
    """Returns how many were delivered."""
    return queue.send_due(WebhookMessage, _try, now)


def _try(pk: UUID, now: datetime) -> bool:
    things = ("webhook", "session__student", "session__named_test", "revision", "watch")
    message = WebhookMessage.objects.select_related(*things).get(pk=pk)
    body, timestamp = body_of(message), int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": str(message.pk),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(message.webhook.secret, str(message.pk), timestamp, body),
    }
    try:
        answer = exchange("POST", message.webhook.url, body, headers)
    except Unreachable as error:
        return _settle(message, Outcome(str(error)), now)
    outcome = Outcome(f"HTTP {answer.status}", answer.is_success)
    return _settle(message, outcome, now, is_gone=answer.status == GONE)


def _settle(message: WebhookMessage, outcome: Outcome, now: datetime, *, is_gone: bool = False) -> bool:
    """Of a message that only tries, one attempt is enough. Returns whether it arrived."""
    if message.kind == TEST:
        outcome = Outcome(outcome.told, outcome.is_delivered, is_last=True)
    queue.settle(message, outcome, now)
    webhook = Webhook.objects.filter(pk=message.webhook_id)
    if outcome.is_delivered:
        webhook.filter(failing_since__isnull=False).update(failing_since=None)
        return True
    webhook.filter(failing_since=None).update(failing_since=now)
    if is_gone:
        _switch_off(webhook.filter(is_active=True), "It answered 410: it wants no more messages.")
    else:
        late = webhook.filter(is_active=True, failing_since__lt=now - PATIENCE)
        _switch_off(late, "No message arrived for five days.")
    return False


def _switch_off(webhooks: QuerySet[Webhook], because: str) -> None:
    if webhooks.update(is_active=False, switched_off_because=because):
        logger.warning("Switched off a webhook: %s", because)


def send_test(webhook: Webhook) -> WebhookMessage:
    """A message that says nothing, tried once, soon."""
    return WebhookMessage.objects.create(webhook=webhook, kind=TEST)
