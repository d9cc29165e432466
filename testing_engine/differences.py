"""A pool's revisions, and what each of them changed."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from testing_engine.models import PoolRevision, QuestionPool, RevisionQuestion


@dataclass(frozen=True)
class Difference:
    """What a revision has that the one before it had not, by the questions' ids, in the order of the pool."""

    added: tuple[str, ...]
    changed: tuple[str, ...]  # the same ids, in another version
    archived: tuple[str, ...]  # in the former one's order


def revisions_of(pool: QuestionPool) -> QuerySet[PoolRevision]:
    """The newest first."""
    return PoolRevision.objects.select_related("pool").filter(pool=pool).order_by("-number", "id")


def difference_of(revision: PoolRevision) -> Difference:
    """To the revision before it; everything is new in the first. Reads only the rows that differ."""
    before = revisions_of(revision.pool).filter(number__lt=revision.number).first()
    new = _ids(revision, before)
    gone = [] if before is None else _ids(before, revision)
    were, are = set(gone), set(new)
    return Difference(
        added=tuple(each for each in new if each not in were),
        changed=tuple(each for each in new if each in were),
        archived=tuple(each for each in gone if each not in are),
    )


def _ids(revision: PoolRevision, other: PoolRevision | None) -> list[str]:
    """Of the questions whose version stands in this revision and not in the other."""
    rows = RevisionQuestion.objects.filter(revision=revision).order_by("position")
    if other is not None:
        rows = rows.filter(
            ~Exists(RevisionQuestion.objects.filter(revision=other, question=OuterRef("question")))
        )
    return list(rows.values_list("question__external_id", flat=True))
