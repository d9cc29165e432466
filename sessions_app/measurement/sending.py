"""Work to a worker. While the broker is away nothing is lost: the beat sends it again."""

import logging
from collections.abc import Sequence
from uuid import UUID

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

CALIBRATE = "sessions_app.tasks.calibrate"
SIMULATE = "sessions_app.tasks.simulate"
WATCH = "sessions_app.tasks.watch_pool"
WATCH_EXPIRES = 3600  # by then the beat has sent it again
EXPIRES = 300  # seconds: what no worker took is sent again, and does not pile up


def send_calibration(calibration_id: UUID) -> None:
    _send(CALIBRATE, calibration_id)


def send_simulation(simulation_id: UUID) -> None:
    _send(SIMULATE, simulation_id)


def send_watches(pool_ids: Sequence[UUID]) -> None:
    """The first of them, with the others, which its worker sends on."""
    if pool_ids:
        others = [str(each) for each in pool_ids[1:]]
        _send(WATCH, pool_ids[0], others, expires=WATCH_EXPIRES)


def _send(task: str, job_id: UUID, *others: list[str], expires: int = EXPIRES) -> None:
    try:
        current_app.send_task(task, (str(job_id), *others), expires=expires, retry=False)
    except OperationalError:
        logger.warning("%s %s waits: the broker is away", task, job_id)
