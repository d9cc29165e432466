"""One student's way through one test."""

import uuid
from datetime import UTC, datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, Value

from organisations.owned import Owned, Personal
from organisations.sharing import Level
from sessions_app.models.named_tests import NamedTest, of_their_students
from sessions_app.models.result_specifications import ResultSpecification
from sessions_app.models.students import Student
from testing_engine.models import ArrayLength, PoolRevision, TestPlan


class TestSession(Personal, Owned):
    """One student's way through one test. `sessions_app.sitting.lifecycle` alone writes it."""

    class Status(models.TextChoices):
        ACTIVE = "active", "active"
        COMPLETED = "completed", "completed"
        ENDED = "ended", "ended early"
        EXPIRED = "expired", "expired"

    OVER = Status.COMPLETED, Status.ENDED, Status.EXPIRED  # each by its place in an index

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    student = models.ForeignKey(Student, on_delete=models.PROTECT, related_name="sessions", db_index=False)
    revision = models.ForeignKey(PoolRevision, on_delete=models.PROTECT, related_name="+", db_index=False)
    plan = models.ForeignKey(TestPlan, on_delete=models.PROTECT, related_name="+", db_index=False)
    seed = models.BigIntegerField(help_text="Every random choice of this test is drawn from it.")
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.ACTIVE)
    end_reason = models.CharField(max_length=40, blank=True)

    prior_mean = ArrayField(models.FloatField(), help_text="What was known of the student at the start: θ")
    prior_sd = ArrayField(models.FloatField(), help_text="and how surely (standard deviation of θ).")
    is_scored_alone = models.BooleanField(
        default=False,
        db_default=False,
        help_text="What was known helped to choose questions; θ is of this test's answers alone.",
    )
    shuffles_options = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whether options were shown in an order drawn from the seed.",
    )
    theta = ArrayField(models.FloatField(), help_text="Ability after the last answer, on the logit scale.")
    standard_error = ArrayField(models.FloatField())
    overall_theta = models.FloatField(
        null=True, help_text="Mean ability over the concepts that got a question; null: fewer than two."
    )
    overall_error = models.FloatField(null=True, help_text="Its standard error.")
    questions_answered = models.PositiveIntegerField(default=0)
    correct_responses = models.PositiveIntegerField(default=0)
    pilots_answered = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Of the questions answered, those that were only tried out."
    )
    rapid_answers = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Of the questions answered, those answered too fast to count."
    )
    current_position = models.PositiveIntegerField(
        null=True, help_text="Index in the revision of the question that waits for an answer."
    )

    started_at = models.DateTimeField()
    last_activity = models.DateTimeField()
    activity_mark = models.DateTimeField(
        db_default=Value(datetime(1970, 1, 1, tzinfo=UTC)),
        editable=False,
        help_text="No later than the last activity, and moved on so rarely that an index on it costs little.",
    )
    completed_at = models.DateTimeField(null=True)
    named_test = models.ForeignKey(
        NamedTest, on_delete=models.PROTECT, null=True, related_name="sessions", db_index=False
    )
    result_spec = models.ForeignKey(
        ResultSpecification,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="How its result is told; none: as before there were any.",
    )
    deadline = models.DateTimeField(null=True, help_text="Nothing is accepted after it.")
    waits_to_begin = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Its student reads the introduction: the time limit runs anew from when they begin.",
    )

    paused_at = models.DateTimeField(
        null=True, help_text="Since when its clock stands still; null: it runs. No answer is taken meanwhile."
    )
    paused_until = models.DateTimeField(null=True, help_text="The pause ends by itself then.")

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
            # Cleanup costs what it ends, not what the table holds. On no column that every answer changes:
            # then PostgreSQL writes a row's new version beside the old, and no index hears of it (HOT).
            models.Index("activity_mark", condition=Q(status="active"), name="sessions_active_by_mark"),
            models.Index("student", F("started_at").desc(), name="sessions_of_a_student"),
            models.Index(F("started_at").desc(), "id", name="sessions_newest_first"),
            models.Index("status", F("started_at").desc(), "id", name="sessions_of_a_status"),
            models.Index("organisation", F("started_at").desc(), "id", name="sessions_of_an_organisation"),
            models.Index(
                "organisation", "status", F("started_at").desc(), "id", name="sessions_of_its_status"
            ),
            models.Index("revision", "organisation", "status", name="sessions_of_a_revision"),
            models.Index(
                F("completed_at").desc(), "id", condition=Q(status="expired"), name="sessions_that_expired"
            ),
            models.Index(
                F("started_at").desc(),
                "id",
                condition=Q(status="active", named_test__isnull=True),
                name="sessions_without_a_name",
            ),
            models.Index(
                "deadline",
                condition=Q(status="active", deadline__isnull=False),
                name="sessions_active_by_deadline",
            ),
            models.Index(
                fields=["paused_until"],
                condition=Q(paused_until__isnull=False),
                name="sessions_paused_until",
            ),
            models.Index(
                "named_test",
                F("started_at").desc(),
                "id",
                condition=Q(named_test__isnull=False),
                name="sessions_of_a_named_test",
            ),
            models.Index(
                "named_test",
                "status",
                F("started_at").desc(),
                "id",
                condition=Q(named_test__isnull=False),
                name="sessions_of_a_test_by_status",
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
                condition=Q(paused_at=None, paused_until=None)
                | Q(status="active", paused_at__isnull=False, paused_until__gte=F("paused_at")),
                name="session_paused_while_active",
            ),
            models.CheckConstraint(
                condition=Q(correct_responses__lte=F("questions_answered") - F("pilots_answered")),
                name="session_counts",
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

    @classmethod
    def seen_by(cls, account: int) -> Q:
        """Of tests that they run, of students of their classes, and without a named test."""
        runs = Q(named_test=None) | Q(named_test__in=NamedTest.reached_by(account, Level.CHANGE))
        return runs | of_their_students(account, "named_test", "student")

    @property
    def is_waiting(self) -> bool:
        """Whether its student may still say that they begin: an answer says so, too, and starts no clock."""
        return self.waits_to_begin and self.status == self.Status.ACTIVE and not self.questions_answered

    @property
    def questions_counted(self) -> int:
        """Answers that count: all but those to questions that were only tried out."""
        return self.questions_answered - self.pilots_answered

    @property
    def accuracy(self) -> float:
        """Share of the answers that were right, of those that count; 0 before the first."""
        return self.correct_responses / self.questions_counted if self.questions_counted else 0.0

    @property
    def response_time_effort(self) -> float | None:
        """Share of the answers given with effort; None before the first, and where no threshold says."""
        if not self.questions_answered or "effort" not in self.plan.rules:
            return None
        return 1 - self.rapid_answers / self.questions_answered

    @property
    def has_ability(self) -> bool:
        """Whether it found abilities: a test in linear or random order counts points instead."""
        return len(self.theta) > 0


class LiveSession(TestSession):
    """A session as somebody looks at it who supervises: running, or expired not long ago."""

    class Meta:
        proxy = True
        ordering = ["-last_activity"]
        verbose_name = "live view"
        verbose_name_plural = "live view"
