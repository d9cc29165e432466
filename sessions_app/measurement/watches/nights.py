"""Which pools wait to be watched, and one night's look at one of them.

All of a night is one row, written at the end: a look that is killed leaves nothing, and its pool waits still.
A pool has one row a night, by constraint, so whoever comes second gets the first one's.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from sessions_app.measurement.collecting import OVER
from sessions_app.measurement.watches.reading import Read, read
from sessions_app.models import PoolWatch, TestSession
from testing_engine.calibration.version import engine_version
from testing_engine.canonical import as_stored, hash_of
from testing_engine.models import QuestionPool
from testing_engine.monitoring import ALARM, Found, Watched, compared, watch
from testing_engine.revisions import load_revision

WINDOW = timedelta(days=90)
KEPT = timedelta(days=400)  # the trigger `pool_watches_kept` says the same


def night_of(now: datetime) -> date:
    """A night belongs to the day on which it is over; before `WATCH_HOUR` it is the one of the day before."""
    return timezone.localdate(now - timedelta(hours=settings.WATCH_HOUR))


def waiting(now: datetime) -> list[UUID]:
    """Pools that somebody was tested with lately and that nobody has watched this night."""
    seen = PoolWatch.objects.filter(pool=OuterRef("pk"), night=night_of(now))
    tested = TestSession.objects.filter(
        revision__pool=OuterRef("pk"),
        status__in=OVER,
        completed_at__gt=now - WINDOW,
        questions_answered__gt=0,
    )
    pools = QuestionPool.objects.filter(archived_at=None, current_revision__isnull=False)
    return list(
        pools.filter(~Exists(seen), Exists(tested)).order_by("created_at").values_list("pk", flat=True)
    )


def watch_pool(pool: QuestionPool, now: datetime) -> PoolWatch:
    """This night's look at the pool: the one there is, or a new one. Safe to repeat, and at once."""
    night = night_of(now)
    if (found := _of_night(pool, night)) is not None:
        return found
    revision_id = pool.current_revision_id
    assert revision_id is not None
    since = now - WINDOW
    basis = read(load_revision(revision_id), since, now)
    watched = watch(basis.log, basis.questions, basis.assumed, basis.limits, basis.concepts)
    try:
        with transaction.atomic():
            return _keep(pool, revision_id, night, since, now, _result(pool, night, basis, watched), watched)
    except IntegrityError:
        if (found := _of_night(pool, night)) is not None:
            return found
        raise


def _of_night(pool: QuestionPool, night: date) -> PoolWatch | None:
    return PoolWatch.objects.select_related("revision").filter(pool=pool, night=night).first()


def _result(pool: QuestionPool, night: date, basis: Read, watched: Watched) -> dict[str, Any]:
    """As it is stored: with what changed since the last night that there was a look."""
    last = PoolWatch.objects.filter(pool=pool, night__lt=night).order_by("-night").first()
    before = last.result["found"] if last is not None else []
    found, gone = compared([_plain(each) for each in watched.found], before, night.isoformat())
    numbers = {**watched.numbers, "answers_left_out": basis.left_out, "tests_in_archives": basis.in_archives}
    stored: dict[str, Any] = as_stored({"found": found, "gone": gone, "numbers": numbers})
    return stored


def _plain(found: Found) -> dict[str, Any]:
    return {**asdict(found), "numbers": {name: _short(value) for name, value in found.numbers.items()}}


def _short(value: Any) -> Any:
    if isinstance(value, list):
        return [_short(each) for each in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _keep(
    pool: QuestionPool,
    revision_id: int,
    night: date,
    since: datetime,
    until: datetime,
    result: Mapping[str, Any],
    watched: Watched,
) -> PoolWatch:
    alarms: dict[str, int] = {}
    for each in watched.found:
        if each.severity == ALARM:
            alarms[each.kind] = alarms.get(each.kind, 0) + 1
    return PoolWatch.objects.create(
        pool=pool,
        night=night,
        revision_id=revision_id,
        since=since,
        until=until,
        data_hash=watched.data_hash,
        engine_version=engine_version(),
        result=result,
        result_hash=hash_of(result),
        alarms=alarms,
        notices=len(watched.found) - sum(alarms.values()),
    )


def forget_old(now: datetime) -> int:
    """Nights that need not be kept any more go; returns how many did."""
    count, _ = PoolWatch.objects.filter(night__lt=night_of(now) - KEPT).delete()
    return count
