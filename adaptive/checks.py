"""Numbered system checks: settings that are insecure or contradict each other stop the start.

Django runs them before its commands; web processes and workers call `refuse_insecure_start`, since
neither gunicorn nor Celery runs Django's checks.
"""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

DEVELOPMENT_KEY_MARK = "insecure"


@register()
def check_secrets(**_: Any) -> list[CheckMessage]:
    """What must never be missing or guessable outside development."""
    problems: list[CheckMessage] = []
    if not settings.SECRET_KEY or (settings.IS_PRODUCTION and len(settings.SECRET_KEY) < 50):
        problems.append(
            Error(
                "SECRET_KEY is missing or shorter than 50 characters.",
                hint="Set SECRET_KEY in the environment; docs/OPERATIONS.md shows how to make one.",
                id="adaptive.E001",
            )
        )
    if settings.IS_PRODUCTION and DEVELOPMENT_KEY_MARK in settings.SECRET_KEY:
        problems.append(Error("SECRET_KEY is a development key.", id="adaptive.E002"))
    if settings.IS_PRODUCTION and settings.DEBUG:
        problems.append(Error("DEBUG is on outside development.", hint="Unset DEBUG.", id="adaptive.E003"))
    if settings.IS_PRODUCTION and (not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS):
        problems.append(
            Error(
                "ALLOWED_HOSTS is empty or lets every host in.",
                hint="Name the hosts that the service answers for.",
                id="adaptive.E004",
            )
        )
    return problems


@register()
def check_lifetimes(**_: Any) -> list[CheckMessage]:
    """Lifetimes that contradict each other."""
    problems: list[CheckMessage] = []
    if settings.SUBMISSION_LOCK_TTL >= settings.SESSION_STATE_TTL:
        problems.append(Error("SUBMISSION_LOCK_TTL must be below SESSION_STATE_TTL.", id="adaptive.E005"))
    if settings.SESSION_TOKEN_MAX_AGE < settings.SESSION_STATE_TTL:
        problems.append(
            Error(
                "SESSION_TOKEN_MAX_AGE is below SESSION_STATE_TTL: a student would be locked out of a "
                "running test.",
                id="adaptive.E006",
            )
        )
    return problems


def refuse_insecure_start() -> None:
    """Raise `ImproperlyConfigured` with everything that is wrong."""
    problems = [*check_secrets(), *check_lifetimes()]
    if problems:
        raise ImproperlyConfigured(" ".join(f"({p.id}) {p.msg} {p.hint or ''}".strip() for p in problems))
