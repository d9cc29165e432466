"""A roster of a whole school becomes the organisation's: classes, students, who is in which class.

A look does all of it and takes it back, as with the list of one class. What was made by hand stays: only
classes and enrolments that a roster brought leave with it. A class that leaves is in the archive with its
students, so its results stay together.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from organisations.acting import acting_for
from organisations.membership import accounts
from organisations.models import Organisation
from sessions_app.administration.classes import members
from sessions_app.administration.classes.oneroster.files import in_file
from sessions_app.administration.classes.oneroster.records import (
    STUDENT,
    TEACHER,
    BroughtClass,
    BroughtUser,
    Enrolment,
    Roster,
)
from sessions_app.administration.classes.people import Kept, Person, from_to, keep
from sessions_app.administration.classes.rosters import Change, Fate, Report
from sessions_app.administration.classes.tables import RosterRefused
from sessions_app.models import ClassMember, ClassTeacher, RosterPerson, SchoolClass
from testing_engine.interchange.tables import PROBLEMS_LISTED, place
from testing_engine.sentences import Sentence, quoted, say

CLASSES, USERS, ENROLMENTS = "classes.csv", "users.csv", "enrollments.csv"
Pair = tuple[UUID, int]  # keys of a class and a student


def bring_school(roster: Roster, organisation_id: int, *, dry_run: bool, now: datetime) -> Report:
    """What a roster says, done in one transaction. Safe to repeat. Raises `RosterRefused`."""
    with transaction.atomic(), acting_for(organisation_id):
        # Two rosters at once wait; tests that begin meanwhile do not.
        Organisation.objects.select_for_update(no_key=True).get(pk=organisation_id)
        bringing = _Bringing(roster, now)
        bringing.refuse_loose_ends()
        report = Report(
            (*bringing.classes(), *bringing.users(), *bringing.enrolments(), *bringing.teachers())
        )
        if dry_run:
            transaction.set_rollback(True)
    return report


@dataclass
class _Bringing:
    """One after another: `classes`, `users`, `enrolments`, `teachers`."""

    roster: Roster
    now: datetime
    by_id: dict[str, SchoolClass] = field(init=False)  # all that rosters brought
    people: dict[str, int] = field(init=False)  # keys of students by their id in rosters
    gone: dict[int, int | None] = field(default_factory=dict)  # students, with the line that says so

    def __post_init__(self) -> None:
        brought = SchoolClass.objects.filter(source_id__isnull=False).order_by("name", "pk")
        self.by_id = {str(each.source_id): each for each in brought}
        self.people = dict(RosterPerson.objects.values_list("source_id", "student"))

    # --- Whether it fits together ---------------------------------------------------------------------------

    def refuse_loose_ends(self) -> None:
        """An enrolment names a class and a student that are there, or come with it."""
        classes = self._there("classes", self.roster.classes, self.by_id)
        users = self._there("users", self.roster.users, self.people)
        problems: list[Sentence] = []
        for row in self.roster.enrolments:
            if row.is_leaving:
                continue
            if row.class_id not in classes:
                problems.append(_loose(row, "classSourcedId", CLASSES))
            if row.role == STUDENT and row.user_id not in users:
                problems.append(_loose(row, "userSourcedId", USERS))
        if problems:
            raise RosterRefused(problems[:PROBLEMS_LISTED])

    def _there(
        self, file: str, rows: Sequence[BroughtClass] | Sequence[BroughtUser], known: Collection[str]
    ) -> set[str]:
        before = set() if file in self.roster.whole else set(known)
        leaving = {row.source_id for row in rows if row.is_leaving}
        return before - leaving | {row.source_id for row in rows if not row.is_leaving}

    # --- Classes --------------------------------------------------------------------------------------------

    def classes(self) -> list[Change]:
        changes = [self._class(row) for row in self.roster.classes]
        if "classes" in self.roster.whole:
            named = {row.source_id for row in self.roster.classes}
            missing = [each for source_id, each in self.by_id.items() if source_id not in named]
            changes += [self._archive(None, each) for each in missing if each.archived_at is None]
        return changes

    def _class(self, row: BroughtClass) -> Change:
        known = self.by_id.get(row.source_id)
        if row.is_leaving:
            if known is None or known.archived_at is not None:
                return Change(row.line, row.source_id, row.name, Fate.STAYS, file=CLASSES)
            return self._archive(row.line, known)
        if known is None:
            made = SchoolClass.objects.create(name=row.name, term=row.term or "", source_id=row.source_id)
            self.by_id[row.source_id] = made
            return Change(row.line, row.source_id, str(made), Fate.NEW_CLASS, file=CLASSES)
        details = []
        for column, called, after in (("name", say("name"), row.name), ("term", say("term"), row.term)):
            before = getattr(known, column)
            if after is not None and after != before:
                setattr(known, column, after)
                details.append(from_to(called, before, after))
        if known.archived_at is not None:
            known.archived_at = None
            details.append(say("it comes out of the archive"))
        if details:
            known.save(update_fields=["name", "term", "archived_at"])
        fate = Fate.CHANGES if details else Fate.STAYS
        return Change(row.line, row.source_id, str(known), fate, tuple(details), CLASSES)

    def _archive(self, line: int | None, school_class: SchoolClass) -> Change:
        school_class.archived_at = self.now
        school_class.save(update_fields=["archived_at"])
        return Change(line, str(school_class.source_id), str(school_class), Fate.ARCHIVED, file=CLASSES)

    # --- Students -------------------------------------------------------------------------------------------

    def users(self) -> list[Change]:
        students = []
        for row in self.roster.users:
            is_student = row.source_id in self.people if row.is_student is None else row.is_student
            if is_student and not row.is_leaving:
                students.append(row)
            elif row.source_id in self.people:
                self.gone[self.people[row.source_id]] = row.line
        if "users" in self.roster.whole:
            named = {row.source_id for row in self.roster.users}
            self.gone |= {pk: None for each, pk in self.people.items() if each not in named}
        return self._keep(students)

    def _keep(self, rows: Sequence[BroughtUser]) -> list[Change]:
        """Found by the id that a roster brought them under; else by the same id as a student's own."""
        ids = dict(RosterPerson.objects.values_list("source_id", "student__external_id"))
        said = {
            row.source_id: Person(
                ids.get(row.source_id, row.source_id), row.name or None, row.email or None, row.grade or None
            )
            for row in rows
        }
        self._refuse_one_student_twice(rows, said)
        kept = keep(list(said.values()))
        new = {row.source_id for row in rows} - set(self.people)
        found = {source_id: kept[said[source_id].student_id] for source_id in said}
        RosterPerson.objects.bulk_create(
            (RosterPerson(source_id=each, student=found[each].student) for each in sorted(new)),
            batch_size=1000,
        )
        self.people |= {each: kept_now.student.pk for each, kept_now in found.items()}
        return [_student(row, found[row.source_id], row.source_id in new) for row in rows]

    def _refuse_one_student_twice(self, rows: Sequence[BroughtUser], said: dict[str, Person]) -> None:
        """Where somebody gave a student of the roster an id that the roster has for another."""
        lines: dict[str, int] = {}
        problems = []
        for row in rows:
            student_id = said[row.source_id].student_id
            if student_id in lines:
                already = say("this student is on line {line} already", line=lines[student_id])
                wrong = say("{place}: {problem}.", place=place(row.line, "sourcedId"), problem=already)
                problems.append(in_file(USERS, wrong))
            lines.setdefault(student_id, row.line)
        if problems:
            raise RosterRefused(problems[:PROBLEMS_LISTED])

    # --- Who is in which class ------------------------------------------------------------------------------

    def enrolments(self) -> list[Change]:
        """In classes that are in use."""
        in_use = {each.pk: each for each in self.by_id.values() if each.archived_at is None}
        rows = ClassMember.objects.filter(school_class__in=in_use)
        there: dict[Pair, ClassMember] = {
            (row.school_class_id, row.student_id): row
            for row in rows.select_related("student").order_by("pk")
        }
        wanted: dict[Pair, Enrolment] = {}
        leaving: dict[str, int] = {}
        passed_over = []
        for row in self.roster.enrolments:
            leaving[row.source_id] = row.line  # also from where it stood before, if it stands elsewhere now
            if row.role != STUDENT or row.is_leaving:
                continue
            school_class = self.by_id[row.class_id]
            if school_class.pk in in_use:
                wanted.setdefault((school_class.pk, self.people[row.user_id]), row)
            else:
                why = (quoted(school_class), say("the class is in the archive"))
                passed_over.append(Change(row.line, row.user_id, "", Fate.STAYS, why, ENROLMENTS))
        return [
            *passed_over,
            *self._join(wanted, there, in_use),
            *self._leave(wanted, there, in_use, leaving),
        ]

    def _join(
        self, wanted: dict[Pair, Enrolment], there: dict[Pair, ClassMember], in_use: dict[UUID, SchoolClass]
    ) -> Iterator[Change]:
        joining: dict[UUID, dict[int, str]] = {}
        taken_over = []
        for (class_pk, student_pk), row in wanted.items():
            member = there.get((class_pk, student_pk))
            if member is None:
                joining.setdefault(class_pk, {})[student_pk] = row.source_id
            elif member.source_id != row.source_id:
                member.source_id = row.source_id
                taken_over.append(member)
        for class_pk, enrolments in joining.items():
            members.add(in_use[class_pk], enrolments)
        ClassMember.objects.bulk_update(taken_over, ["source_id"], batch_size=500)
        names = {row.source_id: row.name for row in self.roster.users}
        for pair, row in wanted.items():
            fate = Fate.STAYS if pair in there else Fate.JOINS
            where = (quoted(in_use[pair[0]]),)
            yield Change(row.line, row.user_id, names.get(row.user_id, ""), fate, where, ENROLMENTS)

    def _leave(
        self,
        wanted: dict[Pair, Enrolment],
        there: dict[Pair, ClassMember],
        in_use: dict[UUID, SchoolClass],
        leaving: dict[str, int],
    ) -> Iterator[Change]:
        out: dict[UUID, list[int]] = {}
        for pair, member in there.items():
            class_pk, student_pk = pair
            if pair in wanted or not member.source_id:
                continue
            if student_pk in self.gone:
                file, line = USERS, self.gone[student_pk]
            elif member.source_id in leaving or "enrollments" in self.roster.whole:
                file, line = ENROLMENTS, leaving.get(member.source_id)
            else:
                continue
            out.setdefault(class_pk, []).append(student_pk)
            student, where = member.student, (quoted(in_use[class_pk]),)
            yield Change(line, student.external_id, student.name, Fate.LEAVES, where, file)
        for class_pk, student_pks in out.items():
            members.remove(in_use[class_pk], student_pks, now=self.now)

    # --- Teachers -------------------------------------------------------------------------------------------

    def teachers(self) -> Iterator[Change]:
        """Accounts are found, never made. Who is not named any more goes on teaching: a roster does not know
        whom a colleague put there."""
        users = {row.source_id: row for row in self.roster.users}
        by_name, by_email = _accounts()
        for row in self.roster.enrolments:
            school_class = self.by_id.get(row.class_id)
            if row.role != TEACHER or school_class is None or school_class.archived_at is not None:
                continue
            user = users.get(row.user_id)
            account = user and (by_email.get(user.email.casefold()) or by_name.get(user.username))
            if account:
                fate = _teach(school_class, account, row.is_leaving)
            else:
                fate = Fate.STAYS if row.is_leaving else Fate.NO_ACCOUNT
            called = (user and (user.name or user.username)) or row.user_id
            yield Change(row.line, row.user_id, called, fate, (quoted(school_class),), ENROLMENTS)


def _loose(row: Enrolment, column: str, file: str) -> Sentence:
    problem = say("names what is neither in {file} nor known", file=file)
    wrong = say("{place}: it {problem}.", place=place(row.line, column), problem=problem)
    return in_file(ENROLMENTS, wrong)


def _student(row: BroughtUser, kept: Kept, is_new_here: bool) -> Change:
    details = kept.changes
    if is_new_here and not kept.is_new:
        details = (say("a student of this id is here already, and is meant"), *details)
    fate = Fate.NEW if kept.is_new else Fate.CHANGES if details else Fate.STAYS
    return Change(row.line, kept.student.external_id, kept.student.name, fate, details, USERS)


def _accounts() -> tuple[dict[str, User], dict[str, User]]:
    """Who may enter the desk, by user name, and by an e-mail address that is one account's alone."""
    found = list(accounts().filter(is_staff=True, is_active=True).order_by("pk"))
    by_email: dict[str, list[User]] = {}
    for each in found:
        if each.email:
            by_email.setdefault(each.email.casefold(), []).append(each)
    alone = {email: users[0] for email, users in by_email.items() if len(users) == 1}
    return {each.get_username(): each for each in found}, alone


def _teach(school_class: SchoolClass, account: User, is_leaving: bool) -> Fate:
    if is_leaving:
        count, _ = ClassTeacher.objects.filter(school_class=school_class, user=account).delete()
        return Fate.LEAVES if count else Fate.STAYS
    _, is_new = ClassTeacher.objects.get_or_create(school_class=school_class, user=account)
    return Fate.TEACHES if is_new else Fate.STAYS
