"""The beat's own sign of life, which /health reads."""

from celery import shared_task
from django.utils import timezone

from adaptive import health


@shared_task
def record_beat_tick() -> None:
    health.record_beat_tick(timezone.now())
