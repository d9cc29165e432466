"""What a table could be: readings of its header, each with what it leaves open and what it assumes."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from testing_engine.parameter_tables.forms import Form
from testing_engine.parameter_tables.problems import TableProblem
from testing_engine.parameter_tables.reading import ParameterTable, TableRow
from testing_engine.sentences import Sentence, say

MODEL, SCALING, FIRST_CATEGORY, SIGN = "model", "scaling", "first_category", "sign"
SCALINGS = ("1", "1.7", "1.702")
BY_COLUMNS = "columns"  # each row's model follows from the cells that it fills

Chosen = Mapping[str, str]


@dataclass(frozen=True)
class Choice:
    """Something that whoever brings the table confirms.

    One of `options`, or any number where there are none. `proposed` is None where nothing speaks for one of
    them: then it has to be said.
    """

    name: str
    options: tuple[str, ...]
    proposed: str | None
    reason: Sentence

    @property
    def is_settled(self) -> bool:
        """Whether the table itself says so, and nothing else can be chosen."""
        return len(self.options) == 1

    def checked(self, value: str) -> str:
        """The value as it is kept. Raises `TableProblem`."""
        if self.options:
            if value not in self.options:
                raise TableProblem(
                    say("{name} must be one of {options}.", name=self.name, options=", ".join(self.options))
                )
            return value
        if not re.fullmatch(r"[+-]?\d+(?:\.\d+)?", value.strip()):
            raise TableProblem(say("{name} must be a number.", name=self.name))
        return value.strip()


@dataclass(frozen=True)
class Candidate:
    """One reading of a table. `form` turns a row into an item response function."""

    source: str
    title: str
    reason: Sentence
    choices: tuple[Choice, ...]
    used: tuple[str, ...]  # columns
    form: "Callable[[Cells, Chosen], Form]" = field(compare=False, repr=False)
    assumptions: tuple[Sentence, ...] = ()
    name_prefix: str = ""  # what stands before every id
    doubts: tuple[Sentence, ...] = ()  # rows that speak against it

    def completed(self, chosen: Chosen) -> dict[str, str]:
        """Every choice: as it was made, or as the table settles it. Raises `TableProblem`."""
        found: dict[str, str] = {}
        unknown = set(chosen) - {choice.name for choice in self.choices}
        if unknown:
            raise TableProblem(say("{name} is nothing that can be chosen here.", name=min(unknown)))
        for choice in self.choices:
            value = chosen.get(choice.name)
            if value is None:
                if not choice.is_settled:
                    raise TableProblem(say("{name} must be said.", name=choice.name))
                value = choice.options[0]
            found[choice.name] = choice.checked(value)
        return found

    @property
    def proposal(self) -> dict[str, str] | None:
        """What is proposed of every choice; None if something has to be asked."""
        found = {choice.name: choice.proposed for choice in self.choices}
        return (
            {name: value for name, value in found.items() if value is not None}
            if all(value is not None for value in found.values())
            else None
        )


class Columns:
    """A table's columns by their names in small letters."""

    def __init__(self, table: ParameterTable) -> None:
        self.table = table
        self._called = {name.strip().lower(): name for name in table.columns}

    def __contains__(self, name: str) -> bool:
        return name in self._called

    def has(self, *names: str) -> bool:
        return all(name in self for name in names)

    def first(self, *names: str) -> str | None:
        """The first of these that there is."""
        return next((name for name in names if name in self), None)

    def run(self, pattern: str, first: int = 1) -> tuple[str, ...]:
        """Columns numbered without a hole from `first` on; `pattern` has {} for the number."""
        found: list[str] = []
        while (name := pattern.format(first + len(found))) in self:
            found.append(name)
        return tuple(found)

    def called(self, names: Iterable[str | None]) -> tuple[str, ...]:
        """As the table writes them."""
        return tuple(self._called[name] for name in names if name is not None and name in self)

    def matching(self, pattern: str) -> list[re.Match[str]]:
        return [found for name in self._called if (found := re.fullmatch(pattern, name))]

    def cells(self, row: TableRow) -> "Cells":
        return Cells(self, row)

    def original(self, name: str) -> str:
        return self._called[name]


class Cells:
    """One row's numbers, by the columns' names in small letters."""

    def __init__(self, columns: Columns, row: TableRow) -> None:
        self._columns = columns
        self._row = row

    def get(self, name: str | None) -> float | None:
        if name is None or name not in self._columns:
            return None
        return self._columns.table.number(self._row, self._columns.original(name))

    def need(self, name: str) -> float:
        value = self.get(name)
        if value is None:
            raise TableProblem(say("{column} is empty.", column=self._columns.original(name)))
        return value

    def run(self, names: Sequence[str]) -> tuple[float, ...]:
        """The cells up to the last that is filled. Raises `TableProblem` for a hole."""
        values = [self.get(name) for name in names]
        while values and values[-1] is None:
            values.pop()
        if None in values:
            hole = self._columns.original(names[values.index(None)])
            raise TableProblem(say("{column} is empty, and a later one is not.", column=hole))
        return tuple(value for value in values if value is not None)


def settled(name: str, value: str, reason: Sentence) -> Choice:
    return Choice(name, (value,), value, reason)


def asked(name: str, options: tuple[str, ...], reason: Sentence, proposed: str | None = None) -> Choice:
    return Choice(name, options, proposed, reason)


def open_scaling() -> Choice:
    return asked(
        SCALING, SCALINGS, say("The table does not say whether its slopes are logistic (1) or normal (1.7).")
    )


def usual_scaling(reason: Sentence) -> Choice:
    """Logistic, unless whoever made the table says otherwise."""
    return asked(SCALING, SCALINGS, reason, "1")


def settled_scaling(program: str) -> Choice:
    return settled(SCALING, "1", say("{program}'s slopes are logistic.", program=program))


def ordered_from_lowest() -> Choice:
    return settled(
        FIRST_CATEGORY,
        "0",
        say("The first of the numbered columns leads from the lowest category to the next."),
    )


def settled_sign(reason: Sentence | None = None) -> Choice:
    return settled(SIGN, "difficulty", reason or say("A larger number is a harder question."))


def intercept_sign() -> Choice:
    return settled(SIGN, "intercept", say("A larger d is an easier question: b = −d / a."))
