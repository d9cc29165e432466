"""A list of students becomes a class's: line by line what changes, looked at first, and then done.

A look does all of it and takes it back, so it says what will happen and not what somebody thinks would.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import TextChoices

from organisations.acting import acting_for
from sessions_app.administration.classes import members
from sessions_app.administration.classes.people import Kept, keep
from sessions_app.administration.classes.tables import Line, RosterRefused
from sessions_app.models import SchoolClass
from testing_engine.interchange.tables import place
from testing_engine.sentences import Sentence, say


class Fate(TextChoices):
    NEW = "new", "new student"
    JOINS = "joins", "joins the class"
    CHANGES = "changes", "changes"
    STAYS = "stays", "stays as it is"
    LEAVES = "leaves", "leaves the class"
    # Of a whole school's roster.
    NEW_CLASS = "new_class", "new class"
    ARCHIVED = "archived", "into the archive"
    TEACHES = "teaches", "teaches the class"
    NO_ACCOUNT = "no_account", "no account"  # which changes nothing


@dataclass(frozen=True)
class Change:
    """What becomes of one student, class or teacher. `line`: of the list; None: who is not in it.

    `file`: in which, where there are several.
    """

    line: int | None
    student_id: str
    name: str
    fate: Fate
    details: tuple[Sentence, ...] = ()
    file: str = ""


@dataclass(frozen=True)
class Report:
    """Line by line, and how many of each."""

    changes: tuple[Change, ...]

    def count(self, fate: Fate) -> int:
        return sum(change.fate == fate for change in self.changes)

    @property
    def is_without_effect(self) -> bool:
        return all(change.fate in (Fate.STAYS, Fate.NO_ACCOUNT) for change in self.changes)


def bring(
    school_class: SchoolClass, lines: Sequence[Line], *, is_whole: bool, dry_run: bool, now: datetime
) -> Report:
    """The students of a list into the class. `is_whole`: who is not in it leaves the class.

    Safe to repeat: what is there stays, and an empty cell changes nothing. Raises `RosterRefused` where a
    name is not one student's.
    """
    with transaction.atomic(), acting_for(school_class.organisation_id):
        SchoolClass.objects.select_for_update().get(pk=school_class.pk)  # two lists at once wait
        report = _bring(school_class, _with_ids(school_class, lines), is_whole, now)
        if dry_run:
            transaction.set_rollback(True)
    return report


def _with_ids(school_class: SchoolClass, lines: Sequence[Line]) -> list[Line]:
    """Who has only a name is the one of the class who is called so, else new."""
    known = members.ids_by_name(school_class)
    problems: list[Sentence] = []
    found: list[Line] = []
    taken = {line.person.student_id: line.line for line in lines if line.person.student_id}
    for line in lines:
        person = line.person
        if not person.student_id:
            try:
                person = replace(person, student_id=members.id_for_name(person.name or "", known))
            except members.NameIsNotOne as refused:
                problems.append(
                    say("{place}: it {problem}.", place=place(line.line, "name"), problem=refused.sentence)
                )
            if taken.get(person.student_id, line.line) != line.line:
                already = say("this student is on line {line} already", line=taken[person.student_id])
                problems.append(say("{place}: {problem}.", place=place(line.line, "name"), problem=already))
        found.append(Line(line.line, person))
    if problems:
        raise RosterRefused(problems)
    return found


def _bring(school_class: SchoolClass, lines: Sequence[Line], is_whole: bool, now: datetime) -> Report:
    kept = keep([line.person for line in lines])
    joined = members.add(school_class, {each.student.pk: "" for each in kept.values()})
    changes = [_change(line, kept[line.person.student_id], joined) for line in lines]
    if is_whole:
        there = {each.student.pk for each in kept.values()}
        leaving = [each for each in members.members_of(school_class) if each.pk not in there]
        members.remove(school_class, [each.pk for each in leaving], now=now)
        changes += [Change(None, each.student_id, each.name, Fate.LEAVES) for each in leaving]
    return Report(tuple(changes))


def _change(line: Line, kept: Kept, joined: set[int]) -> Change:
    if kept.is_new:
        fate = Fate.NEW
    elif kept.student.pk in joined:
        fate = Fate.JOINS
    else:
        fate = Fate.CHANGES if kept.changes else Fate.STAYS
    return Change(line.line, kept.student.external_id, kept.student.name, fate, kept.changes)
