"""What 1EdTech's CAT API keeps beside sessions: sections, and what was handed out when (docs/CAT-API.md)."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from organisations.owned import OwnedThrough
from sessions_app.models.sessions import TestSession
from testing_engine.models import PoolRevision


class CatSection(OwnedThrough):
    """An adaptive section of a test that another system delivers. Its content never changes."""

    owner = "revision"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    content = models.JSONField(help_text="As it was posted; told again as it is.")
    content_hash = models.CharField(max_length=64)
    revision = models.ForeignKey(PoolRevision, on_delete=models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, help_text="Since then no session begins in it.")

    class Meta:
        db_table = "cat_sections"
        ordering = ["-created_at", "id"]
        verbose_name = "CAT section"
        constraints = [
            models.UniqueConstraint(
                "client", "content_hash", condition=Q(ended_at=None), name="cat_section_open_once"
            ),
            models.CheckConstraint(
                condition=Q(content_hash__regex="^[0-9a-f]{64}$"), name="cat_section_has_a_hash"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class CatSitting(OwnedThrough):
    """A session that was begun in a section."""

    owner = "session"

    session = models.OneToOneField(
        TestSession, on_delete=models.PROTECT, primary_key=True, related_name="cat_sitting"
    )
    section = models.ForeignKey(CatSection, on_delete=models.PROTECT, related_name="sittings")

    class Meta:
        db_table = "cat_sittings"
        ordering = ["session"]
        verbose_name = "CAT session"

    def __str__(self) -> str:
        return str(self.session_id)


class CatStage(OwnedThrough):
    """Questions that were handed out together: the current one, and those that may follow it unasked."""

    owner = "session"

    session = models.ForeignKey(
        TestSession, on_delete=models.PROTECT, related_name="cat_stages", db_index=False
    )
    number = models.PositiveIntegerField(help_text="0 with the session's beginning.")
    after_answers = models.PositiveIntegerField()
    items = ArrayField(models.PositiveIntegerField(), help_text="Indices in the revision; none: it is over.")
    results_hash = models.CharField(max_length=64, blank=True, help_text="Of the results that led here.")
    at = models.DateTimeField()

    class Meta:
        db_table = "cat_stages"
        ordering = ["session", "number"]
        verbose_name = "CAT stage"
        constraints = [models.UniqueConstraint("session", "number", name="cat_stage_once")]

    def __str__(self) -> str:
        return f"stage {self.number}"
