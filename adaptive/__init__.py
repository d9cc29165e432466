"""The project: configuration. Nothing below imports it."""

from adaptive.celery import app as celery_app

__all__ = ["celery_app"]
