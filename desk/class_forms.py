"""Forms about classes and their students."""

import hashlib
import uuid
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from desk.forms import NameField
from desk.sentences import translated
from sessions_app.administration.classes import members, tables
from sessions_app.administration.classes.oneroster.files import MOST_BYTES
from sessions_app.administration.classes.people import Person, extra_time_in
from testing_engine.sentences import first_up, say

CLASS_NAME, TERM = 100, 50  # characters, as in the rows


class ClassForm(forms.Form):
    """Name and term; with `class_id`, drawn when the page is shown, sending it twice makes one class."""

    name = NameField(max_length=CLASS_NAME, label=_("Name"), help_text=_("For example “9b”."))
    term = NameField(
        max_length=TERM, required=False, label=_("School year or term"), help_text=_("For example “2026/27”.")
    )


class NewClassForm(ClassForm):
    class_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class CellField(forms.CharField):
    """What a column of a list of students may hold, refused in the same words."""

    def __init__(self, column: str, **options: Any) -> None:
        self.column = column
        super().__init__(required=False, max_length=tables.LONGEST.get(column, 200), **options)

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        if problem := tables.problem_of_cell(self.column, text):
            raise forms.ValidationError(translated(first_up(say("it {problem}.", problem=problem))))
        return text


class StudentForm(forms.Form):
    """What is known of a student. Emptied, a field is emptied."""

    name = CellField("name", label=_("Name"))
    email = CellField("email", label=_("E-mail"))
    grade = CellField("grade", label=_("Grade"))
    extra_time = CellField(
        "extra_time",
        label=_("Extra time (percent)"),
        help_text=_(
            "25 makes 50 minutes of 40. It counts for tests with a time limit that begin from now on; a "
            "closing time stays."
        ),
    )
    note = CellField(
        "note",
        label=_("What else whoever gives the test has to know"),
        help_text=_("Such as “large print”. Write no diagnosis: teachers of the class read it."),
    )

    def person(self, student_id: str) -> Person:
        given = self.cleaned_data
        return Person(
            student_id,
            name=given["name"],
            email=given["email"],
            grade=given["grade"],
            extra_time=extra_time_in(given["extra_time"] or "0"),
            note=given["note"],
        )


class AddStudentForm(forms.Form):
    """One student, by name or id."""

    name = CellField("name", label=_("Name"))
    student_id = CellField(
        "student_id", label=_("Student id"), help_text=_("Empty: the service makes one that means nothing.")
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned["name"] and not cleaned["student_id"]:
            self.add_error("name", _("Give a name or an id."))
        return cleaned

    def person(self) -> Person:
        given = self.cleaned_data
        return Person(given["student_id"] or members.new_id(), name=given["name"] or None)


class GiveForm(forms.Form):
    """A test for the class; `choices` are those that it has not."""

    test = forms.TypedChoiceField(coerce=int, label=_("Test"))
    names_may_be_chosen = forms.BooleanField(
        required=False,
        label=_("With the class’s code, students may choose their name from a list"),
        help_text=_(
            "Quick, and without slips. But whoever has the code sees the names of the class and can begin "
            "under any of them: only where you see who sits where. A name is offered until it has begun."
        ),
    )

    def __init__(self, *args: Any, tests: list[tuple[int, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["test"].choices = tests  # type: ignore[attr-defined]


class TeacherForm(forms.Form):
    username = forms.CharField(
        max_length=150,
        label=_("Another teacher"),
        help_text=_("The name with which she logs in. She sees the class, its students and their results."),
    )


class RosterForm(forms.Form):
    """A list for one class: a file, or what was pasted."""

    file = forms.FileField(required=False, label=_("File"), help_text=_("CSV (UTF-8) or XLSX."))
    text = forms.CharField(
        required=False,
        strip=False,
        max_length=500_000,
        label=_("Or paste the list"),
        help_text=_("Names, one a line; or a table with its first line."),
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )
    is_whole = forms.BooleanField(
        required=False,
        label=_("This is the whole class: who is not in the list leaves it"),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("text", "").strip() and cleaned.get("file") is None:
            self.add_error("file", _("Choose a file or paste a list."))
        return cleaned

    def students(self) -> tables.StudentList:
        """The file where there is one, else what was pasted."""
        file: UploadedFile[Any] | None = self.cleaned_data["file"]
        if file is not None:
            return tables.StudentList(file.read(tables.MOST_BYTES + 1))
        return tables.pasted(self.cleaned_data["text"])

    def seen(self, students: tables.StudentList) -> str:
        """What a report was made of."""
        return hashlib.sha256(students.content + repr(self.cleaned_data["is_whole"]).encode()).hexdigest()


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """One file or several, as a list."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        files = data if isinstance(data, list | tuple) else [data]
        return [super(ManyFilesField, self).clean(each, initial) for each in files or [None]]


class SchoolRosterForm(forms.Form):
    """OneRoster's files: a zip, or each for itself."""

    uploads = ManyFilesField(
        label=_("Files"), help_text=_("OneRoster 1.1 or 1.2: the zip, or its CSV files together.")
    )

    def contents(self) -> dict[str, bytes]:
        """By name of file; of what is too large, as much as tells that."""
        files: list[UploadedFile[Any]] = self.cleaned_data["uploads"]
        return {file.name or "": file.read(MOST_BYTES + 1) for file in files}


def seen_of(contents: dict[str, bytes]) -> str:
    """What a report was made of."""
    told = hashlib.sha256()
    for name, content in sorted(contents.items()):
        told.update(repr((name, hashlib.sha256(content).hexdigest())).encode())
    return told.hexdigest()
