"""Where pools stand as somebody who measures sees them: states of questions, calibrations, answers since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery, Sum

from sessions_app.long_work import jobs
from sessions_app.measurement.collecting import OVER
from sessions_app.models import Calibration, ResponseImport, TestSession
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
        published_as=Subquery(newest.values("published_revision")[:1]),
    )
    rows = list(pools)
    computed = set(
        Calibration.objects.filter(pool__in=pool_ids, state__in=jobs.OPEN).values_list("pool_id", flat=True)
    )
    since = _answers_since({row.pk: row.calibrated_at for row in rows})
    return {
        row.pk: Standing(
            pool_id=row.pk,
            states=states_of(row),
            calibration_id=row.calibration_id,
            calibrated_at=row.calibrated_at,
            is_published=row.published_as is not None,
            is_computed=row.pk in computed,
            answers_since=since.get(row.pk, 0),
        )
        for row in rows
    }


def _answers_since(moments: dict[UUID, datetime | None]) -> dict[UUID, int]:
    """Answers of tests that were over, or imported, after each pool's moment; all where there is none."""
    if not moments:
        return {}
    delivered = TestSession.objects.filter(_later(moments, "revision__pool", "completed_at"), status__in=OVER)
    imported = ResponseImport.objects.filter(_later(moments, "pool", "created_at"))
    counted: dict[UUID, int] = {}
    for rows in (
        delivered.order_by().values_list("revision__pool").annotate(Sum("questions_answered")),
        imported.order_by().values_list("pool").annotate(Sum("answer_count")),
    ):
        for pool_id, count in rows:
            counted[pool_id] = counted.get(pool_id, 0) + count
    return counted


def _later(moments: dict[UUID, datetime | None], pool: str, time: str) -> Q:
    return reduce(
        or_,
        (
            Q((pool, pool_id)) if moment is None else Q((pool, pool_id), (f"{time}__gt", moment))
            for pool_id, moment in moments.items()
        ),
    )
