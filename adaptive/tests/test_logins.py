"""Guessing passwords of the admin."""

import logging
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client, RequestFactory
from django_redis import get_redis_connection

from sessions_app.api.senders import address_of

PASSWORD = "a long enough password"
LIMIT = 3
PROXY = ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.fixture(autouse=True)
def _people(db: None, settings: LazySettings) -> None:
    settings.AXES_FAILURE_LIMIT = LIMIT
    User.objects.create_superuser("boss", password=PASSWORD)


def log_in(client: Client, password: str = PASSWORD, name: str = "boss", **meta: Any) -> int:
    fields = {"username": name, "password": password, "next": "/admin/"}
    return client.post("/desk/log-in", fields, **meta).status_code


def test_it_lets_people_in(client: Client) -> None:
    assert log_in(client, "wrong") == 200
    assert log_in(client) == 302


def test_it_locks_after_so_many_failures(client: Client) -> None:
    statuses = [log_in(client, f"wrong {n}") for n in range(LIMIT)]
    assert statuses == [200, 200, 429]
    assert log_in(client) == 429  # the right one, too
    reply = client.post("/desk/log-in", {"username": "boss", "password": PASSWORD})
    assert int(reply["Retry-After"]) == 15 * 60
    assert b"Minutes: 15" in b" ".join(reply.content.split())
    assert not client.session.get("_auth_user_id")


def test_it_locks_a_name_that_does_not_exist_like_one_that_does(client: Client) -> None:
    assert [log_in(client, f"x{n}", "nobody") for n in range(LIMIT + 1)] == [200, 200, 429, 429]


def test_made_up_names_do_not_lock_a_school(client: Client) -> None:
    assert [log_in(client, "x", f"made up {n}") for n in range(3 * LIMIT)] == [200] * 3 * LIMIT
    assert log_in(client) == 302


def test_one_teachers_mistakes_do_not_lock_the_others(client: Client) -> None:
    User.objects.create_superuser("other", password=PASSWORD)
    for n in range(LIMIT):
        log_in(client, f"wrong {n}")
    assert log_in(client, name="other") == 302


def test_who_tries_all_accounts_is_locked_out_by_address(client: Client, settings: LazySettings) -> None:
    settings.ADMIN_LOGIN_ADDRESS_FAILURES = 5
    for n in range(6):
        User.objects.create_superuser(f"boss{n}", password=PASSWORD)
    assert [log_in(client, "x", f"boss{n}") for n in range(6)] == [200, 200, 200, 200, 429, 429]
    assert log_in(client) == 429
    assert log_in(client, REMOTE_ADDR="192.0.2.2") == 302


def test_it_ends_by_itself(client: Client) -> None:
    with time_machine.travel("2026-01-01T10:00Z", tick=False) as clock:
        for n in range(LIMIT):
            log_in(client, f"wrong {n}")
        clock.shift(timedelta(minutes=14))
        assert log_in(client) == 429  # and trying does not make it longer
        clock.shift(timedelta(minutes=2))
        assert log_in(client) == 302


def test_an_operator_ends_it(client: Client) -> None:
    for n in range(LIMIT):
        log_in(client, f"wrong {n}")
    call_command("axes_reset", verbosity=0)
    assert log_in(client) == 302


def test_nobody_can_lock_somebody_else_out(client: Client) -> None:
    for n in range(LIMIT):
        log_in(client, f"wrong {n}", REMOTE_ADDR="192.0.2.1")
    assert log_in(client, REMOTE_ADDR="192.0.2.2") == 302


def test_it_does_not_need_redis(client: Client, settings: LazySettings) -> None:
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"},
    }
    assert [log_in(client, f"wrong {n}") for n in range(LIMIT + 1)] == [200, 200, 429, 429]


def test_it_puts_nothing_into_redis(client: Client) -> None:
    log_in(client, "wrong")
    assert get_redis_connection("default").keys("*") == []


def test_it_keeps_no_password_and_logs_no_name(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for _ in range(LIMIT + 1):
            log_in(client, "not-quite-it", "boss-typed-here", REMOTE_ADDR="192.0.2.77")
    for secret in ("not-quite-it", "boss-typed-here", "192.0.2.77"):
        assert secret not in caplog.text
    assert "not-quite-it" not in str(AccessAttempt.objects.values())


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("1.1.1.1, 198.51.100.7", "198.51.100.7"),  # the first is the client's own invention
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("unknown", None),
        ("", None),
    ],
)
def test_it_believes_the_proxy_alone(settings: LazySettings, forwarded: str, address: str | None) -> None:
    request = RequestFactory().post("/desk/log-in", headers={"X-Forwarded-For": forwarded})
    settings.SECURE_PROXY_SSL_HEADER = None
    assert address_of(request) == "127.0.0.1"
    settings.SECURE_PROXY_SSL_HEADER = PROXY
    assert address_of(request) == address


def test_a_proxy_that_names_nobody_stands_for_all(settings: LazySettings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = PROXY
    assert address_of(RequestFactory().post("/desk/log-in")) == "127.0.0.1"
