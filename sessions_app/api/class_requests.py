"""What requests about classes may hold."""

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework import serializers

from sessions_app.administration.classes import tables
from sessions_app.administration.classes.people import Person
from sessions_app.administration.classes.tables import Line
from sessions_app.api.errors import InvalidBody
from sessions_app.api.serializers import Body, Identifier, SizedFile, StrictBody, Text
from sessions_app.models.classes import MOST_EXTRA_TIME

CLASS_NAME, TERM = 100, 50  # characters, as in the rows
MOST_TEACHERS = 100


class ClassFilter(Body):
    search = Text(max_length=200, required=False, help_text="In name or term.")
    archived = serializers.BooleanField(default=False, help_text="Those in the archive instead.")


class ClassRequest(StrictBody):
    name = Text(max_length=CLASS_NAME)
    term = Text(max_length=TERM, required=False, allow_blank=True, help_text="School year or term.")


class ClassChange(ClassRequest):
    """What is left out stays."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, partial=True, **kwargs)


class ClassStudent(StrictBody):
    """What is left out of a student who is there stays; what is empty is emptied."""

    student_id = Identifier(
        required=False, help_text="Left out: whoever of the class has this name, else somebody new."
    )
    name = Text(max_length=tables.LONGEST["name"], required=False, allow_blank=True)
    email = Text(max_length=tables.LONGEST["email"], required=False, allow_blank=True)
    grade = Text(max_length=tables.LONGEST["grade"], required=False, allow_blank=True)
    extra_time = serializers.IntegerField(
        min_value=0, max_value=MOST_EXTRA_TIME, required=False, help_text="Percent."
    )
    note = Text(
        max_length=tables.LONGEST["note"],
        required=False,
        allow_blank=True,
        help_text="Such as “large print”. No diagnosis: whoever teaches the class reads it.",
    )


class ClassStudents(StrictBody):
    students = ClassStudent(many=True, max_length=tables.MOST_STUDENTS)  # type: ignore[call-arg]
    whole = serializers.BooleanField(default=False, help_text="Who is not in the list leaves the class.")
    dry_run = serializers.BooleanField(default=False, help_text="Look only; nothing is stored.")


class RosterTable(StrictBody):
    """A form with a file, or JSON with its text."""

    file = SizedFile("IMPORT_MAX_BYTES", required=False, help_text="In a form: CSV (UTF-8) or XLSX.")
    table = serializers.CharField(
        required=False,
        trim_whitespace=False,
        help_text="In JSON: the table with its header, or names alone, one a line.",
    )
    whole = serializers.BooleanField(default=False, help_text="Who is not in the list leaves the class.")
    dry_run = serializers.BooleanField(default=False, help_text="Look only; nothing is stored.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("file" in attrs) == ("table" in attrs):
            raise serializers.ValidationError({"table": "Give table or file."})
        return attrs

    @staticmethod
    def students(fields: Mapping[str, Any]) -> tables.StudentList:
        if "table" in fields:
            return tables.pasted(fields["table"])
        return tables.StudentList(fields["file"].read(tables.MOST_BYTES + 1))


class SchoolRoster(StrictBody):
    file = SizedFile("IMPORT_MAX_BYTES", help_text="OneRoster 1.1 or 1.2: the zip with its CSV files.")
    dry_run = serializers.BooleanField(default=False, help_text="Look only; nothing is stored.")


class StudentsOut(StrictBody):
    student_ids = serializers.ListField(child=Identifier(), max_length=tables.MOST_STUDENTS, min_length=1)


class Teachers(StrictBody):
    usernames = serializers.ListField(
        child=Text(max_length=150),
        max_length=MOST_TEACHERS,
        min_length=1,
        help_text="The names with which they log in at the desk.",
    )


class ClassTestRequest(StrictBody):
    names_may_be_chosen = serializers.BooleanField(
        default=False,
        help_text="With the class's code, students may choose their name from a list. Whoever has the code "
        "sees the names of the class, and can begin under any that has not begun.",
    )


def lines_in(students: Sequence[Mapping[str, Any]]) -> list[Line]:
    """The students of a body, numbered from 1. Raises `InvalidBody` with all that is wrong, by pointers."""
    problems: list[tuple[str, str]] = []
    seen: dict[tuple[str, str], int] = {}
    for index, student in enumerate(students):
        for column, value in student.items():
            if column != "extra_time" and (problem := tables.problem_of_cell(column, value)):
                problems.append((f"/students/{index}/{column}", f"It {problem}."))
        key = _key_of(student)
        if not key[1]:
            problems.append((f"/students/{index}", "Give student_id or name."))
        elif key in seen:
            problems.append((f"/students/{index}/{key[0]}", f"This student is number {seen[key]} already."))
        seen.setdefault(key, index + 1)
    if problems:
        raise InvalidBody(problems)
    return [
        Line(number, Person(**{"student_id": "", **student}))
        for number, student in enumerate(students, start=1)
    ]


def _key_of(student: Mapping[str, Any]) -> tuple[str, str]:
    """By what a student of a list is told from the others."""
    if "student_id" in student:
        return "student_id", student["student_id"]
    return "name", student.get("name", "").casefold()
