"""Who is invited to a named test: the list, and more by names, a table or a workbook."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from django.db import transaction

from sessions_app.administration import invitations
from sessions_app.administration.classes.members import NameIsNotOne, new_id
from sessions_app.administration.classes.people import keep
from sessions_app.administration.classes.tables import Line, RosterRefused, StudentList, read_roster
from sessions_app.administration.finding import ids_of_students_called
from sessions_app.administration.invitations import Invited
from sessions_app.models import Invitation, NamedTest, TestSession
from testing_engine.interchange.tables import place
from testing_engine.keyset import page_or_first
from testing_engine.sentences import Sentence, say

PAGE = 100


class Reached(Enum):
    """How far an invitation has come."""

    NOT_BEGUN = "not_begun"
    RUNS = "runs"
    OVER = "over"
    REVOKED = "revoked"


@dataclass(frozen=True)
class Guest:
    """One who is invited."""

    pk: int
    student_id: str
    name: str
    email: str
    reached: Reached
    link: str  # "" where it opens nothing


@dataclass(frozen=True)
class Guests:
    """A page of them. `following`: what asks for the next one; "" where there is none."""

    guests: tuple[Guest, ...]
    following: str


def guests_of(test_id: int, page: str, *, search: str = "", after: str = "") -> Guests:
    """In the order in which they were invited. `page`: the student's page, absolute."""
    found = Invitation.objects.filter(test=test_id).select_related("student", "session")
    if search.strip():
        students, _ = ids_of_students_called(search)
        found = found.filter(student__in=students)
    rows = page_or_first(found.order_by("pk"), PAGE, after=after)
    return Guests(tuple(_guest(each, page) for each in rows.rows), rows.after)


def _guest(invitation: Invitation, page: str) -> Guest:
    reached = _reached(invitation)
    is_open = reached in (Reached.NOT_BEGUN, Reached.RUNS)
    student = invitation.student
    link = f"{page}#invitation={invitations.token_of(invitation)}" if is_open else ""
    return Guest(invitation.pk, student.external_id, student.name, student.email, reached, link)


def _reached(invitation: Invitation) -> Reached:
    if invitation.session is not None:
        is_on = invitation.session.status == TestSession.Status.ACTIVE
        return Reached.RUNS if is_on else Reached.OVER
    return Reached.REVOKED if invitation.revoked_at is not None else Reached.NOT_BEGUN


@transaction.atomic
def invite_list(test: NamedTest, students: StudentList) -> Invited:
    """Invite the students of a list, all or none. Who is named without an id is the one who is invited by
    that name already, else new; so the same list again changes nothing. Raises `RosterRefused`.
    """
    NamedTest.objects.select_for_update(no_key=True).get(pk=test.pk)  # two lists at once wait
    lines = _with_ids(test, read_roster(students, invitations.MOST_STUDENTS))
    kept = keep([line.person for line in lines])
    return invitations.invite(test, [{"student_id": student_id} for student_id in kept])


def _with_ids(test: NamedTest, lines: Iterable[Line]) -> list[Line]:
    known, problems, found = _ids_by_name(test), list[Sentence](), list[Line]()
    for line in lines:
        person = line.person
        if not person.student_id:
            try:
                person = replace(person, student_id=_id_for(person.name or "", known))
            except NameIsNotOne as refused:
                problems.append(
                    say("{place}: it {problem}.", place=place(line.line, "name"), problem=refused.sentence)
                )
        found.append(replace(line, person=person))
    if problems:
        raise RosterRefused(problems)
    return found


def _ids_by_name(test: NamedTest) -> dict[str, list[str]]:
    known: dict[str, list[str]] = {}
    invited = Invitation.objects.filter(test=test).values_list("student__name", "student__external_id")
    for name, student_id in invited:
        known.setdefault(name.casefold(), []).append(student_id)
    return known


def _id_for(name: str, known: Mapping[str, list[str]]) -> str:
    ids = known.get(name.casefold(), [])
    if len(ids) > 1:
        count = len(ids)
        raise NameIsNotOne(say("is the name of {count} students who are invited: give ids", count=count))
    return ids[0] if ids else new_id()


def among(test_id: int, keys: Iterable[str]) -> list[int]:
    """Of these keys, the invitations to this test."""
    asked = [int(key) for key in keys if key.isascii() and key.isdigit() and len(key) < 19]
    return list(Invitation.objects.filter(test=test_id, pk__in=asked).values_list("pk", flat=True))
