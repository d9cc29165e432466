"""Tests whose answers and events were taken out of the database, into files of `archive_sessions`."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from organisations.owned import OwnedThrough
from sessions_app.models.sessions import TestSession


class Archive(models.Model):
    """A file that was read back before anything was taken out. Never changes, by trigger."""

    name = models.CharField(max_length=255, help_text="The file's name when tests were taken out by it.")
    seal = models.CharField(max_length=64, unique=True, help_text="Of its last line, in hexadecimal.")
    before = models.DateTimeField(help_text="Its tests were over before then.")
    made_at = models.DateTimeField()
    sessions = models.PositiveBigIntegerField()
    answers = models.PositiveBigIntegerField()
    events = models.PositiveBigIntegerField()

    class Meta:
        db_table = "archives"
        ordering = ["made_at", "id"]

    def __str__(self) -> str:
        return self.name


class ArchivedSession(OwnedThrough):
    """Says of a session that an archive has its answers and events, and keeps what its result is told from.

    Triggers let the session's answers and events go in the transaction that writes this row, and this row
    only when as many are there again.
    """

    owner = "session"

    session = models.OneToOneField(
        TestSession, on_delete=models.PROTECT, primary_key=True, related_name="archived"
    )
    archive = models.ForeignKey(Archive, on_delete=models.PROTECT, related_name="+", db_index=False)
    answers = models.PositiveIntegerField(help_text="So many the archive has of it.")
    events = models.PositiveIntegerField()
    questions = ArrayField(models.BigIntegerField(), help_text="The questions by primary key, in order;")
    scores = ArrayField(models.SmallIntegerField(), help_text="the score of each answer,")
    marks = ArrayField(
        models.SmallIntegerField(), help_text="and: 1 it was right, 2 a pilot, 4 too fast; added up."
    )
    seal = models.BinaryField(max_length=16, help_text="Keyed hash over the session's row and these columns.")
    taken_in = models.BigIntegerField(
        default=0, editable=False, help_text="The transaction that took them out; a trigger writes it."
    )

    class Meta:
        db_table = "archived_sessions"

    def __str__(self) -> str:
        return str(self.session_id)
