"""What happened to sessions beside their answers."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from organisations.owned import OwnedThrough
from sessions_app.models.sessions import TestSession


class SessionEvent(OwnedThrough):
    """What happened to a session beside its answers. Append-only: a trigger refuses all else."""

    owner = "session"

    class Kind(models.TextChoices):
        STARTED = "started", "started"
        BEGUN = "begun", "begun"
        COMPLETED = "completed", "completed"
        ENDED = "ended", "ended early"
        EXPIRED = "expired", "expired"
        RESUMED = "resumed", "resumed"
        EXTENDED = "extended", "extended"
        PAUSED = "paused", "paused"
        CONTINUED = "continued", "went on after a pause"
        IMPORTED = "imported", "imported"

    session = models.ForeignKey(TestSession, on_delete=models.PROTECT, related_name="events", db_index=False)
    kind = models.CharField(max_length=9, choices=Kind.choices)
    after_answers = models.PositiveIntegerField(help_text="So many answers came before it.")
    at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="Who did it in the admin; nobody: the service, or a caller of the API.",
    )
    idempotency_key = models.CharField(max_length=200, null=True)
    request_hash = models.CharField(max_length=64, blank=True)
    link = models.BinaryField(max_length=16, help_text="Its link of the session's audit chain.")

    class Meta:
        db_table = "session_events"
        ordering = ["session_id", "after_answers", "id"]
        constraints = [
            models.UniqueConstraint(
                "session",
                condition=Q(kind="started"),
                name="event_started_once",
            ),
            models.UniqueConstraint(
                "session",
                condition=Q(kind="begun"),
                name="event_begun_once",
            ),
            models.UniqueConstraint(
                "session",
                "idempotency_key",
                condition=Q(idempotency_key__isnull=False),
                name="event_idempotency_key_once",
            ),
        ]

    def __str__(self) -> str:
        return self.kind
