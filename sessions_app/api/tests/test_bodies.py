"""Bodies as clients may send them: in chunks, cut short, empty, of another type. Each is read, or refused."""

import http.client
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from adaptive.serving.bodies import with_known_length
from adaptive.wsgi import application
from embedded.processes import running
from sessions_app.conftest import Start, client_with
from sessions_app.models import TestSession
from sessions_app.tests.factories import last_active, make_pool, make_token
from testing_engine.models import QuestionPool

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 60  # seconds
POSTS = [
    "/api/questions/upload",
    "/api/test/start",
    "/api/test/submit",
    "/api/test/end/{session}",
    "/api/test/{session}/extend",
    "/api/test/{session}/resume",
    "/api/sessions/cleanup",
    "/api/student/s1/erase",
    "/api/invitations/start",
]


@contextmanager
def served() -> Iterator[int]:
    """The service as it runs, on the tests' database; gives its port."""
    server, _, options = os.environ["DATABASE_URL"].partition("?")
    address = f"{server.rpartition('/')[0]}/{connection.settings_dict['NAME']}?{options}"
    listener = socket.create_server(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]
    serve = ["--config", "docker/gunicorn.conf.py", "--bind", f"fd://{listener.fileno()}", "--workers", "1"]
    environment = {**os.environ, "DATABASE_URL": address, "ALLOWED_HOSTS": "127.0.0.1"}
    environment |= {"DJANGO_SETTINGS_MODULE": "adaptive.settings", "SECRET_KEY": "insecure-" + "x" * 50}
    command = [sys.executable, "-m", "gunicorn", *serve, "adaptive.wsgi"]
    with running(command, cwd=ROOT, env=environment, pass_fds=[listener.fileno()]):
        listener.close()
        yield port  # who connects earlier waits for the worker


def in_chunks(port: int, path: str, token: str, body: Any) -> tuple[int, dict[str, Any]]:
    """As a client that does not know how long its body will be."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    text = json.dumps(body).encode()
    pieces = iter([text[:3], text[3:]])
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    client.request("POST", path, pieces, {**headers, "Transfer-Encoding": "chunked"}, encode_chunked=True)
    reply = client.getresponse()
    told = json.loads(reply.read())
    client.close()
    return reply.status, told


@pytest.mark.django_db(transaction=True)
def test_chunks_say_what_a_whole_body_says() -> None:
    make_pool()
    token = make_token()
    with served() as port:
        status, started = in_chunks(port, "/api/test/start", token, {"student_id": "s1"})
        assert (status, started.get("student_id")) == (200, "s1"), started
        session = started["session_id"]
        # Read as {}, the first would end the test that began two hours ago, and the second would end it too.
        last_active("2026-01-01T00:00:00Z")
        status, told = in_chunks(port, "/api/sessions/cleanup", token, {"inactivity_minutes": 500_000_000})
        assert status == 400, told
        status, told = in_chunks(port, f"/api/test/end/{session}", token, {"student_id": "another"})
        assert (status, told["code"]) == (403, "wrong_student")
        assert TestSession.objects.get().status == "active"
        for path in POSTS:
            status, told = in_chunks(port, path.format(session=session), token, ["no object"])
            assert (status, told["code"]) == (400, "parse_error"), path


def sent(path: str, body: bytes, **environ: Any) -> tuple[int, dict[str, Any]]:
    """As a server calls the application: with what came, whatever the headers say of it."""
    client = client_with(f"Token {make_token()}")
    reply = client.generic("POST", path, body.decode(), **{"wsgi.input": BytesIO(body), **environ})
    return reply.status_code, reply.json()


@pytest.mark.parametrize("path", POSTS)
def test_chunks_that_the_server_leaves_are_refused(path: str) -> None:
    environ = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": BytesIO(b"2\r\n{}\r\n0\r\n\r\n")}
    told: list[str] = []
    (reply,) = with_known_length(application)(
        {**environ, "PATH_INFO": path}, lambda *said: told.append(said[0])
    )
    assert told == ["411 Length Required"]
    assert json.loads(reply)["code"] == "length_required"


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("body", [b"", b"{}", b'{"inactivity_minutes": 1'])
def test_a_body_shorter_than_announced_is_refused(
    api: APIClient, pool: QuestionPool, start: Start, path: str, body: bytes
) -> None:
    started = start()
    path = path.format(session=started["session_id"])
    status, told = sent(path, body, CONTENT_LENGTH="500")
    assert (status, told["code"]) == (400, "incomplete_body"), told
    assert TestSession.objects.get().status == "active"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "junk"]
)
def test_a_body_is_json_whatever_it_is_called(
    api: APIClient, pool: QuestionPool, start: Start, kind: str
) -> None:
    session = start()["session_id"]
    right, wrong = b'{"student_id": "another"}', b"student_id=another"
    for path, body, expected in [
        (f"/api/test/end/{session}", right, 404),  # another client's
        (f"/api/test/end/{session}", wrong, 400),
        ("/api/sessions/cleanup", b'{"inactivity_minutes": 0}', 400),
        ("/api/sessions/cleanup", b"inactivity_minutes=500000", 400),
    ]:
        status, told = sent(path, body, CONTENT_LENGTH=str(len(body)), CONTENT_TYPE=kind)
        assert status == expected, (path, told)
    assert TestSession.objects.get().status == "active"


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", ""])
@pytest.mark.parametrize("path", ["/api/v1/pools/import", "/api/v1/rosters"])
def test_what_takes_a_form_alone_says_so(api: APIClient, path: str, content_type: str) -> None:
    reply = api.generic("POST", path, "{}", content_type=content_type)
    assert (reply.status_code, reply.json()["code"]) == (415, "unsupported_media_type")
