"""What was found each night that a pool was watched."""

import uuid

from django.db import models

from organisations.owned import OwnedThrough
from testing_engine.models import PoolRevision, QuestionPool


class PoolWatch(OwnedThrough):
    """One night's look at a pool's delivered answers. Never changes, by trigger, and is kept for 400 nights.

    `result`: `found` (findings with their change since the night before), `gone`, `numbers`.
    """

    owner = "pool"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    pool = models.ForeignKey(QuestionPool, on_delete=models.PROTECT, related_name="watches", db_index=False)
    night = models.DateField()
    revision = models.ForeignKey(PoolRevision, on_delete=models.PROTECT, related_name="+", db_index=False)
    since = models.DateTimeField(help_text="Tests count that were over from then on")
    until = models.DateTimeField(help_text="and by then.")
    data_hash = models.CharField(max_length=64)
    engine_version = models.CharField(max_length=100)
    result = models.JSONField()
    result_hash = models.CharField(max_length=64)
    alarms = models.JSONField(default=dict, help_text="How many there are, by kind.")
    notices = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "pool_watches"
        ordering = ["-night", "id"]
        constraints = [models.UniqueConstraint("pool", "night", name="pool_watched_once_a_night")]

    def __str__(self) -> str:
        return f"night of {self.night}"
