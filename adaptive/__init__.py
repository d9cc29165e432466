"""The project: configuration. Nothing below imports it."""

__version__ = "1.1.0"  # CHANGELOG.md says what it brought

from adaptive.celery import app as celery_app

__all__ = ["__version__", "celery_app"]
