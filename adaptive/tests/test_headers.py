"""What every reply tells the browser."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client

from adaptive.headers import ADMIN, NOTHING, OWN_FILES, policy_for

ON_EVERY_REPLY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
ADDRESSES = [
    "/health",
    "/api/docs",
    "/api/docs?script=",
    "/api/schema",
    "/api/rules/schema",
    "/api/pools",
    "/api/nothing",
    "/desk/log-in",
    "/admin/",
    "/nothing",
    "/static/unfold/css/styles.css",
    "/static/nothing",
]


def policy_of(reply: Any) -> dict[str, list[str]]:
    parts = [part.split() for part in reply["Content-Security-Policy"].split(";")]
    return {name: sources for name, *sources in parts}


@pytest.mark.django_db
@pytest.mark.parametrize("address", ADDRESSES)
def test_it_is_on_every_reply(client: Client, address: str) -> None:
    reply = client.get(address)
    reply.getvalue()  # a static file is open until it is read
    assert {name: reply.headers.get(name) for name in ON_EVERY_REPLY} == ON_EVERY_REPLY
    assert "camera=()" in reply["Permissions-Policy"]
    policy = policy_of(reply)
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]


@pytest.mark.django_db
def test_it_is_on_an_answer_to_a_malformed_host(client: Client, settings: LazySettings) -> None:
    settings.ALLOWED_HOSTS = ["tests.example.org"]
    reply = client.get("/api/pools", headers={"Host": "elsewhere.example.org"})
    assert reply.status_code == 400
    assert policy_of(reply) == NOTHING


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/api/pools", "/api/schema", "/health", "/nothing"])
def test_data_may_load_nothing(client: Client, address: str) -> None:
    assert policy_of(client.get(address)) == NOTHING


@pytest.mark.parametrize("path", ["/admin", "/admin/", "/admin/sessions_app/testsession/"])
def test_only_the_admin_may_evaluate(path: str) -> None:
    assert policy_for(path) is ADMIN
    assert policy_for("/take/abc") is policy_for("/") is OWN_FILES
    assert all(source != "'unsafe-eval'" for sources in OWN_FILES.values() for source in sources)


@pytest.mark.parametrize("path", ["/administration", "/api/docs2", "/taken", "/api/take/1", "/desks"])
def test_a_similar_address_is_data(path: str) -> None:
    assert policy_for(path) is NOTHING


def test_the_documentation_lets_its_one_style_through(client: Client) -> None:
    first, second = client.get("/api/docs"), client.get("/api/docs")
    (nonce,) = [source for source in policy_of(first)["style-src"] if source.startswith("'nonce-")]
    assert f'<style nonce="{nonce[7:-1]}">' in first.content.decode()
    assert nonce not in second["Content-Security-Policy"]
    assert policy_of(first)["script-src"] == ["'self'"]
    assert b"<script>" not in first.content


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/api/pools", "/api/test/start", "/api/nothing", "/take/some-token"])
def test_nobody_keeps_what_the_api_says(client: Client, address: str) -> None:
    assert client.get(address)["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_nobody_keeps_a_page_of_the_admin(client: Client) -> None:
    client.force_login(User.objects.create_superuser("admin"))
    assert "no-store" in client.get("/admin/sessions_app/testsession/")["Cache-Control"]


def test_files_are_kept(client: Client) -> None:
    reply = client.get("/static/unfold/css/styles.css")
    reply.getvalue()
    assert reply.status_code == 200
    assert "no-store" not in reply.headers.get("Cache-Control", "")
