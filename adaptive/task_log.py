"""One line for every task that a worker ran, under the id of the request that asked for it."""

import logging.config
import time
from typing import Any

import structlog
from celery import signals
from django.conf import settings

from sessions_app import log_fields

logger = structlog.get_logger(__name__)

_began = "observed_since"  # an attribute of the task's own request


@signals.setup_logging.connect
def use_our_format(**_: Any) -> None:
    """With a receiver Celery leaves logging alone; worker and beat then log as web does."""
    logging.config.dictConfig(settings.LOGGING)


@signals.before_task_publish.connect
def pass_request_id_on(headers: dict[str, Any], **_: Any) -> None:
    request_id = log_fields.now().get("request_id")
    if request_id is not None:
        headers["request_id"] = request_id


@signals.task_prerun.connect
def bind_ids(task_id: str, task: Any, **_: Any) -> None:
    log_fields.begin(task_id=task_id)
    request_id = getattr(task.request, "request_id", None)
    if request_id is not None:
        log_fields.add(request_id=request_id)
    setattr(task.request, _began, time.perf_counter())


@signals.task_failure.connect
def tell_failure(sender: Any, exception: BaseException, **_: Any) -> None:
    logger.error("task failed", task=sender.name, exc_info=exception)


@signals.task_postrun.connect
def tell_end(task: Any, state: str | None = None, **_: Any) -> None:
    """Arguments and results stay out: they may be anything."""
    seconds = time.perf_counter() - getattr(task.request, _began, time.perf_counter())
    logger.info("task", task=task.name, state=state, duration_ms=round(seconds * 1000, 2))
    log_fields.end()
