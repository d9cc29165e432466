"""One question of a pool: publish another version of it, add it, archive it, take it back.

Each is a revision of the pool. Running tests and old results keep the revision that they were made with.
"""

from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction

from testing_engine.models import PoolRevision, Question, QuestionPool
from testing_engine.pools import (
    QuestionDraft,
    content_hash,
    current_questions,
    frozen_content,
    publish_revision,
    question_of,
)


class ChangedMeanwhile(Exception):
    """Somebody else published another version, or archived the question: `newest`, None where it is gone."""

    def __init__(self, newest: Question | None) -> None:
        super().__init__("changed meanwhile")
        self.newest = newest


class IdTaken(ValueError):
    """The pool has a question of this id, in a test or in the archive."""


class LastQuestion(ValueError):
    """A pool keeps one question at least."""


def revise_question(pool: QuestionPool, draft: QuestionDraft, based_on: int | None = None) -> PoolRevision:
    """Publish a revision in which `draft` stands in the place of the question of the same id.

    `based_on`: the version that was edited; raises `ChangedMeanwhile` where it is not the newest any more.
    Running tests and old results keep the revision that they were made with.
    """
    with transaction.atomic():
        pool, current = _locked(pool)
        index = _index_of(current, draft.external_id)
        if based_on is not None and (index is None or current[index].version != based_on):
            raise ChangedMeanwhile(None if index is None else current[index])
        assert index is not None
        question = question_of(pool, draft, version=_newest_version(pool, draft.external_id) + 1)
        question.save(force_insert=True)
        current[index] = question
        return _publish_next(pool, current)


def add_question(pool: QuestionPool, draft: QuestionDraft) -> PoolRevision:
    """Publish a revision with one question more, at the end. Raises `IdTaken`."""
    return add_questions(pool, [draft])


def add_questions(pool: QuestionPool, drafts: Sequence[QuestionDraft]) -> PoolRevision:
    """Publish a revision with these questions more, at the end, all or nothing. Raises `IdTaken`."""
    with transaction.atomic():
        pool, current = _locked(pool)
        ids = [draft.external_id for draft in drafts]
        if Question.objects.filter(pool=pool, external_id__in=ids).exists():
            raise IdTaken
        new = Question.objects.bulk_create(question_of(pool, draft, version=1) for draft in drafts)
        return _publish_next(pool, [*current, *new])


def archive_question(pool: QuestionPool, external_id: str) -> None:
    """Publish a revision without the question; its versions stay. Safe to repeat. Raises `LastQuestion`."""
    with transaction.atomic():
        pool, current = _locked(pool)
        index = _index_of(current, external_id)
        if index is None:
            return
        if len(current) == 1:
            raise LastQuestion
        _publish_next(pool, [*current[:index], *current[index + 1 :]])


def restore_question(pool: QuestionPool, external_id: str) -> None:
    """Publish a revision with the newest version of an archived question, at the end. Safe to repeat."""
    with transaction.atomic():
        pool, current = _locked(pool)
        versions = Question.objects.filter(pool=pool, external_id=external_id).order_by("-version")
        newest = versions.first()
        if newest is not None and _index_of(current, external_id) is None:
            _publish_next(pool, [*current, newest])


def is_same(question: Question, draft: QuestionDraft) -> bool:
    """Whether the draft says what the question says already."""
    if draft.passage != (question.passage.content if question.passage else ""):
        return False
    drafted = question_of(question.pool, replace(draft, passage=""), version=question.version)
    drafted.passage_id = question.passage_id
    return content_hash([frozen_content(drafted)]) == content_hash([frozen_content(question)])


def _locked(pool: QuestionPool) -> tuple[QuestionPool, list[Question]]:
    """The pool's row, held until the transaction ends, and the questions of its newest revision."""
    pool = (
        QuestionPool.objects.select_for_update(of=("self",))
        .select_related("current_revision")
        .get(pk=pool.pk)
    )
    return pool, current_questions(pool)


def _index_of(questions: Sequence[Question], external_id: str) -> int | None:
    found = (index for index, question in enumerate(questions) if question.external_id == external_id)
    return next(found, None)


def _publish_next(pool: QuestionPool, questions: Sequence[Question]) -> PoolRevision:
    number = pool.current_revision.number if pool.current_revision else 0
    return publish_revision(pool, number + 1, questions)


def _newest_version(pool: QuestionPool, external_id: str) -> int:
    versions = Question.objects.filter(pool=pool, external_id=external_id).order_by("-version")
    return versions.values_list("version", flat=True)[0]
