"""What a table of item parameters could be, what it would change, and what was published of it."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from sessions_app.replies.values import Reply
from testing_engine.models import QuestionPool
from testing_engine.parameter_tables.candidates import Candidate
from testing_engine.parameter_tables.joining import Join, RowProblem
from testing_engine.parameters import GRID, Look, Published

LISTED = 1000


class ParameterChoice(Reply, frozen=True):
    """Something to confirm. Without options it is a number; where nothing is proposed, it must be said."""

    name: str
    options: list[str]
    proposed: str | None
    reason: str


class ParameterCandidate(Reply, frozen=True):
    source: str
    title: str
    reason: str
    choices: list[ParameterChoice]
    assumptions: list[str]
    doubts: Annotated[list[str], Meta(description="Rows that speak against it.")]


class TableLine(Reply, frozen=True):
    line: int
    id: str
    message: str


class QuestionCurves(Reply, frozen=True):
    """The probability of each category, lowest first, at the points `theta`."""

    id: str
    before: list[list[float]]
    after: list[list[float]]


class ParametersReply(Reply, frozen=True):
    question_pool_id: UUID
    revision: Annotated[int, Meta(description="The pool's newest; the next one, if one was published.")]
    published: bool
    table_sha256: str
    rows: int
    columns: list[str]
    candidates: list[ParameterCandidate]
    source: Annotated[str | None, Meta(description="How the table was read; null: it must be said.")]
    choices: dict[str, str]
    to_say: Annotated[list[str], Meta(description="What must be said before anything can be joined.")]
    id_column: str | None
    id_columns: list[str]
    unused_columns: list[str]
    matched: int
    changed: int
    not_in_pool: Annotated[list[TableLine], Meta(description=f"At most {LISTED}, as all lists of lines.")]
    not_in_table: list[str]
    problems: list[TableLine]
    warnings: list[TableLine]
    theta: list[float]
    curves: list[QuestionCurves]


def parameters(pool: QuestionPool, look: Look, published: Published | None = None) -> ParametersReply:
    """A look at a table, and its publication, if there was one."""
    joined = look.join
    return ParametersReply(
        question_pool_id=pool.pk,
        revision=published.revision.number if published else look.revision,
        published=published is not None and published.changed > 0,
        table_sha256=look.table.sha256,
        rows=len(look.table.rows),
        columns=list(look.table.columns),
        candidates=[_candidate(candidate) for candidate in look.candidates],
        source=look.candidate.source if look.candidate else None,
        choices=dict(look.choices),
        to_say=list(look.to_say),
        id_column=joined.id_column if joined else None,
        id_columns=list(look.id_columns),
        unused_columns=list(look.unused_columns),
        matched=len(joined.matches) if joined else 0,
        changed=published.changed if published else len(joined.changes) if joined else 0,
        not_in_pool=_strangers(joined) if joined else [],
        not_in_table=list(joined.not_in_table[:LISTED]) if joined else [],
        problems=_lines(joined.problems) if joined else [],
        warnings=_lines(joined.warnings) if joined else [],
        theta=list(GRID),
        curves=[
            QuestionCurves(curves.id, list(map(list, curves.before)), list(map(list, curves.after)))
            for curves in look.curves
        ],
    )


def _candidate(candidate: Candidate) -> ParameterCandidate:
    return ParameterCandidate(
        candidate.source,
        candidate.title,
        str(candidate.reason),
        [
            ParameterChoice(choice.name, list(choice.options), choice.proposed, str(choice.reason))
            for choice in candidate.choices
        ],
        list(map(str, candidate.assumptions)),
        list(map(str, candidate.doubts)),
    )


def _strangers(joined: Join) -> list[TableLine]:
    said = "The pool has no question of that id."
    return [TableLine(line, identifier, said) for line, identifier in joined.not_in_pool[:LISTED]]


def _lines(found: tuple[RowProblem, ...]) -> list[TableLine]:
    return [TableLine(row.line, row.id, str(row.sentence)) for row in found[:LISTED]]
