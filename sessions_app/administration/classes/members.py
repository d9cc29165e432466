"""Who is in a class: listed, added, taken out."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from organisations.acting import acting_for
from sessions_app.administration.classes import handing_out
from sessions_app.administration.classes.people import Kept, Person, keep
from sessions_app.models import Accommodation, ClassMember, SchoolClass, Student
from testing_engine.sentences import Said, say

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # of an id that we make, for who has only a name


@dataclass(frozen=True)
class Member:
    """A student of a class, as lists of it show them."""

    pk: int
    student_id: str
    name: str
    email: str
    grade: str
    extra_time: int
    note: str

    @property
    def called(self) -> str:
        """The name; where there is none, the id."""
        return self.name or self.student_id


def students_in(school_class: SchoolClass) -> QuerySet[Student]:
    """By name, then id."""
    found = Student.objects.filter(memberships__school_class=school_class, erased_at=None)
    return found.select_related("accommodation").order_by("name", "external_id")


def member(student: Student) -> Member:
    """Of a row of `students_in`."""
    needs: Accommodation | None = getattr(student, "accommodation", None)
    return Member(
        student.pk,
        student.external_id,
        student.name,
        student.email,
        student.grade_level,
        needs.extra_time_percent if needs else 0,
        needs.note if needs else "",
    )


def members_of(school_class: SchoolClass) -> list[Member]:
    return [member(student) for student in students_in(school_class)]


def member_of(school_class: SchoolClass, student_pk: int) -> Member | None:
    return next((each for each in members_of(school_class) if each.pk == student_pk), None)


class NameIsNotOne(Said):
    """Several students of the class are called so."""


def ids_by_name(school_class: SchoolClass) -> dict[str, list[str]]:
    """Of the students of a class, their ids by what they are called."""
    found: dict[str, list[str]] = {}
    for name, student_id in students_in(school_class).values_list("name", "external_id"):
        found.setdefault(name.casefold(), []).append(student_id)
    return found


def id_for_name(name: str, known: Mapping[str, list[str]]) -> str:
    """The id of the one student of the class who is called so, else a new one. Raises `NameIsNotOne`."""
    ids = known.get(name.casefold(), [])
    if len(ids) > 1:
        raise NameIsNotOne(say("is the name of {count} students of this class: give ids", count=len(ids)))
    return ids[0] if ids else new_id()


def new_id() -> str:
    """An id that means nothing outside this service."""
    return "s-" + "".join(secrets.choice(LETTERS) for _ in range(8))


@transaction.atomic
def add_student(school_class: SchoolClass, person: Person) -> tuple[Kept, bool]:
    """The student, made or changed, and whether they were not in the class before."""
    with acting_for(school_class.organisation_id):
        kept = keep([person])[person.student_id]
    return kept, bool(add(school_class, {kept.student.pk: ""}))


def change_student(school_class: SchoolClass, person: Person) -> None:
    """Of a student who is in the class."""
    if students_in(school_class).filter(external_id=person.student_id).exists():
        with transaction.atomic(), acting_for(school_class.organisation_id):
            keep([person])


@transaction.atomic
def add(school_class: SchoolClass, enrolments: Mapping[int, str]) -> set[int]:
    """Students by key, with their enrolment's id elsewhere or "". Returns the keys of who is new in it."""
    there = set(school_class.members.filter(student__in=enrolments).values_list("student_id", flat=True))
    ClassMember.objects.bulk_create(
        (
            ClassMember(school_class=school_class, student_id=pk, source_id=source_id)
            for pk, source_id in enrolments.items()
            if pk not in there
        ),
        ignore_conflicts=True,
    )
    new = set(enrolments) - there
    handing_out.invite_who_joined(school_class, new)
    return new


@transaction.atomic
def remove(school_class: SchoolClass, student_pks: Collection[int], *, now: datetime) -> int:
    """Out of the class; the students, their tests and results stay. Returns how many left.

    What the class was given and they have not begun, they cannot begin any more.
    """
    rows = school_class.members.filter(student__in=list(student_pks))
    leaving = list(rows.values_list("student_id", flat=True))
    handing_out.revoke_who_left(school_class, leaving, now=now)
    return rows.delete()[0]


def remove_by_id(school_class: SchoolClass, student_ids: Collection[str], *, now: datetime) -> int:
    """The same, by the students' own ids; who is not in the class is passed over."""
    found = students_in(school_class).filter(external_id__in=student_ids)
    return remove(school_class, list(found.values_list("pk", flat=True)), now=now)
