"""Work to a worker. While the broker is away nothing is lost: the beat sends it again."""

import logging
from uuid import UUID

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

EXPIRES = 300  # seconds: what no worker took is sent again, and does not pile up


def send(task: str, job_id: UUID, *others: list[str], expires: int = EXPIRES) -> None:
    """The task of that name, with the job's id."""
    try:
        current_app.send_task(task, (str(job_id), *others), expires=expires, retry=False)
    except OperationalError:
        logger.warning("%s %s waits: the broker is away", task, job_id)
