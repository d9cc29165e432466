"""OAuth 2 client credentials: an access token is as good as the token that it was got with, and no better."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from knox.models import AuthToken

from organisations.acting import acting_for
from organisations.models import Organisation
from sessions_app.conftest import client_with
from sessions_app.tests.factories import make_pool, make_token

FORM = {"grant_type": "client_credentials"}


@pytest.fixture
def secret(db: None) -> str:
    return make_token(["report_results"])


def name_of_client() -> str:
    return str(AuthToken.objects.get().user.get_username())


def asked(**fields: str) -> Any:
    return Client().post("/oauth/token", {**FORM, **fields})


def test_it_acts_for_its_client_until_it_is_old_or_revoked(secret: str, clock: Any) -> None:
    reply = asked(client_id=name_of_client(), client_secret=secret, scope="https://example.org/scope")
    told = reply.json()
    assert (reply.status_code, told["token_type"], told["expires_in"]) == (200, "Bearer", 3600)
    assert told["scope"] == "https://example.org/scope"
    assert "no-store" in reply["Cache-Control"]
    client = client_with(f"Bearer {told['access_token']}")
    assert client.get("/api/sessions").status_code == 200
    assert client.get("/api/pools").status_code == 403
    clock.shift(timedelta(seconds=3601))
    assert client.get("/api/sessions").status_code == 401
    clock.shift(timedelta(seconds=-3601))
    AuthToken.objects.all().delete()
    assert client.get("/api/sessions").status_code == 401


def test_basic_authentication(secret: str) -> None:
    pair = base64.b64encode(f"{name_of_client()}:{secret}".encode()).decode()
    reply = Client().post("/oauth/token", FORM, headers={"Authorization": f"Basic {pair}"})
    assert reply.status_code == 200


def test_who_is_refused(secret: str) -> None:
    name = name_of_client()
    for fields in (
        {"client_id": name, "client_secret": "x"},
        {"client_id": "other", "client_secret": secret},
    ):
        reply = asked(**fields)
        assert (reply.status_code, reply.json()["error"]) == (401, "invalid_client")
        assert reply["WWW-Authenticate"]
    assert asked().json()["error"] == "invalid_request"
    assert Client().post("/oauth/token", {}).json()["error"] == "unsupported_grant_type"
    header = {"Authorization": "Basic §"}
    assert Client().post("/oauth/token", FORM, headers=header).status_code == 400
    assert Client().get("/oauth/token").status_code == 405
    AuthToken.objects.update(expiry="2020-01-01T00:00:00Z")
    assert asked(client_id=name, client_secret=secret).status_code == 401


@pytest.mark.parametrize("token", ["", "x", "a:b:c", "\u00e9"])
def test_what_is_no_access_token(token: str, db: None) -> None:
    assert client_with(f"Bearer {token}").get("/api/sessions").status_code == 401


def test_a_client_of_another_organisation_finds_nothing(secret: str) -> None:
    ours, pool = name_of_client(), make_pool(3)
    with acting_for(Organisation.objects.create(slug="other", name="Other").pk):
        their_secret = make_token()
    theirs = AuthToken.objects.exclude(user__username=ours).get().user.get_username()
    assert asked(client_id=ours, client_secret=their_secret).status_code == 401
    told = asked(client_id=theirs, client_secret=their_secret).json()
    client = client_with(f"Bearer {told['access_token']}")
    assert client.get("/api/pools").json()["count"] == 0
    assert client.get(f"/api/pools/{pool.pk}/export").status_code == 404
