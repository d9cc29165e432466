"""Students, and what is known of them."""

from datetime import datetime
from typing import Any

from django.apps import apps
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Case, DateTimeField, F, FloatField, Func, OuterRef, Q, Subquery, When

from organisations.owned import Owned, OwnedManager, OwnedThrough, Personal
from testing_engine.models import Scale


class Words(Func):
    """The words of some texts, for full-text search: what stands between ASCII blanks and punctuation."""

    template = (
        "to_tsvector('simple'::regconfig, regexp_replace(%(expressions)s, '[ -/:-@[-`{-~]+', ' ', 'g'))"
    )
    arg_joiner = " || ' ' || "
    output_field = SearchVectorField()


class Student(Owned):
    """Somebody who takes tests. `external_id` is the id that the school's own system uses.

    An erased student is a row that says nothing; anonymous sessions refer to it (`administration.privacy`).
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
        indexes = [
            models.Index("external_id", "id", name="students_by_id"),  # for whoever sees all organisations
            GinIndex(Words(F("external_id"), F("name")), name="students_by_words"),
        ]
        constraints = [
            models.UniqueConstraint("organisation", "external_id", name="student_once_an_organisation"),
            models.CheckConstraint(
                condition=Q(erased_at=None) | Q(name="", email="", grade_level=""),
                name="student_erased_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.external_id


class _MemberAt(Func):
    """The member of an array at a place, from 1."""

    template, arg_joiner = "(%(expressions)s]", ")["
    output_field = FloatField()


class Proficiencies(models.QuerySet["StudentProficiency"]):
    """What is known of students."""

    def now(self) -> Any:
        """With the estimates as they are now: of a test that runs, those of its last answer.

        Of no type, for mypy would refuse to look for what is annotated here.
        """
        place = Func(F("session__plan__concept_names"), F("concept_name"), function="array_position")
        last = apps.get_model("sessions_app", "TestResponse").objects.filter(
            session=OuterRef("session"), position=OuterRef("session__questions_answered")
        )
        found = {
            "theta": _MemberAt(F("session__theta"), place),
            "standard_error": _MemberAt(F("session__standard_error"), place),
            "updated_at": Subquery(last.values("answered_at"), output_field=DateTimeField()),
        }
        is_running = Q(session__status="active")
        return self.annotate(
            **{
                f"{name}_now": Case(When(is_running, then=each), default=F(name))
                for name, each in found.items()
            }
        )


ProficiencyManager = OwnedManager.from_queryset(Proficiencies)


class StudentProficiency(Personal, OwnedThrough):
    """The newest estimate of a student in one concept of one scale; the next test on it may start from it.

    While the test that finds it runs, the session's row has the numbers, so that an answer writes them once;
    a trigger brings them here when it is over. Here stays meanwhile what the test before it found, or
    nothing. Whoever reads asks for `now`.
    """

    owner = "student"

    theta_now: float  # with `now`, as are the next two
    standard_error_now: float
    updated_at_now: datetime

    student = models.ForeignKey(
        Student, on_delete=models.PROTECT, related_name="proficiencies", db_index=False
    )
    scale = models.ForeignKey(Scale, on_delete=models.PROTECT, related_name="+")
    concept_name = models.CharField(max_length=100)
    theta = models.FloatField(null=True)  # with the error: none while the first test runs
    standard_error = models.FloatField(null=True)
    session = models.ForeignKey(
        "sessions_app.TestSession", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    updated_at = models.DateTimeField()

    objects = ProficiencyManager()  # type: ignore[misc]  # as every one is

    class Meta:
        db_table = "student_proficiencies"
        ordering = ["student", "concept_name", "scale"]
        verbose_name_plural = "student proficiencies"
        constraints = [
            models.UniqueConstraint(
                "student", "scale", "concept_name", name="proficiency_once_a_scale_and_concept"
            ),
            models.CheckConstraint(condition=Q(standard_error__gt=0), name="proficiency_error_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.student_id}: {self.concept_name}"

    @classmethod
    def seen_by(cls, account: int) -> Q:
        """What was found by tests whose results they see, or by none of ours."""
        session = apps.get_model("sessions_app", "TestSession")
        found_by = session._base_manager.filter(session.seen_by(account))
        return Q(session=None) | Q(session__in=found_by)
