"""Publish question pools, and read them: the only code that writes pools, questions and revisions."""

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import JSONField, Max, QuerySet
from django.db.models.expressions import RawSQL

from organisations.acting import acting_for, acting_organisation
from testing_engine.models import (
    LONGEST_SCALE_NAME,
    Passage,
    PoolRevision,
    Question,
    QuestionPool,
    RevisionQuestion,
    Scale,
)
from testing_engine.psychometrics.items.bank import ItemParameters
from testing_engine.psychometrics.items.states import STATES
from testing_engine.publication import content_hash, frozen_content, publish_next, publish_revision
from testing_engine.questions import interactions, program
from testing_engine.questions.interactions import Interaction
from testing_engine.questions.program import Program

BATCH = 2000


@dataclass(frozen=True)
class QuestionDraft:
    """A question before it is published; its parameters have been validated by the engine."""

    external_id: str
    content: str
    options: tuple[str, ...]
    option_scores: tuple[int, ...]
    parameters: ItemParameters
    interactions: tuple[Interaction, ...] = ()  # instead of options; then `scoring` is the key
    scoring: Program | None = None
    passage: str = ""
    fixed_options: tuple[int, ...] = ()


def store_passage(content: str) -> Passage:
    """The passage as a row, new or found. Safe to repeat."""
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    return Passage.objects.get_or_create(sha256=sha256, defaults={"content": content})[0]


def publish_pool(
    name: str,
    concept_names: Sequence[str],
    drafts: Sequence[QuestionDraft],
    progress: Callable[[int], object] = lambda _: None,
    pool_id: uuid.UUID | None = None,
    scale: str = "",
) -> QuestionPool:
    """Store a new pool with its first revision, all or nothing.

    `concept_names` is empty, or has as many names as every draft has concepts. `scale` names the scale, which
    is made if there is none of that name; left empty, the pool gets one of its own.
    """
    pool_id = pool_id or uuid.uuid4()
    with transaction.atomic():
        pool = QuestionPool.objects.create(
            id=pool_id,
            scale=scale_called(scale or own_scale_name(name, pool_id)),
            name=name,
            concept_names=list(concept_names),
            concept_count=len(drafts[0].parameters.concepts),
        )
        questions = [question_of(pool, draft, version=1) for draft in drafts]
        publish_revision(pool, 1, _stored(questions, progress))
    return pool


def begin_pool(pool_id: uuid.UUID, name: str, concept_names: Sequence[str]) -> QuestionPool:
    """A pool without questions, which nobody can draw from yet. The same id again is the same pool."""
    with transaction.atomic():
        pool, _ = QuestionPool.objects.get_or_create(
            id=pool_id,
            defaults={
                "scale": scale_called(own_scale_name(name, pool_id)),
                "name": name,
                "concept_names": list(concept_names),
                "concept_count": len(concept_names),
            },
        )
    return pool


def copy_pool(
    pool: QuestionPool, copy_id: uuid.UUID, name: str, progress: Callable[[int], object] = lambda _: None
) -> QuestionPool:
    """A pool of its own with the same questions, on the same scale. The same id again is the same copy."""
    with transaction.atomic():
        copy, is_new = QuestionPool.objects.get_or_create(
            id=copy_id,
            defaults={
                "organisation_id": pool.organisation_id,
                "scale": pool.scale,
                "name": name,
                "concept_names": pool.concept_names,
                "concept_count": pool.concept_count,
            },
        )
        if is_new and pool.current_revision_id is not None:
            questions = current_questions(pool)
            for question in questions:
                question.pk, question.pool, question.version = None, copy, 1
            publish_revision(copy, 1, _stored(questions, progress))
    return copy


def rename_pool(pool: QuestionPool, name: str) -> QuestionPool:
    """Under another name from now on."""
    pool.name = name
    pool.save(update_fields=["name"])
    return pool


def archive_pool(pool: QuestionPool, now: datetime) -> QuestionPool:
    """Not offered any more, and the default no longer. Tests that draw from it go on. Safe to repeat."""
    QuestionPool.objects.filter(pk=pool.pk, archived_at=None).update(archived_at=now, is_default=False)
    pool.refresh_from_db(fields=["archived_at", "is_default"])
    return pool


def restore_pool(pool: QuestionPool) -> QuestionPool:
    """Offered again. Safe to repeat."""
    pool.archived_at = None
    pool.save(update_fields=["archived_at"])
    return pool


def scale_called(name: str) -> Scale:
    """The scale of that name, new or found."""
    return Scale.objects.get_or_create(name=name)[0]


def own_scale_name(pool_name: str, pool_id: uuid.UUID) -> str:
    """Of the scale that a pool has for itself. Pools may be called alike, scales may not."""
    mark = f" ({str(pool_id)[:8]})"
    return (pool_name or "Pool")[: LONGEST_SCALE_NAME - len(mark)] + mark


def with_questions() -> QuerySet[QuestionPool]:
    """Pools that a test can draw from; first the default one, if one is chosen, then the newest."""
    return QuestionPool.objects.filter(current_revision__isnull=False).order_by(
        "-is_default", "-created_at", "id"
    )


def offered() -> QuerySet[QuestionPool]:
    """The same without those in the archive: what a test draws from that names no pool."""
    return with_questions().filter(archived_at=None)


@dataclass(frozen=True)
class DrawnFrom:
    """What a test needs of the pool that it draws from."""

    organisation_id: int  # whose the test is as well
    revision_id: int  # its newest
    scale_id: int
    correlation: float  # of the scale
    reporting_scale: Any
    level_names: list[str]  # what the organisation calls its levels; empty: as everybody does


# `with_questions` or `offered`, by hand: every start asks for it.
_DRAWN_FROM = """
SELECT pool.organisation_id, pool.current_revision_id, pool.scale_id, scale.correlation, pool.reporting_scale,
       organisation.level_names
FROM question_pools AS pool JOIN scales AS scale ON scale.id = pool.scale_id
     JOIN organisations AS organisation ON organisation.id = pool.organisation_id
WHERE pool.current_revision_id IS NOT NULL
  AND (%(acting)s::bigint IS NULL OR pool.organisation_id = %(acting)s::bigint)
  AND CASE WHEN %(id)s::uuid IS NULL THEN pool.archived_at IS NULL ELSE pool.id = %(id)s::uuid END
ORDER BY pool.is_default DESC, pool.created_at DESC, pool.id LIMIT 1
"""


def drawn_from(pool_id: uuid.UUID | None) -> DrawnFrom | None:
    """The acting organisation's pool of that id; where none is named its default one, and while none is
    chosen its newest.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DRAWN_FROM, {"id": pool_id, "acting": acting_organisation()})
        found = cursor.fetchone()
    if found is None:
        return None
    organisation_id, revision_id, scale_id, correlation, told, levels = found
    return DrawnFrom(
        organisation_id, revision_id, scale_id, correlation, told and json.loads(told), json.loads(levels)
    )


def choose_default(pool: QuestionPool | None) -> None:
    """From now on tests that name no pool draw from this one; None: from the newest, whichever that is.

    Of the pool's organisation; where none is named, of the acting one.
    """
    with acting_for(acting_organisation() if pool is None else pool.organisation_id), transaction.atomic():
        with connection.cursor() as cursor:  # two choices at once wait for each other
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('default question pool'))")
        QuestionPool.objects.filter(is_default=True).update(is_default=False)
        if pool is not None:
            QuestionPool.objects.filter(pk=pool.pk).update(is_default=True, archived_at=None)


def was_published_as(
    pool: QuestionPool, name: str, concept_names: Sequence[str], drafts: Sequence[QuestionDraft]
) -> bool:
    """Whether the pool's first revision holds exactly these questions, under this name."""
    first = PoolRevision.objects.get(pool=pool, number=1)
    hashed = content_hash(frozen_content(question_of(pool, draft, version=1)) for draft in drafts)
    same_names = (pool.name, pool.concept_names) == (name, list(concept_names))
    return same_names and hashed == first.content_hash


class PoolWasRevised(ValueError):
    """The pool has another newest revision than the change was made for; `number` is the newest."""

    def __init__(self, number: int) -> None:
        super().__init__(f"The pool is at revision {number} by now.")
        self.number = number


def revise_fields(
    pool: QuestionPool,
    base: int,
    changes: Mapping[str, Mapping[str, object]],
    progress: Callable[[int], object] = lambda _: None,
) -> PoolRevision:
    """Publish a revision in which questions, by id, have other values in some fields; all else stays.

    `base` is the number of the revision that the changes were made for. Raises `PoolWasRevised` where there
    is a newer one. `progress`, here and elsewhere, is told how many questions were written, batch by batch.
    """
    with transaction.atomic():
        pool = QuestionPool.objects.select_for_update().get(pk=pool.pk)
        assert pool.current_revision is not None
        if pool.current_revision.number != base:
            raise PoolWasRevised(pool.current_revision.number)
        rows = RevisionQuestion.objects.filter(question__pool=pool, question__external_id__in=list(changes))
        return publish_next(pool, next_versions(pool, rows, lambda old: changes[old.external_id], progress))


def next_versions(
    pool: QuestionPool,
    rows: QuerySet[RevisionQuestion],
    values: Callable[[Question], Mapping[str, object]],
    progress: Callable[[int], object] = lambda _: None,
) -> dict[int, Question]:
    """By place, the next version of each question that stands in these rows of the newest revision, stored
    and in no revision yet: everything that it has, and these values. `progress`: as of `revise_fields`."""
    rows = rows.filter(revision_id=pool.current_revision_id).order_by("position")
    current = {row.position: row.question for row in rows.select_related("question")}
    newest = newest_versions(pool, [question.external_id for question in current.values()])
    made = [_changed(old, newest[old.external_id] + 1, values(old)) for old in current.values()]
    return dict(zip(current, _stored(made, progress), strict=True))


def _stored(questions: Sequence[Question], progress: Callable[[int], object]) -> list[Question]:
    """New rows; `progress` is told how many were written, batch by batch."""
    stored: list[Question] = []
    for first in range(0, len(questions), BATCH):
        stored += Question.objects.bulk_create(questions[first : first + BATCH])
        progress(len(stored) - first)
    return stored


def newest_versions(pool: QuestionPool, external_ids: Sequence[str]) -> dict[str, int]:
    """Their numbers by id, of questions in the archive, too."""
    versions = Question.objects.filter(pool=pool, external_id__in=external_ids).values_list("external_id")
    return dict(versions.annotate(Max("version")))


def _changed(question: Question, version: int, values: Mapping[str, object]) -> Question:
    own = ("id", "version", "created_at")
    kept = {
        field.attname: getattr(question, field.attname)
        for field in Question._meta.concrete_fields
        if field.name not in own
    }
    return Question(**{**kept, **values, "version": version})


def parameter_fields(parameters: ItemParameters) -> dict[str, object]:
    """The fields of a question that say how it measures, and whether that is known."""
    return {
        "state": parameters.state,
        "concepts": list(parameters.concepts),
        "model": parameters.model,
        "difficulty": parameters.difficulty,
        "discrimination": parameters.discrimination,
        "guessing": parameters.guessing,
        "upper_asymptote": parameters.upper,
        "thresholds": list(parameters.thresholds),
        "category_slopes": list(parameters.category_slopes),
        "category_intercepts": list(parameters.category_intercepts),
    }


def current_questions(pool: QuestionPool) -> list[Question]:
    """The questions of the newest revision, in order."""
    return list(
        Question.objects.filter(revisionquestion__revision_id=pool.current_revision_id).order_by(
            "revisionquestion__position"
        )
    )


def question_of(pool: QuestionPool, draft: QuestionDraft, version: int) -> Question:
    """The row of a draft, not stored yet; its passage is."""
    parameters = draft.parameters
    return Question(
        pool=pool,
        external_id=draft.external_id,
        version=version,
        content=draft.content,
        options=list(draft.options),
        option_scores=list(draft.option_scores),
        interactions=interactions.encode(draft.interactions) if draft.interactions else None,
        scoring=program.encode(draft.scoring) if draft.scoring else None,
        passage=store_passage(draft.passage) if draft.passage else None,
        fixed_options=list(draft.fixed_options),
        area=parameters.area,
        enemy_groups=list(parameters.enemy_groups),
        question_set=parameters.question_set,
        **parameter_fields(parameters),
    )


def published_pools() -> QuerySet[QuestionPool]:
    """Pools that are offered, with their newest revision."""
    return _published().filter(archived_at=None)


def _published() -> QuerySet[QuestionPool]:
    pools = QuestionPool.objects.select_related("current_revision", "scale")
    return with_states(pools.filter(current_revision__isnull=False))


def read_pool(pool_id: uuid.UUID) -> QuestionPool:
    """One pool that has questions, in the archive or not; raises `QuestionPool.DoesNotExist`."""
    return _published().get(pk=pool_id)


def revision_of(pool: QuestionPool, number: int | None) -> PoolRevision | None:
    """The revision of that number, or the newest; None where there is none."""
    revisions = PoolRevision.objects.select_related("pool__scale").filter(pool=pool)
    wanted = {"pk": pool.current_revision_id} if number is None else {"number": number}
    return revisions.filter(**wanted).first()


# Beside each pool that a query finds, in that query.
_COUNTED_STATES = """
(SELECT jsonb_object_agg(state, count) FROM (
   SELECT question.state, count(*) FROM revision_questions AS place
   JOIN questions AS question ON question.id = place.question_id
   WHERE place.revision_id = question_pools.current_revision_id GROUP BY question.state) AS counted)
"""


def with_states(pools: QuerySet[QuestionPool]) -> QuerySet[QuestionPool]:
    """The same pools, so that `states_of` asks nothing for each of them."""
    return pools.annotate(counted_states=RawSQL(_COUNTED_STATES, (), output_field=JSONField()))  # noqa: S611  # constant


def states_of(pool: QuestionPool) -> dict[str, int]:
    """How many questions of the newest revision are in each state."""
    if not hasattr(pool, "counted_states"):
        pool = with_states(QuestionPool.objects.all()).get(pk=pool.pk)
    counted: dict[str, int] = pool.counted_states or {}  # type: ignore[attr-defined]
    return {state: counted.get(state, 0) for state in STATES}


def newest_questions(pool: QuestionPool) -> QuerySet[Question]:
    """The questions of the newest revision, in order; their key is not read."""
    return (
        Question.objects.filter(revisionquestion__revision_id=pool.current_revision_id)
        .order_by("revisionquestion__position")
        .select_related("passage")
        .defer("option_scores", "scoring")
    )


def newest_question(pool: QuestionPool, question_id: str) -> Question | None:
    """The one of that id, or None."""
    if "\x00" in question_id:
        return None
    return newest_questions(pool).filter(external_id=question_id).first()
