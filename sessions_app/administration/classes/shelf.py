"""The classes that somebody may see: found, made, renamed, archived, and who teaches them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, QuerySet

from organisations.membership import accounts
from sessions_app.models import ClassTeacher, SchoolClass

LISTED = 200  # classes on a page


class ClassUnknown(LookupError):
    """There is no such class, or not for whoever asks."""


class NoSuchTeacher(ValueError):
    """No account of this name may enter the desk."""


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


def find_classes(viewer: Viewer, search: str = "", *, archived: bool = False) -> tuple[list[ClassCard], bool]:
    """By name and term, the first `LISTED`; and whether there are more."""
    found = seen_by(viewer).filter(archived_at__isnull=not archived)
    for word in search.split():
        found = found.filter(name__icontains=word) | found.filter(term__icontains=word)
    counted = (
        SchoolClass.objects.filter(pk__in=found.values("pk"))
        .annotate(
            students=Count("members", distinct=True),
            given=Count("tests", distinct=True),
        )
        .prefetch_related("teachers__user")
        .order_by("-term", "name", "id")
    )
    rows = list(counted[: LISTED + 1])
    return [_card(row) for row in rows[:LISTED]], len(rows) > LISTED


def _card(row: SchoolClass) -> ClassCard:
    return ClassCard(
        row.pk,
        row.name,
        row.term,
        tuple(_called(each.user) for each in row.teachers.all()),
        row.students,  # type: ignore[attr-defined]
        row.given,  # type: ignore[attr-defined]
        row.archived_at,
        row.source_id is not None,
    )


def _called(user: User) -> str:
    return user.get_full_name() or user.get_username()


def count_archived(viewer: Viewer) -> int:
    return seen_by(viewer).filter(archived_at__isnull=False).count()


@transaction.atomic
def new_class(class_id: UUID, name: str, term: str, teacher_id: int) -> SchoolClass:
    """Sent twice, it is one; whoever makes it teaches it."""
    made, _ = SchoolClass.objects.get_or_create(pk=class_id, defaults={"name": name, "term": term})
    ClassTeacher.objects.get_or_create(school_class=made, user_id=teacher_id)
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
    return [(row.user_id, row.user.get_username(), _called(row.user)) for row in rows]


def add_teacher(school_class: SchoolClass, username: str) -> bool:
    """Whether she was not there before. Raises `NoSuchTeacher`."""
    user = accounts().filter(username=username, is_staff=True, is_active=True).first()
    if user is None:
        raise NoSuchTeacher
    return ClassTeacher.objects.get_or_create(school_class=school_class, user=user)[1]


def remove_teacher(school_class: SchoolClass, user_id: int) -> None:
    ClassTeacher.objects.filter(school_class=school_class, user=user_id).delete()
