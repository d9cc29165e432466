"""The Celery application: `celery -A adaptive worker`, `celery -A adaptive beat`."""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_init

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
