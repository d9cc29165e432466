"""What is computed apart from requests, by a worker: where it stands, and who holds it."""

from django.db import models


class Job(models.Model):
    """`long_work.jobs` alone writes these columns."""

    class State(models.TextChoices):
        QUEUED = "queued", "waiting"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    created_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.QUEUED)
    stage = models.CharField(max_length=40, blank=True, db_default="")
    progress = models.FloatField(default=0.0, db_default=0.0, help_text="From 0 to 1.")
    cancel_requested = models.BooleanField(default=False, db_default=False)
    attempt = models.PositiveSmallIntegerField(default=0)
    worker = models.UUIDField(null=True, help_text="Who computes: a number that each attempt draws anew.")
    heartbeat_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True, db_default="")

    class Meta:
        abstract = True

    @property
    def is_open(self) -> bool:
        """Whether it still waits or computes."""
        return self.state in (self.State.QUEUED, self.State.RUNNING)
