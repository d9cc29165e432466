"""What every message in an outbox has: when it is tried, and what came of it (`sessions_app.outgoing`)."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Outgoing(models.Model):
    """One message to one receiver. A trigger writes it in the transaction of what happened: the outbox."""

    # The foreign key to whom it goes to: a table with `is_active`, without which nothing is sent.
    RECEIVER: ClassVar[str]

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    happened_at = models.DateTimeField(db_default=Now())
    next_try_at = models.DateTimeField(null=True, db_default=Now(), help_text="None: it is settled.")
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    delivered_at = models.DateTimeField(null=True)
    answer = models.CharField(
        max_length=200, blank=True, db_default="", help_text="What came of the last attempt."
    )

    class Meta:
        abstract = True
