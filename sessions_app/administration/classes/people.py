"""What a list or a form says of students: kept in their rows, and told what changes by it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sessions_app.models import Accommodation, Student
from sessions_app.models.classes import MOST_EXTRA_TIME
from testing_engine.sentences import Sentence, quoted, say

COLUMNS = {"name": "name", "email": "email", "grade": "grade_level"}  # of a person, of a `Student`
CALLED = {"name": say("name"), "email": say("e-mail"), "grade": say("grade")}


@dataclass(frozen=True)
class Person:
    """What is said of a student. None: nothing is said, and nothing changes."""

    student_id: str
    name: str | None = None
    email: str | None = None
    grade: str | None = None
    extra_time: int | None = None
    note: str | None = None

    def told(self) -> dict[str, str]:
        """By column of `Student`."""
        said = {column: getattr(self, field) for field, column in COLUMNS.items()}
        return {column: value for column, value in said.items() if value is not None}


@dataclass(frozen=True)
class Kept:
    """A student's row as it is now, and what the list changed in it."""

    student: Student
    is_new: bool
    changes: tuple[Sentence, ...]


def keep(people: Sequence[Person]) -> dict[str, Kept]:
    """Students made or changed, by their id; inside a transaction, and safe to repeat.

    Rows are locked in the order of their keys, as everywhere.
    """
    said = {person.student_id: person for person in people}
    known = set(Student.objects.filter(external_id__in=said).values_list("external_id", flat=True))
    new = (Student(external_id=each, **person.told()) for each, person in said.items() if each not in known)
    Student.objects.bulk_create(new, ignore_conflicts=True, batch_size=1000)
    students = list(Student.objects.select_for_update().filter(external_id__in=said).order_by("pk"))
    changes = {student.external_id: _change(student, said[student.external_id]) for student in students}
    changed = [student for student in students if changes[student.external_id]]
    Student.objects.bulk_update(changed, list(COLUMNS.values()), batch_size=500)
    needs = _keep_accommodations(students, said)
    return {
        student.external_id: Kept(
            student,
            student.external_id not in known,
            (*changes[student.external_id], *needs.get(student.pk, ())),
        )
        for student in students
    }


def _change(student: Student, person: Person) -> list[Sentence]:
    """Sets what is said otherwise; tells each change."""
    changes = []
    for field, column in COLUMNS.items():
        before, after = getattr(student, column), getattr(person, field)
        if after is None or after == before:
            continue
        setattr(student, column, after)
        changes.append(from_to(CALLED[field], before, after))
    return changes


def from_to(what: Sentence, before: str, after: str) -> Sentence:
    """A change of a text, either of which may be empty."""
    if not before:
        return say("{what}: “{after}”", what=what, after=quoted(after))
    if not after:
        return say("{what}: “{before}” goes", what=what, before=quoted(before))
    return say("{what}: “{before}” becomes “{after}”", what=what, before=quoted(before), after=quoted(after))


def _keep_accommodations(
    students: Sequence[Student], said: dict[str, Person]
) -> dict[int, tuple[Sentence, ...]]:
    """By the student's key, what changes in extra time and note."""
    asked = {
        student.pk: person
        for student in students
        if (person := said[student.external_id]).extra_time is not None or person.note is not None
    }
    rows = accommodations_of(asked)
    told: dict[int, tuple[Sentence, ...]] = {}
    to_write = []
    for pk, person in asked.items():
        row = rows.get(pk) or Accommodation(student_id=pk)
        if changes := _accommodate(row, person):
            told[pk] = changes
            to_write.append(row)
    Accommodation.objects.bulk_create(
        to_write,
        update_conflicts=True,
        unique_fields=["student"],
        update_fields=["extra_time_percent", "note"],
        batch_size=500,
    )
    return told


def _accommodate(row: Accommodation, person: Person) -> tuple[Sentence, ...]:
    changes = []
    if person.extra_time is not None and person.extra_time != row.extra_time_percent:
        values = {"before": row.extra_time_percent, "after": person.extra_time}
        changes.append(say("extra time: {before} % becomes {after} %", **values))
        row.extra_time_percent = person.extra_time
    if person.note is not None and person.note != row.note:
        changes.append(from_to(say("note"), row.note, person.note))
        row.note = person.note
    return tuple(changes)


def accommodations_of(student_pks: Iterable[int]) -> dict[int, Accommodation]:
    """By the student's key; who needs nothing has none."""
    return {row.student_id: row for row in Accommodation.objects.filter(student__in=list(student_pks))}


def problem_of_extra_time(text: str) -> Sentence | None:
    """What keeps a cell or a field from being extra time in percent."""
    if extra_time_in(text) is None:
        return say("is no extra time: write percent, from 0 to {most}, such as 25", most=MOST_EXTRA_TIME)
    return None


def extra_time_in(text: str) -> int | None:
    """25 of "25", "25 %" or "+25%"; None where it is none."""
    digits = text.strip().removesuffix("%").strip().removeprefix("+")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 3) or int(digits) > MOST_EXTRA_TIME:
        return None
    return int(digits)
