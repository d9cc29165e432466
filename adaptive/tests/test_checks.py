"""The numbered checks that stop an insecure or contradictory start."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from adaptive.checks import check_lifetimes, check_secrets, check_tls, refuse_insecure_start

GOOD: dict[str, Any] = {
    "IS_PRODUCTION": True,
    "SECRET_KEY": "k" * 50,
    "SECRET_KEY_FALLBACKS": [],
    "AUDIT_KEY": "a" * 50,
    "AUDIT_KEY_FALLBACKS": [],
    "DEBUG": False,
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
    return [problem.id for problem in [*check_secrets(), *check_tls(), *check_lifetimes()] if problem.id]


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
    ],
)
def test_it_refuses_the_start(production: LazySettings, changes: dict[str, Any], number: str) -> None:
    for name, value in changes.items():
        setattr(production, name, value)
    assert found() == [f"adaptive.{number}"]
    with pytest.raises(ImproperlyConfigured, match=number):
        refuse_insecure_start()


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
