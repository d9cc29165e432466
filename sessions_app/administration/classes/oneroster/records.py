"""What the rows of OneRoster's files say of classes, people and who is where; and what is wrong with them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sessions_app.administration.classes.oneroster.files import Mode, Package, Sheet, in_file
from sessions_app.administration.classes.tables import LONGEST, RosterRefused, problem_of_cell
from testing_engine.interchange.names import problem_of_name, problem_of_student_id, problem_of_words
from testing_engine.interchange.tables import PROBLEMS_LISTED, Row, place
from testing_engine.sentences import Sentence, say

CLASS_NAME, TERM, SOURCE_ID = 100, 50, 255  # characters, as in the rows
STUDENT, TEACHER = "student", "teacher"


@dataclass(frozen=True)
class Record:
    """A row that says of something that it is so, or that it is to go."""

    line: int
    source_id: str
    is_leaving: bool


@dataclass(frozen=True)
class BroughtClass(Record):
    """`term` is None where nothing is said of it."""

    name: str
    term: str | None


@dataclass(frozen=True)
class BroughtUser(Record):
    """`is_student` is None where nothing is said of it."""

    is_student: bool | None
    name: str
    username: str
    email: str
    grade: str


@dataclass(frozen=True)
class Enrolment(Record):
    class_id: str
    user_id: str
    role: str


@dataclass(frozen=True)
class Roster:
    """By file, what it says. Who or what is not in a file that is whole is not there any more."""

    classes: tuple[BroughtClass, ...]
    users: tuple[BroughtUser, ...]
    enrolments: tuple[Enrolment, ...]
    whole: frozenset[str]  # names of files


def read_records(package: Package) -> Roster:
    """Raises `RosterRefused` with all that is wrong, each with file, line and column."""
    reading = _Reading(package)
    schools = reading.schools()
    terms = reading.terms()
    roles = reading.roles()
    classes = tuple(reading.classes(terms, schools))
    enrolments = tuple(reading.enrolments())
    enrolled = {row.user_id for row in enrolments if row.role == STUDENT and not row.is_leaving}
    roster = Roster(
        classes,
        tuple(reading.users(roles, enrolled)),
        enrolments,
        frozenset(name for name, sheet in package.sheets.items() if sheet.mode == Mode.BULK),
    )
    if reading.problems:
        raise RosterRefused(reading.problems[:PROBLEMS_LISTED])
    return roster


@dataclass
class _Roles:
    """Who is a student, as roles.csv says (1.2)."""

    is_whole: bool
    students: set[str] = field(default_factory=set)

    def is_student(self, user: str) -> bool | None:
        if user in self.students:
            return True
        return False if self.is_whole else None  # a role that goes may not be the only one


@dataclass
class _Reading:
    package: Package
    problems: list[Sentence] = field(default_factory=list)

    def schools(self) -> set[str] | None:
        """The organisations that there are; None where not all are named."""
        sheet = self.package.sheets["orgs"]
        rows = {source_id for _, source_id, is_leaving in self._rows(sheet) if not is_leaving}
        return rows if sheet.mode == Mode.BULK else None

    def terms(self) -> dict[str, str]:
        sheet = self.package.sheets["academicSessions"]
        found = {}
        for row, source_id, is_leaving in self._rows(sheet):
            if not is_leaving:
                found[source_id] = self._title(sheet, row, TERM)
        return found

    def roles(self) -> _Roles | None:
        sheet = self.package.sheets.get("roles")
        if sheet is None:
            return None
        roles = _Roles(sheet.mode == Mode.BULK)
        for row, _, is_leaving in self._rows(sheet):
            if row.cells["role"].strip() == STUDENT and not is_leaving:
                roles.students.add(row.cells["userSourcedId"].strip())
        return roles

    def classes(self, terms: dict[str, str], schools: set[str] | None) -> Iterator[BroughtClass]:
        sheet = self.package.sheets["classes"]
        for row, source_id, is_leaving in self._rows(sheet):
            name, term = row.cells["title"].strip(), None
            if not is_leaving:
                name = self._title(sheet, row, CLASS_NAME)
                term = _term([terms[each] for each in _listed(row.cells["termSourcedIds"]) if each in terms])
                if schools is not None and row.cells["schoolSourcedId"].strip() not in schools:
                    self._wrong(sheet, row.line, "schoolSourcedId", say("is not in {file}", file="orgs.csv"))
            yield BroughtClass(row.line, source_id, is_leaving, name, term)

    def users(self, roles: _Roles | None, enrolled: set[str]) -> Iterator[BroughtUser]:
        """Who is enrolled as a student is one."""
        sheet = self.package.sheets["users"]
        for row, source_id, is_leaving in self._rows(sheet):
            if roles is None:
                is_student: bool | None = row.cells["role"].strip() == STUDENT
                if not row.cells["role"].strip() and not is_leaving:
                    self._wrong(sheet, row.line, "role", say("is empty"))
            else:
                is_student = roles.is_student(source_id)
            if source_id in enrolled:
                is_student = True
            name, email, grade = (
                _name(row),
                row.cells["email"].strip(),
                ", ".join(_listed(row.cells["grades"])),
            )
            if is_student is not False and not is_leaving:
                self._check_student(sheet, row, source_id, name, email, grade)
            yield BroughtUser(
                row.line, source_id, is_leaving, is_student, name, row.cells["username"].strip(), email, grade
            )

    def _check_student(
        self, sheet: Sheet, row: Row, source_id: str, name: str, email: str, grade: str
    ) -> None:
        found = {
            "sourcedId": problem_of_student_id(source_id),
            "givenName": problem_of_name(name, LONGEST["name"]),
            "email": problem_of_cell("email", email),
            "grades": problem_of_cell("grade", grade),
        }
        for column, problem in found.items():
            if problem:
                self._wrong(sheet, row.line, column, problem)

    def enrolments(self) -> Iterator[Enrolment]:
        sheet = self.package.sheets["enrollments"]
        for row, source_id, is_leaving in self._rows(sheet):
            needed = [row.cells[column].strip() for column in ("classSourcedId", "userSourcedId", "role")]
            for column, value in zip(("classSourcedId", "userSourcedId", "role"), needed, strict=True):
                if not value and not is_leaving:
                    self._wrong(sheet, row.line, column, say("is empty"))
            yield Enrolment(row.line, source_id, is_leaving, *needed)

    def _rows(self, sheet: Sheet) -> Iterator[tuple[Row, str, bool]]:
        """(row, its id, whether it is to go), where both are as they should be."""
        seen: dict[str, int] = {}
        for row in sheet.rows:
            source_id, status = row.cells["sourcedId"].strip(), row.cells["status"].strip()
            problem = say("is empty") if not source_id else problem_of_words(source_id, SOURCE_ID)
            if source_id in seen:
                problem = say("is on line {line} already", line=seen[source_id])
            if problem:
                self._wrong(sheet, row.line, "sourcedId", problem)
            seen.setdefault(source_id, row.line)
            if status not in ("active", "tobedeleted") and (status or sheet.mode == Mode.DELTA):
                self._wrong(sheet, row.line, "status", say("must be active or tobedeleted"))
            yield row, source_id, status == "tobedeleted"

    def _title(self, sheet: Sheet, row: Row, longest: int) -> str:
        text = _one_blank(row.cells["title"])
        if problem := problem_of_name(text, longest):
            self._wrong(sheet, row.line, "title", problem)
        return text

    def _wrong(self, sheet: Sheet, line: int, column: str, problem: Sentence) -> None:
        wrong = say("{place}: it {problem}.", place=place(line, column), problem=problem)
        self.problems.append(in_file(f"{sheet.name}.csv", wrong))


def _listed(cell: str) -> list[str]:
    """A list inside a cell."""
    return [each.strip() for each in cell.split(",") if each.strip()]


def _one_blank(text: str) -> str:
    return " ".join(filter(None, text.split(" ")))


def _name(row: Row) -> str:
    """As the student wants to be called, where 1.2 says it."""
    given = row.cells.get("preferredGivenName") or row.cells["givenName"]
    family = row.cells.get("preferredFamilyName") or row.cells["familyName"]
    return _one_blank(f"{given} {family}")


def _term(titles: list[str]) -> str | None:
    """A class may run for several; the first speaks for all where they do not fit."""
    together = ", ".join(titles)
    return (together if len(together) <= TERM else titles[0]) if titles else None
