"""A code after the password, for who has set it up; and nobody guesses it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import hotp_value, yield_hotp_counters_from_time
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client

PASSWORD = "a long enough password"
pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password=PASSWORD, is_staff=True)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    """A code is good once, and for half a minute: tests that wait for the next one move the clock."""
    with time_machine.travel(datetime.now(UTC), tick=False):
        yield


def code(secret: str) -> str:
    return f"{hotp_value(secret, next(yield_hotp_counters_from_time())):06}"


def log_in(client: Client, password: str = PASSWORD) -> str:
    reply = client.post("/desk/log-in", {"username": "ada", "password": password, "next": "/desk/measure/"})
    return str(reply["Location"] if reply.status_code == 302 else reply.status_code)


def is_in(client: Client) -> bool:
    return client.get("/desk/").status_code == 200


@pytest.fixture
def secret(ada: User, client: Client) -> str:
    """Ada sets up an app on her telephone, as a person does."""
    log_in(client)
    assert client.get("/desk/account/app/add")["Location"].startswith("/desk/account/again")
    client.post("/desk/account/again", {"password": PASSWORD, "next": "/desk/account/app/add"})
    page = client.get("/desk/account/app/add").content.decode()
    (found,) = re.findall(r'id="authenticator_secret"[^>]*value="(\w+)"|value="(\w{32})"', page)
    secret: str = found[0] or found[1]
    done = client.post("/desk/account/app/add", {"code": code(secret)})
    assert done.status_code == 302, done.content.decode()
    client.post("/desk/log-out")
    return secret


def test_a_password_alone_is_enough_without_one(ada: User, client: Client) -> None:
    assert log_in(client) == "/desk/measure/"
    assert is_in(client)


def test_the_password_alone_is_not_enough_with_one(secret: str, client: Client) -> None:
    assert log_in(client) == "/desk/account/code"
    assert not is_in(client)
    assert client.get("/admin/").status_code == 302
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1), tick=False):
        reply = client.post("/desk/account/code", {"code": code(secret)})
        assert (reply.status_code, reply["Location"]) == (302, "/desk/measure/")
        assert is_in(client)


def test_a_code_is_good_once(secret: str, client: Client) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1), tick=False):
        log_in(client)
        used = code(secret)
        client.post("/desk/account/code", {"code": used})
        other = Client()
        log_in(other)
        other.post("/desk/account/code", {"code": used})
        assert not is_in(other)


def test_the_secret_is_not_in_the_database(secret: str) -> None:
    stored = Authenticator.objects.get(type="totp").data["secret"]
    assert secret not in stored


def test_a_new_secret_key_still_reads_it(secret: str, client: Client, settings: LazySettings) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key, long enough to be one of this service"
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1), tick=False):
        log_in(client)
        client.post("/desk/account/code", {"code": code(secret)})
        assert is_in(client)


def test_guessing_locks_also_for_the_right_code(secret: str, client: Client, settings: LazySettings) -> None:
    settings.AXES_FAILURE_LIMIT = 3
    log_in(client)
    wrong = "000000" if code(secret) != "000000" else "111111"
    statuses = [client.post("/desk/account/code", {"code": wrong}).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1), tick=False):
        assert client.post("/desk/account/code", {"code": code(secret)}).status_code == 429
        assert not is_in(client)


def test_recovery_codes_help_who_lost_the_telephone(secret: str, client: Client) -> None:
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    log_in(client)
    client.post("/desk/account/code", {"code": codes[0]})
    assert is_in(client)


def test_pages_stand_in_the_desks_frame_in_both_languages(secret: str, client: Client) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1), tick=False):
        log_in(client)
        client.post("/desk/account/code", {"code": code(secret)})
        client.post("/desk/account/again", {"password": PASSWORD})
        for address in ("", "keys", "keys/add", "recovery-codes", "app/remove"):
            for language, heading in (("en", "Your account"), ("de", "Ihr Konto")):
                client.cookies["desk_language"] = language
                page = client.get(f"/desk/account/{address}")
                assert page.status_code == 200, address
                assert f"<h1>{heading}</h1>" in page.content.decode(), address


def test_nobody_makes_an_account(client: Client) -> None:
    for address in ("/desk/account/signup/", "/desk/account/signup", "/accounts/signup/"):
        assert client.get(address).status_code in (302, 404)
    assert not User.objects.exists()
