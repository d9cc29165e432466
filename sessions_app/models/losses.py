"""Answers that were accepted, and that PostgreSQL no longer has."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from organisations.owned import OwnedThrough


class LostAnswers(OwnedThrough):
    """What of one session is gone: Redis knew its answers, and the rows do not. Never changes, by trigger.

    Without a foreign key, for the session itself may be gone.
    """

    owner = "session_id in sessions_app.TestSession"

    session_id = models.UUIDField()
    client_id = models.BigIntegerField(null=True, help_text="The API client that started the session.")
    accepted = models.PositiveIntegerField(help_text="So many answers were known to be accepted;")
    stored = models.PositiveIntegerField(help_text="so many of them, the first ones, are there.")
    questions = ArrayField(
        models.BigIntegerField(),
        help_text="The questions that the others answered, by primary key; empty where the session is gone.",
    )
    is_session_lost = models.BooleanField(help_text="Whether there is no such session any more.")
    link = models.BinaryField(max_length=16, help_text="Of the last entry of the audit chain that was known.")
    noticed_at = models.DateTimeField()

    class Meta:
        db_table = "lost_answers"
        ordering = ["noticed_at", "id"]
        verbose_name = "lost answers"
        verbose_name_plural = "lost answers"
        constraints = [
            models.UniqueConstraint("session_id", "link", name="lost_answers_noted_once"),
            models.CheckConstraint(
                condition=Q(accepted__gt=F("stored")) | Q(is_session_lost=True), name="lost_answers_are_some"
            ),
        ]

    def __str__(self) -> str:
        return f"session {self.session_id}"

    @property
    def count(self) -> int:
        """How many answers are lost."""
        return self.accepted - self.stored


class LossAcknowledgement(OwnedThrough):
    """Somebody has looked into a loss and says why nothing more can be done. Never changes, by trigger."""

    owner = "loss"

    loss = models.OneToOneField(
        LostAnswers,
        on_delete=models.PROTECT,
        primary_key=True,
        related_name="acknowledgement",
        db_constraint=False,  # in the table a loss goes by session and link: the seal is over these
    )
    reason = models.TextField(max_length=1000)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    at = models.DateTimeField()
    seal = models.BinaryField(max_length=16, help_text="Keyed hash over the loss and these columns.")

    class Meta:
        db_table = "loss_acknowledgements"
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="loss_acknowledged_with_a_reason")
        ]

    def __str__(self) -> str:
        return f"acknowledged by {self.by}"
