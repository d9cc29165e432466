"""The Celery application: `celery -A adaptive worker`, `celery -A adaptive beat`."""

import os

from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adaptive.settings")
app = Celery("adaptive")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
@beat_init.connect
def refuse_insecure_start(**_: Any) -> None:
    from adaptive.checks import refuse_insecure_start

    refuse_insecure_start()
