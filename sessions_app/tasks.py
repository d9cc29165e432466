"""What the beat calls. Safe to repeat, and to run twice at once."""

import logging

from celery import shared_task

from sessions_app.administration import cleanup

logger = logging.getLogger(__name__)


@shared_task
def end_inactive_sessions() -> None:
    logger.info("Ended %d inactive sessions", cleanup.end_inactive(now=cleanup.shared_clock()))
