"""Numbered system checks: settings that are insecure or contradict each other stop the start.

Django runs them before its commands; web processes, workers and beat call `refuse_insecure_start`, since
gunicorn runs no checks and Celery only some.
"""

import re
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from adaptive.redis_servers import UrlRefused, problem_of_broker, read_url

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
    if settings.IS_PRODUCTION and 0 < len(settings.METRICS_TOKEN) < 32:
        problems.append(
            Error(
                "METRICS_TOKEN is shorter than 32 characters.",
                hint="Make a longer one, or unset it: then there is no /metrics.",
                id="adaptive.E020",
            )
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
    "ACCESS_TOKEN_MAX_AGE",
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


ORIGINS = {
    "CORS_ALLOWED_ORIGINS": "adaptive.E010",
    "CSRF_TRUSTED_ORIGINS": "adaptive.E011",
    "EMBED_ORIGINS": "adaptive.E021",
}


@register()
def check_origins(**_: Any) -> list[CheckMessage]:
    """Who else's pages may call the API, and who else's forms the admin takes."""
    if not settings.IS_PRODUCTION:
        return []
    problems: list[CheckMessage] = [
        Error(
            f"{name} may hold https:// origins only, without a path and without '*'.",
            hint="Name each origin, as https://lms.example.org.",
            id=number,
        )
        for name, number in ORIGINS.items()
        if not all(map(_is_https_origin, getattr(settings, name)))
    ]
    lets_all_in = getattr(settings, "CORS_ALLOW_ALL_ORIGINS", False) or getattr(
        settings, "CORS_ALLOWED_ORIGIN_REGEXES", []
    )
    if lets_all_in or settings.CORS_ALLOW_CREDENTIALS:
        problems.append(Error("CORS lets in origins that are not on a list, or cookies.", id="adaptive.E012"))
    return problems


def _is_https_origin(origin: str) -> bool:
    return re.fullmatch(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?", origin) is not None


LIMITS = (
    "RATE_LIMIT_CLIENT_PER_MINUTE",
    "RATE_LIMIT_SESSION_PER_MINUTE",
    "RATE_LIMIT_STUDENT_PER_MINUTE",
    "RATE_LIMIT_STUDENT_STARTS_PER_MINUTE",
    "AXES_FAILURE_LIMIT",
    "ADMIN_LOGIN_ADDRESS_FAILURES",
    "CLIENT_REQUESTS_AT_ONCE",
    "SESSION_REQUESTS_AT_ONCE",
    "ADMIN_LOGINS_AT_ONCE",
    "DATA_UPLOAD_MAX_MEMORY_SIZE",
    "POOL_UPLOAD_MAX_BYTES",
    "IMPORT_MAX_BYTES",
)


@register()
def check_limits(**_: Any) -> list[CheckMessage]:
    """Limits that let nobody in, or that another one makes void."""
    problems: list[CheckMessage] = [
        Error(f"{name} must be 1 or more.", id="adaptive.E013")
        for name in LIMITS
        if getattr(settings, name) < 1
    ]
    if settings.RATE_LIMIT_STUDENT_PER_MINUTE < settings.RATE_LIMIT_SESSION_PER_MINUTE:
        problems.append(
            Error(
                "RATE_LIMIT_STUDENT_PER_MINUTE is below RATE_LIMIT_SESSION_PER_MINUTE, which it makes void.",
                hint="A student's sessions together may do at least what one of them may.",
                id="adaptive.E014",
            )
        )
    if settings.POOL_UPLOAD_MAX_BYTES < settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        problems.append(
            Error("POOL_UPLOAD_MAX_BYTES is below MAX_BODY_BYTES, which is for all else.", id="adaptive.E015")
        )
    if timedelta(minutes=1) > settings.AXES_COOLOFF_TIME:
        problems.append(Error("ADMIN_LOGIN_LOCK_MINUTES must be 1 or more.", id="adaptive.E016"))
    return problems


@register()
def check_cookies(**_: Any) -> list[CheckMessage]:
    """The admin's cookies travel by TLS alone, and HSTS promises only what is kept."""
    problems: list[CheckMessage] = []
    if settings.IS_PRODUCTION and not (settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE):
        problems.append(Error("The admin's cookies would travel in the clear.", id="adaptive.E017"))
    if settings.SECURE_HSTS_PRELOAD and not settings.SECURE_HSTS_INCLUDE_SUBDOMAINS:
        problems.append(
            Error(
                "SECURE_HSTS_PRELOAD needs SECURE_HSTS_INCLUDE_SUBDOMAINS: browsers refuse it alone.",
                id="adaptive.E018",
            )
        )
    return problems


@register()
def check_redis(**_: Any) -> list[CheckMessage]:
    """URLs that name no Redis, or none that can do its work. They are not shown: they may hold passwords."""
    problems: list[CheckMessage] = []
    try:
        read_url(settings.REDIS_URL)
    except UrlRefused as reason:
        problems.append(Error(f"REDIS_URL names no Redis. {reason}", id="adaptive.E021"))
    if problem := problem_of_broker(settings.BROKER_URL):
        problems.append(
            Error(
                f"CELERY_BROKER_URL, or REDIS_URL in its place, can be no queue. {problem}",
                hint="Set CELERY_BROKER_URL.",
                id="adaptive.E022",
            )
        )
    return problems


@register()
def check_mail(**_: Any) -> list[CheckMessage]:
    """A mail server without a sender, or at a rate at which nothing goes."""
    problems: list[CheckMessage] = []
    if settings.SENDS_MAIL and not settings.DEFAULT_FROM_EMAIL:
        problems.append(
            Error("EMAIL_URL is set and EMAIL_FROM is not: mail needs a sender.", id="adaptive.E023")
        )
    if settings.EMAIL_PER_MINUTE < 1:
        problems.append(Error("EMAIL_PER_MINUTE must be 1 or more.", id="adaptive.E024"))
    return problems


CHECKS = (
    check_secrets,
    check_tls,
    check_lifetimes,
    check_origins,
    check_limits,
    check_cookies,
    check_redis,
    check_mail,
)


def refuse_insecure_start() -> None:
    """Raise `ImproperlyConfigured` with everything that is wrong."""
    problems = [problem for check in CHECKS for problem in check()]
    if problems:
        raise ImproperlyConfigured(" ".join(f"({p.id}) {p.msg} {p.hint or ''}".strip() for p in problems))
