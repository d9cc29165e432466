"""Students, their tests, every answer they gave, and what is known of them."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import User, UserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from sessions_app.models.named_tests import Invitation, NamedTest
from testing_engine.models import ArrayLength, PoolRevision, Question, TestPlan

__all__ = [
    "ApiClient",
    "Invitation",
    "LiveSession",
    "NamedTest",
    "SessionEvent",
    "Student",
    "StudentProficiency",
    "TestResponse",
    "TestSession",
]


class Student(models.Model):
    """Somebody who takes tests. `external_id` is the id that the school's own system uses.

    An erased student is a row that says nothing, which anonymous sessions refer to (`sessions_app.privacy`).
    """

    external_id = models.CharField("student id", max_length=200)
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    grade_level = models.CharField(max_length=50, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    erased_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        db_table = "students"
        ordering = ["external_id"]
        permissions = [("erase_students", "Privacy: export and erase students")]
        constraints = [
            models.UniqueConstraint("external_id", name="student_once"),
            models.CheckConstraint(
                condition=Q(erased_at=None) | Q(name="", email="", grade_level=""),
                name="student_erased_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.external_id


class TestSession(models.Model):
    """One student's way through one test. `sessions_app.lifecycle` alone writes it."""

    class Status(models.TextChoices):
        ACTIVE = "active", "active"
        COMPLETED = "completed", "completed"
        ENDED = "ended", "ended early"
        EXPIRED = "expired", "expired"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    student = models.ForeignKey(Student, on_delete=models.PROTECT, related_name="sessions", db_index=False)
    revision = models.ForeignKey(PoolRevision, on_delete=models.PROTECT, related_name="+")
    plan = models.ForeignKey(TestPlan, on_delete=models.PROTECT, related_name="+", db_index=False)
    seed = models.BigIntegerField(help_text="Every random choice of this test is drawn from it.")
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.ACTIVE)
    end_reason = models.CharField(max_length=40, blank=True)

    prior_mean = ArrayField(models.FloatField(), help_text="What was known of the student at the start: θ")
    prior_sd = ArrayField(models.FloatField(), help_text="and how surely (standard deviation of θ).")
    theta = ArrayField(models.FloatField(), help_text="Ability after the last answer, on the logit scale.")
    standard_error = ArrayField(models.FloatField())
    questions_answered = models.PositiveIntegerField(default=0)
    correct_responses = models.PositiveIntegerField(default=0)
    current_position = models.PositiveIntegerField(
        null=True, help_text="Index in the revision of the question that waits for an answer."
    )

    started_at = models.DateTimeField()
    last_activity = models.DateTimeField()
    completed_at = models.DateTimeField(null=True)
    named_test = models.ForeignKey(
        NamedTest, on_delete=models.PROTECT, null=True, related_name="sessions", db_index=False
    )
    deadline = models.DateTimeField(null=True, help_text="Nothing is accepted after it.")

    token_generation = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Session tokens of an earlier one are revoked."
    )
    chain_head = models.BinaryField(max_length=16, help_text="The audit chain's newest value: `chain`.")
    idempotency_key = models.CharField(max_length=200, null=True)
    request_hash = models.CharField(max_length=64, blank=True)
    legacy_id = models.CharField(max_length=200, null=True, help_text="Its id in the original service.")

    class Meta:
        db_table = "test_sessions"
        ordering = ["-started_at"]
        permissions = [
            ("deliver_tests", "Deliver: start tests and submit answers over the API"),
            ("operate_service", "Operate: clean up and read statistics over the API"),
            ("report_results", "Report: read students' results over the API"),
        ]
        indexes = [
            # Cleanup costs what it ends, not what the table holds.
            models.Index("last_activity", condition=Q(status="active"), name="sessions_active_by_activity"),
            models.Index("student", F("started_at").desc(), name="sessions_of_a_student"),
            models.Index(F("started_at").desc(), "id", name="sessions_newest_first"),
            models.Index(
                "deadline",
                condition=Q(status="active", deadline__isnull=False),
                name="sessions_active_by_deadline",
            ),
            models.Index(
                "named_test",
                F("started_at").desc(),
                "id",
                condition=Q(named_test__isnull=False),
                name="sessions_of_a_named_test",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                "client",
                "idempotency_key",
                condition=Q(idempotency_key__isnull=False),
                name="session_start_once",
            ),
            models.UniqueConstraint(
                "legacy_id", condition=Q(legacy_id__isnull=False), name="session_imported_once"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["active", "completed", "ended", "expired"]), name="session_status"
            ),
            models.CheckConstraint(
                condition=Q(status="active", completed_at=None) & Q(current_position__isnull=False)
                | ~Q(status="active") & Q(completed_at__isnull=False, current_position=None),
                name="session_active_or_closed",
            ),
            models.CheckConstraint(
                condition=Q(correct_responses__lte=F("questions_answered")), name="session_counts"
            ),
            models.CheckConstraint(
                condition=Q(prior_sd__len=ArrayLength("prior_mean"))
                & Q(theta__len=ArrayLength("prior_mean"))
                & Q(standard_error__len=ArrayLength("prior_mean")),
                name="session_one_ability_a_concept",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def accuracy(self) -> float:
        """Share of the answers that were right, 0 before the first."""
        return self.correct_responses / self.questions_answered if self.questions_answered else 0.0


class LiveSession(TestSession):
    """A session as somebody looks at it who supervises: running, or expired not long ago."""

    class Meta:
        proxy = True
        ordering = ["-last_activity"]
        verbose_name = "live view"
        verbose_name_plural = "live view"


class TestResponse(models.Model):
    """One answer. Never changed and never deleted: a trigger refuses both."""

    session = models.ForeignKey(
        TestSession, on_delete=models.PROTECT, related_name="responses", db_index=False
    )
    position = models.PositiveIntegerField(help_text="1 for the first question of the test.")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="responses", db_index=False)
    answer = models.SmallIntegerField(
        null=True, help_text='Index of the chosen option; null: "I don\'t know".'
    )
    score = models.SmallIntegerField(help_text="Score that the server gave; -1: not scored.")
    is_correct = models.BooleanField()
    theta = ArrayField(models.FloatField(), help_text="Ability after this answer.")
    standard_error = ArrayField(models.FloatField())
    response_time_ms = models.PositiveIntegerField(null=True)
    idempotency_key = models.CharField(max_length=200, null=True)
    answered_at = models.DateTimeField()
    link = models.BinaryField(max_length=16, help_text="Its link of the session's audit chain.")

    class Meta:
        db_table = "test_responses"
        ordering = ["session_id", "position"]
        constraints = [
            models.UniqueConstraint("session", "position", name="response_position_once"),
            models.UniqueConstraint("session", "question", name="response_question_once"),
            models.UniqueConstraint(
                "session",
                "idempotency_key",
                condition=Q(idempotency_key__isnull=False),
                name="response_idempotency_key_once",
            ),
            models.CheckConstraint(condition=Q(position__gte=1), name="response_position_from_one"),
            models.CheckConstraint(condition=Q(score__gte=-1), name="response_score"),
        ]

    def __str__(self) -> str:
        return f"answer {self.position}"


class SessionEvent(models.Model):
    """What happened to a session beside its answers. Append-only: a trigger refuses all else."""

    class Kind(models.TextChoices):
        STARTED = "started", "started"
        COMPLETED = "completed", "completed"
        ENDED = "ended", "ended early"
        EXPIRED = "expired", "expired"
        RESUMED = "resumed", "resumed"
        EXTENDED = "extended", "extended"
        IMPORTED = "imported", "imported"

    session = models.ForeignKey(TestSession, on_delete=models.PROTECT, related_name="events", db_index=False)
    kind = models.CharField(max_length=9, choices=Kind.choices)
    after_answers = models.PositiveIntegerField(help_text="So many answers came before it.")
    at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="Who did it in the admin; nobody: the service, or a caller of the API.",
    )
    idempotency_key = models.CharField(max_length=200, null=True)
    request_hash = models.CharField(max_length=64, blank=True)
    link = models.BinaryField(max_length=16, help_text="Its link of the session's audit chain.")

    class Meta:
        db_table = "session_events"
        ordering = ["session_id", "after_answers", "id"]
        indexes = [models.Index("session", "after_answers", "id", name="events_of_a_session")]
        constraints = [
            models.UniqueConstraint(
                "session",
                condition=Q(kind="started"),
                name="event_started_once",
            ),
            models.UniqueConstraint(
                "session",
                "idempotency_key",
                condition=Q(idempotency_key__isnull=False),
                name="event_idempotency_key_once",
            ),
        ]

    def __str__(self) -> str:
        return self.kind


class StudentProficiency(models.Model):
    """The newest estimate of a student in one concept; the next test starts from it."""

    student = models.ForeignKey(
        Student, on_delete=models.PROTECT, related_name="proficiencies", db_index=False
    )
    concept_name = models.CharField(max_length=100)
    theta = models.FloatField()
    standard_error = models.FloatField()
    session = models.ForeignKey(
        TestSession, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "student_proficiencies"
        ordering = ["student", "concept_name"]
        verbose_name_plural = "student proficiencies"
        constraints = [
            models.UniqueConstraint("student", "concept_name", name="proficiency_once_a_concept"),
            models.CheckConstraint(condition=Q(standard_error__gt=0), name="proficiency_error_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.student_id}: {self.concept_name}"


class ApiClients(UserManager["ApiClient"]):
    """Only programs: whoever may enter the admin is a person."""

    def get_queryset(self) -> models.QuerySet["ApiClient"]:
        return super().get_queryset().filter(is_staff=False, is_superuser=False)


class ApiClient(User):
    """A program that calls the API: a user without a password, with tokens and permissions."""

    objects: ClassVar[ApiClients] = ApiClients()

    class Meta:
        proxy = True
        verbose_name = "API client"
