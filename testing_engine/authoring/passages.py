"""Texts that stand beside questions of a pool already, so that another question may have the same."""

import uuid
from dataclasses import dataclass

from django.db.models import QuerySet

from testing_engine.authoring.sheet import Sheet, as_typed
from testing_engine.models import Passage, Question, QuestionPool

MOST_LISTED = 100
EXCERPT = 60  # characters


@dataclass(frozen=True)
class PassageLine:
    """A text with the ids of the questions that have it, and the question set of those that name one,
    where it is the same."""

    key: str
    content: str
    questions: tuple[str, ...]
    question_set: str

    @property
    def excerpt(self) -> str:
        """Its first words, and whose it is."""
        words = " ".join(self.content.split())
        shown = words if len(words) <= EXCERPT else words[: EXCERPT - 1] + "…"
        more = ", …" if len(self.questions) > 3 else ""
        return f"{shown} ({', '.join(self.questions[:3])}{more})"


def passages_of(pool_id: uuid.UUID) -> tuple[PassageLine, ...]:
    """Those of the pool's newest revision, in its order, `MOST_LISTED` at most."""
    rows = _questions(pool_id).filter(passage__isnull=False)
    owners: dict[str, list[tuple[str, str]]] = {}
    for key, question_id, question_set in rows.values_list("passage_id", "external_id", "question_set"):
        owners.setdefault(key, []).append((question_id, question_set))
    keys = list(owners)[:MOST_LISTED]
    texts = Passage.objects.in_bulk(keys)
    return tuple(_line(key, texts[key].content, owners[key]) for key in keys)


def shared_with(pool_id: uuid.UUID, pk: int) -> tuple[str, ...]:
    """The ids of the other questions of the pool's newest revision that have the text of this version."""
    own = Question.objects.filter(pool=pool_id, pk=pk, passage__isnull=False).values(
        "passage_id", "external_id"
    )
    if (found := own.first()) is None:
        return ()
    others = _questions(pool_id).filter(passage_id=found["passage_id"])
    return tuple(others.exclude(external_id=found["external_id"]).values_list("external_id", flat=True))


def is_in_the_pool(pool_id: uuid.UUID, text: str) -> bool:
    """Whether a question of the pool's newest revision has this text beside it."""
    return _questions(pool_id).filter(passage__content=text).exists()


def _questions(pool_id: uuid.UUID) -> QuerySet[Question]:
    """Those of the pool's newest revision, in its order."""
    revision = QuestionPool.objects.filter(pk=pool_id).values("current_revision_id")
    rows = Question.objects.filter(revisionquestion__revision_id__in=revision)
    return rows.order_by("revisionquestion__position")


def _line(key: str, content: str, owners: list[tuple[str, str]]) -> PassageLine:
    sets = {question_set for _, question_set in owners if question_set}
    return PassageLine(key, content, tuple(name for name, _ in owners), sets.pop() if len(sets) == 1 else "")


def take_passage(sheet: Sheet, key: str, passages: tuple[PassageLine, ...]) -> bool:
    """Put a text of the pool beside the question, in place, with its set where the sheet names none.

    False where another text would be lost by it, which stands nowhere else.
    """
    taken = next((passage for passage in passages if passage.key == key), None)
    if taken is None:
        return True
    if sheet.passage.strip() and sheet.passage not in _texts(passages):
        return False
    sheet.passage = taken.content
    sheet.question_set = sheet.question_set.strip() or taken.question_set
    return True


def _texts(passages: tuple[PassageLine, ...]) -> set[str]:
    """As browsers send them, too."""
    texts = {passage.content for passage in passages}
    return texts | set(map(as_typed, texts))
