"""Imports of question banks that a worker carries out."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from organisations.owned import Owned
from sessions_app.models.jobs import Job


class PoolImport(Job, Owned):
    """A file of questions on its way to a pool: what was asked, how it stands, what became of it.

    The file is kept until it is over. The pool's id is drawn before, so that the same import carried out
    twice is one pool. How far it is stands in the cache (`administration.pool_imports`).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    idempotency_key = models.CharField(max_length=200, null=True)
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64, help_text="Of the file.")
    content = models.BinaryField(null=True, help_text="The file; null when it is over.")
    request = models.JSONField(help_text="What was asked beside the file.")
    pool_id = models.UUIDField(help_text="Of the pool that it makes.")
    report = models.JSONField(null=True)
    problems = models.JSONField(null=True, help_text="Why nothing was taken: pointers and messages.")

    class Meta:
        db_table = "pool_imports"
        ordering = ["-created_at", "id"]
        indexes = [
            models.Index("by", F("created_at").desc(), name="pool_imports_of_an_account"),
            models.Index(
                "created_at", condition=Q(state__in=["queued", "running"]), name="pool_imports_not_over"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                "by",
                "idempotency_key",
                condition=Q(idempotency_key__isnull=False),
                name="pool_import_asked_once",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(report__isnull=False), name="pool_import_done_has_a_report"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["done", "failed", "cancelled"]) | Q(content__isnull=False),
                name="pool_import_keeps_its_file_while_open",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name
