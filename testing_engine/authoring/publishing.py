"""Questions written at a page: open one, save it, look at its versions, archive it and take it back."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from testing_engine import versions
from testing_engine.authoring.changes import changes_between
from testing_engine.authoring.drafting import Drafted, drafted
from testing_engine.authoring.passages import is_in_the_pool, shared_with
from testing_engine.authoring.problems import Problem
from testing_engine.authoring.reading import sheet_of
from testing_engine.authoring.sheet import Sheet, new_sheet
from testing_engine.authoring.shelf import concepts_of, pool_of
from testing_engine.models import Question, QuestionPool
from testing_engine.pools import QuestionDraft
from testing_engine.sentences import Sentence, say
from testing_engine.versions import ChangedMeanwhile, IdTaken, LastQuestion

__all__ = ["ChangedMeanwhile", "LastQuestion"]


class QuestionUnknown(LookupError):
    """The pool has no such question."""


@dataclass(frozen=True)
class Opened:
    """A question on a page. `pk`: of the version that is edited; None for one that is not stored yet.

    `newest`: the pk of its newest version. `is_archived`: it is in no test any more.
    """

    sheet: Sheet
    concept_names: tuple[str, ...]
    pk: int | None = None
    version: int = 0
    newest: int | None = None
    is_archived: bool = False


@dataclass(frozen=True)
class Saved:
    """What became of an edit. `pk` None: it was not published, and `drafted` says why."""

    drafted: Drafted
    pk: int | None = None
    is_changed: bool = False
    others: int = 0  # questions that got the edited text, too


@dataclass(frozen=True)
class Version:
    """One version of a question in its history. `changed`: what differs from the one before, to translate.

    Empty of the first, and where only its state changed.
    """

    pk: int
    number: int
    created_at: datetime
    is_newest: bool
    changed: tuple[str, ...] = ()


def begin_question(pool_id: uuid.UUID, part_type: str) -> Opened:
    """A question that is about to be written, under the next free number."""
    pool = pool_of(pool_id)
    return Opened(new_sheet(_free_id(pool), pool.concept_count, part_type), concepts_of(pool))


def open_question(pool_id: uuid.UUID, pk: int) -> Opened:
    """A version of a question, to be edited or looked at. Raises `QuestionUnknown`."""
    question = _question(pool_id, pk)
    current = _current(question)
    return Opened(
        sheet_of(question),
        concepts_of(question.pool),
        pk=question.pk,
        version=question.version,
        newest=(current or _newest(question)).pk,
        is_archived=current is None,
    )


def check(pool_id: uuid.UUID, pk: int | None, sheet: Sheet) -> Drafted:
    """What would become of the sheet, without publishing."""
    pool = pool_of(pool_id)
    return drafted(sheet, pool.concept_names, None if pk is None else _question(pool_id, pk))


def save_new(pool_id: uuid.UUID, sheet: Sheet) -> Saved:
    """Publish a question. Sent twice, it is one; another one of that id lets it take the next number."""
    pool = pool_of(pool_id)
    found = drafted(sheet, pool.concept_names)
    if found.draft is None:
        return Saved(found)
    try:
        versions.add_question(pool, found.draft)
    except IdTaken:
        same = _same_already(pool, found.draft)
        if same is not None:
            return Saved(found, same.pk)
        if not _is_number(found.draft.external_id):
            return Saved(
                _refused(found, "id", say("The pool has a question of this name, maybe in the archive."))
            )
        sheet.id = _free_id(pool)
        return save_new(pool_id, sheet)
    return Saved(found, _named(pool, found.draft.external_id).pk, is_changed=True)


def save(pool_id: uuid.UUID, pk: int, sheet: Sheet) -> Saved:
    """Publish the sheet as the next version of question version `pk`; nothing, where nothing was changed.

    Raises `ChangedMeanwhile` where somebody else published another version since; then nothing is written.
    """
    question = _question(pool_id, pk)
    sheet.id = question.external_id
    found = drafted(sheet, question.pool.concept_names, question)
    if found.draft is None:
        return Saved(found)
    newest = _current(question)
    if newest is not None and versions.is_same(newest, found.draft):
        return Saved(found, newest.pk)
    shared = shared_with(pool_id, pk) if _edits_a_shared_text(question, sheet, found.draft) else ()
    versions.revise_question(
        question.pool,
        found.draft,
        based_on=question.version,
        passage_of=question.passage_id if shared else None,
    )
    return Saved(found, _named(question.pool, question.external_id).pk, is_changed=True, others=len(shared))


def _edits_a_shared_text(question: Question, sheet: Sheet, draft: QuestionDraft) -> bool:
    """A text that the pool has already was chosen, not written: it is for this question alone."""
    if question.passage is None or not sheet.passage_everywhere:
        return False
    is_edited = draft.passage not in ("", question.passage.content)
    return is_edited and not is_in_the_pool(question.pool_id, draft.passage)


def is_version_of(pool_id: uuid.UUID, pk: int, other: int) -> bool:
    """Whether `other` is a version of the same question. Raises `QuestionUnknown`."""
    named = _question(pool_id, pk).external_id
    return Question.objects.filter(pool=pool_id, external_id=named, pk=other).exists()


def history(pool_id: uuid.UUID, pk: int) -> tuple[Version, ...]:
    """Every version, the newest first."""
    question = _question(pool_id, pk)
    found = Question.objects.filter(pool=pool_id, external_id=question.external_id).order_by("-version")
    rows = list(found.select_related("passage"))
    sheets = list(map(sheet_of, rows))
    changed = [changes_between(before, after) for after, before in pairwise(sheets)]
    return tuple(
        Version(row.pk, row.version, row.created_at, row is rows[0], differs)
        for row, differs in zip(rows, [*changed, ()], strict=True)
    )


def archive(pool_id: uuid.UUID, pk: int) -> None:
    """In no test any more that begins from now on. Raises `LastQuestion`."""
    question = _question(pool_id, pk)
    versions.archive_question(question.pool, question.external_id)


def restore(pool_id: uuid.UUID, pk: int) -> None:
    """In the pool again, at its end."""
    question = _question(pool_id, pk)
    versions.restore_question(question.pool, question.external_id)


def _refused(found: Drafted, where: str, message: Sentence) -> Drafted:
    return Drafted(None, (*found.problems, Problem(where, message)))


def _same_already(pool: QuestionPool, draft: QuestionDraft) -> Question | None:
    newest = _named(pool, draft.external_id)
    return newest if versions.is_same(newest, draft) else None


def _named(pool: QuestionPool, external_id: str) -> Question:
    found = Question.objects.filter(pool=pool, external_id=external_id).order_by("-version")
    return found[0]


def _current(question: Question) -> Question | None:
    """The version that the pool's newest revision has; None where it is archived."""
    return Question.objects.filter(
        revisionquestion__revision_id=question.pool.current_revision_id, external_id=question.external_id
    ).first()


def _newest(question: Question) -> Question:
    return _named(question.pool, question.external_id)


def _is_number(external_id: str) -> bool:
    return external_id.isascii() and external_id.isdigit()


def _free_id(pool: QuestionPool) -> str:
    """The number after the largest that a question of the pool has for a name."""
    ids = Question.objects.filter(pool=pool, external_id__regex=r"^[0-9]{1,9}$")
    numbers = map(int, ids.values_list("external_id", flat=True).distinct())
    return str(max(numbers, default=0) + 1)


def _question(pool_id: uuid.UUID, pk: int) -> Question:
    found = Question.objects.select_related("pool", "passage").filter(pool=pool_id, pk=pk).first()
    if found is None:
        raise QuestionUnknown
    return found
