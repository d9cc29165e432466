"""One question of a pool: publish another version of it, add it, archive it, take it back.

Each is a revision of the pool. Running tests and old results keep the revision that they were made with.
"""

from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction

from testing_engine.models import PoolRevision, Question, QuestionPool, RevisionQuestion
from testing_engine.pools import QuestionDraft, newest_versions, next_versions, question_of
from testing_engine.publication import content_hash, frozen_content, publish_next


class ChangedMeanwhile(Exception):
    """Somebody else published another version, or archived the question: `newest`, None where it is gone."""

    def __init__(self, newest: Question | None) -> None:
        super().__init__("changed meanwhile")
        self.newest = newest


class IdTaken(ValueError):
    """The pool has a question of this id, in a test or in the archive."""


class LastQuestion(ValueError):
    """A pool keeps one question at least."""


def revise_question(
    pool: QuestionPool, draft: QuestionDraft, based_on: int | None = None, *, passage_of: str | None = None
) -> PoolRevision:
    """Publish a revision in which `draft` stands in the place of the question of the same id.

    `based_on`: the version that was edited; raises `ChangedMeanwhile` where it is not the newest any more.
    `passage_of`: the key of the text that the question had; what else has it gets the draft's text, too.
    Running tests and old results keep the revision that they were made with.
    """
    with transaction.atomic():
        pool = _locked(pool)
        current, place = _current(pool, draft.external_id)
        if based_on is not None and (current is None or current.version != based_on):
            raise ChangedMeanwhile(current)
        assert current is not None
        newest = newest_versions(pool, [draft.external_id])[draft.external_id]
        question = question_of(pool, draft, version=newest + 1)
        question.save(force_insert=True)
        changed = {place: question}
        if passage_of is not None:
            sharing = RevisionQuestion.objects.filter(question__passage=passage_of).exclude(question=current)
            changed |= next_versions(pool, sharing, lambda _: {"passage_id": question.passage_id})
        return publish_next(pool, changed)


def add_question(pool: QuestionPool, draft: QuestionDraft) -> PoolRevision:
    """Publish a revision with one question more, at the end. Raises `IdTaken`."""
    return add_questions(pool, [draft])


def add_questions(pool: QuestionPool, drafts: Sequence[QuestionDraft]) -> PoolRevision:
    """Publish a revision with these questions more, at the end, all or nothing. Raises `IdTaken`."""
    with transaction.atomic():
        pool = _locked(pool)
        ids = [draft.external_id for draft in drafts]
        if Question.objects.filter(pool=pool, external_id__in=ids).exists():
            raise IdTaken
        new = Question.objects.bulk_create(question_of(pool, draft, version=1) for draft in drafts)
        return publish_next(pool, {}, new)


def archive_question(pool: QuestionPool, external_id: str) -> None:
    """Publish a revision without the question; its versions stay. Safe to repeat. Raises `LastQuestion`."""
    with transaction.atomic():
        pool = _locked(pool)
        current, place = _current(pool, external_id)
        if current is None:
            return
        if pool.current_revision is not None and pool.current_revision.question_count == 1:
            raise LastQuestion
        publish_next(pool, {place: None})


def restore_question(pool: QuestionPool, external_id: str) -> None:
    """Publish a revision with the newest version of an archived question, at the end. Safe to repeat."""
    with transaction.atomic():
        pool = _locked(pool)
        versions = Question.objects.filter(pool=pool, external_id=external_id).order_by("-version")
        newest, (current, _) = versions.first(), _current(pool, external_id)
        if newest is not None and current is None:
            publish_next(pool, {}, [newest])


def is_same(question: Question, draft: QuestionDraft) -> bool:
    """Whether the draft says what the question says already."""
    if draft.passage != (question.passage.content if question.passage else ""):
        return False
    drafted = question_of(question.pool, replace(draft, passage=""), version=question.version)
    drafted.passage_id = question.passage_id
    return content_hash([frozen_content(drafted)]) == content_hash([frozen_content(question)])


def _locked(pool: QuestionPool) -> QuestionPool:
    """The pool's row, held until the transaction ends, with its newest revision."""
    pools = QuestionPool.objects.select_for_update(of=("self",)).select_related("current_revision")
    return pools.get(pk=pool.pk)


def _current(pool: QuestionPool, external_id: str) -> tuple[Question | None, int]:
    """The question of that id in the newest revision, and its place; (None, −1) where it is not in it."""
    places = RevisionQuestion.objects.filter(
        revision_id=pool.current_revision_id, question__pool=pool, question__external_id=external_id
    )
    found = places.select_related("question").first()
    return (None, -1) if found is None else (found.question, found.position)
