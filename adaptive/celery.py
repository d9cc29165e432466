"""The Celery application: `celery -A adaptive worker`, `celery -A adaptive beat`."""

import gc
import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_init, worker_process_init

from adaptive import task_log  # noqa: F401  connects its signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adaptive.settings")
app = Celery("adaptive")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@beat_init.connect
def tick_at_once(**_: Any) -> None:
    """So that /health knows of the beat right after a start."""
    app.send_task("adaptive.tasks.record_beat_tick", expires=30)


@worker_init.connect
@beat_init.connect
def refuse_insecure_start(**_: Any) -> None:
    from adaptive.checks import refuse_insecure_start

    refuse_insecure_start()


@worker_process_init.connect
def keep_what_is_loaded(**_: Any) -> None:
    """A task that makes many rows would otherwise look through all of it for garbage, again and again: a
    quarter of a file's time."""
    gc.collect()
    gc.freeze()
