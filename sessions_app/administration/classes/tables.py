"""A class's list as a table: which column is which, in English and German, and what is wrong with a cell."""

import csv
import io
import re
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from sessions_app.administration.classes.people import Person, extra_time_in, problem_of_extra_time
from testing_engine.interchange.names import problem_of_name, problem_of_student_id, problem_of_words
from testing_engine.interchange.tables import Table, TableRefused, place, read_table
from testing_engine.sentences import Sentence, say

MOST_STUDENTS = 2_000
MOST_BYTES = 2 * 1024 * 1024
LONGEST = {"name": 200, "email": 254, "grade": 50, "note": 500}  # as in the rows
_CALLED = {
    "student_id": ("id", "student id", "studentid", "schüler-id", "schülernummer", "kennung", "nummer"),
    "name": ("student", "full name", "schüler", "schülerin", "schüler:in", "vor- und nachname"),
    "first_name": ("first name", "firstname", "given name", "givenname", "vorname", "rufname"),
    "last_name": (
        "last name",
        "lastname",
        "family name",
        "familyname",
        "surname",
        "nachname",
        "familienname",
    ),
    "email": ("e-mail", "mail", "e-mail address", "e-mail-adresse"),
    "grade": ("grade level", "year", "stufe", "klassenstufe", "jahrgang", "jahrgangsstufe"),
    "extra_time": ("extra time", "extratime", "zeitzuschlag", "zeitverlängerung", "mehr zeit"),
    "note": ("accommodation", "accommodations", "notes", "notiz", "hinweis", "nachteilsausgleich"),
}
ALIASES = {alias: name for name, called in _CALLED.items() for alias in (name, *called)}


class RosterRefused(ValueError):
    """The list is not as it should be; nothing was changed. `problems`: one sentence each, with its place."""

    def __init__(self, problems: list[Sentence]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Line:
    """One student of a list. `person.student_id` is "" where the list has only a name."""

    line: int
    person: Person


@dataclass(frozen=True)
class StudentList:
    """A table of students as it came. `first_line`: which number its first line has in messages."""

    content: bytes
    first_line: int = 1


def pasted(text: str) -> StudentList:
    """What was pasted: a table with its header, or names alone, one a line, which get a header as line 0."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    cells = [cell.strip(' "').lower() for cell in re.split("[,;\t]", first)]
    if any(cell in ALIASES for cell in cells):
        return StudentList(text.encode())
    table = io.StringIO()
    csv.writer(table).writerows([["name"], *([" ".join(line.split())] for line in text.splitlines())])
    return StudentList(table.getvalue().encode(), first_line=0)


def read_roster(students: StudentList, most: int = MOST_STUDENTS) -> list[Line]:
    """At most so many students of a table or a workbook. Raises `RosterRefused` with all that is wrong."""
    if len(students.content) > MOST_BYTES:
        raise RosterRefused([say("The file is larger than {most} MiB.", most=MOST_BYTES // 1024**2)])
    try:
        table = read_table(students.content, is_lower_case=True, first_line=students.first_line)
    except TableRefused as refused:
        raise RosterRefused(refused.problems) from refused
    columns = _columns(table)
    read = _Read(most)
    for row in table.rows:
        read.take(row.line, {columns[name]: cell.strip(" ") for name, cell in row.cells.items()})
    if not read.lines and not read.problems:
        read.problems.append(say("{place}: there is no student in the list.", place=place(table.line + 1)))
    if read.problems:
        raise RosterRefused(read.problems)
    return read.lines


def _columns(table: Table) -> dict[str, str]:
    """Ours by the header's words."""
    found: dict[str, str] = {}
    problems = []
    for name in table.header:
        if name not in ALIASES:
            listed = ", ".join(_CALLED)
            problems.append(
                say("{place}: it must be one of {names}.", place=place(table.line, name), names=listed)
            )
        elif ALIASES[name] in found.values():
            problems.append(say("{place}: it is there twice.", place=place(table.line, name)))
        else:
            found[name] = ALIASES[name]
    if not {"student_id", "name", "last_name"} & set(found.values()):
        problems.append(
            say(
                "{place}: the first line names the columns; student_id or name must be among them.",
                place=place(table.line),
            )
        )
    if problems:
        raise RosterRefused(problems)
    return found


@dataclass
class _Read:
    most: int
    lines: list[Line] = field(default_factory=list)
    problems: list[Sentence] = field(default_factory=list)
    seen: dict[tuple[str, str], int] = field(default_factory=dict)  # line by id or by name

    def take(self, line: int, row: dict[str, str]) -> None:
        if len(self.lines) == self.most:
            raise RosterRefused(
                [say("{place}: a list holds at most {most} students.", place=place(line), most=self.most)]
            )
        parts = [row.pop(each) for each in ("first_name", "last_name") if each in row]
        if parts and not row.get("name"):
            row["name"] = " ".join(filter(None, parts))
        for column, value in row.items():
            if problem := problem_of_cell(column, value):
                self._wrong(line, column, problem)
        student_id, name = row.get("student_id", ""), row.get("name", "")
        if not student_id and not name:
            self._wrong(line, "student_id" if "student_id" in row else "name", say("is empty"))
            return
        key = ("student_id", student_id) if student_id else ("name", name.casefold())
        if key in self.seen:
            self.problems.append(
                say(
                    "{place}: this student is on line {line} already.",
                    place=place(line, key[0]),
                    line=self.seen[key],
                )
            )
        self.seen.setdefault(key, line)
        extra = row.get("extra_time", "")
        self.lines.append(
            Line(
                line,
                Person(
                    student_id,
                    name=name or None,
                    email=row.get("email") or None,
                    grade=row.get("grade") or None,
                    extra_time=extra_time_in(extra) if extra else None,
                    note=row.get("note") or None,
                ),
            )
        )

    def _wrong(self, line: int, column: str, problem: Sentence) -> None:
        self.problems.append(say("{place}: it {problem}.", place=place(line, column), problem=problem))


def problem_of_cell(column: str, value: str) -> Sentence | None:
    """What is wrong with what stands in this column, as the end of a sentence. Empty is nothing said."""
    if not value:
        return None
    if column == "student_id":
        return problem_of_student_id(value)
    if column == "extra_time":
        return problem_of_extra_time(value)
    if column == "name":
        return problem_of_name(value, LONGEST["name"])
    if problem := problem_of_words(value, LONGEST[column]):
        return problem
    if column == "email":
        try:
            validate_email(value)
        except ValidationError:
            return say("is no e-mail address")
    return None
