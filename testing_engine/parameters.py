"""A table of item parameters beside a pool: what it could be, what it would change, and its publication.

The reading of tables is `parameter_tables`, pure; here are the pool's rows. A publication is one transaction,
safe to repeat, and refused where the pool was revised since somebody looked.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import numpy as np
from django.db import transaction

from testing_engine.models import ParameterSource, PoolRevision, QuestionPool
from testing_engine.parameter_tables.candidates import Candidate
from testing_engine.parameter_tables.joining import (
    Join,
    Match,
    PoolQuestion,
    best_id_column,
    id_columns,
    join,
    told_apart,
)
from testing_engine.parameter_tables.problems import TableProblem
from testing_engine.parameter_tables.reading import ParameterTable, read_parameters
from testing_engine.parameter_tables.recognising import candidates_of, named
from testing_engine.pools import PoolWasRevised, newest_questions, parameter_fields, revise_fields
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameters
from testing_engine.revisions import item_parameters
from testing_engine.seals import is_sealed_source, seal_of_source
from testing_engine.sentences import Sentence, say

QUESTIONS_SHOWN = 3
PROBLEMS_LISTED = 100
LONGEST_MAKER = 200
GRID = tuple(float(theta) for theta in np.linspace(-4, 4, 33))


class ParametersRefused(ValueError):
    """Nothing is published. `problems`: (JSON pointer to a field of the request, sentence)."""

    def __init__(self, problems: Sequence[tuple[str, Sentence]]) -> None:
        super().__init__(" ".join(str(sentence) for _, sentence in problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class Reading:
    """How somebody reads the table. What is left out is proposed, where there is a proposal."""

    source: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    id_column: str = ""


@dataclass(frozen=True)
class Curves:
    """P of each category of a question at the points of `GRID`, before and after: (categories, points)."""

    id: str
    before: tuple[tuple[float, ...], ...]
    after: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Look:
    """A table beside a pool. `to_say`: choices that nothing is proposed for; then there is no `join`."""

    revision: int
    table: ParameterTable
    candidates: tuple[Candidate, ...]
    id_columns: tuple[str, ...]
    candidate: Candidate | None
    choices: Mapping[str, str]
    to_say: tuple[str, ...]
    join: Join | None
    shown: tuple[Match, ...] = ()

    @property
    def unused_columns(self) -> tuple[str, ...]:
        """Columns that this reading does not look at."""
        if self.candidate is None or self.join is None:
            return ()
        used = {*self.candidate.used, self.join.id_column}
        return tuple(name for name in self.table.columns if name not in used)

    @property
    def curves(self) -> tuple[Curves, ...]:
        return tuple(
            Curves(match.id, curve_points(match.before), curve_points(match.after)) for match in self.shown
        )


@dataclass(frozen=True)
class Published:
    """`changed` is 0 where the pool had these parameters already; then no revision was made."""

    revision: PoolRevision
    changed: int
    look: Look


@dataclass(frozen=True)
class PublishedTable:
    """A table that a revision's parameters came from."""

    revision: int
    published_at: datetime
    source: str
    choices: Mapping[str, str]
    changed: int
    made_by: str
    sha256: str


def published_tables(pool_id: UUID, most: int = 20) -> tuple[PublishedTable, ...]:
    """The newest first."""
    found = ParameterSource.objects.filter(revision__pool_id=pool_id).select_related("revision")
    return tuple(
        PublishedTable(
            each.revision.number,
            each.revision.created_at,
            each.choices["source"],
            each.choices["choices"],
            each.changed,
            each.made_by,
            each.table_sha256,
        )
        for each in found.order_by("-revision__number")[:most]
    )


def look_at(pool: QuestionPool, content: bytes, reading: Reading | None = None) -> Look:
    """The table beside the pool's newest revision; stores nothing.

    Raises `TableUnreadable`, or `ParametersRefused` for a reading that the table does not have.
    """
    reading = reading or Reading()
    assert pool.current_revision is not None
    table = read_parameters(content)
    candidates = tuple(candidates_of(table))
    candidate = _candidate(candidates, reading)
    questions = pool_questions(pool)
    ids = [question.id for question in questions]
    id_column = _id_column(table, candidate, reading, ids)
    choices, to_say = _choices(candidate, reading)
    joined = None
    if candidate is not None and not to_say:
        joined = join(table, candidate, candidate.completed(choices), id_column, questions)
    return Look(
        revision=pool.current_revision.number,
        table=table,
        candidates=candidates,
        id_columns=tuple(id_columns(table)),
        candidate=candidate,
        choices=choices,
        to_say=to_say if candidate is not None else ("source",),
        join=joined,
        shown=tuple(told_apart(joined.matches, QUESTIONS_SHOWN)) if joined else (),
    )


def rows_to_publish(content: bytes, reading: Reading) -> int:
    """How many rows the table has, read as somebody who publishes must say that it is read.

    Raises `TableUnreadable` or `ParametersRefused`, without a look at the pool: so also before a worker does.
    """
    table = read_parameters(content)
    candidates = tuple(candidates_of(table))
    candidate = _candidate(candidates, reading)
    _choices(candidate, reading)
    _check_said(candidates, candidate, reading)
    return len(table.rows)


def publish(
    pool: QuestionPool,
    content: bytes,
    reading: Reading,
    base: int,
    made_by: str = "",
    progress: Callable[[int, int], object] = lambda *_: None,
) -> Published:
    """The next revision, with the table's parameters for the questions that it names.

    `base`: the number of the revision that was looked at. Every choice that the table leaves open must be
    made. The same table read alike on the same revision again is the same publication. `progress` is told
    how many more questions were written, and how many there will be. Raises `PoolWasRevised`,
    `TableUnreadable`, or `ParametersRefused` with all that is wrong.
    """
    with transaction.atomic():
        pool = QuestionPool.objects.select_for_update().get(pk=pool.pk)
        assert pool.current_revision is not None
        look = look_at(pool, content, reading)
        _check_said(look.candidates, look.candidate, reading)
        assert look.join is not None
        told = _told(look, look.join)
        if pool.current_revision.number != base:
            return _published_before(pool, base, look, told)
        _check_rows(look.join)
        changes = {match.id: parameter_fields(match.after) for match in look.join.changes}
        if not changes:
            return Published(pool.current_revision, 0, look)
        before = pool.current_revision
        revision = revise_fields(pool, base, changes, lambda written: progress(written, len(changes)))
        _keep_source(revision, before, look.table.sha256, told, len(changes), made_by[:LONGEST_MAKER])
        return Published(revision, len(changes), look)


def _keep_source(
    revision: PoolRevision,
    base: PoolRevision,
    table_sha256: str,
    told: dict[str, object],
    changed: int,
    made_by: str,
) -> None:
    ParameterSource.objects.create(
        revision=revision,
        base=base,
        table_sha256=table_sha256,
        choices=told,
        changed=changed,
        made_by=made_by,
        seal=seal_of_source(revision.content_hash, table_sha256, told, _rest(changed, made_by)),
    )


def pool_questions(pool: QuestionPool) -> list[PoolQuestion]:
    """The questions of the newest revision, in order, with the categories of their keys."""
    found = []
    for question in newest_questions(pool).defer("option_scores", "content", "options", "scoring"):
        parameters = item_parameters(question)
        found.append(PoolQuestion(question.external_id, parameters, parameters.n_categories))
    return found


def curve_points(parameters: ItemParameters) -> tuple[tuple[float, ...], ...]:
    """P of each category along the question's own slopes at the points of `GRID`."""
    bank = ItemBank.from_parameters([parameters])
    t = (bank.steepness[0] * np.array(GRID) + bank.intercepts[0])[None, :]
    p = bank.curves_at(t).p[: int(bank.n_categories[0]), 0]
    return tuple(tuple(float(value) for value in row) for row in p)


def is_source_sealed(source: ParameterSource) -> bool:
    """Whether it still is what was written with its revision."""
    return is_sealed_source(
        bytes(source.seal),
        source.revision.content_hash,
        source.table_sha256,
        source.choices,
        _rest(source.changed, source.made_by),
    )


def _candidate(candidates: Sequence[Candidate], reading: Reading) -> Candidate | None:
    """The one that was chosen; else the only one, where there is no other."""
    if not reading.source:
        return candidates[0] if len(candidates) == 1 else None
    try:
        return named(candidates, reading.source)
    except TableProblem as problem:
        raise ParametersRefused([("/source", problem.sentence)]) from problem


def _id_column(
    table: ParameterTable, candidate: Candidate | None, reading: Reading, ids: Sequence[str]
) -> str:
    if reading.id_column and reading.id_column not in table.columns:
        known = ", ".join(table.columns[:20])
        said = say(
            "The table has no column {column}; it has {known}.", column=reading.id_column[:40], known=known
        )
        raise ParametersRefused([("/id_column", said)])
    try:
        return reading.id_column or best_id_column(table, candidate, ids)
    except TableProblem as problem:
        raise ParametersRefused([("/id_column", problem.sentence)]) from problem


def _choices(candidate: Candidate | None, reading: Reading) -> tuple[dict[str, str], tuple[str, ...]]:
    """Every choice as it was made or is proposed, and those that nothing is proposed for."""
    if candidate is None:
        return {}, ()
    known = {choice.name: choice for choice in candidate.choices}
    problems = [
        (f"/choices/{name}", say("{name} is nothing that can be chosen here.", name=name))
        for name in reading.choices
        if name not in known
    ]
    found: dict[str, str] = {}
    for name, choice in known.items():
        value = reading.choices.get(name, choice.proposed)
        if value is None:
            continue
        try:
            found[name] = choice.checked(value)
        except TableProblem as problem:
            problems.append((f"/choices/{name}", problem.sentence))
    if problems:
        raise ParametersRefused(problems)
    return found, tuple(name for name in known if name not in found)


def _check_said(candidates: Sequence[Candidate], candidate: Candidate | None, reading: Reading) -> None:
    """What is published was confirmed: a proposal is not enough."""
    if not candidates:
        raise ParametersRefused([("/table", say("The columns are no program's that is known."))])
    problems = [] if reading.source else [("/source", say("{name} must be said.", name="source"))]
    if candidate is not None:
        problems += [
            (f"/choices/{choice.name}", say("{name} must be said.", name=choice.name))
            for choice in candidate.choices
            if not choice.is_settled and choice.name not in reading.choices
        ]
    if problems:
        raise ParametersRefused(problems)


def _check_rows(found: Join) -> None:
    """All or nothing: a row that cannot be stops the others."""
    if found.problems:
        raise ParametersRefused(
            [
                (
                    "/table",
                    say("Line {line}, {id}: {problem}", line=row.line, id=row.id[:40], problem=row.sentence),
                )
                for row in found.problems[:PROBLEMS_LISTED]
            ]
        )
    if not found.matches:
        said = say("No id in the column {column} is a question of the pool.", column=found.id_column)
        raise ParametersRefused([("/id_column", said)])


def _published_before(pool: QuestionPool, base: int, look: Look, told: Mapping[str, object]) -> Published:
    """What this very request published when it came first."""
    assert pool.current_revision is not None
    source = (
        ParameterSource.objects.filter(base__pool=pool, base__number=base, table_sha256=look.table.sha256)
        .select_related("revision")
        .first()
    )
    if source is None or source.choices != told:
        raise PoolWasRevised(pool.current_revision.number)
    return Published(source.revision, source.changed, look)


def _told(look: Look, found: Join) -> dict[str, object]:
    """The choices as they are kept."""
    assert look.candidate is not None
    return {
        "source": look.candidate.source,
        "id_column": found.id_column,
        "choices": dict(sorted(look.choices.items())),
    }


def _rest(changed: int, made_by: str) -> str:
    return f"{changed}:{made_by}"
