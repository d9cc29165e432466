"""A calibration to a worker. While the broker is away nothing is lost: the beat sends it again."""

import logging
from uuid import UUID

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

TASK = "sessions_app.tasks.calibrate"
EXPIRES = 300  # seconds: what no worker took is sent again, and does not pile up


def send_calibration(calibration_id: UUID) -> None:
    try:
        current_app.send_task(TASK, (str(calibration_id),), expires=EXPIRES, retry=False)
    except OperationalError:
        logger.warning("Calibration %s waits: the broker is away", calibration_id)
