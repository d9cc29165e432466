"""What item parameters are estimated from beside delivered sessions, and the calibrations themselves."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from organisations.owned import OwnedThrough
from sessions_app.models.jobs import Job
from testing_engine.interchange.answer_files import USUAL_GROUP
from testing_engine.models import ArrayLength, PoolRevision, QuestionPool


class ResponseImport(OwnedThrough):
    """A file of answers that were given elsewhere. Never a delivered test: those are `TestSession`.

    Its answers were scored by the question versions `questions`, which its sittings count in.
    """

    owner = "pool"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    pool = models.ForeignKey(
        QuestionPool, on_delete=models.PROTECT, related_name="response_imports", db_index=False
    )
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64, help_text="Of the file.")
    size = models.PositiveIntegerField(help_text="Bytes.")
    reading = models.JSONField(help_text="How the file was read: shape, columns, what its values are.")
    reading_hash = models.CharField(max_length=64)
    questions = ArrayField(models.BigIntegerField(), help_text="Question versions, in the file's order.")
    groups = ArrayField(models.CharField(max_length=100), default=list, help_text="Of the first column.")
    other_groups = models.JSONField(
        default=list,
        db_default=[],
        help_text="Of further columns, in the order in which sittings have them: `column` and its `groups`.",
    )
    person_count = models.PositiveIntegerField()
    answer_count = models.PositiveIntegerField()
    left_out = models.PositiveIntegerField(default=0, help_text="Bad lines and cells that were not taken.")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "response_imports"
        ordering = ["-created_at", "id"]
        constraints = [models.UniqueConstraint("pool", "sha256", "reading_hash", name="response_import_once")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def group_columns(self) -> dict[str, list[str]]:
        """The groups by the column that has them, in the order in which a sitting has them."""
        if not (self.groups or self.other_groups):
            return {}
        others = {each["column"]: each["groups"] for each in self.other_groups}
        return {self.reading["group"] or USUAL_GROUP: self.groups, **others}


class ImportedSitting(OwnedThrough):
    """One person's answers of an import, in the file's order. Never changed, but for who it was."""

    owner = "source"

    source = models.ForeignKey(
        ResponseImport, on_delete=models.PROTECT, related_name="sittings", db_index=False
    )
    number = models.PositiveIntegerField(help_text="Its place in the file, from 0.")
    person = models.CharField(max_length=200, help_text="As the file calls them; empty: erased.")
    group_name = models.CharField(max_length=100, blank=True, help_text="In the first column of groups.")
    other_groups = ArrayField(
        models.CharField(max_length=100), default=list, db_default=[], help_text="In further columns."
    )
    items = ArrayField(models.SmallIntegerField(), help_text="Places in the import's `questions`.")
    categories = ArrayField(models.SmallIntegerField())
    times = ArrayField(models.IntegerField(null=True), null=True, help_text="Milliseconds.")

    class Meta:
        db_table = "imported_sittings"
        ordering = ["source", "number"]
        constraints = [
            models.UniqueConstraint("source", "number", name="imported_sitting_once"),
            models.CheckConstraint(
                condition=Q(items__len=ArrayLength("categories")), name="imported_sitting_categories"
            ),
            models.CheckConstraint(
                condition=Q(times=None) | Q(items__len=ArrayLength("times")), name="imported_sitting_times"
            ),
        ]

    def __str__(self) -> str:
        return f"sitting {self.number}"


class Calibration(Job, OwnedThrough):
    """An estimation of a pool's item parameters from answers: what was asked, how far it is, what it found.

    `request` and what it names decide the result to the last bit. A result never changes, by trigger; it
    proposes a revision, which a person publishes or not.
    """

    owner = "pool"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    pool = models.ForeignKey(
        QuestionPool, on_delete=models.PROTECT, related_name="calibrations", db_index=False
    )
    revision = models.ForeignKey(PoolRevision, on_delete=models.PROTECT, related_name="+", db_index=False)
    request = models.JSONField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    idempotency_key = models.CharField(max_length=200, null=True)

    answers_then = models.BigIntegerField(
        default=0,
        db_default=0,
        help_text="When it was asked for: answers in tests of the pool that were over for good.",
    )
    session_ids = models.BinaryField(null=True, help_text="Of delivered sessions: 16 bytes each.")
    data_hash = models.CharField(max_length=64, blank=True)
    engine_version = models.CharField(max_length=100, blank=True)
    result = models.JSONField(null=True)
    result_hash = models.CharField(max_length=64, blank=True)
    tests_in_archives = models.PositiveIntegerField(
        null=True, help_text="Left out, as archives have their answers; null: nobody counted."
    )
    shift = models.JSONField(null=True, help_text="What it would change in the scores of the last month.")

    published_revision = models.OneToOneField(
        PoolRevision, on_delete=models.PROTECT, null=True, related_name="calibration"
    )
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        db_table = "calibrations"
        ordering = ["-created_at", "id"]
        permissions = [("publish_calibrations", "Calibrate: publish what a calibration proposes")]
        indexes = [models.Index("pool", F("created_at").desc(), name="calibrations_of_a_pool")]
        constraints = [
            models.UniqueConstraint(
                "pool", condition=Q(state__in=["queued", "running"]), name="calibration_one_at_a_time"
            ),
            models.UniqueConstraint(
                "by",
                "idempotency_key",
                condition=Q(idempotency_key__isnull=False),
                name="calibration_asked_once",
            ),
            models.CheckConstraint(condition=Q(progress__range=(0, 1)), name="calibration_progress"),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(result__isnull=False), name="calibration_done_has_a_result"
            ),
            models.CheckConstraint(
                condition=Q(published_revision=None) | Q(state="done"), name="calibration_published_when_done"
            ),
        ]

    def __str__(self) -> str:
        return f"calibration {str(self.pk)[:8]}"
