"""Answers that were given elsewhere, kept as imported sittings with where they came from.

All or nothing, unless whoever brings the file says that bad lines shall be left out. The same file read the
same way is one import, however often it comes.
"""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from sessions_app.measurement.cells import KeyedCells, Values
from sessions_app.models import ResponseImport
from testing_engine.canonical import hash_of
from testing_engine.interchange.answer_files import (
    SHAPES,
    AnswersRead,
    Columns,
    ColumnsRefused,
    read_answers,
)
from testing_engine.interchange.imported import Upload
from testing_engine.interchange.tables import TableRefused
from testing_engine.models import QuestionPool
from testing_engine.revisions import load_revision
from testing_engine.sentences import say

LONGEST_FILE_NAME = 255
_COPY = (
    "COPY imported_sittings (source_id, number, person, group_name, other_groups, items, categories, times) "
    "FROM STDIN"
)


class ResponsesRefused(ValueError):
    """Nothing of the file is taken. `problems`: (JSON pointer to a field of the request, message)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__(" ".join(message for _, message in problems))
        self.problems = problems


@dataclass(frozen=True)
class Wishes:
    """How a file is to be read, and whether anything is kept."""

    columns: Columns = field(default_factory=Columns)
    values: str = Values.CATEGORIES.value
    skip_bad_lines: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class Report:
    """What became of a file. `source` is None after a dry run; `is_repeat`: it had been imported before.
    `groups` by the column that has them.
    """

    source: ResponseImport | None
    is_repeat: bool
    shape: str
    persons: int
    questions: tuple[str, ...]
    answers: int
    groups: dict[str, list[str]]
    problems: tuple[str, ...]
    problem_count: int

    def as_mapping(self) -> dict[str, Any]:
        """Plain data, for whoever brought the file."""
        return {
            "import_id": self.source.pk if self.source else None,
            "is_repeat": self.is_repeat,
            "shape": self.shape,
            "persons": self.persons,
            "questions": list(self.questions),
            "answers": self.answers,
            "groups": next(iter(self.groups.values()), []),
            "group_columns": self.groups,
            "problem_count": self.problem_count,
            "problems": list(self.problems),
        }


def import_responses(
    pool: QuestionPool,
    upload: Upload,
    wishes: Wishes | None = None,
    by_id: int | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> Report:
    """Read, check and keep. `progress` is told of lines as they are read. Raises `ResponsesRefused`."""
    wishes = wishes or Wishes()
    read = _read(pool, upload, wishes, progress)
    if read.problem_count and not (wishes.skip_bad_lines or wishes.dry_run):
        more = read.problem_count - len(read.problems)
        told = [("/file", sentence) for _, sentence in read.problems]
        raise ResponsesRefused([*told, *([("/file", say("And {count} more.", count=more))] if more else [])])
    if not any(sitting.items for sitting in read.sittings):
        told = [("/file", sentence) for _, sentence in read.problems]
        nothing = say("{file} holds no answer that can be taken.", file=upload.name)
        raise ResponsesRefused([("/file", nothing), *told])
    source, is_repeat = (None, False)
    if not wishes.dry_run:
        source, is_repeat = _kept(pool, upload, wishes, read, by_id)
    return Report(
        source,
        is_repeat,
        read.shape,
        len(read.sittings),
        tuple(read.items),
        sum(len(sitting.items) for sitting in read.sittings),
        _groups(read),
        tuple(sentence for _, sentence in read.problems),
        read.problem_count,
    )


def groups_of(pool: QuestionPool) -> dict[str, list[str]]:
    """Those of all imports of a pool, by the column that has them."""
    found: dict[str, set[str]] = {}
    for source in imports_of(pool).defer("questions"):
        for column, groups in source.group_columns.items():
            found.setdefault(column, set()).update(groups)
    return {column: sorted(groups) for column, groups in found.items()}


def imports_of(pool: QuestionPool) -> QuerySet[ResponseImport]:
    """The newest first."""
    return ResponseImport.objects.filter(pool=pool)


def _read(
    pool: QuestionPool, upload: Upload, wishes: Wishes, progress: Callable[[int], object]
) -> AnswersRead:
    if wishes.values not in Values.values:
        raise ResponsesRefused([("/values", say("Must be one of {names}.", names=", ".join(Values.values)))])
    if wishes.columns.shape not in ("", *SHAPES):
        raise ResponsesRefused([("/shape", say("Must be one of {names}.", names=", ".join(SHAPES)))])
    assert pool.current_revision_id is not None
    revision = load_revision(pool.current_revision_id)
    try:
        score = KeyedCells(revision, wishes.values)
        return read_answers(upload.content, wishes.columns, revision.positions, score, progress)
    except TableRefused as refused:
        raise ResponsesRefused([("/file", problem) for problem in refused.problems]) from refused
    except ColumnsRefused as refused:
        raise ResponsesRefused([(f"/{refused.field}", str(refused))]) from refused


def _groups(read: AnswersRead) -> dict[str, list[str]]:
    return {
        column: sorted({sitting.groups[place] for sitting in read.sittings} - {""})
        for place, column in enumerate(read.group_columns)
    }


def _kept(
    pool: QuestionPool,
    upload: Upload,
    wishes: Wishes,
    read: AnswersRead,
    by_id: int | None,
) -> tuple[ResponseImport, bool]:
    """The new import, or the one that the same file was before."""
    reading = _reading(wishes, read)
    found: dict[str, Any] = {
        "sha256": hashlib.sha256(upload.content).hexdigest(),
        "reading_hash": hash_of(reading),
    }
    if (before := ResponseImport.objects.filter(pool=pool, **found).first()) is not None:
        return before, True
    assert pool.current_revision_id is not None
    revision = load_revision(pool.current_revision_id)
    first, *_ = [*_groups(read).values(), []]
    others = [{"column": name, "groups": groups} for name, groups in list(_groups(read).items())[1:]]
    try:
        with transaction.atomic():
            source = ResponseImport.objects.create(
                pool=pool,
                file_name=upload.name[:LONGEST_FILE_NAME],
                size=len(upload.content),
                reading=reading,
                questions=[int(revision.question_ids[revision.positions[item]]) for item in read.items],
                groups=first,
                other_groups=others,
                person_count=len(read.sittings),
                answer_count=sum(len(sitting.items) for sitting in read.sittings),
                left_out=read.problem_count,
                by_id=by_id,
                **found,
            )
            _write_sittings(source, read)
    except IntegrityError:  # the same file came twice at once
        before = ResponseImport.objects.filter(pool=pool, **found).first()
        if before is None:
            raise
        return before, True
    return source, False


def _reading(wishes: Wishes, read: AnswersRead) -> dict[str, Any]:
    """A file with one column of groups at most is read as it was before there could be several."""
    columns = asdict(replace(wishes.columns, shape=read.shape))
    first, *others = columns.pop("groups") or ("",)
    several: dict[str, Any] = {"other_groups": others} if others else {}
    rest = {"missing": list(columns["missing"]), "values": str(wishes.values)}
    return {**columns, "group": first, **several, **rest}


def _write_sittings(source: ResponseImport, read: AnswersRead) -> None:
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for number, sitting in enumerate(read.sittings):
            times = sitting.times if any(time is not None for time in sitting.times) else None
            first, *others = sitting.groups or ("",)
            who = (source.pk, number, sitting.person, first, others)
            copy.write_row((*who, sitting.items, sitting.categories, times))
