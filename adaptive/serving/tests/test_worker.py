"""Slow and silent clients, over real gunicorn with two threads: others are served."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from embedded.processes import running, wait_until

ROOT = Path(__file__).resolve().parents[3]
SILENT = 32  # connections, of a server with two threads
MOST_CONNECTIONS = 40
PATIENCE = 60  # seconds, where something must come
APPLICATION = "adaptive.serving.tests.plain_application"


class Server:
    """One worker process."""

    process: "subprocess.Popen[bytes]"

    def __init__(self, folder: Path, listener: socket.socket, application: str) -> None:
        self.port = listener.getsockname()[1]
        self.go_on, self.began = folder / "go on", folder / "began"
        self.log = folder / "log"
        serve = ["--config", "docker/gunicorn.conf.py", "--bind", f"fd://{listener.fileno()}"]
        self.command = [sys.executable, "-m", "gunicorn", *serve, "--workers", "1", "--threads", "2"]
        self.command += ["--worker-connections", str(MOST_CONNECTIONS), application]
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "adaptive.settings",
            "ADAPTIVE_ENVIRONMENT": "test",
            "POOL_UPLOAD_MAX_BYTES": "1000000",
            "GO_ON": str(self.go_on),
            "BEGAN": str(self.began),
        }

    def connect(self, sent: bytes = b"") -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        sock.sendall(sent)
        return sock

    def get(self, path: str = "/") -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE, trust_env=False)

    def said(self, sent: bytes) -> bytes:
        """All that comes until the server closes."""
        with self.connect(sent) as sock:
            return b"".join(iter(lambda: sock.recv(65536), b""))


@contextmanager
def started(folder: Path, application: str = APPLICATION) -> Iterator[Server]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(folder, listener, application)
    options = {"cwd": ROOT, "env": server.environment, "pass_fds": [listener.fileno()]}
    with (
        server.log.open("w") as log,
        running(server.command, stdout=log, stderr=log, **options) as server.process,
    ):
        listener.close()
        yield server


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    with started(folder) as server:
        assert server.get().status_code == 200  # who connects earlier waits for the worker
        yield server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("served")) as server:
        yield server


HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"
CLOSE = b"Connection: close\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Half",
        HEAD + b"Content-Length: 1000\r\n\r\n{",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n",  # and never reads
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",  # and never closes
    ],
    ids=["silent", "half a line", "half headers", "half a body", "half a chunk", "unread reply", "unclosed"],
)
def test_slow_clients_hold_up_nobody(server: Server, sent: bytes) -> None:
    silent = [server.connect(sent) for _ in range(SILENT)]
    try:
        assert server.get().status_code == 200
    finally:
        for sock in silent:
            sock.close()


def test_more_silent_clients_than_connections_hold_up_nobody(server: Server) -> None:
    """The one that has waited longest gives way."""
    silent = [server.connect(b"GET / HT") for _ in range(2 * MOST_CONNECTIONS)]
    try:
        for _ in range(3):
            assert server.get().status_code == 200
        silent[0].settimeout(PATIENCE)
        assert silent[0].recv(100) == b""
    finally:
        for sock in silent:
            sock.close()


def test_a_request_in_pieces_arrives_whole(server: Server) -> None:
    request = HEAD + CLOSE + b"Content-Length: 11\r\n\r\nhello world"
    with server.connect() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(request)):
            sock.sendall(request[at : at + 1])
        assert b"11 11 hello world" in b"".join(iter(lambda: sock.recv(65536), b""))


def test_several_requests_at_once_are_answered_in_order(server: Server) -> None:
    bodies = [b"first", b"second!", b"third"]
    requests = [HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(body), body) for body in bodies]
    said = server.said(b"".join(requests) + b"GET / HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n")
    assert said.count(b"200 OK") == 4
    assert said.index(b"5 first") < said.index(b"7 second!") < said.index(b"5 third")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", b"11 11 hello world"),
        (b"B;ext=1\r\nhello world\r\n0\r\nX-Trailer: 1\r\n\r\n", b"11 11 hello world"),
        (b"0\r\n\r\n", b"0 0 "),
        (b"zz\r\nhello\r\n0\r\n\r\n", b"400 Bad Request"),
        (b"3\r\nhello\r\n0\r\n\r\n", b"400 Bad Request"),
    ],
)
def test_chunks_are_read_or_refused(server: Server, body: bytes, told: bytes) -> None:
    said = server.said(HEAD + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n" + body)
    assert told in said
    assert told.startswith(b"400") or b"200 OK" in said


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", b"400"),
        (b"Content-Length: 3\r\nContent-Length: 4\r\n", b"400"),
        (b"Content-Length: -3\r\n", b"400"),
        (b"Content-Length: three\r\n", b"400"),
        (b"Content-Length: 1000001\r\n", b"413"),
        (b"Content-Length: 99999999999999999999999999\r\n", b"413"),
        (b"Transfer-Encoding: gzip\r\n", b"501"),
        (b"X: " + b"x" * 70_000 + b"\r\n", b"431"),
    ],
)
def test_it_refuses_lengths_that_mean_nothing(server: Server, fields: bytes, status: bytes) -> None:
    said = server.said(HEAD + CLOSE + fields + b"\r\n5\r\nhello\r\n0\r\n\r\n")
    assert said.split()[1] in {status, b"400"}
    assert b"hello" not in said


def test_a_body_that_ends_before_its_length_is_refused(server: Server) -> None:
    with server.connect(HEAD + b"Content-Length: 30\r\n\r\n{}") as sock:
        sock.shutdown(socket.SHUT_WR)
        said = b"".join(iter(lambda: sock.recv(65536), b""))
    assert said.startswith(b"HTTP/1.1 400")
    assert b"incomplete_body" in said


def test_it_tells_a_client_that_waits_to_go_on(server: Server) -> None:
    with server.connect(HEAD + CLOSE + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n") as sock:
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"{}")
        said = b"".join(iter(lambda: sock.recv(65536), b""))
    assert said.startswith(b"HTTP/1.1 200")
    assert b"2 2 {}" in said


def test_a_large_reply_comes_whole(server: Server) -> None:
    assert server.get("/large").content == b"x" * 3_000_000


def test_a_client_that_leaves_ends_what_streams_to_it(server: Server) -> None:
    for _ in range(4):
        server.connect(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").close()
    assert server.get().status_code == 200


def test_it_lives_while_every_thread_waits_and_when_it_stops_it_finishes_what_it_has(tmp_path: Path) -> None:
    """To start a process anew because it waits for a database would help nobody."""
    wait = b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"
    with (
        serving(tmp_path) as server,
        server.connect(wait),
        server.connect(wait),
        server.connect(wait) as sock,
    ):
        assert wait_until(server.began.exists)
        alive = server.get("/health/live")
        assert (alive.status_code, alive.json()) == (200, {"status": "live"})
        assert alive.headers["Cache-Control"] == "no-store"
        server.process.terminate()
        server.go_on.touch()
        assert b"".join(iter(lambda: sock.recv(65536), b"")).startswith(b"HTTP/1.1 200")
        assert server.process.wait(PATIENCE) == 0


def test_when_it_is_told_to_stop_while_it_loads_it_ends_by_itself(tmp_path: Path) -> None:
    """gunicorn would wait for it as long as it waits for requests, and kill it then."""
    with started(tmp_path, "adaptive.serving.tests.told_while_loading") as server:
        assert server.process.wait(PATIENCE) == 0
    said = server.log.read_text()
    assert "Exception ignored in" in said
    assert "Worker exiting" in said
