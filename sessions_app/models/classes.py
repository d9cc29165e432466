"""Classes: who teaches them, who is in them, which tests they were given, and who needs more time."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from organisations.owned import Owned, OwnedThrough
from sessions_app.models.named_tests import NamedTest
from sessions_app.models.students import Student

MOST_EXTRA_TIME = 300  # percent


class SchoolClass(Owned):
    """Students who are taught together for a while. A student may be in several.

    `source_id`: its id in the school's own system, where a roster brought it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    term = models.CharField(max_length=50, blank=True)
    source_id = models.CharField(max_length=255, null=True)
    archived_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "school_classes"
        ordering = ["name", "term", "id"]
        verbose_name_plural = "school classes"
        permissions = [
            ("teach_classes", "Teach: own classes, their students and their results at the desk"),
            ("manage_classes", "Manage classes: all of them, and rosters of a whole school"),
        ]
        constraints = [
            models.UniqueConstraint(
                "organisation",
                "source_id",
                condition=Q(source_id__isnull=False),
                name="class_brought_once_an_organisation",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.term})" if self.term else self.name


class ClassTeacher(OwnedThrough):
    """Somebody who teaches a class, and so sees its students and their results."""

    owner = "school_class"

    school_class = models.ForeignKey(
        SchoolClass, on_delete=models.CASCADE, related_name="teachers", db_index=False
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    class Meta:
        db_table = "class_teachers"
        ordering = ["id"]
        constraints = [models.UniqueConstraint("school_class", "user", name="class_teacher_once")]

    def __str__(self) -> str:
        return f"teacher {self.pk}"


class ClassMember(OwnedThrough):
    """A student of a class. `source_id`: the enrolment's id in the school's own system; empty: by hand."""

    owner = "school_class"

    school_class = models.ForeignKey(
        SchoolClass, on_delete=models.CASCADE, related_name="members", db_index=False
    )
    student = models.ForeignKey(Student, on_delete=models.PROTECT, related_name="memberships")
    source_id = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "class_members"
        ordering = ["id"]
        constraints = [models.UniqueConstraint("school_class", "student", name="class_member_once")]

    def __str__(self) -> str:
        return f"member {self.pk}"


class ClassTest(OwnedThrough):
    """A test that a class was given: each student has an invitation, and the class a code to type.

    `names_may_be_chosen`: with the class's code alone a student may say who she is.
    """

    owner = "school_class"

    school_class = models.ForeignKey(
        SchoolClass, on_delete=models.CASCADE, related_name="tests", db_index=False
    )
    test = models.ForeignKey(NamedTest, on_delete=models.PROTECT, related_name="classes")
    code = models.CharField(max_length=12)
    names_may_be_chosen = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "class_tests"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint("school_class", "test", name="class_test_once"),
            models.UniqueConstraint("code", name="class_test_code_once"),
        ]

    def __str__(self) -> str:
        return f"test {self.pk} of a class"


class Accommodation(OwnedThrough):
    """What a student needs to be tested fairly: more time, and what else must be known at a test."""

    owner = "student"

    student = models.OneToOneField(
        Student, on_delete=models.PROTECT, primary_key=True, related_name="accommodation"
    )
    extra_time_percent = models.PositiveSmallIntegerField(default=0)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        db_table = "accommodations"
        ordering = ["student"]
        constraints = [
            models.CheckConstraint(
                condition=Q(extra_time_percent__lte=MOST_EXTRA_TIME), name="accommodation_extra_time"
            ),
        ]

    def __str__(self) -> str:
        return f"accommodation of student {self.pk}"


class RosterPerson(Owned):
    """By which id the system that a roster came from knows a student."""

    source_id = models.CharField(max_length=255)
    student = models.ForeignKey(Student, on_delete=models.PROTECT, related_name="roster_people")

    class Meta:
        db_table = "roster_people"
        ordering = ["id"]
        verbose_name_plural = "roster people"
        constraints = [
            models.UniqueConstraint("organisation", "source_id", name="roster_person_once_an_organisation")
        ]

    def __str__(self) -> str:
        return f"person {self.pk} of a roster"
