"""Every answer that was given."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from organisations.owned import OwnedThrough
from sessions_app.models.sessions import TestSession
from testing_engine.models import Question
from testing_engine.psychometrics.effort import MISSING


class TestResponse(OwnedThrough):
    """One answer. Never changed and never deleted: a trigger refuses both."""

    owner = "session"

    session = models.ForeignKey(
        TestSession, on_delete=models.PROTECT, related_name="responses", db_index=False
    )
    position = models.PositiveIntegerField(help_text="1 for the first question of the test.")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="responses", db_index=False)
    answer = models.SmallIntegerField(
        null=True, help_text='Index of the chosen option; null: "I don\'t know", or `response` has it.'
    )
    response = models.JSONField(
        null=True, help_text="Where the question has interactions: the value of each response variable."
    )
    score = models.SmallIntegerField(help_text="Score that the server gave; -1: not scored.")
    is_correct = models.BooleanField()
    theta = ArrayField(models.FloatField(), help_text="Ability after this answer.")
    standard_error = ArrayField(models.FloatField())
    overall_theta = models.FloatField(null=True, help_text="As in the session's row.")
    overall_error = models.FloatField(null=True)
    is_pilot = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whether the question was only tried out: it counts in nothing.",
    )
    is_rapid = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whether it came too fast to be one of effort, by the plan's thresholds: θ leaves it out.",
    )
    response_time_ms = models.PositiveIntegerField(null=True)
    idempotency_key = models.CharField(max_length=200, null=True)
    answered_at = models.DateTimeField()
    link = models.BinaryField(max_length=16, help_text="Its link of the session's audit chain.")

    class Meta:
        db_table = "test_responses"
        ordering = ["session_id", "position"]
        indexes = [models.Index("question", condition=Q(is_pilot=True), name="responses_of_pilots")]
        constraints = [
            models.UniqueConstraint("session", "position", name="response_position_once"),
            models.UniqueConstraint("session", "question", name="response_question_once"),
            models.UniqueConstraint(
                "session",
                "idempotency_key",
                condition=Q(idempotency_key__isnull=False),
                name="response_idempotency_key_once",
            ),
            models.CheckConstraint(
                condition=Q(answer__isnull=True) | Q(response__isnull=True),
                name="response_is_an_option_or_values",
            ),
            models.CheckConstraint(condition=Q(position__gte=1), name="response_position_from_one"),
            models.CheckConstraint(condition=Q(score__gte=-1), name="response_score"),
        ]

    def __str__(self) -> str:
        return f"answer {self.position}"

    @property
    def counted_score(self) -> int:
        """The score as abilities take it: missing where the answer came too fast."""
        return MISSING if self.is_rapid else self.score
