"""A platform as it is reached over the network: its keys, its tokens, and what `pylti1p3` asks of it."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import requests
from django.utils import timezone
from pylti1p3.registration import Registration
from pylti1p3.service_connector import ServiceConnector
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from sessions_app.lti import keys
from sessions_app.models import LtiRegistration
from sessions_app.outgoing.exchange import Answer, Unreachable, exchange

MOST_READ = 1024 * 1024  # bytes of a key set, a token or a page of a roster
KEYS_KEPT = timedelta(days=1)
KEYS_READ_AGAIN = timedelta(seconds=30)  # for a key that is not in the set, no sooner


class NotJson(Exception):
    """What came is no JSON object, or too long; the message says so."""


def read_json(
    method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The object at an address. Raises `Unreachable` and `NotJson`."""
    answer = exchange(method, url, body, {"Accept": "application/json", **(headers or {})}, MOST_READ)
    return object_in(answer)


def object_in(answer: Answer) -> dict[str, Any]:
    if not answer.is_success:
        raise NotJson(f"HTTP {answer.status}")
    try:
        content = None if answer.is_cut else json.loads(answer.body)
    except ValueError as error:
        raise NotJson("It answered no JSON.") from error
    if not isinstance(content, dict):
        raise NotJson("It answered no JSON object, or a very long one.")
    return content


def key_of(registration: LtiRegistration, kid: str, now: datetime) -> dict[str, Any] | None:
    """The platform's public key of that id (a JWK): as it was read within a day, else read anew.

    A key that is not among them makes us look again, at most every half minute. Raises `Unreachable` and
    `NotJson` where nothing is known that could do.
    """
    found, read_at = _key_in(registration.keyset, kid), registration.keyset_read_at
    if read_at is not None and (
        now - read_at < KEYS_READ_AGAIN or (found is not None and now - read_at < KEYS_KEPT)
    ):
        return found
    try:
        keyset = read_json("GET", registration.keyset_url)
    except (Unreachable, NotJson):
        if found is not None:
            return found  # an old one that still signs: better than no test
        raise
    registration.keyset, registration.keyset_read_at = keyset, now
    registration.save(update_fields=["keyset", "keyset_read_at"])
    return _key_in(keyset, kid)


def _key_in(keyset: object, kid: str) -> dict[str, Any] | None:
    keys = keyset.get("keys") if isinstance(keyset, dict) else None
    known = [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []
    return next((key for key in known if key.get("kid") == kid), None)


class _Guarded(BaseAdapter):
    """Lets `requests`, which `pylti1p3` calls, go where `exchange` goes and nowhere else."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        assert request.method is not None
        assert request.url is not None
        body = request.body.encode() if isinstance(request.body, str) else request.body
        assert body is None or isinstance(body, bytes)
        try:
            headers = {name: str(value) for name, value in request.headers.items()}
            answer = exchange(request.method, request.url, body, headers, MOST_READ)
        except Unreachable as error:
            raise requests.ConnectionError(str(error)) from error
        if answer.is_cut:
            raise requests.ConnectionError("The answer is too long.")
        response = requests.Response()
        response.status_code, response.url, response.request = answer.status, request.url, request
        response.headers = CaseInsensitiveDict(answer.headers)
        response.encoding, response._content = "utf-8", answer.body
        return response

    def close(self) -> None: ...


def _network() -> requests.Session:
    network = requests.Session()
    network.trust_env = False  # no proxy, and no password from a file of this machine
    network.max_redirects = 0
    network.adapters.clear()
    network.mount("https://", _Guarded())
    network.mount("http://", _Guarded())  # `exchange` says whether it may
    return network


class Connector(ServiceConnector):
    """With the access tokens that this process got, until shortly before they end."""

    _tokens: dict[tuple[str, str], tuple[str, datetime]] = {}

    def __init__(self, registration: LtiRegistration, now: datetime) -> None:
        super().__init__(as_tool(registration, now), _network())
        self._platform = f"{registration.pk} {registration.token_url}"

    def _get_cached_access_token(self, scope_key: str) -> str | None:
        token, until = self._tokens.get((self._platform, scope_key), (None, None))
        return token if until is not None and timezone.now() < until else None

    def _cache_access_token(self, scope_key: str, access_token: str, expires_in: float) -> None:
        until = timezone.now() + timedelta(seconds=float(expires_in) - 60)
        self._tokens[self._platform, scope_key] = (access_token, until)

    def forget_tokens(self) -> None:
        """One of them was refused."""
        for known in [key for key in self._tokens if key[0] == self._platform]:
            self._tokens.pop(known, None)


def as_tool(registration: LtiRegistration, now: datetime) -> Registration:
    """What `pylti1p3` has to know to sign for this platform."""
    public, private = keys.signing_key(now)
    tool = Registration()
    tool.set_issuer(registration.issuer).set_client_id(registration.client_id)
    tool.set_auth_token_url(registration.token_url).set_auth_login_url(registration.auth_url)
    if registration.token_audience:
        tool.set_auth_audience(registration.token_audience)
    tool.set_tool_public_key(public).set_tool_private_key(private)
    return tool
