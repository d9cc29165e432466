"""Questions of the original service → pools of ours, each published once."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import hypot
from typing import Any
from uuid import UUID

from sessions_app.legacy.export import Export, Row, readable
from sessions_app.legacy.report import Report, TableReport
from sessions_app.legacy.values import BadValue, decoded, identifier, moment, number, uuid_of
from testing_engine.interchange.questions import PoolRefused, parse_pool
from testing_engine.models import Question, QuestionPool
from testing_engine.pools import QuestionDraft, publish_pool

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NamesRefused(ValueError):
    """Concept names that fit no pool: better said before anything is stored under wrong names."""


@dataclass(frozen=True)
class ConceptNames:
    """Names of concepts by pool, and for other pools by number of concepts. The original kept none."""

    by_pool: Mapping[UUID, tuple[str, ...]] = field(default_factory=dict)
    by_count: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    def given(self, pool_id: UUID, concepts: int) -> tuple[str, ...]:
        """Empty where none were given."""
        return self.by_pool.get(pool_id) or self.by_count.get(concepts, ())

    def for_pool(self, pool: QuestionPool) -> tuple[str, ...]:
        """The pool's own, else the given ones, else concept_1, concept_2, …"""
        names = tuple(pool.concept_names) or self.given(pool.pk, pool.concept_count)
        return names or tuple(f"concept_{k}" for k in range(1, pool.concept_count + 1))

    def check(self, concepts: Mapping[UUID, int]) -> None:
        """Raises `NamesRefused` where names fit none of these pools."""
        for pool_id, names in self.by_pool.items():
            if concepts and concepts.get(pool_id) != len(names):
                found = f"has {concepts[pool_id]} concepts" if pool_id in concepts else "is not in the export"
                raise NamesRefused(
                    f"{len(names)} concept names were given for pool {pool_id}, which {found}."
                )
        for length, names in self.by_count.items():
            if concepts and length not in concepts.values():
                raise NamesRefused(f"No pool of the export has {length} concepts ({', '.join(names)}).")


@dataclass
class LegacyPool:
    id: UUID
    legacy_id: str
    questions: list["LegacyQuestion"] = field(default_factory=list)

    @property
    def newest(self) -> datetime:
        return max(question.created_at for question in self.questions)


@dataclass(frozen=True)
class LegacyQuestion:
    label: str
    external_id: str
    pool_id: str
    draft: QuestionDraft
    created_at: datetime

    @property
    def width(self) -> int:
        return len(self.draft.parameters.concepts)


def import_pools(export: Export, names: ConceptNames, report: Report, tick: Callable[[int], object]) -> None:
    """Publish the pools that are new, one transaction each. A published pool takes no more questions.

    The newest goes last, so that it stays the one that a test without a pool's name draws from.
    """
    table = report["questions"]
    pools: dict[UUID, LegacyPool] = {}
    for question in readable(export["questions"], _read_question, table):
        pool_id = uuid_of("pool", question.pool_id)
        pools.setdefault(pool_id, LegacyPool(pool_id, question.pool_id)).questions.append(question)
    known = QuestionPool.objects.in_bulk(list(pools))
    concepts = {key: _settle_width(pool, table) for key, pool in pools.items() if key not in known}
    names.check(concepts | {key: pool.concept_count for key, pool in known.items()})
    tick(len(export["questions"]) - sum(len(pool.questions) for pool in pools.values()))
    for pool in sorted(pools.values(), key=lambda pool: pool.newest):
        if pool.id in known:
            _compare(pool, table)
        else:
            _publish(pool, names.given(pool.id, concepts[pool.id]), table)
        tick(len(pool.questions))


def _settle_width(pool: LegacyPool, table: TableReport) -> int:
    """The length of most Q-matrix rows of the pool; questions with another one are left out."""
    ((width, _),) = Counter(question.width for question in pool.questions).most_common(1)
    for question in pool.questions:
        if question.width != width:
            table.refuse(
                question.label, f"has {question.width} concepts, most of pool {pool.legacy_id} {width}"
            )
    pool.questions = [question for question in pool.questions if question.width == width]
    return width


def _publish(pool: LegacyPool, names: tuple[str, ...], table: TableReport) -> None:
    drafts = _first_of_each_id(pool, table)
    publish_pool(f"Imported pool {pool.legacy_id}"[:200], names, list(drafts.values()), pool_id=pool.id)
    table.taken += len(drafts)
    if not names:
        table.note(
            f"pool {pool.legacy_id}",
            "no names given for its concepts: past tests show concept_1, concept_2, … (--concept-names)",
        )


def _compare(pool: LegacyPool, table: TableReport) -> None:
    """A pool that is there."""
    stored = set(Question.objects.filter(pool_id=pool.id).values_list("external_id", flat=True))
    labels = {question.external_id: question.label for question in reversed(pool.questions)}
    for external_id in _first_of_each_id(pool, table):
        if external_id in stored:
            table.there += 1
        else:
            table.refuse(labels[external_id], "its pool was imported before: upload it in a new pool")


def _first_of_each_id(pool: LegacyPool, table: TableReport) -> dict[str, QuestionDraft]:
    drafts: dict[str, QuestionDraft] = {}
    for question in pool.questions:
        if question.external_id in drafts:
            table.refuse(question.label, "this id came before in its pool: its first row counts")
        drafts.setdefault(question.external_id, question.draft)
    return drafts


def _read_question(row: Row) -> LegacyQuestion:
    external_id = row.required("id", identifier)
    pool_id = row.required("pool_id", identifier)
    document = {column: row.raw.get(column) for column in ("content", "correct_answer")}
    document |= {"id": external_id, "options": decoded(row.raw.get("options")), **_parameters(row)}
    try:
        (draft,) = parse_pool({"questions": [document]}).questions
    except PoolRefused as error:
        raise BadValue(" ".join(message for _, message in error.problems)) from error
    created_at = row.optional("created_at", moment) or EPOCH
    return LegacyQuestion(row.label, external_id, pool_id, draft, created_at)


def _parameters(row: Row) -> dict[str, Any]:
    """The original's logit is a·(q·θ) − b, ours a·(q·θ) − ‖a·q‖·difficulty: so difficulty = b / ‖a·q‖."""
    found: dict[str, Any] = {"concepts": decoded(row.raw.get("concepts"))}
    for column in ("difficulty", "discrimination", "guessing"):
        value = row.checked(column, number)
        if value is not None:
            found[column] = value
    try:
        weights = [number(int(w) if isinstance(w, bool) else w) for w in found["concepts"]]
    except (BadValue, TypeError):
        return found  # whose validation says what is wrong
    if isinstance(found["concepts"], list):
        found["concepts"] = weights
    steepness = hypot(*weights) * found.get("discrimination", 1.0)
    if steepness > 0 and len(found) > 1:  # without any parameter it is not calibrated
        found["difficulty"] = found.get("difficulty", 0.0) / steepness
    return found
