"""Answers of imports and of delivered tests, side by side, as the calibration takes them.

An answer counts where the version of the question that was answered is *alike* the one that is calibrated:
the same content, options and key, so that the same category means the same. Its parameters may differ.
Of delivered tests those count that are over for good and whose student was not erased; an expired one may
still go on. An answer that its test left out as too fast says nothing here either.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
from django.db import connection
from django.db.models import QuerySet

from sessions_app.measurement.asking import DELIVERED, FILE, SOURCE, Asked
from sessions_app.models import ResponseImport, TestSession
from sessions_app.sitting.archived import tests_in_archives
from testing_engine.calibration import Responses
from testing_engine.calibration.responses import IntArray
from testing_engine.canonical import hash_of
from testing_engine.models import Question, QuestionPool
from testing_engine.revisions import FrozenRevision
from testing_engine.sentences import say

_SESSIONS = """
SELECT session.id FROM test_sessions AS session
JOIN pool_revisions AS revision ON revision.id = session.revision_id
JOIN students AS student ON student.id = session.student_id
WHERE revision.pool_id = %s AND session.status IN ('completed', 'ended') AND student.erased_at IS NULL
  AND session.completed_at <= %s AND session.completed_at >= %s AND session.questions_answered > 0
  AND NOT EXISTS (SELECT FROM archived_sessions AS archived WHERE archived.session_id = session.id)
ORDER BY session.started_at, session.id
"""
_ANSWERS = """
SELECT wanted.place, response.question_id, response.score
FROM unnest(%s::uuid[]) WITH ORDINALITY AS wanted (id, place)
JOIN test_responses AS response ON response.session_id = wanted.id
WHERE response.score >= 0 AND NOT response.is_rapid
ORDER BY wanted.place, response.position
"""
_IMPORTED = """
SELECT array_prepend(group_name, other_groups), items, categories FROM imported_sittings
WHERE source_id = %s ORDER BY number
"""

OVER = (TestSession.Status.COMPLETED, TestSession.Status.ENDED)  # for good
# What a question asks, and how its answers are scored.
ASKED_AND_SCORED = ("content", "options", "option_scores", "interactions", "scoring", "passage_id")


class NothingToCalibrate(ValueError):
    """There are no answers, or none that count; the message says which."""


@dataclass(frozen=True, eq=False)
class Collected:
    """`responses.items` are the questions' own ids; `positions`: their items in the revision, (J,). `columns`
    of groups by name, and "" for each import's first: a group a person, "" where there is none.
    """

    responses: Responses
    positions: IntArray
    sessions: int
    imported: int
    left_out: int  # answers to versions that are not alike
    columns: Mapping[str, Sequence[str]]


@dataclass(eq=False)
class _Part:
    """Answers of one source: (persons,) populations, and groups by column; (persons + 1,) starts, items of
    the revision, categories.
    """

    groups: list[str]
    columns: Mapping[str, list[str]]
    start: IntArray
    item: IntArray
    category: IntArray
    left_out: int


def sessions_for(asked: Asked, pool_id: UUID, until: datetime) -> list[UUID]:
    """The delivered tests that count, over by `until`, in the order in which they began."""
    if not asked.delivered:
        return []
    since = asked.since or datetime.min.replace(tzinfo=until.tzinfo)
    with connection.cursor() as cursor:
        cursor.execute(_SESSIONS, [pool_id, until, since])
        return [row[0] for row in cursor]


def left_to_archives(asked: Asked, pool_id: UUID, until: datetime) -> int:
    """Tests that would count, had not archives their answers."""
    if not asked.delivered:
        return 0
    since = {} if asked.since is None else {"completed_at__gte": asked.since}
    return tests_in_archives(pool_id, status__in=OVER, completed_at__lte=until, **since)


def collect(asked: Asked, revision: FrozenRevision, sessions: Sequence[UUID]) -> Collected:
    """The answers of the imports that were asked for, and of these sessions. Raises `NothingToCalibrate`."""
    alike = alike_items(revision)
    parts = [_imported(source, alike, asked) for source in imports_asked(asked)]
    imported = sum(len(part.groups) for part in parts)
    if sessions:
        parts.append(_delivered(sessions, alike, asked))
    if not parts or not sum(len(part.item) for part in parts):
        raise NothingToCalibrate(
            say("There are no answers to calibrate from: import some, or take delivered tests that are over.")
        )
    return _joined(parts, revision, len(sessions), imported)


def known_imports(pool: QuestionPool) -> list[ResponseImport]:
    """All imports of a pool, the oldest first."""
    return list(_oldest_first().filter(pool=pool).defer("questions"))


def imports_asked(asked: Asked) -> QuerySet[ResponseImport]:
    """In the order in which their answers are taken."""
    return _oldest_first().filter(pk__in=asked.imports or ())


def _oldest_first() -> QuerySet[ResponseImport]:
    return ResponseImport.objects.order_by("created_at", "id")


def alike_items(revision: FrozenRevision) -> dict[int, int]:
    """Item of the revision by the primary key of any version of a question that is alike its own."""
    fields = ("external_id", *ASKED_AND_SCORED)
    told: dict[int, tuple[str, str]] = {}
    rows = Question.objects.filter(pool_id=revision.pool_id).values_list("pk", *fields)
    for pk, external_id, *content in rows.iterator():
        told[pk] = (external_id, hash_of(content))
    wanted = {told[int(pk)]: item for item, pk in enumerate(revision.question_ids)}
    return {pk: wanted[each] for pk, each in told.items() if each in wanted}


def _imported(source: ResponseImport, alike: dict[int, int], asked: Asked) -> _Part:
    item_of = np.array([alike.get(pk, -1) for pk in source.questions], dtype=np.int64)
    names = list(source.group_columns) or [""]
    groups: list[list[str]] = []
    lengths: list[int] = []
    items: list[IntArray] = []
    categories: list[IntArray] = []
    with connection.cursor() as cursor:
        cursor.execute(_IMPORTED, [source.pk])
        for own, places, given in cursor:
            groups.append(own)
            lengths.append(len(places))
            items.append(np.array(places, dtype=np.int64))
            categories.append(np.array(given, dtype=np.int64))
    item = item_of[np.concatenate(items)] if items else np.zeros(0, dtype=np.int64)
    category = np.concatenate(categories) if categories else np.zeros(0, dtype=np.int64)
    columns = {name: [own[place] for own in groups] for place, name in enumerate(names)}
    columns[""] = columns[names[0]]
    nowhere = [""] * len(groups)
    populations = {FILE: columns.get(asked.column, nowhere), SOURCE: [source.file_name] * len(groups)}
    person = np.repeat(np.arange(len(groups)), lengths)
    return _kept(populations.get(asked.groups, nowhere), columns, person, item, category)


def _delivered(sessions: Sequence[UUID], alike: dict[int, int], asked: Asked) -> _Part:
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERS, [list(sessions)])
        rows = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 3)
    keys, inverse = np.unique(rows[:, 1], return_inverse=True)
    item_of = np.array([alike.get(int(pk), -1) for pk in keys], dtype=np.int64)
    groups = [DELIVERED if asked.groups == SOURCE else ""] * len(sessions)
    item = item_of[inverse] if len(keys) else np.zeros(0, dtype=np.int64)
    return _kept(groups, {}, rows[:, 0] - 1, item, rows[:, 2])


def _kept(
    groups: list[str], columns: Mapping[str, list[str]], person: IntArray, item: IntArray, category: IntArray
) -> _Part:
    """Without answers to versions that are not alike."""
    kept = item >= 0
    counts = np.bincount(person[kept], minlength=len(groups))
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return _Part(groups, columns, start, item[kept], category[kept], int((~kept).sum()))


def _joined(parts: Sequence[_Part], revision: FrozenRevision, sessions: int, imported: int) -> Collected:
    item = np.concatenate([part.item for part in parts])
    positions, item = np.unique(item, return_inverse=True)
    starts, offset = [np.zeros(1, dtype=np.int64)], 0
    for part in parts:
        starts.append(part.start[1:] + offset)
        offset += int(part.start[-1])
    codes, labels = _codes(group for part in parts for group in part.groups)
    responses = Responses(
        range(len(codes)),
        tuple(revision.external_ids[position] for position in positions),
        np.concatenate(starts).astype(np.int32),
        item.astype(np.int32),
        np.concatenate([part.category for part in parts]).astype(np.int32),
        codes,
        labels,
    )
    left_out = sum(part.left_out for part in parts)
    return Collected(_dense(responses), positions, sessions, imported, left_out, _columns(parts))


def _columns(parts: Sequence[_Part]) -> dict[str, list[str]]:
    """The groups of all persons, by column in the order in which they come."""
    names = dict.fromkeys(name for part in parts for name in part.columns)
    return {
        name: [group for part in parts for group in part.columns.get(name, [""] * len(part.groups))]
        for name in names
    }


def _dense(responses: Responses) -> Responses:
    """With its matrix where everybody answered everything: the calibration is much faster then."""
    if responses.n_answers != responses.n_persons * responses.n_items:
        return responses
    return Responses.from_matrix(
        responses.dense(), responses.items, [responses.groups[code] for code in responses.group]
    )


def _codes(groups: Iterable[str]) -> tuple[IntArray, tuple[str, ...]]:
    """Codes of labels in alphabetical order, so that the first group is the same whatever comes first."""
    listed = list(groups)
    labels = sorted(set(listed))
    place = {label: code for code, label in enumerate(labels)}
    return np.array([place[label] for label in listed], dtype=np.int64), tuple(labels)
