"""Calibrations from being asked for until somebody has computed them: one at a time per pool."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from sessions_app.counting.results import answers_for_good
from sessions_app.long_work import jobs
from sessions_app.measurement import asking
from sessions_app.measurement.asking import Asked, checked
from sessions_app.measurement.collecting import known_imports
from sessions_app.models import Calibration
from sessions_app.refusals import (
    CalibrationNotFound,
    CalibrationNotOpen,
    CalibrationRuns,
    IdempotencyKeyReused,
)
from testing_engine.models import QuestionPool
from testing_engine.revisions import load_revision
from testing_engine.sentences import Sentence, marked, say

LONG_SILENCE = timedelta(seconds=30)  # three times the pulse
DIED = marked("Its worker died 3 times: too little memory for these answers, perhaps.")


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
    revision_id = pool.current_revision_id
    assert revision_id is not None
    content = checked(asked, load_revision(revision_id), known_imports(pool)).to_json()

    def create() -> Calibration:
        calibration = Calibration.objects.create(
            pool=pool,
            revision_id=revision_id,
            request=content,
            by_id=by_id,
            idempotency_key=key,
            answers_then=answers_for_good([pool.pk])[pool.pk],
        )
        if send is not None:
            transaction.on_commit(lambda: send(calibration.pk))
        return calibration

    def refuse() -> None:
        running = Calibration.objects.filter(pool=pool, state__in=jobs.OPEN).first()
        if running is not None:
            raise CalibrationRuns(running.pk)

    return jobs.ask_once(lambda: _asked_before(pool, asked, content, by_id, key), create, refuse)


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
    if (before.pool_id, Asked.from_json(before.request)) != (pool.pk, Asked.from_json(content)):
        raise IdempotencyKeyReused
    return before


def usual_scale(pool: QuestionPool) -> str:
    """What a calibration of the pool as it is now is likely to be asked for."""
    assert pool.current_revision_id is not None
    return asking.usual_scale(load_revision(pool.current_revision_id))


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
    if not jobs.cancel(calibration, now):
        raise CalibrationNotOpen(calibration.state)
    return calibration


def is_one_computed(now: datetime) -> bool:
    """Whether some worker computes one, of any pool."""
    alive = Calibration.objects.filter(
        state=Calibration.State.RUNNING, heartbeat_at__gte=now - jobs.SILENT_AFTER
    )
    return alive.exists()


def waits_for(calibration: Calibration, now: datetime) -> Sentence | None:
    """Why a queued one does not begin, where the worker of the one that runs is not heard of any more."""
    if calibration.state != Calibration.State.QUEUED:
        return None
    running = Calibration.objects.filter(state=Calibration.State.RUNNING, heartbeat_at__lt=now - LONG_SILENCE)
    silent = running.select_related("pool").defer("result", "shift", "session_ids").first()
    if silent is None or silent.heartbeat_at is None:
        return None
    return say(
        "It waits for the calibration {id} of {pool}, whose worker has not been heard of since {time}; "
        "it goes on a minute or two after that.",
        id=silent.pk,
        pool=silent.pool.name or silent.pool_id,
        time=f"{silent.heartbeat_at:%Y-%m-%d %H:%M:%S} UTC",
    )


def take_up(now: datetime, send: Callable[[uuid.UUID], object]) -> tuple[int, int]:
    """What dead workers and the broker lost: how many were sent again, and how many given up."""
    return jobs.take_up(Calibration, now, send, DIED)
