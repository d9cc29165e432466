"""Who is told what happens, and every message to them (docs/WEBHOOKS.md)."""

import secrets
import uuid
from base64 import b64encode

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from organisations.owned import Owned, OwnedThrough
from sessions_app.models.outgoing import Outgoing
from sessions_app.models.sessions import TestSession
from sessions_app.models.watches import PoolWatch
from testing_engine.models import PoolRevision

LONGEST_ADDRESS = 500


def new_secret() -> str:
    """As the Standard Webhooks specification writes them."""
    return f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"


class Webhook(Owned):
    """An address that is told of some kinds of events."""

    class Kind(models.TextChoices):
        STARTED = "test.started", "a test started"
        COMPLETED = "test.completed", "a test was completed"
        ENDED = "test.ended", "a test was ended early"
        EXPIRED = "test.expired", "a test expired"
        EXTENDED = "test.extended", "a test got more time"
        RESUMED = "test.resumed", "an expired test was resumed"
        PUBLISHED = "pool.published", "a pool got a new revision"
        ALARMED = "pool.alarmed", "the watch of a pool found something to act on"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="API client",
        help_text="Told of the tests that it started alone. Empty: of everybody's.",
    )
    url = models.CharField("address", max_length=LONGEST_ADDRESS)
    events = ArrayField(models.CharField(max_length=20, choices=Kind.choices))
    secret = models.CharField(max_length=100, default=new_secret, editable=False)
    is_active = models.BooleanField("active", default=True)
    failing_since = models.DateTimeField(null=True, editable=False)
    switched_off_because = models.CharField(max_length=200, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "webhooks"
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(events=[]), name="webhook_is_told_something"),
            models.CheckConstraint(condition=Q(url__regex="^https?://"), name="webhook_has_an_address"),
        ]

    def __str__(self) -> str:
        return self.url


class WebhookMessage(Outgoing, OwnedThrough):
    """One message to one address."""

    RECEIVER = "webhook"

    owner = "webhook"

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="messages", db_index=False)
    kind = models.CharField(max_length=20)
    session = models.ForeignKey(
        TestSession, on_delete=models.CASCADE, null=True, related_name="+", db_index=False
    )
    revision = models.ForeignKey(
        PoolRevision, on_delete=models.CASCADE, null=True, related_name="+", db_index=False
    )
    watch = models.ForeignKey(PoolWatch, on_delete=models.CASCADE, null=True, related_name="+")

    class Meta:
        db_table = "webhook_messages"
        ordering = ["-happened_at", "id"]
        indexes = [
            models.Index("next_try_at", condition=Q(next_try_at__isnull=False), name="webhook_messages_due"),
            models.Index(
                "happened_at", condition=Q(next_try_at__isnull=True), name="webhook_messages_settled"
            ),
            models.Index("webhook", F("happened_at").desc(), "id", name="webhook_messages_of_one"),
            models.Index(F("happened_at").desc(), "id", name="webhook_messages_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.webhook_id}"
