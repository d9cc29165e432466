"""How watched pools stand now: by their newest nights."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from sessions_app.models import PoolWatch
from testing_engine.models import QuestionPool


@dataclass(frozen=True)
class AlarmedPool:
    """A pool whose newest night has alarms."""

    id: UUID
    name: str
    alarms: int


def nights_of(pool: QuestionPool) -> QuerySet[PoolWatch]:
    """The newest first."""
    return PoolWatch.objects.filter(pool=pool).select_related("revision").order_by("-night")


def latest(pool: QuestionPool) -> PoolWatch | None:
    return nights_of(pool).first()


def _newest() -> QuerySet[PoolWatch]:
    """Of each pool that is not in the archive, without what was found."""
    night = PoolWatch.objects.filter(pool=OuterRef("pk")).order_by("-night").values("pk")[:1]
    pools = QuestionPool.objects.filter(archived_at=None)
    newest = pools.annotate(newest=Subquery(night)).filter(newest__isnull=False).values("newest")
    return PoolWatch.objects.filter(pk__in=newest).defer("result")


def alarmed_pools(only: Iterable[UUID] | None = None) -> list[AlarmedPool]:
    """Pools with alarms, by name; among these `only`, where they are named."""
    found = _newest().exclude(alarms={}).select_related("pool")
    if only is not None:
        found = found.filter(pool__in=list(only))
    told = [AlarmedPool(each.pool_id, str(each.pool), sum(each.alarms.values())) for each in found]
    return sorted(told, key=lambda each: (each.name, each.id))


def open_alarms() -> Counter[str]:
    """How many there are of each kind, in all pools."""
    counts: Counter[str] = Counter()
    for alarms in _newest().values_list("alarms", flat=True):
        counts.update(alarms)
    return counts
