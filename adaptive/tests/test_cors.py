"""Who else's pages may call the API: nobody but those on the list, and never with a cookie."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

FRIEND, STRANGER = "https://lms.example.org", "https://elsewhere.example.org"

pytestmark = pytest.mark.django_db


@pytest.fixture
def friend(settings: LazySettings) -> str:
    settings.CORS_ALLOWED_ORIGINS = [FRIEND]
    return FRIEND


def ask(client: Client, origin: str, address: str = "/api/test/submit") -> Any:
    """What a browser asks before it sends a request of another origin."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }
    return client.options(address, headers=headers)


def cors_headers(reply: Any) -> set[str]:
    return {name for name in reply.headers if name.startswith("Access-Control-")}


def test_it_is_closed_by_default(client: Client) -> None:
    for reply in (ask(client, FRIEND), client.get("/api/pools", headers={"Origin": FRIEND})):
        assert not cors_headers(reply)


def test_it_lets_an_origin_on_the_list_in(client: Client, friend: str) -> None:
    reply = ask(client, friend)
    assert reply.status_code == 200
    assert reply["Access-Control-Allow-Origin"] == friend
    assert reply["Access-Control-Allow-Methods"] == "GET, POST"
    allowed = set(reply["Access-Control-Allow-Headers"].split(", "))
    assert allowed == {"authorization", "content-type", "idempotency-key"}


def test_a_refusal_can_be_read_there(client: Client, friend: str) -> None:
    reply = client.get("/api/pools", headers={"Origin": friend})
    assert (reply.status_code, reply["Access-Control-Allow-Origin"]) == (401, friend)
    assert "Retry-After" in reply["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("origin", [STRANGER, "null", "http://lms.example.org", f"{FRIEND}.evil.example"])
def test_it_lets_no_other_origin_in(client: Client, friend: str, origin: str) -> None:
    for reply in (ask(client, origin), client.get("/api/pools", headers={"Origin": origin})):
        assert not cors_headers(reply)


@pytest.mark.parametrize("address", ["/desk/log-in", "/health", "/static/unfold/css/styles.css", "/apis"])
def test_it_is_for_the_api_alone(client: Client, friend: str, address: str) -> None:
    reply = client.get(address, headers={"Origin": friend})
    reply.getvalue()
    assert not cors_headers(reply)


def test_no_cookie_comes_along(client: Client, friend: str) -> None:
    assert "Access-Control-Allow-Credentials" not in ask(client, friend).headers


def test_a_proxy_keeps_the_origins_apart(client: Client, friend: str) -> None:
    assert "origin" in client.get("/api/pools")["Vary"].lower()
