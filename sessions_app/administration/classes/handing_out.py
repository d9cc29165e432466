"""A test given to a class: an invitation for each student, a code for the class, and slips to print.

The code is the class's; with the six signs behind it, which follow from the invitation and the installation's
secret and are stored nowhere, it is a student's own. Both open what an invitation's link opens.
"""

import secrets
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, OuterRef, Q, QuerySet
from django.utils.crypto import salted_hmac

from organisations.acting import below_what_was_found, for_all
from sessions_app.administration import invitations
from sessions_app.administration.classes.shelf import Viewer, seen_by
from sessions_app.models import ClassMember, ClassTest, Invitation, NamedTest, SchoolClass, TestSession
from sessions_app.refusals import TestArchived
from testing_engine.growing_lists import SubqueryCount

# Told apart in print and by hand, and no words: no vowels, no 0 O, 1 I L, 2 Z, 5 S, 8 B, U V.
LETTERS = "CDFGHJKMNPQRTWXY34679"
PART = 6  # signs of the class's code, and of a student's
_SALT = "sessions_app.personal_code"


class AlreadyGiven(ValueError):
    """The class has this test."""


@dataclass(frozen=True)
class Given:
    """A test that a class was given, and how far the class is."""

    pk: int
    title: str
    code: str
    names_may_be_chosen: bool
    students: int
    begun: int
    opens_at: datetime | None
    closes_at: datetime | None


@dataclass(frozen=True)
class Slip:
    """What one student is handed: the link is theirs alone, and so is the code."""

    name: str
    student_id: str
    link: str
    code: str


def tests_to_give(school_class: SchoolClass) -> list[tuple[int, str]]:
    """(key, title) of the named tests in use that the class has not."""
    return list(
        NamedTest.objects.filter(archived_at=None)
        .exclude(classes__school_class=school_class)
        .order_by("title", "pk")
        .values_list("pk", "title")
    )


@transaction.atomic
def give(school_class: SchoolClass, test_pk: int, *, names_may_be_chosen: bool) -> ClassTest:
    """Invites everybody in the class, and whoever joins it later. Raises `AlreadyGiven`."""
    test = NamedTest.objects.get(pk=test_pk)
    if school_class.tests.filter(test=test).exists():
        raise AlreadyGiven
    given = ClassTest(school_class=school_class, test=test, names_may_be_chosen=names_may_be_chosen)
    _save_with_code(given)
    _invite(test, list(_student_pks(school_class)))
    return given


def hand(school_class: SchoolClass, test: NamedTest, *, names_may_be_chosen: bool) -> ClassTest:
    """The class has the test, and lets names be chosen or not: given now, or before. Safe to repeat.

    Raises `TestArchived` of one that the class has not.
    """
    given = given_by_name(school_class, test.name)
    if given is None:
        if test.archived_at is not None:
            raise TestArchived
        try:
            return give(school_class, test.pk, names_may_be_chosen=names_may_be_chosen)
        except AlreadyGiven:  # in this moment, by somebody else
            given = school_class.tests.get(test=test)
    let_choose(given, names_may_be_chosen)
    given.names_may_be_chosen = names_may_be_chosen
    return given


@transaction.atomic
def give_to(viewer: Viewer, class_ids: Collection[UUID], test_pk: int) -> int:
    """The same to several classes of the viewer's, without names to choose. Returns to how many: who has it
    keeps it, and a class that is not the viewer's gets nothing."""
    classes = seen_by(viewer).filter(pk__in=class_ids, archived_at=None).exclude(tests__test=test_pk)
    for school_class in classes.distinct():
        give(school_class, test_pk, names_may_be_chosen=False)
    return len(classes)


def _invite(test: NamedTest, student_pks: Sequence[int]) -> None:
    """Also whose invitation was taken back: a teacher gives the test now."""
    invitations.invite_students(test, student_pks)
    Invitation.objects.filter(test=test, student__in=student_pks).update(revoked_at=None)


def _save_with_code(given: ClassTest) -> None:
    """Under a code that no other test has."""
    for _ in range(20):
        given.code = "".join(secrets.choice(LETTERS) for _ in range(PART))
        try:
            with transaction.atomic():
                return given.save()
        except IntegrityError as error:  # the code is taken, or somebody gave the test in this moment
            with for_all():
                is_code_taken = ClassTest.objects.filter(code=given.code).exists()
            if not is_code_taken:
                raise AlreadyGiven from error
    raise RuntimeError("Codes are taken faster than they are found.")


def new_code(given: ClassTest) -> None:
    """The class's code and all on slips open nothing any more; links do. Slips are printed anew."""
    _save_with_code(given)


def let_choose(given: ClassTest, may: bool) -> None:
    """Whether the class's code lets a student say who they are."""
    ClassTest.objects.filter(pk=given.pk).update(names_may_be_chosen=may)


def take_back(given: ClassTest, *, now: datetime) -> int:
    """The class has the test no more: who has not begun cannot. Returns how many; tests that run go on."""
    with transaction.atomic():
        ClassTest.objects.filter(pk=given.pk).delete()
        return _revoke(given, list(_student_pks(given.school_class)), now)


def invite_who_joined(school_class: SchoolClass, student_pks: Collection[int]) -> None:
    """To the tests of the class; who left it and comes back may begin as before."""
    if not student_pks:
        return
    for given in school_class.tests.select_related("test"):
        _invite(given.test, list(student_pks))


def revoke_who_left(school_class: SchoolClass, student_pks: Collection[int], *, now: datetime) -> None:
    """From the tests of the class that they have not begun."""
    for given in school_class.tests.all():
        _revoke(given, student_pks, now)


def _revoke(given: ClassTest, student_pks: Collection[int], now: datetime) -> int:
    """Not of whom another class of theirs has the same test."""
    still = ClassMember.objects.filter(school_class__tests__test=given.test_id, student__in=student_pks)
    still = still.exclude(school_class=given.school_class_id)
    rows = Invitation.objects.filter(test=given.test_id, session=None, revoked_at=None)
    rows = rows.filter(student__in=student_pks)
    return rows.exclude(student__in=still.values("student")).update(revoked_at=now)


def _student_pks(school_class: SchoolClass) -> Iterator[int]:
    yield from school_class.members.values_list("student_id", flat=True)


def rows_of(school_class: SchoolClass) -> QuerySet[ClassTest]:
    """What the class was given, the newest first, each with how many of its students have `begun`."""
    with below_what_was_found():
        begun = Invitation.objects.filter(test=OuterRef("test"), session__isnull=False).order_by()
    begun = begun.filter(student__in=school_class.members.values("student"))
    rows: QuerySet[ClassTest] = school_class.tests.select_related("test")
    rows = rows.annotate(begun=SubqueryCount(begun.values("pk")))
    return rows.order_by("-id")


def tests_of(school_class: SchoolClass) -> list[Given]:
    """The newest first."""
    students = school_class.members.count()
    return [
        Given(
            row.pk,
            row.test.title,
            row.code,
            row.names_may_be_chosen,
            students,
            row.begun,  # type: ignore[attr-defined]
            row.test.opens_at,
            row.test.closes_at,
        )
        for row in rows_of(school_class)
    ]


@dataclass(frozen=True)
class MayHave:
    """A class that has a test, by the key of what it was given, or may be given it."""

    class_id: UUID
    name: str
    given_pk: int | None


def classes_for(viewer: Viewer, test_pk: int) -> list[MayHave]:
    """The classes in use that the viewer sees; by term and name."""
    given = dict(ClassTest.objects.filter(test=test_pk).values_list("school_class", "pk"))
    rows = seen_by(viewer).filter(archived_at=None).order_by("-term", "name", "pk")
    return [MayHave(row.pk, str(row), given.get(row.pk)) for row in rows]


@dataclass(frozen=True)
class Progress:
    """A class that has a test: of its students, how many began and how many tests are over."""

    class_id: UUID
    given_pk: int
    name: str
    students: int
    begun: int
    over: int


def progress_of(viewer: Viewer, test_pk: int) -> list[Progress]:
    """Of the classes in use that the viewer sees and that have the test; by term and name."""
    rows = ClassTest.objects.filter(test=test_pk, school_class__in=seen_by(viewer).filter(archived_at=None))
    rows = rows.select_related("school_class").order_by("-school_class__term", "school_class__name", "pk")
    return [_progress(row) for row in rows]


def _progress(given: ClassTest) -> Progress:
    students = ClassMember.objects.filter(school_class=given.school_class_id, student__erased_at=None)
    sessions = TestSession.objects.filter(named_test=given.test_id, student__in=students.values("student"))
    is_over = ~Q(status=TestSession.Status.ACTIVE)
    counts = sessions.aggregate(
        begun=Count("student", distinct=True), over=Count("student", filter=is_over, distinct=True)
    )
    name, size = str(given.school_class), students.count()
    return Progress(given.school_class_id, given.pk, name, size, counts["begun"], counts["over"])


def given_to(school_class: SchoolClass, pk: int) -> ClassTest | None:
    return school_class.tests.select_related("test", "school_class").filter(pk=pk).first()


def given_by_name(school_class: SchoolClass, name: str) -> ClassTest | None:
    """What the class was given, by the test's name."""
    if "\x00" in name:
        return None
    return school_class.tests.select_related("test", "school_class").filter(test__name=name).first()


def invitations_of(given: ClassTest) -> QuerySet[Invitation]:
    """Of the students who are in the class now, and may take the test; by name."""
    rows = Invitation.objects.filter(test=given.test_id, revoked_at=None, student__erased_at=None)
    rows = rows.filter(student__memberships__school_class=given.school_class_id)
    return rows.select_related("student").order_by("student__name", "student__external_id")


def slip_of(given: ClassTest, invitation: Invitation, page: str) -> Slip:
    """What the invitation's student is handed. `page`: the student's page, absolute."""
    return Slip(
        invitation.student.name,
        invitation.student.external_id,
        invitations.link_to(page, invitations.token_of(invitation)),
        given.code + personal_part(invitation),
    )


def slips_of(given: ClassTest, page: str) -> list[Slip]:
    """One for each student."""
    return [slip_of(given, invitation, page) for invitation in invitations_of(given)]


def personal_part(invitation: Invitation, secret: str | None = None) -> str:
    """Six signs: one of 85 million, and another for every link that is renewed."""
    said = f"{invitation.pk}.{invitation.issue}"
    number = int.from_bytes(salted_hmac(_SALT, said, secret=secret, algorithm="sha256").digest(), "big")
    signs = []
    for _ in range(PART):
        number, place = divmod(number, len(LETTERS))
        signs.append(LETTERS[place])
    return "".join(signs)


def parts_of(invitation: Invitation) -> list[str]:
    """By every secret that still counts, the newest first."""
    return [personal_part(invitation, key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def in_groups(code: str) -> str:
    """K7M-Q2X: as people read and type it."""
    return "-".join(code[start : start + 3] for start in range(0, len(code), 3))
