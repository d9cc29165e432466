"""Files of answers: a matrix (a row a person, a column a question) or a long list (a row an answer).

What a cell means is the caller's `Score`: this module knows columns, persons and lines. Every bad line is
told with its number; whoever calls decides whether the rest is taken.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from testing_engine.interchange.names import problem_of_words
from testing_engine.interchange.tables import PROBLEMS_LISTED, open_table, place
from testing_engine.interchange.workbooks import is_workbook

MATRIX, LONG = "matrix", "long"
SHAPES = (MATRIX, LONG)
MISSING_CELLS = ("", "NA", ".")
MISSING = -1
LONGEST_PERSON, LONGEST_GROUP = 200, 100
MOST_GROUP_COLUMNS, MOST_GROUPS = 10, 20
LONGEST_TIME = 2**31 - 1  # milliseconds
USUAL = {
    "person": ("person", "person_id", "student", "student_id", "examinee"),
    "item": ("item", "item_id", "question", "question_id"),
    "response": ("response", "category", "score", "answer"),
    "time": ("time_ms", "response_time_ms"),
}


USUAL_GROUP = "group"


class CellRefused(ValueError):
    """A cell that is no answer to its question; the message ends a sentence."""


# (question id, cell) → category from 0, or MISSING where it says nothing. Raises `CellRefused`.
Score: TypeAlias = Callable[[str, str], int]
Line: TypeAlias = tuple[int, list[str] | str]  # its number, and its cells or what is wrong with it


class ColumnsRefused(ValueError):
    """The file has not the columns that it needs. `field`: which of the reading is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Columns:
    """How a file is read. A column left out has one of its usual names, or is not there. `groups`: columns of
    demographic groups; none: the one that is called group, if there is one.
    """

    shape: str = ""
    person: str = ""
    groups: tuple[str, ...] = ()
    item: str = ""
    response: str = ""
    time: str = ""
    missing: tuple[str, ...] = ()  # cells beside the usual ones that mean: not answered


@dataclass
class SittingRead:
    """What one person answered, in the file's order. `items` count in `AnswersRead.items`; `groups` has a
    group a column, "" where the person is in none.
    """

    person: str
    groups: tuple[str, ...] = ()
    items: list[int] = field(default_factory=list)
    categories: list[int] = field(default_factory=list)
    times: list[int | None] = field(default_factory=list)  # ms; empty: the file has none


@dataclass
class AnswersRead:
    """A file's answers. `problems`: (line, sentence); what they name is left out of `sittings`."""

    shape: str
    group_columns: tuple[str, ...] = ()
    items: list[str] = field(default_factory=list)
    sittings: list[SittingRead] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    problem_count: int = 0

    def tell(self, line: int, column: str | None, message: str) -> None:
        self.problem_count += 1
        if len(self.problems) < PROBLEMS_LISTED:
            self.problems.append((line, f"{place(line, column)}: {message}"))


def lines_in(content: bytes) -> int | None:
    """As many as `read_answers` will tell of, or a few more; None where only reading tells."""
    return None if is_workbook(content) else content.count(b"\n") + 1


def read_answers(
    content: bytes,
    columns: Columns,
    questions: Collection[str],
    score: Score,
    progress: Callable[[int], object] = lambda _: None,
) -> AnswersRead:
    """All that a file says. `progress` is told of lines as they are read. Raises `TableRefused` where it is
    no table, `ColumnsRefused` for its header.
    """
    table = open_table(content)
    header = [name or "" for name in table.header]
    if not header:
        raise ColumnsRefused("file", "The file is empty.")
    shape = columns.shape or _shape_of(header, columns)
    at = {role: _column(header, role, getattr(columns, role), questions, shape) for role in USUAL}
    groups = _group_columns(header, columns.groups, questions)
    reader = _Long if shape == LONG else _Matrix
    missing = {*MISSING_CELLS, *columns.missing}
    return reader(header, at, groups, questions, score, missing).read(_told(table.rows, progress))


def _told(rows: Iterator[Line], progress: Callable[[int], object]) -> Iterator[Line]:
    for row in rows:
        progress(1)
        yield row


def _shape_of(header: Sequence[str], columns: Columns) -> str:
    has = {
        role: bool(getattr(columns, role)) or any(name.lower() in USUAL[role] for name in header)
        for role in ("item", "response")
    }
    return LONG if all(has.values()) else MATRIX


def _column(
    header: Sequence[str], role: str, wished: str, questions: Collection[str], shape: str
) -> int | None:
    """Where the column of this role stands; None: nowhere."""
    if wished:
        if wished not in header:
            raise ColumnsRefused(role, f"The file has no column {wished!r}.")
        return header.index(wished)
    if shape == MATRIX and role in ("item", "response", "time"):
        return None
    usual = (n for n, name in enumerate(header) if name.lower() in USUAL[role] and name not in questions)
    found = next(usual, None)
    if found is None and role == "person" and not header[0]:
        return 0  # as R writes names of rows
    if found is None and shape == LONG and role in ("person", "item", "response"):
        raise ColumnsRefused(role, f"The file has no column for it, as {', '.join(USUAL[role])}.")
    return found


def _group_columns(
    header: Sequence[str], wished: Sequence[str], questions: Collection[str]
) -> dict[str, int]:
    """Where the columns of groups stand, by their names."""
    if len(wished) > MOST_GROUP_COLUMNS:
        raise ColumnsRefused("group", f"There are more than {MOST_GROUP_COLUMNS} columns of groups.")
    for name in wished:
        if name not in header:
            raise ColumnsRefused("group", f"The file has no column {name!r}.")
        if wished.count(name) > 1:
            raise ColumnsRefused("group", f"The column {name!r} is named twice.")
    if wished:
        return {name: header.index(name) for name in wished}
    usual = (n for n, name in enumerate(header) if name.lower() == USUAL_GROUP and name not in questions)
    found = next(usual, None)
    return {} if found is None else {USUAL_GROUP: found}


class _Reader:
    def __init__(
        self,
        header: Sequence[str],
        at: dict[str, int | None],
        groups: dict[str, int],
        questions: Collection[str],
        score: Score,
        missing: Collection[str],
    ) -> None:
        self.header, self.at, self.questions = header, at, questions
        self._score, self._missing = score, missing
        self._known: dict[tuple[str, str], int | str] = {}  # a category, or what is wrong
        self.groups = groups
        self._seen: dict[str, set[str]] = {name: set() for name in groups}

    def category(self, item: str, cell: str) -> int | str:
        """Of a cell; a text says what is wrong with it. Each spelling is looked at once."""
        key = (item, cell)
        if (found := self._known.get(key)) is None:
            found = self._known[key] = self._read(item, cell.strip())
        return found

    def _read(self, item: str, cell: str) -> int | str:
        if cell in self._missing:
            return MISSING
        try:
            return self._score(item, cell)
        except CellRefused as refused:
            return f"“{cell[:40]}” {refused}"

    def cell(self, role: str, cells: Sequence[str]) -> str:
        at = self.at[role]
        return "" if at is None else cells[at].strip()

    def problem_of_person(self, person: str) -> str | None:
        if not person:
            return "the person has no name or number."
        problem = problem_of_words(person, LONGEST_PERSON)
        return None if problem is None else f"the person {problem}."

    def groups_in(self, cells: Sequence[str]) -> tuple[str, ...]:
        """Of one line, a group a column."""
        return tuple(cells[at].strip() for at in self.groups.values())

    def problem_of_groups(self, groups: Sequence[str]) -> str | None:
        for name, group in zip(self.groups, groups, strict=True):
            if problem := problem_of_words(group, LONGEST_GROUP):
                return f"the group {problem}."
            self._seen[name].add(group)
            if len(self._seen[name] - {""}) > MOST_GROUPS:
                return f"column {name!r} has more than {MOST_GROUPS} groups."
        return None


class _Matrix(_Reader):
    def read(self, rows: Iterator[Line]) -> AnswersRead:
        read = AnswersRead(MATRIX, tuple(self.groups))
        own = {self.at["person"], *self.groups.values()}
        columns = []
        for number, name in enumerate(self.header):
            if number in own:
                continue
            if name in self.questions:
                columns.append((number, len(read.items), name))
                read.items.append(name)
            else:
                read.tell(1, name, "the pool has no question of this id.")
        persons: dict[str, int] = {}
        for order, (line, cells) in enumerate(rows, start=1):
            if isinstance(cells, str):
                read.tell(line, None, cells.partition(": ")[2])
                continue
            sitting = self._sitting(read, line, cells, order, columns)
            if sitting is None:
                continue
            if sitting.person in persons:
                read.tell(line, None, f"the person {sitting.person!r} is there twice.")
                continue
            persons[sitting.person] = line
            read.sittings.append(sitting)
        return read

    def _sitting(
        self,
        read: AnswersRead,
        line: int,
        cells: list[str],
        order: int,
        columns: Sequence[tuple[int, int, str]],
    ) -> SittingRead | None:
        person = str(order) if self.at["person"] is None else self.cell("person", cells)
        groups = self.groups_in(cells)
        if wrong := self.problem_of_person(person) or self.problem_of_groups(groups):
            read.tell(line, None, wrong)
            return None
        sitting = SittingRead(person, groups)
        is_good = True
        for number, item, name in columns:
            category = self.category(name, cells[number])
            if isinstance(category, str):
                read.tell(line, name, category)
                is_good = False
            elif category >= 0:
                sitting.items.append(item)
                sitting.categories.append(category)
        return sitting if is_good else None


class _Long(_Reader):
    def read(self, rows: Iterator[Line]) -> AnswersRead:
        read = AnswersRead(LONG, tuple(self.groups))
        self._place: dict[str, int] = {}
        self._sittings: dict[str, SittingRead] = {}
        self._answered: set[tuple[str, int]] = set()
        for line, cells in rows:
            wrong = cells.partition(": ")[2] if isinstance(cells, str) else self._take(read, cells)
            if wrong:
                read.tell(line, None, wrong)
        read.sittings = list(self._sittings.values())
        return read

    def _take(self, read: AnswersRead, cells: list[str]) -> str | None:
        """One answer; says what is wrong with it."""
        person, item = (self.cell(role, cells) for role in ("person", "item"))
        groups = self.groups_in(cells)
        if wrong := self.problem_of_person(person) or self.problem_of_groups(groups):
            return wrong
        if item not in self.questions:
            return f"the pool has no question {item[:40]!r}."
        category = self.category(item, self.cell("response", cells))
        if isinstance(category, str):
            return f"question {item}: {category}"
        time = _milliseconds(self.cell("time", cells), self._missing)
        if isinstance(time, str):
            return time
        sitting = self._sittings.get(person)
        if sitting is not None and sitting.groups != groups:
            before, here = next(
                pair for pair in zip(sitting.groups, groups, strict=True) if pair[0] != pair[1]
            )
            return f"the person {person!r} is in group {before!r} before, and here in {here!r}."
        place_ = self._place.setdefault(item, len(read.items))
        if place_ == len(read.items):
            read.items.append(item)
        if (person, place_) in self._answered:
            return f"the person {person!r} answers question {item} twice."
        sitting = self._sittings.setdefault(person, SittingRead(person, groups))
        self._answered.add((person, place_))
        if category >= 0:
            sitting.items.append(place_)
            sitting.categories.append(category)
            if self.at["time"] is not None:
                sitting.times.append(time)
        return None


def _milliseconds(cell: str, missing: Collection[str]) -> int | str | None:
    if cell in missing:
        return None
    if not re.fullmatch(r"[0-9]{1,10}(?:\.0*)?", cell) or int(float(cell)) > LONGEST_TIME:
        return f"the time “{cell[:40]}” is no number of milliseconds."
    return int(float(cell))
