"""Where pools stand as somebody who measures sees them: states of questions, calibrations, answers since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery, Sum

from sessions_app.counting.results import answers_for_good
from sessions_app.long_work import jobs
from sessions_app.models import Calibration, ResponseImport
from testing_engine.models import QuestionPool
from testing_engine.pools import states_of, with_states


@dataclass(frozen=True)
class Standing:
    """Of one pool. `calibrated_at`: when the newest calibration that found something was asked for, and
    `answers_since`: what a calibration could read now that it could not then, delivered or imported."""

    pool_id: UUID
    states: dict[str, int]
    calibration_id: UUID | None
    calibrated_at: datetime | None
    is_published: bool
    is_computed: bool
    answers_since: int


def standings(pool_ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """By pool. Four queries, however many pools."""
    newest = Calibration.objects.filter(pool=OuterRef("pk"), state=Calibration.State.DONE)
    newest = newest.order_by("-created_at", "id")
    pools = with_states(QuestionPool.objects.filter(pk__in=pool_ids)).annotate(
        calibration_id=Subquery(newest.values("pk")[:1]),
        calibrated_at=Subquery(newest.values("created_at")[:1]),
        answers_then=Subquery(newest.values("answers_then")[:1]),
        published_as=Subquery(newest.values("published_revision")[:1]),
    )
    rows = list(pools)
    computed = set(
        Calibration.objects.filter(pool__in=pool_ids, state__in=jobs.OPEN).values_list("pool_id", flat=True)
    )
    since = _answers_since(rows)
    return {
        row.pk: Standing(
            pool_id=row.pk,
            states=states_of(row),
            calibration_id=row.calibration_id,
            calibrated_at=row.calibrated_at,
            is_published=row.published_as is not None,
            is_computed=row.pk in computed,
            answers_since=since[row.pk],
        )
        for row in rows
    }


def _answers_since(pools: Sequence[Any]) -> dict[UUID, int]:
    """Answers of tests that came to be over for good, or were imported, after each pool's newest calibration;
    all where there is none."""
    delivered = answers_for_good(pool.pk for pool in pools)
    since = {pool.pk: delivered[pool.pk] - (pool.answers_then or 0) for pool in pools}
    later = [
        Q(pool=pool.pk) if pool.calibrated_at is None else Q(pool=pool.pk, created_at__gt=pool.calibrated_at)
        for pool in pools
    ]
    imported = ResponseImport.objects.filter(reduce(or_, later)) if later else ResponseImport.objects.none()
    for pool_id, count in imported.order_by().values_list("pool").annotate(Sum("answer_count")):
        since[pool_id] += count
    return since
