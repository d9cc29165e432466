"""The questions of a pool as people find them: a list, the archive, back from it."""

import uuid
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from testing_engine.authoring.shelf import pool_of
from testing_engine.excerpts import excerpt
from testing_engine.models import Question

PAGE = 50
_SHOWN = ("external_id", "content", "area")  # what a line says


@dataclass(frozen=True)
class QuestionLine:
    """What is said of a question in a list. `pk`: of its newest version."""

    pk: int
    id: str
    excerpt: str
    area: str


@dataclass(frozen=True)
class QuestionPage:
    """A page of a list. `following`: what asks for the next one; "" where there is none."""

    lines: tuple[QuestionLine, ...]
    following: str


def find_questions(pool_id: uuid.UUID, search: str = "", *, after: str = "") -> QuestionPage:
    """Those of the newest revision, in its order, `PAGE` a page. Raises `PoolUnknown`."""
    found = _of_revision(pool_id)
    if words := search.replace("\x00", "").strip():
        found = found.filter(
            Q(content__icontains=words) | Q(external_id__icontains=words) | Q(area__icontains=words)
        )
    if after.isascii() and after.isdigit() and len(after) < 10:
        found = found.filter(revisionquestion__position__gt=int(after))
    rows = list(found.values_list("revisionquestion__position", "pk")[: PAGE + 1])
    shown = {question.pk: question for question in found.filter(pk__in=[pk for _, pk in rows[:PAGE]])}
    following = str(rows[PAGE - 1][0]) if len(rows) > PAGE else ""
    return QuestionPage(tuple(_line(shown[pk]) for _, pk in rows[:PAGE]), following)


def archived_questions(pool_id: uuid.UUID) -> tuple[QuestionLine, ...]:
    """The newest version of each that is in no test any more because somebody archived it."""
    current = _of_revision(pool_id).order_by().values("external_id")
    gone = Question.objects.filter(pool_id=pool_id).exclude(external_id__in=current)
    newest = gone.order_by("external_id", "-version").distinct("external_id")
    return tuple(map(_line, newest.only(*_SHOWN)))


def _of_revision(pool_id: uuid.UUID) -> QuerySet[Question]:
    return (
        Question.objects.filter(revisionquestion__revision_id=pool_of(pool_id).current_revision_id)
        .order_by("revisionquestion__position")
        .only(*_SHOWN)
    )


def _line(question: Question) -> QuestionLine:
    return QuestionLine(
        pk=question.pk,
        id=question.external_id,
        excerpt=excerpt(question.content),
        area=question.area,
    )
