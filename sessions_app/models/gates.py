"""What must hold of a pool, and each time that it was looked at before something was opened to students."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from organisations.owned import OwnedThrough
from sessions_app.models.measurement import Calibration
from testing_engine.models import PoolRevision, QuestionPool


class PoolRequirements(OwnedThrough):
    """A pool without a row is held to nothing. `content`: `simulation.requirements.Requirements` as JSON."""

    owner = "pool"

    pool = models.OneToOneField(
        QuestionPool, on_delete=models.PROTECT, primary_key=True, related_name="requirements"
    )
    content = models.JSONField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "pool_requirements"

    def __str__(self) -> str:
        return f"requirements of {self.pool_id}"


class GateCheck(OwnedThrough):
    """What was required and what was found when a calibration was published, a named test saved, or questions
    changed. Never changes, by trigger; what falls short has the reason for which it was opened all the same.
    """

    owner = "pool"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    pool = models.ForeignKey(
        QuestionPool, on_delete=models.PROTECT, related_name="gate_checks", db_index=False
    )
    revision = models.ForeignKey(
        PoolRevision, on_delete=models.PROTECT, related_name="+", db_index=False,
        help_text="The pool's newest before.",
    )  # fmt: skip
    calibration = models.ForeignKey(
        Calibration, on_delete=models.PROTECT, null=True, related_name="gate_checks", db_index=False
    )
    test_name = models.CharField(max_length=100, blank=True, help_text="Of a named test that was saved.")
    made = models.ForeignKey(
        PoolRevision, on_delete=models.PROTECT, null=True, related_name="+", db_index=False,
        help_text="By a change of questions.",
    )  # fmt: skip
    requirements = models.JSONField()
    found = models.JSONField(help_text="What was simulated, and its numbers.")
    shortfalls = models.JSONField(help_text="Sentences.")
    override_reason = models.TextField(blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "gate_checks"
        ordering = ["-created_at", "id"]
        indexes = [models.Index("pool", F("created_at").desc(), name="gate_checks_of_a_pool")]
        constraints = [
            models.CheckConstraint(
                condition=Q(shortfalls=[]) | ~Q(override_reason=""), name="gate_check_passed_or_overridden"
            )
        ]

    def __str__(self) -> str:
        return f"check of {self.test_name or self.calibration_id or self.made_id}"
