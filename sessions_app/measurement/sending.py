"""Work to a worker. While the broker is away nothing is lost: the beat sends it again."""

import logging
from uuid import UUID

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

CALIBRATE = "sessions_app.tasks.calibrate"
SIMULATE = "sessions_app.tasks.simulate"
WATCH = "sessions_app.tasks.watch_pool"
EXPIRES = 300  # seconds: what no worker took is sent again, and does not pile up


def send_calibration(calibration_id: UUID) -> None:
    _send(CALIBRATE, calibration_id)


def send_simulation(simulation_id: UUID) -> None:
    _send(SIMULATE, simulation_id)


def send_watch(pool_id: UUID) -> None:
    _send(WATCH, pool_id)


def _send(task: str, job_id: UUID) -> None:
    try:
        current_app.send_task(task, (str(job_id),), expires=EXPIRES, retry=False)
    except OperationalError:
        logger.warning("%s %s waits: the broker is away", task, job_id)
