"""The numbered checks that stop an insecure or contradictory start."""

import os
import secrets
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings, settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from adaptive.checks import CHECKS, refuse_insecure_start

GOOD: dict[str, Any] = {
    "IS_PRODUCTION": True,
    "SECRET_KEY": "k" * 50,
    "SECRET_KEY_FALLBACKS": [],
    "AUDIT_KEY": "a" * 50,
    "AUDIT_KEY_FALLBACKS": [],
    "DEBUG": False,
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "ALLOWED_HOSTS": ["tests.example.org"],
    "SECURE_SSL_REDIRECT": True,
    "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
}


@pytest.fixture
def production(settings: LazySettings) -> LazySettings:
    """Settings that a production start accepts."""
    for name, value in GOOD.items():
        setattr(settings, name, value)
    return settings


def found() -> list[str]:
    return [problem.id for check in CHECKS for problem in check() if problem.id]


def test_it_accepts_a_secure_production(production: LazySettings) -> None:
    assert found() == []
    refuse_insecure_start()


def test_it_accepts_an_insecure_development(settings: LazySettings) -> None:
    settings.IS_PRODUCTION, settings.DEBUG = False, True
    settings.SECRET_KEY, settings.ALLOWED_HOSTS = "insecure", ["*"]
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"SECRET_KEY": ""}, "E001"),
        ({"SECRET_KEY": "k" * 49}, "E001"),
        ({"SECRET_KEY_FALLBACKS": ["k" * 49]}, "E001"),
        ({"SECRET_KEY_FALLBACKS": [""]}, "E001"),
        ({"SECRET_KEY": "insecure" + "k" * 50}, "E002"),
        ({"SECRET_KEY_FALLBACKS": ["insecure" + "k" * 50]}, "E002"),
        ({"AUDIT_KEY": ""}, "E009"),
        ({"AUDIT_KEY": "a" * 49}, "E009"),
        ({"AUDIT_KEY": "k" * 50}, "E009"),
        ({"AUDIT_KEY": "insecure" + "a" * 50}, "E009"),
        ({"DEBUG": True}, "E003"),
        ({"METRICS_TOKEN": "t" * 31}, "E020"),
        ({"ALLOWED_HOSTS": []}, "E004"),
        ({"ALLOWED_HOSTS": ["*"]}, "E004"),
        ({"ALLOWED_HOSTS": ["tests.example.org", "*"]}, "E004"),
        ({"SUBMISSION_LOCK_TTL": 1800}, "E005"),
        ({"SESSION_STATE_TTL": 5}, "E005"),
        ({"SESSION_TOKEN_MAX_AGE": 1799}, "E006"),
        ({"SESSION_INACTIVITY_MINUTES": 24 * 60 + 1}, "E006"),
        ({"SUBMISSION_LOCK_TTL": 0}, "E007"),
        ({"QUESTION_CACHE_TTL": 0}, "E007"),
        ({"SESSION_INACTIVITY_MINUTES": 0}, "E007"),
        ({"SESSION_INACTIVITY_MINUTES": -5}, "E007"),
        ({"SECURE_PROXY_SSL_HEADER": None}, "E008"),
        ({"CORS_ALLOWED_ORIGINS": ["*"]}, "E010"),
        ({"CORS_ALLOWED_ORIGINS": ["https://*"]}, "E010"),
        ({"CORS_ALLOWED_ORIGINS": ["https://*.example.org"]}, "E010"),
        ({"CORS_ALLOWED_ORIGINS": ["null"]}, "E010"),
        ({"CORS_ALLOWED_ORIGINS": ["https://lms.example.org/"]}, "E010"),
        ({"CORS_ALLOWED_ORIGINS": ["https://lms.example.org", "http://lms.example.org"]}, "E010"),
        ({"CSRF_TRUSTED_ORIGINS": ["http://tests.example.org"]}, "E011"),
        ({"CSRF_TRUSTED_ORIGINS": ["https://*.example.org"]}, "E011"),
        ({"CORS_ALLOW_ALL_ORIGINS": True}, "E012"),
        ({"CORS_ALLOWED_ORIGIN_REGEXES": [".*"]}, "E012"),
        ({"CORS_ALLOW_CREDENTIALS": True}, "E012"),
        ({"RATE_LIMIT_CLIENT_PER_MINUTE": 0}, "E013"),
        ({"AXES_FAILURE_LIMIT": 0}, "E013"),
        ({"IMPORT_MAX_BYTES": 0}, "E013"),
        ({"RATE_LIMIT_STUDENT_PER_MINUTE": 119}, "E014"),
        ({"POOL_UPLOAD_MAX_BYTES": 1000}, "E015"),
        ({"AXES_COOLOFF_TIME": timedelta(0)}, "E016"),
        ({"SESSION_COOKIE_SECURE": False}, "E017"),
        ({"CSRF_COOKIE_SECURE": False}, "E017"),
        ({"SECURE_HSTS_PRELOAD": True}, "E018"),
    ],
)
def test_it_refuses_the_start(production: LazySettings, changes: dict[str, Any], number: str) -> None:
    for name, value in changes.items():
        setattr(production, name, value)
    assert found() == [f"adaptive.{number}"]
    with pytest.raises(ImproperlyConfigured, match=number):
        refuse_insecure_start()


def test_it_lets_a_list_of_origins_in(production: LazySettings) -> None:
    production.CORS_ALLOWED_ORIGINS = ["https://lms.example.org", "https://xn--bcher-kva.example:8443"]
    assert found() == []


DEPLOYED = {
    "ADAPTIVE_ENVIRONMENT": "production",
    "SECRET_KEY": secrets.token_urlsafe(64),
    "AUDIT_KEY": secrets.token_urlsafe(64),
    "ALLOWED_HOSTS": "tests.example.org",
    "BEHIND_TLS_PROXY": "true",
    "CORS_ALLOWED_ORIGINS": "https://lms.example.org",
}


def check_deploy(**changes: str) -> "subprocess.CompletedProcess[str]":
    """`manage.py check --deploy` as an operator would run it."""
    environment = {name: os.environ[name] for name in ("PATH", "DATABASE_URL", "REDIS_URL")}
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=settings.BASE_DIR,
        env={**environment, **DEPLOYED, **changes},
        capture_output=True,
        text=True,
    )


def test_a_deployment_as_documented_has_no_warning() -> None:
    done = check_deploy()
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_a_deployment_with_an_open_door_has_one() -> None:
    done = check_deploy(CORS_ALLOWED_ORIGINS="http://lms.example.org", SECURE_HSTS_SECONDS="0")
    assert done.returncode != 0
    assert "adaptive.E010" in done.stderr
    assert "security.W004" in done.stderr


def test_it_refuses_a_missing_key_everywhere(settings: LazySettings) -> None:
    settings.IS_PRODUCTION, settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = False, "", []
    assert found() == ["adaptive.E001"]


def test_it_lists_everything_that_is_wrong(production: LazySettings) -> None:
    production.DEBUG, production.ALLOWED_HOSTS, production.SUBMISSION_LOCK_TTL = True, [], 10_000
    with pytest.raises(ImproperlyConfigured) as refused:
        refuse_insecure_start()
    assert all(number in str(refused.value) for number in ("E003", "E004", "E005"))


def test_it_never_repeats_the_key(production: LazySettings) -> None:
    production.SECRET_KEY = "insecure-but-secret"
    with pytest.raises(ImproperlyConfigured) as refused:
        refuse_insecure_start()
    assert "insecure-but-secret" not in str(refused.value)


def test_it_is_run_by_django_too(production: LazySettings) -> None:
    production.DEBUG = True
    production.SUBMISSION_LOCK_TTL = 10_000
    production.SECURE_PROXY_SSL_HEADER = None
    assert {"adaptive.E003", "adaptive.E005", "adaptive.E008"} <= {message.id for message in run_checks()}
