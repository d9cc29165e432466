"""How watched pools stand now: by their newest nights."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from sessions_app.models import PoolWatch
from sessions_app.refusals import WatchNotFound
from testing_engine.models import QuestionPool
from testing_engine.revisions import load_revision


@dataclass(frozen=True)
class AlarmedPool:
    """A pool whose newest night has alarms."""

    id: UUID
    name: str
    alarms: int


def nights_of(pool: QuestionPool) -> QuerySet[PoolWatch]:
    """The newest first."""
    return PoolWatch.objects.filter(pool=pool).select_related("revision").order_by("-night")


def keys_of_questions(pool: QuestionPool) -> dict[str, int]:
    """Primary keys of the questions that the pool has now, by their own ids: a page links to them."""
    revision = load_revision(pool.current_revision_id or 0)
    return dict(zip(revision.external_ids, map(int, revision.question_ids), strict=True))


def of_night(pool: QuestionPool, night: date | None) -> PoolWatch:
    """That night's, or the newest. Raises `WatchNotFound`."""
    nights = nights_of(pool) if night is None else nights_of(pool).filter(night=night)
    if (found := nights.first()) is None:
        raise WatchNotFound
    return found


def latest(pool: QuestionPool) -> PoolWatch | None:
    return nights_of(pool).first()


def _newest() -> QuerySet[PoolWatch]:
    """Of each pool that is not in the archive, without what was found."""
    night = PoolWatch.objects.filter(pool=OuterRef("pk")).order_by("-night").values("pk")[:1]
    pools = QuestionPool.objects.filter(archived_at=None)
    newest = pools.annotate(newest=Subquery(night)).filter(newest__isnull=False).values("newest")
    return PoolWatch.objects.filter(pk__in=newest).defer("result")


def alarmed_pools() -> list[AlarmedPool]:
    """Pools with alarms, by name."""
    found = _newest().exclude(alarms={}).select_related("pool")
    told = [AlarmedPool(each.pool_id, str(each.pool), sum(each.alarms.values())) for each in found]
    return sorted(told, key=lambda each: (each.name, each.id))


def alarmed_among(pools: Iterable[UUID]) -> set[UUID]:
    """Those of the pools that have alarms."""
    found = _newest().exclude(alarms={}).filter(pool__in=list(pools))
    return set(found.values_list("pool_id", flat=True))


def open_alarms() -> Counter[str]:
    """How many there are of each kind, in all pools."""
    counts: Counter[str] = Counter()
    for alarms in _newest().values_list("alarms", flat=True):
        counts.update(alarms)
    return counts
