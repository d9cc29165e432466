"""What somebody asked for and does not wait for: the row of it, and the pieces of the file that it made."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from organisations.owned import Owned, OwnedThrough
from sessions_app.models.jobs import Job


class LongJob(Job, Owned):
    """`kind` and `request` say all of what is to be done (`waiting.kinds`), so it may be done again.

    The file is that of the attempt which finished: its pieces carry the same `worker`. After `expires_at`
    there is none.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=30)
    request = models.JSONField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    idempotency_key = models.CharField(max_length=200, null=True)
    total = models.PositiveBigIntegerField(null=True, help_text="Rows, as soon as they are counted.")
    outcome = models.JSONField(null=True, help_text="What there is to say of what was made: a sentence.")
    file_name = models.CharField(max_length=255, blank=True)
    media_type = models.CharField(max_length=100, blank=True)
    size = models.PositiveBigIntegerField(default=0, help_text="Bytes of the file.")
    holds_students = models.BooleanField(help_text="The file tells of students: erasing one takes it away.")
    expires_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "long_jobs"
        ordering = ["-created_at", "id"]
        indexes = [
            models.Index("by", F("created_at").desc(), name="long_jobs_of_an_account"),
            models.Index("expires_at", condition=Q(state="done"), name="long_jobs_by_expiry"),
            models.Index(
                "created_at", condition=Q(state__in=["queued", "running"]), name="long_jobs_not_over"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                "by",
                "idempotency_key",
                condition=Q(idempotency_key__isnull=False),
                name="long_job_asked_once",
            ),
            models.CheckConstraint(condition=Q(progress__range=(0, 1)), name="long_job_progress"),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(expires_at__isnull=False), name="long_job_done_expires"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {str(self.pk)[:8]}"

    @property
    def done(self) -> int | None:
        """Of `total` rows."""
        return None if self.total is None else int(self.progress * self.total)


class JobPiece(OwnedThrough):
    """A part of a file: in PostgreSQL, so that every web machine can give it out."""

    owner = "job"

    job = models.ForeignKey(LongJob, on_delete=models.CASCADE, related_name="pieces", db_index=False)
    worker = models.UUIDField(help_text="Which attempt wrote it.")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        db_table = "job_pieces"
        constraints = [models.UniqueConstraint("job", "worker", "number", name="job_piece_once")]

    def __str__(self) -> str:
        return f"piece {self.number}"
