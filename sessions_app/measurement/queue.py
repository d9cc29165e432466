"""Calibrations from being asked for until somebody has computed them.

One at a time per pool, by a constraint. Whoever computes draws a number and holds the row with it: every
word about progress is a conditional UPDATE, so a worker that was taken for dead and is not learns that the
row is another's, and stops. Nothing depends on the broker: what it lost is sent again.
"""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from sessions_app.measurement.asking import Asked, checked
from sessions_app.models import Calibration, ResponseImport
from sessions_app.refusals import (
    CalibrationNotFound,
    CalibrationNotOpen,
    CalibrationRuns,
    IdempotencyKeyReused,
)
from testing_engine.models import QuestionPool
from testing_engine.revisions import load_revision

MOST_ATTEMPTS = 3
SILENT_AFTER = timedelta(minutes=10)  # longer than any stage that tells nothing
WAITING_AFTER = timedelta(minutes=2)
OPEN = (Calibration.State.QUEUED, Calibration.State.RUNNING)


class Superseded(Exception):
    """Another worker computes this now, or it is over."""


class Cancelled(Exception):
    """Somebody wants it to end."""


def ask(
    pool: QuestionPool,
    asked: Asked,
    by_id: int | None = None,
    key: str | None = None,
    send: Callable[[uuid.UUID], object] | None = None,
) -> Calibration:
    """A new calibration of the pool's newest revision, or the one that this key asked for before.

    `send` is called with its id once it is stored. Raises `CalibrationRefused`, `CalibrationRuns`,
    `IdempotencyKeyReused`.
    """
    assert pool.current_revision_id is not None
    imports = ResponseImport.objects.filter(pool=pool).order_by("created_at", "id")
    revision = load_revision(pool.current_revision_id)
    content = checked(asked, revision, list(imports.values_list("pk", flat=True))).to_json()
    if (before := _asked_before(pool, asked, content, by_id, key)) is not None:
        return before
    try:
        with transaction.atomic():
            calibration = Calibration.objects.create(
                pool=pool,
                revision_id=pool.current_revision_id,
                request=content,
                by_id=by_id,
                idempotency_key=key,
            )
            if send is not None:
                transaction.on_commit(lambda: send(calibration.pk))
    except IntegrityError as error:
        if (before := _asked_before(pool, asked, content, by_id, key)) is not None:
            return before
        running = Calibration.objects.filter(pool=pool, state__in=OPEN).first()
        if running is None:
            raise
        raise CalibrationRuns(running.pk) from error
    return calibration


def _asked_before(
    pool: QuestionPool, asked: Asked, content: dict[str, Any], by_id: int | None, key: str | None
) -> Calibration | None:
    """What this key asked for. Raises `IdempotencyKeyReused` where that was something else."""
    if key is None:
        return None
    before = _listed().filter(by_id=by_id, idempotency_key=key).first()
    if before is None:
        return None
    if asked.imports is None:  # all there are: there may be more by now
        content = {**content, "imports": before.request["imports"]}
    if (before.pool_id, before.request) != (pool.pk, content):
        raise IdempotencyKeyReused
    return before


def find(pool: QuestionPool, calibration_id: str) -> Calibration:
    """Raises `CalibrationNotFound`."""
    try:
        return _listed().get(pool=pool, pk=uuid.UUID(calibration_id))
    except (ValueError, Calibration.DoesNotExist) as error:
        raise CalibrationNotFound from error


def of_pool(pool: QuestionPool) -> QuerySet[Calibration]:
    """The newest first, without their results."""
    return _listed().filter(pool=pool).defer("result", "shift")


def _listed() -> QuerySet[Calibration]:
    return Calibration.objects.select_related("revision", "published_revision", "pool").defer("session_ids")


def cancel(calibration: Calibration, now: datetime) -> Calibration:
    """At once where it waits, as soon as its worker looks where it runs. Safe to repeat."""
    waiting = Calibration.objects.filter(pk=calibration.pk, state=Calibration.State.QUEUED)
    waiting.update(state=Calibration.State.CANCELLED, finished_at=now, cancel_requested=True)
    running = Calibration.objects.filter(pk=calibration.pk, state=Calibration.State.RUNNING)
    running.update(cancel_requested=True)
    calibration.refresh_from_db(fields=["state", "cancel_requested", "finished_at"])
    if not calibration.cancel_requested:
        raise CalibrationNotOpen(calibration.state)
    return calibration


def claim(calibration_id: uuid.UUID, now: datetime, *, beside_others: bool = False) -> Calibration | None:
    """The calibration, to be computed by the caller alone; None where nobody needs to.

    Unless `beside_others`, also where another pool's is computed: a worker has short tasks to do besides. It
    waits then, and `take_up` sends it again.
    """
    alive = Calibration.objects.filter(state=Calibration.State.RUNNING, heartbeat_at__gte=now - SILENT_AFTER)
    if not beside_others and alive.exists():
        return None
    worker = uuid.uuid4()
    claimed = Calibration.objects.filter(pk=calibration_id, state=Calibration.State.QUEUED).update(
        state=Calibration.State.RUNNING,
        worker=worker,
        attempt=F("attempt") + 1,
        started_at=now,
        heartbeat_at=now,
        progress=0.0,
        stage="",
    )
    if not claimed:
        return None
    calibration = Calibration.objects.select_related("pool").get(pk=calibration_id)
    calibration.worker = worker
    return calibration


def beat(calibration: Calibration, stage: str, progress: float, now: datetime) -> None:
    """Still at it. Raises `Superseded` where it is another's now, `Cancelled` where it shall end."""
    if not _held(calibration).update(stage=stage, progress=progress, heartbeat_at=now):
        raise Superseded
    if Calibration.objects.filter(pk=calibration.pk, cancel_requested=True).exists():
        raise Cancelled


def finish(calibration: Calibration, state: Calibration.State, now: datetime, **fields: Any) -> None:
    """The end of it; raises `Superseded`."""
    if state == Calibration.State.DONE:
        fields["progress"] = 1.0
    if not _held(calibration).update(state=state, stage="", finished_at=now, **fields):
        raise Superseded


def _held(calibration: Calibration) -> QuerySet[Calibration]:
    return Calibration.objects.filter(
        pk=calibration.pk, state=Calibration.State.RUNNING, worker=calibration.worker
    )


def take_up(now: datetime, send: Callable[[uuid.UUID], object]) -> tuple[int, int]:
    """What a dead worker left is computed again, three times at most; what waits in vain is sent again.

    Returns how many were sent and how many given up. Safe to repeat.
    """
    silent = Calibration.objects.filter(state=Calibration.State.RUNNING, heartbeat_at__lt=now - SILENT_AFTER)
    over = silent.filter(cancel_requested=True).update(state=Calibration.State.CANCELLED, finished_at=now)
    over += silent.filter(attempt__gte=MOST_ATTEMPTS).update(
        state=Calibration.State.FAILED,
        finished_at=now,
        error=f"Its worker died {MOST_ATTEMPTS} times: too little memory for these answers, perhaps.",
    )
    silent.update(state=Calibration.State.QUEUED, worker=None, heartbeat_at=now)
    waiting = Calibration.objects.filter(state=Calibration.State.QUEUED).filter(
        Q(heartbeat_at=None, created_at__lt=now - WAITING_AFTER) | Q(heartbeat_at__isnull=False)
    )
    ids = list(waiting.values_list("pk", flat=True))
    for each in ids:
        send(each)
    return len(ids), over
