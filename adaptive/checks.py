"""Numbered system checks: settings that are insecure or contradict each other stop the start.

Django runs them before its commands; web processes, workers and beat call `refuse_insecure_start`, since
gunicorn runs no checks and Celery only some.
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
    keys = [_secret_key(), *settings.SECRET_KEY_FALLBACKS]  # an old key still opens sessions
    if not all(keys) or (settings.IS_PRODUCTION and min(map(len, keys)) < 50):
        problems.append(
            Error(
                "SECRET_KEY or one of SECRET_KEY_FALLBACKS is missing or shorter than 50 characters.",
                hint="Set SECRET_KEY in the environment; docs/OPERATIONS.md shows how to make one.",
                id="adaptive.E001",
            )
        )
    if settings.IS_PRODUCTION and any(DEVELOPMENT_KEY_MARK in key for key in keys):
        problems.append(
            Error("SECRET_KEY or one of SECRET_KEY_FALLBACKS is a development key.", id="adaptive.E002")
        )
    audit_key = settings.AUDIT_KEY
    is_weak = len(audit_key) < 50 or audit_key in keys or DEVELOPMENT_KEY_MARK in audit_key
    if settings.IS_PRODUCTION and is_weak:
        problems.append(
            Error(
                "AUDIT_KEY is missing, shorter than 50 characters, a development key, or SECRET_KEY itself.",
                hint="Make one like SECRET_KEY and keep it for ever: it checks the audit trail.",
                id="adaptive.E009",
            )
        )
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


def _secret_key() -> str:
    """Django itself raises, with less to say, when it reads an empty key."""
    try:
        return str(settings.SECRET_KEY)
    except ImproperlyConfigured:
        return ""


@register()
def check_tls(**_: Any) -> list[CheckMessage]:
    """The service speaks plain HTTP behind a proxy that speaks TLS, and must be told so."""
    if settings.SECURE_SSL_REDIRECT and settings.SECURE_PROXY_SSL_HEADER is None:
        return [
            Error(
                "SECURE_SSL_REDIRECT without BEHIND_TLS_PROXY redirects every request to itself.",
                hint="Set BEHIND_TLS_PROXY=true behind a proxy that sets X-Forwarded-Proto.",
                id="adaptive.E008",
            )
        ]
    return []


LIFETIMES = (
    "SESSION_STATE_TTL",
    "SUBMISSION_LOCK_TTL",
    "QUESTION_CACHE_TTL",
    "SESSION_INACTIVITY_MINUTES",
    "SESSION_TOKEN_MAX_AGE",
)


@register()
def check_lifetimes(**_: Any) -> list[CheckMessage]:
    """Lifetimes that contradict each other."""
    problems: list[CheckMessage] = []
    if settings.SUBMISSION_LOCK_TTL >= settings.SESSION_STATE_TTL:
        problems.append(Error("SUBMISSION_LOCK_TTL must be below SESSION_STATE_TTL.", id="adaptive.E005"))
    problems += [
        Error(f"{name} must be 1 or more.", id="adaptive.E007")
        for name in LIFETIMES
        if getattr(settings, name) < 1
    ]
    needed = max(settings.SESSION_STATE_TTL, settings.SESSION_INACTIVITY_MINUTES * 60)
    if needed > settings.SESSION_TOKEN_MAX_AGE:
        problems.append(
            Error(
                "SESSION_TOKEN_MAX_AGE is below SESSION_STATE_TTL or SESSION_INACTIVITY_MINUTES: a student "
                "would be locked out of a running test.",
                id="adaptive.E006",
            )
        )
    return problems


def refuse_insecure_start() -> None:
    """Raise `ImproperlyConfigured` with everything that is wrong."""
    problems = [*check_secrets(), *check_tls(), *check_lifetimes()]
    if problems:
        raise ImproperlyConfigured(" ".join(f"({p.id}) {p.msg} {p.hint or ''}".strip() for p in problems))
