"""A table beside a pool: which row is which question, what changes, and what has no counterpart."""

from collections.abc import Sequence
from dataclasses import dataclass

from testing_engine.parameter_tables.candidates import Candidate, Chosen, Columns
from testing_engine.parameter_tables.forms import Form, n_categories, parameters_of
from testing_engine.parameter_tables.problems import TableProblem
from testing_engine.parameter_tables.r_output import ROW_NAMES
from testing_engine.parameter_tables.reading import ParameterTable, TableRow
from testing_engine.psychometrics.items.bank import ItemParameters
from testing_engine.sentences import Sentence, say

FAR_OUT = 6.0  # logits: a question that hardly anybody is near to; often a sign of another metric
ID_NAMES = ("id", "item", "itemid", "item_id", "item.id", "question_id", "name", "label", "items", "entry")


@dataclass(frozen=True)
class PoolQuestion:
    """`n_categories`: of its key."""

    id: str
    parameters: ItemParameters
    n_categories: int


@dataclass(frozen=True)
class Match:
    """A row that is a question of the pool."""

    id: str
    line: int
    before: ItemParameters
    after: ItemParameters

    @property
    def is_change(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True)
class RowProblem:
    line: int
    id: str
    sentence: Sentence


@dataclass(frozen=True)
class Join:
    """`not_in_pool`: (line, id) of rows; `not_in_table`: ids of questions, in the pool's order."""

    id_column: str
    matches: tuple[Match, ...]
    not_in_pool: tuple[tuple[int, str], ...]
    not_in_table: tuple[str, ...]
    problems: tuple[RowProblem, ...]
    warnings: tuple[RowProblem, ...]

    @property
    def changes(self) -> tuple[Match, ...]:
        return tuple(match for match in self.matches if match.is_change)


def id_columns(table: ParameterTable) -> list[str]:
    """Columns that may hold the questions' ids: those called so, row names, and texts."""
    lowered = {name.strip().lower(): name for name in table.columns}
    called = [lowered[name] for name in ID_NAMES if name in lowered]
    texts = [name for name in table.columns if name != ROW_NAMES and not table.is_numeric(name)]
    names = [ROW_NAMES] if ROW_NAMES in table.columns else []
    return list(dict.fromkeys([*called, *names, *texts]))


def best_id_column(table: ParameterTable, candidate: Candidate | None, ids: Sequence[str]) -> str:
    """The column in which most of the pool's ids stand. Raises `TableProblem` if there is none to look in."""
    known, prefix = set(ids), candidate.name_prefix if candidate else ""
    columns = id_columns(table)
    if not columns:
        raise TableProblem(say("No column holds the questions' ids."))
    found = {column: sum(_id(row, column, prefix) in known for row in table.rows) for column in columns}
    return max(columns, key=lambda column: found[column])


def join(
    table: ParameterTable,
    candidate: Candidate,
    chosen: Chosen,
    id_column: str,
    pool: Sequence[PoolQuestion],
) -> Join:
    """Every row beside its question. Raises `TableProblem` for a column that there is not."""
    if id_column not in table.columns:
        raise TableProblem(say("The table has no column {column}.", column=id_column))
    columns = Columns(table)
    questions = {question.id: question for question in pool}
    lines: dict[str, int] = {}
    matches: list[Match] = []
    problems: list[RowProblem] = []
    strangers: list[tuple[int, str]] = []
    for row in table.rows:
        identifier = _id(row, id_column, candidate.name_prefix)
        if identifier in lines:
            said = say("The id was there before, in line {line}.", line=lines[identifier])
            problems.append(RowProblem(row.line, identifier, said))
            continue
        lines[identifier] = row.line
        question = questions.get(identifier)
        if question is None:
            strangers.append((row.line, identifier))
            continue
        try:
            after = _parameters(candidate.form(columns.cells(row), chosen), question)
            matches.append(Match(identifier, row.line, question.parameters, after))
        except TableProblem as problem:
            problems.append(RowProblem(row.line, identifier, problem.sentence))
    missing = tuple(question.id for question in pool if question.id not in lines)
    return Join(id_column, tuple(matches), tuple(strangers), missing, tuple(problems), _warnings(matches))


def _id(row: TableRow, column: str, prefix: str) -> str:
    return row.cells.get(column, "").strip().removeprefix(prefix)


def _parameters(form: Form, question: PoolQuestion) -> ItemParameters:
    if (found := n_categories(form)) != question.n_categories:
        raise TableProblem(
            say(
                "The table gives {found} categories, the question's key {wanted}.",
                found=found,
                wanted=question.n_categories,
            )
        )
    return parameters_of(form, question.parameters)


def _warnings(matches: Sequence[Match]) -> tuple[RowProblem, ...]:
    return tuple(
        RowProblem(
            match.line,
            match.id,
            say(
                "Its difficulty is {b}: beyond ±{far} hardly anybody is near.",
                b=f"{match.after.difficulty:.2f}",
                far=f"{FAR_OUT:g}",
            ),
        )
        for match in matches
        if abs(match.after.difficulty) > FAR_OUT
    )


def told_apart(matches: Sequence[Match], count: int = 3) -> list[Match]:
    """Some questions to look at: the easiest, those between, the hardest, of those that change."""
    changed = sorted(
        [match for match in matches if match.is_change] or matches,
        key=lambda match: (match.after.difficulty, match.id),
    )
    if len(changed) <= count:
        return changed
    places = [round(number * (len(changed) - 1) / (count - 1)) for number in range(count)]
    return [changed[place] for place in places]
