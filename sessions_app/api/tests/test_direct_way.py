"""The short way of a running test's requests says and does what the long way would."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import LazySettings
from django.core.cache import close_caches
from django.core.handlers.base import reset_urlconf
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from adaptive.direct import DirectWay
from adaptive.handler import Handler
from adaptive.logins import FewAtOnce
from sessions_app.api import at_once, direct
from sessions_app.api.permissions import REPORT
from sessions_app.api.serializers import _SUBMIT_REQUEST, SubmitRequestSerializer
from sessions_app.api.versions import ROOTS
from sessions_app.conftest import Start, browser_of, client_with
from sessions_app.sitting.submission import Submission
from sessions_app.tests.factories import make_token

FRIEND = "https://lms.example.org"
CHANGES = {"X-Request-ID"}  # from one request to the next

# Method, address, body, authorization, headers.
Asked = tuple[str, str, dict[str, Any] | None, str | None, dict[str, str]]


@pytest.fixture
def long_way() -> Iterator[Any]:
    """While its context lasts, no middleware and no step of REST framework is left out."""

    def through_all(self: DirectWay, request: Any) -> Any:
        return self.get_response(request)

    with (
        patch.object(DirectWay, "__call__", through_all),
        patch.object(direct, "_asks_for_json", lambda request: False),
    ):
        yield


def told(asked: Asked) -> tuple[int, Any, dict[str, str]]:
    """Status, body and headers of the reply."""
    method, address, body, authorization, headers = asked
    client = client_with(authorization)
    send = client.post if method == "POST" else client.get
    reply = send(address, body, headers=headers)
    kept = {name: value for name, value in reply.headers.items() if name not in CHANGES}
    return reply.status_code, reply.json() if "json" in reply["Content-Type"] else None, kept


@pytest.fixture
def requests(start: Start, pool: Any, settings: LazySettings) -> list[Asked]:
    settings.CORS_ALLOWED_ORIGINS = [FRIEND]
    started = start()
    status, submit = f"/api/test/status/{started['session_id']}", "/api/test/submit"
    answer = {"session_id": started["session_id"], "question_id": "q999", "response": 0}
    own = f"Session {started['session_token']}"
    plain: list[Asked] = [
        ("GET", status, None, own, {}),
        ("POST", submit, answer, own, {}),
        ("POST", submit, {"response": True}, own, {}),
        ("GET", status + "?render=html", None, own, {}),
        ("GET", status + "?render=pdf", None, own, {}),
        ("GET", status + "?mispelt=1", None, own, {}),
        ("GET", status.replace("/api/", "/api/v1/"), None, own, {}),
        ("POST", "/api/v1/test/submit?mispelt=1", answer, own, {}),
        ("GET", status + "?student_id=another", None, own, {}),
        ("GET", "/api/test/status/nothing", None, own, {}),
        ("GET", f"/api/test/result/{started['session_id']}", None, own, {}),
        ("GET", submit, None, own, {}),
        ("POST", status, {}, own, {}),
        ("POST", submit, answer, own, {"Idempotency-Key": "one two"}),
        ("POST", submit, answer, "Session forged", {}),
        ("POST", submit, answer, "Token forged", {}),
        ("POST", submit, answer, f"Token {make_token([REPORT])}", {}),
        ("POST", submit, answer, None, {}),
        ("GET", status, None, own, {"Accept": "text/html"}),
        ("GET", status, None, own, {"Accept": "application/json; indent=4"}),
        ("GET", status, None, own, {"Host": "elsewhere.example.org"}),
    ]
    origins = (FRIEND, "https://elsewhere.example.org", "null")
    return plain + [(*each[:4], {"Origin": origin}) for each in plain[:3] for origin in origins]


@pytest.mark.parametrize("is_secured", [False, True])
def test_a_reply_is_the_same_on_both_ways(
    requests: list[Asked], settings: LazySettings, is_secured: bool, request: Any
) -> None:
    """Where HTTPS is asked for, all of these are redirected."""
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.SECURE_SSL_REDIRECT = is_secured
    short = [told(each) for each in requests]
    request.getfixturevalue("long_way")
    for each, before in zip(requests, short, strict=True):
        assert told(each) == before, each[:2]
    statuses = {status for status, _, _ in short}
    assert statuses == ({301, 400} if is_secured else {200, 400, 401, 403, 404, 405, 406, 409})


def test_over_https_it_says_for_how_long(start: Start, pool: Any, settings: LazySettings) -> None:
    settings.SECURE_HSTS_SECONDS = 3600
    started = start()
    address = f"/api/test/status/{started['session_id']}"
    client = browser_of(started)
    assert "Strict-Transport-Security" not in client.get(address).headers
    assert client.get(address, secure=True)["Strict-Transport-Security"] == "max-age=3600"


@pytest.mark.parametrize("root", ROOTS)
def test_it_is_short(start: Start, pool: Any, root: str) -> None:
    """The other middlewares are not asked a second time for the same scheme, host and origin."""
    started = start()
    client = browser_of(started)
    address = f"/{root}test/status/{started['session_id']}"
    assert client.get(address).status_code == 200
    with patch.object(FewAtOnce, "__call__", side_effect=AssertionError):
        assert client.get(address).status_code == 200


def test_an_unknown_failure_is_told_as_everywhere(start: Start, pool: Any) -> None:
    started = start()
    client = browser_of(started)
    client.raise_request_exception = False
    with patch.object(direct.DirectView, "dispatch", side_effect=RuntimeError("secret")):
        reply = client.get(f"/api/test/status/{started['session_id']}")
    assert (reply.status_code, reply.json()["code"]) == (500, "error")
    assert b"secret" not in reply.content
    assert reply["X-Frame-Options"] == "DENY"


# --- What most submissions are --------------------------------------------------------------------------

IDS = st.one_of(
    st.text(max_size=3),
    st.text("aq7 \t\u00e4\0\ud800", max_size=4),
    st.just("x" * 200),
    st.just("x" * 201),
    st.integers(),
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**32), 2**32),
    st.floats(allow_nan=False),
    st.text(max_size=3),
    st.just({"RESPONSE": "a"}),
    st.just([1]),
)
SESSIONS = st.one_of(
    st.uuids().map(str),
    st.uuids().map(lambda each: each.hex),
    st.uuids().map(lambda each: f"{{{each}}}"),
    st.uuids().map(lambda each: each.urn),
    st.integers(0, 9),
    st.text(max_size=3),
)
BODIES = st.fixed_dictionaries(
    {"session_id": SESSIONS, "question_id": IDS, "response": VALUES},
    optional={"student_id": IDS | st.none(), "response_time_ms": VALUES, "other": VALUES},
)


@given(BODIES)
def test_what_is_usual_reads_as_the_serializer_reads_it(body: dict[str, Any]) -> None:
    def serialized() -> Submission | str:
        try:
            return Submission(idempotency_key=None, **_SUBMIT_REQUEST.run_validation(body))
        except ValidationError as error:
            return repr(error.detail)

    def read() -> Submission | str:
        try:
            return SubmitRequestSerializer.submission(body, None)
        except ValidationError as error:
            return repr(error.detail)

    assert read() == serialized()


# --- As the server calls it ------------------------------------------------------------------------------


def told_by_server(asked: Asked) -> tuple[int, Any, dict[str, str]]:
    """The same, without the test client's own handler."""
    method, address, body, authorization, headers = asked
    path, _, query = address.partition("?")
    sent = b"" if body is None else json.dumps(body).encode()
    environ: dict[str, Any] = {
        **RequestFactory().get("/").environ,
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "wsgi.input": io.BytesIO(sent),
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(sent)),
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    }
    if authorization is not None:
        environ["HTTP_AUTHORIZATION"] = authorization
    started: list[tuple[str, list[tuple[str, str]]]] = []
    handler = Handler()
    content = b"".join(handler(environ, lambda status, told: started.append((status, told))))
    ((status, told_headers),) = started
    kept = {name: value for name, value in told_headers if name not in CHANGES}
    return int(status[:3]), json.loads(content) if "json" in kept["Content-Type"] else None, kept


@pytest.mark.parametrize("is_secured", [False, True])
def test_the_server_gets_what_the_client_gets(
    requests: list[Asked], settings: LazySettings, is_secured: bool
) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.SECURE_SSL_REDIRECT = is_secured
    with no_signals():
        for each in requests:
            assert told_by_server(each) == told(each), each[:2]


@contextmanager
def no_signals() -> Iterator[None]:
    """The handler sends none for these requests. (The client, which has a handler of its own, does.)"""
    with patch.object(WSGIHandler, "__call__", side_effect=AssertionError):
        yield


def test_whoever_listens_to_beginnings_and_ends_was_thought_of() -> None:
    """Of all that Django announces a request to: `adaptive.handler` does what is needed, or it is not."""
    done = {close_old_connections, at_once._give_back}
    not_needed = {
        reset_queries,  # kept with DEBUG alone, and no more than some thousands
        close_caches,  # of Redis there are connections of our own
        reset_urlconf,  # no such request sets another
    }
    for signal in (request_started, request_finished):
        assert set(signal._live_receivers(None)[0]) <= done | not_needed
