"""The classes that somebody may see: found, made, renamed, archived, and who teaches them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, QuerySet

from organisations.membership import accounts
from sessions_app.creations import made_before
from sessions_app.models import ClassTeacher, SchoolClass
from sessions_app.refusals import ClassNotFound

LISTED = 200  # classes on a page


class ClassUnknown(LookupError):
    """There is no such class, or not for whoever asks."""


class NoSuchTeacher(ValueError):
    """No accounts of these names may enter the desk."""

    def __init__(self, usernames: Sequence[str]) -> None:
        super().__init__(", ".join(usernames))
        self.usernames = usernames


@dataclass(frozen=True)
class Viewer:
    """Who asks: with the right to manage all classes, or a teacher who sees her own."""

    user_id: int
    sees_all: bool


@dataclass(frozen=True)
class ClassCard:
    """A class as a list shows it."""

    id: UUID
    name: str
    term: str
    teachers: tuple[str, ...]
    students: int
    tests: int
    archived_at: datetime | None
    is_brought: bool


def seen_by(viewer: Viewer) -> QuerySet[SchoolClass]:
    """The one place that says whose classes these are."""
    found = SchoolClass.objects.all()
    return found if viewer.sees_all else found.filter(teachers__user=viewer.user_id)


def class_of(viewer: Viewer, class_id: UUID) -> SchoolClass:
    """Raises `ClassUnknown`."""
    found = seen_by(viewer).filter(pk=class_id).first()
    if found is None:
        raise ClassUnknown
    return found


def counted(found: QuerySet[SchoolClass]) -> QuerySet[SchoolClass]:
    """In the order of lists, each with how many `students` it has, how many tests it was `given`, and its
    teachers."""
    return (
        SchoolClass.objects.filter(pk__in=found.values("pk"))
        .annotate(
            students=Count("members", distinct=True),
            given=Count("tests", distinct=True),
        )
        .prefetch_related("teachers__user")
        .order_by("-term", "name", "id")
    )


def rows_like(viewer: Viewer, search: str = "", *, archived: bool = False) -> QuerySet[SchoolClass]:
    """By name and term, as `counted` has them."""
    found = seen_by(viewer).filter(archived_at__isnull=not archived)
    for word in search.split():
        found = found.filter(name__icontains=word) | found.filter(term__icontains=word)
    return counted(found)


def find_classes(viewer: Viewer, search: str = "", *, archived: bool = False) -> tuple[list[ClassCard], bool]:
    """The first `LISTED`; and whether there are more."""
    rows = list(rows_like(viewer, search, archived=archived)[: LISTED + 1])
    return [_card(row) for row in rows[:LISTED]], len(rows) > LISTED


def _card(row: SchoolClass) -> ClassCard:
    return ClassCard(
        row.pk,
        row.name,
        row.term,
        tuple(called(each.user) for each in row.teachers.all()),
        row.students,  # type: ignore[attr-defined]
        row.given,  # type: ignore[attr-defined]
        row.archived_at,
        row.source_id is not None,
    )


def called(user: User) -> str:
    return user.get_full_name() or user.get_username()


def count_archived(viewer: Viewer) -> int:
    return seen_by(viewer).filter(archived_at__isnull=False).count()


@transaction.atomic
def new_class(class_id: UUID, name: str, term: str, teacher_id: int | None) -> SchoolClass:
    """Sent twice, it is one. `teacher_id`: whoever makes it and teaches it; None: nobody yet.

    Raises `IdempotencyKeyReused` where the key that the id stands for made another (`creations`).
    """
    if (before := made_before(SchoolClass.objects.all(), "pk", class_id)) is not None:
        return before
    made = SchoolClass.objects.create(pk=class_id, name=name, term=term)
    if teacher_id is not None:
        ClassTeacher.objects.create(school_class=made, user_id=teacher_id)
    return made


def rename_class(school_class: SchoolClass, name: str, term: str) -> None:
    school_class.name, school_class.term = name, term
    school_class.save(update_fields=["name", "term"])


def archive_class(school_class: SchoolClass, now: datetime | None) -> None:
    """Out of the list, and by None into it again. Nothing is deleted; its codes open nothing meanwhile."""
    SchoolClass.objects.filter(pk=school_class.pk).update(archived_at=now)


def teachers_of(school_class: SchoolClass) -> list[tuple[int, str, str]]:
    """(key of the account, its name, what the person is called)."""
    rows = school_class.teachers.select_related("user").order_by("pk")
    return [(row.user_id, row.user.get_username(), called(row.user)) for row in rows]


@transaction.atomic
def add_teachers(school_class: SchoolClass, usernames: Sequence[str]) -> None:
    """Those who are there stay. Raises `NoSuchTeacher`, with all that are none."""
    found = accounts().filter(username__in=usernames, is_staff=True, is_active=True)
    by_name = {user.get_username(): user for user in found}
    if unknown := [name for name in usernames if name not in by_name]:
        raise NoSuchTeacher(unknown)
    for user in by_name.values():
        ClassTeacher.objects.get_or_create(school_class=school_class, user=user)


def remove_teacher(school_class: SchoolClass, user_id: int) -> None:
    ClassTeacher.objects.filter(school_class=school_class, user=user_id).delete()


def remove_teachers(school_class: SchoolClass, usernames: Sequence[str]) -> None:
    """Who does not teach it is passed over."""
    ClassTeacher.objects.filter(school_class=school_class, user__username__in=usernames).delete()


def listed_class(viewer: Viewer, class_id: str) -> SchoolClass:
    """As `rows_like` has it. Raises `ClassNotFound`."""
    try:
        found = counted(seen_by(viewer).filter(pk=UUID(class_id))).first()
    except ValueError:
        found = None
    if found is None:
        raise ClassNotFound
    return found
