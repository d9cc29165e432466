"""Times under which an answer to a pool's question came too fast, as somebody had them found."""

from uuid import UUID

from django.conf import settings
from django.db import models

from organisations.owned import OwnedThrough
from testing_engine.models import QuestionPool
from testing_engine.psychometrics.response_times import FIXED


class PoolThresholds(OwnedThrough):
    """For tests that begin later: the plan of each keeps those that it began with.

    `method`: `response_times.Method` as JSON. `found`: a `response_times.Threshold` as JSON, by question id.
    """

    owner = "pool"

    pool = models.OneToOneField(
        QuestionPool, on_delete=models.PROTECT, primary_key=True, related_name="thresholds"
    )
    method = models.JSONField()
    found = models.JSONField()
    answers = models.PositiveIntegerField(help_text="Whose times were looked at.")
    tests_in_archives = models.PositiveIntegerField(
        null=True, help_text="Left out, as archives have their times; null: nobody counted."
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "pool_thresholds"

    def __str__(self) -> str:
        return f"thresholds of {self.pool_id}"

    @classmethod
    def seconds_in(cls, pool_id: UUID) -> dict[str, float]:
        """Those of a pool; none where nobody had any found."""
        found = cls.objects.filter(pool_id=pool_id).first()
        return {} if found is None else found.seconds_of_questions

    @property
    def seconds_of_questions(self) -> dict[str, float]:
        """Of the questions that have times enough for a threshold of their own."""
        return {question: each["seconds"] for question, each in self.found.items() if each["found"] != FIXED}
