"""Which programs' tables a header could be, and which rows speak against each."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product

from testing_engine.parameter_tables import mirt, other_programs, plain, r_programs
from testing_engine.parameter_tables.candidates import MODEL, Candidate, Columns
from testing_engine.parameter_tables.forms import parameters_of
from testing_engine.parameter_tables.problems import TableProblem
from testing_engine.parameter_tables.reading import ParameterTable
from testing_engine.psychometrics.items.bank import ItemParameters
from testing_engine.sentences import Sentence, say

ROWS_TRIED = 2_000
READINGS: Sequence[Callable[[Columns], list[Candidate]]] = (
    mirt.intercepts,
    mirt.traditional,
    mirt.nominal,
    mirt.rating_scale,
    r_programs.catr,
    r_programs.tam_item,
    r_programs.tam_irt,
    r_programs.tam_xsi,
    r_programs.erm_thresholds,
    r_programs.erm_betas,
    r_programs.ltm,
    other_programs.winsteps,
    other_programs.promis,
    other_programs.jscat,
    plain.four_letters,
    plain.thresholds,
    plain.own,
    plain.unnamed,
)


def candidates_of(table: ParameterTable) -> list[Candidate]:
    """Every reading of the header; first those that no row speaks against."""
    columns = Columns(table)
    found = [candidate for reading in READINGS for candidate in reading(columns)]
    tried = [(_doubts(candidate, columns), candidate) for candidate in found]
    tried.sort(key=lambda each: min(count for count, _ in each[0]))  # stable: else in the order above
    return [
        replace(candidate, doubts=tuple(sentence for count, sentence in doubts if count))
        for doubts, candidate in tried
    ]


def named(candidates: Sequence[Candidate], source: str) -> Candidate:
    """The reading of that name. Raises `TableProblem`."""
    for candidate in candidates:
        if candidate.source == source:
            return candidate
    known = ", ".join(candidate.source for candidate in candidates) or "–"
    raise TableProblem(say("The table is not {source}'s; it could be {known}.", source=source, known=known))


def _doubts(candidate: Candidate, columns: Columns) -> list[tuple[int, Sentence]]:
    """(rows that cannot be, what is wrong with the first of them) under each model that can be chosen.

    Neither D nor a sign makes a row impossible; only the model and the columns can.
    """
    open_choices = [choice for choice in candidate.choices if choice.name == MODEL]
    rest = {
        choice.name: choice.proposed or choice.options[0]
        for choice in candidate.choices
        if choice.name != MODEL
    }
    found: list[tuple[int, Sentence]] = []
    for (model,) in product(*(choice.options for choice in open_choices)):
        problems = _problems(candidate, columns, {**rest, MODEL: model})
        said = say("")
        if problems:
            said = say(
                "Read so ({model}), {count} of {rows} rows cannot be; in the first of them: {problem}",
                model=model,
                count=len(problems),
                rows=min(len(columns.table.rows), ROWS_TRIED),
                problem=problems[0],
            )
        found.append((len(problems), said))
    return found


def _problems(candidate: Candidate, columns: Columns, chosen: dict[str, str]) -> list[Sentence]:
    problems: list[Sentence] = []
    for row in columns.table.rows[:ROWS_TRIED]:
        try:
            form = candidate.form(columns.cells(row), chosen)
            parameters_of(form, ItemParameters((1.0,) * len(form.slopes)))
        except TableProblem as problem:
            problems.append(problem.sentence)
    return problems
