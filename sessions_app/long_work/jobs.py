"""Work apart from requests, from being asked for until somebody has done it.

Whoever computes draws a number and holds the row with it: every word about progress is a conditional UPDATE,
so a worker that was taken for dead and is not learns that the row is another's, and stops. That it lives, a
thread beside the work tells (`pulse`). Nothing depends on the broker: what it lost is sent again.
"""

import logging
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from typing import Any, TypeVar

import numpy as np
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from sessions_app.long_work import pulse
from sessions_app.long_work.apart import said_apart
from sessions_app.models.jobs import Job
from testing_engine.sentences import say

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 3
SILENT_AFTER = timedelta(minutes=1)  # six times the pulse: a machine may be that slow
WAITING_AFTER = timedelta(minutes=2)
BEAT_EVERY = 1.0  # seconds
BROKE_OFF = say("It broke off by an error of the service; the log has it.")
NOT_COMPUTED = say(
    "It could not be computed: the numbers of these data led to equations without a solution. The log has it."
)
OPEN = (Job.State.QUEUED, Job.State.RUNNING)

J = TypeVar("J", bound=Job)
Tell = Callable[[str, float], object]


class Superseded(Exception):
    """Another worker computes this now, or it is over."""


class Refused(Exception):
    """It cannot be done. `fields` of its row say why."""

    def __init__(self, **fields: Any) -> None:
        super().__init__()
        self.fields = fields


class Cancelled(Exception):
    """Somebody wants it to end."""


def ask_once(before: Callable[[], J | None], create: Callable[[], J], refuse: Callable[[], object]) -> J:
    """What the same key asked for before, or a new one. A constraint has the last word about two at once.

    `refuse` raises what another open one means, if there is one.
    """
    if (found := before()) is not None:
        return found
    try:
        with transaction.atomic():
            return create()
    except IntegrityError:
        if (found := before()) is not None:
            return found
        refuse()
        raise


def cancel(job: Job, now: datetime) -> bool:
    """At once where it waits, as soon as its worker looks where it runs. False where it was over already.
    Safe to repeat.
    """
    rows = _rows(type(job))
    waiting = rows.filter(pk=job.pk, state=Job.State.QUEUED)
    waiting.update(state=Job.State.CANCELLED, finished_at=now, cancel_requested=True)
    rows.filter(pk=job.pk, state=Job.State.RUNNING).update(cancel_requested=True)
    job.refresh_from_db(fields=["state", "cancel_requested", "finished_at"])
    return job.cancel_requested


def claim(model: type[J], job_id: uuid.UUID, now: datetime) -> J | None:
    """The job, to be computed by the caller alone; None where nobody needs to."""
    worker = uuid.uuid4()
    claimed = _rows(model).filter(pk=job_id, state=Job.State.QUEUED)
    if not claimed.update(
        state=Job.State.RUNNING,
        worker=worker,
        attempt=F("attempt") + 1,
        started_at=now,
        heartbeat_at=now,
        progress=0.0,
        stage="",
    ):
        return None
    job = _rows(model).get(pk=job_id)
    job.worker = worker
    return job


def beat(job: Job, stage: str, progress: float, now: datetime) -> None:
    """Still at it. Raises `Superseded` where it is another's now, `Cancelled` where it shall end."""
    if not _held(job).update(stage=stage, progress=progress, heartbeat_at=now):
        raise Superseded
    heed(job)


def heed(job: Job) -> None:
    """Writes nothing, so it may be asked inside the transaction that holds the work. Raises `Superseded`
    where it is another's now, `Cancelled` where it shall end.
    """
    wanted = _held(job).values_list("cancel_requested", flat=True).first()
    if wanted is None:
        raise Superseded
    if wanted:
        raise Cancelled


def finish(job: Job, state: Job.State, now: datetime, **fields: Any) -> None:
    """The end of it; raises `Superseded`."""
    if state == Job.State.DONE:
        fields["progress"] = 1.0
    if not _held(job).update(state=state, stage="", finished_at=now, **fields):
        raise Superseded


def run(
    model: type[J],
    job_id: uuid.UUID,
    compute: Callable[[J], Mapping[str, Any]],
    inside: Callable[[J], AbstractContextManager[object]] = nullcontext,
) -> bool:
    """Compute it, unless somebody else does or it is over (False); `compute` gives the fields of a job that
    is done. Whatever goes wrong ends up in its row.

    `inside`: a transaction, say, that holds what is computed and that it is done.
    """
    job = claim(model, job_id, timezone.now())
    if job is None:
        return False
    try:
        with pulse.felt(lambda now: _held(job).update(heartbeat_at=now)), inside(job):
            fields = compute(job)
            finish(job, Job.State.DONE, timezone.now(), **fields)
    except Superseded:
        logger.info("%s %s is computed by another worker", model.__name__, job_id)
    except Refused as refused:
        finish(job, Job.State.FAILED, timezone.now(), **refused.fields)
    except Cancelled:
        finish(job, Job.State.CANCELLED, timezone.now())
    except KeyboardInterrupt:
        finish(job, Job.State.CANCELLED, timezone.now())
        raise
    except np.linalg.LinAlgError:  # a ValueError, but nobody's refusal
        logger.exception("%s %s could not be computed", model.__name__, job_id)
        finish(job, Job.State.FAILED, timezone.now(), error=NOT_COMPUTED)
    except ValueError as error:  # how requests, data and models are refused that nobody can compute with
        finish(job, Job.State.FAILED, timezone.now(), error=str(error))
    except Exception:
        logger.exception("%s %s failed", model.__name__, job_id)
        finish(job, Job.State.FAILED, timezone.now(), error=BROKE_OFF)
        raise
    return True


def take_up(
    model: type[Job], now: datetime, send: Callable[[uuid.UUID], object], died: str
) -> tuple[int, int]:
    """What a dead worker left is computed again, three times at most; what waits in vain is sent again.

    `died`: what is said of one that is given up. Returns how many were sent and how many given up. Safe to
    repeat.
    """
    long_ago = now - SILENT_AFTER
    heard = Q(heartbeat_at__lt=long_ago) | Q(heartbeat_at=None, started_at__lt=long_ago)
    silent = _rows(model).filter(heard, state=Job.State.RUNNING)
    over = silent.filter(cancel_requested=True).update(state=Job.State.CANCELLED, finished_at=now)
    over += silent.filter(attempt__gte=MOST_ATTEMPTS).update(
        state=Job.State.FAILED, finished_at=now, error=died
    )
    silent.update(state=Job.State.QUEUED, worker=None, heartbeat_at=now)
    waiting = _rows(model).filter(state=Job.State.QUEUED)
    in_vain = waiting.filter(
        Q(heartbeat_at=None, created_at__lt=now - WAITING_AFTER) | Q(heartbeat_at__isnull=False)
    )
    ids = list(in_vain.values_list("pk", flat=True))
    for each in ids:
        send(each)
    return len(ids), over


def _rows(model: type[J]) -> QuerySet[J]:
    return model._default_manager.all()


def _held(job: Job) -> QuerySet[Any]:
    return _rows(type(job)).filter(pk=job.pk, state=Job.State.RUNNING, worker=job.worker)


class Heart:
    """Tells the row, once a second, how far the work is; looks there whether it shall end. Where the work has
    opened a transaction meanwhile, outside of that.

    `stages`: where the bar stands when a stage begins, and when it ends.
    """

    def __init__(
        self, job: Job, stages: Mapping[str, tuple[float, float]], tell: Tell = lambda *_: None
    ) -> None:
        self._job, self._stages, self._tell = job, stages, tell
        self._last, self._stage, self._progress = 0.0, "", 0.0
        self._began_outside = not connection.in_atomic_block

    def tell(self, word: Callable[[], object]) -> None:
        """Something else of the row, seen by others at once."""
        if self._began_outside and connection.in_atomic_block:
            said_apart(word)
        else:
            word()

    def __call__(self, stage: str, share: float) -> None:
        low, high = self._stages[stage]
        self._progress = max(self._progress, low + (high - low) * share)  # a bar does not go back
        self._tell(stage, self._progress)
        now = time.monotonic()
        if stage != self._stage or now - self._last >= BEAT_EVERY:
            self._stage, self._last = stage, now
            progress = self._progress
            self.tell(lambda: beat(self._job, stage, progress, timezone.now()))
