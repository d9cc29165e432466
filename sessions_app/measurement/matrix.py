"""A pool's answers as a table, persons × questions: what a calibration that asked for the same would read.

A row is a sitting: an imported person, or a delivered test; a student who took two tests has two rows. Rows
carry their number alone, unless whoever may read results asks who it was.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from uuid import UUID

from sessions_app.measurement import collecting
from sessions_app.measurement.asking import FILE, NONE, OWN, Asked, checked
from sessions_app.measurement.collecting import Collected, collect, imports_asked, known_imports, sessions_for
from sessions_app.models import ImportedSitting, TestSession
from sessions_app.reporting.spreadsheets import csv_lines
from testing_engine.models import QuestionPool
from testing_engine.revisions import FrozenRevision, load_revision
from testing_engine.sentences import Sentence, say

PERSON, GROUP = "person", "group"
BLANK, MINUS_ONE = "blank", "-1"
MISSINGS = (BLANK, MINUS_ONE)


@dataclass(frozen=True)
class Wanted:
    """Which answers, as a calibration is asked for them, and how they are written. `imports` None: all."""

    imports: tuple[UUID, ...] | None = None
    delivered: bool = True
    since: datetime | None = None
    groups: str = NONE
    names: bool = False  # of persons and students; else the row's number
    missing: str = BLANK


def matrix_lines(pool: QuestionPool, wanted: Wanted, until: datetime) -> Iterator[str]:
    """As CSV, a line at a time: person, columns of groups where these are told apart (those of the files by
    their own names), a column a question with answers.

    Cells are categories from 0. Of delivered tests those that were over by `until`. Raises, before the first
    line, `CalibrationRefused` and `NothingToCalibrate`.
    """
    revision = _revision_of(pool)
    asked = check(pool, wanted)
    sessions = sessions_for(asked, pool.pk, until)
    collected = collect(asked, revision, sessions)
    names = _names(asked, sessions) if wanted.names else map(str, range(1, collected.responses.n_persons + 1))
    groups = _groups(collected, wanted.groups)
    header = [PERSON, *groups, *map(str, collected.responses.items)]
    return csv_lines(header, _rows(collected, names, groups, "" if wanted.missing == BLANK else -1))


def left_to_archives(pool: QuestionPool, wanted: Wanted, until: datetime) -> int:
    """Tests that would be rows, had not archives their answers. Raises `CalibrationRefused`."""
    return collecting.left_to_archives(check(pool, wanted), pool.pk, until)


def said_of_archives(left_out: int) -> Sentence:
    """That tests are left out, where some are; else nothing."""
    return (
        say("{count} tests are left out: archives have their answers.", count=left_out)
        if left_out
        else Sentence()
    )


def check(pool: QuestionPool, wanted: Wanted) -> Asked:
    """What a calibration would be asked for. Raises `CalibrationRefused`."""
    asked = Asked(wanted.imports, wanted.delivered, wanted.since, scale=OWN, groups=wanted.groups)
    return checked(asked, _revision_of(pool), known_imports(pool))


def _revision_of(pool: QuestionPool) -> FrozenRevision:
    assert pool.current_revision_id is not None
    return load_revision(pool.current_revision_id)


def _groups(collected: Collected, told_apart: str) -> dict[str, Sequence[str]]:
    """A group a row, by column."""
    if told_apart == NONE:
        return {}
    if told_apart == FILE:
        own = {name: groups for name, groups in collected.columns.items() if name}
        return own or {GROUP: [""] * collected.responses.n_persons}
    responses = collected.responses
    return {GROUP: [str(responses.groups[code]) for code in responses.group]}


def _rows(
    collected: Collected, names: Iterator[str], groups: dict[str, Sequence[str]], missing: str | int
) -> Iterator[Sequence[str | int]]:
    responses = collected.responses
    for row, name in enumerate(names):
        cells: list[str | int] = [missing] * responses.n_items
        answers = slice(responses.start[row], responses.start[row + 1])
        for item, category in zip(responses.item[answers], responses.category[answers], strict=True):
            cells[item] = int(category)
        yield [name, *(each[row] for each in groups.values()), *cells]


def _names(asked: Asked, sessions: Sequence[UUID]) -> Iterator[str]:
    """In the order of the answers: imports, then delivered tests. "": erased."""
    sittings = (
        ImportedSitting.objects.filter(source=source).order_by("number").values_list("person", flat=True)
        for source in imports_asked(asked)
    )
    told = TestSession.objects.filter(pk__in=sessions).values_list("pk", "student__external_id")
    students = dict(told.iterator())
    persons = chain.from_iterable(each.iterator() for each in sittings)
    return chain(persons, (students[key] for key in sessions))
