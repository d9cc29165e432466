"""`make run`, as the person at the terminal meets it."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from embedded.processes import WHOLE_PATIENCE, free_port, running
from embedded.run import ENVIRONMENT_FILE, ROOT
from embedded.services import PREPARED, EmbeddedPostgres

PATIENCE = WHOLE_PATIENCE  # it sets up a database and the demo's class first


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """An environment of its own: another folder, another port, no services from outside."""
    folder = tempfile.mkdtemp(prefix="run-")
    Path(folder).chmod(0o755)
    if PREPARED in os.environ and not request.config.getoption("--deep"):
        _lay_down_all_but_a_table(Path(folder) / "postgres")  # else as on the first start of a newcomer
    outside = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "ADAPTIVE_ENVIRONMENT", "SECRET_KEY"}
    outside |= {PREPARED}
    clean = {name: value for name, value in os.environ.items() if name not in outside}
    few = {"WEB_CONCURRENCY": "1"}  # nothing here is about several, and each takes seconds to load
    yield {**clean, **few, "RUN_FOLDER": folder, "PORT": str(free_port()), "PYTHONUNBUFFERED": "1"}
    shutil.rmtree(folder, ignore_errors=True)


def _lay_down_all_but_a_table(folder: Path) -> None:
    """A database that needs one migration more: all of them take ten seconds of a processor."""
    server = EmbeddedPostgres(folder)
    with psycopg.connect(server.url) as connection:
        connection.execute("DROP TABLE django_session")
        connection.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
    server.stop()


def _has_all_tables(place: dict[str, str]) -> bool:
    told = json.loads((Path(place["RUN_FOLDER"]) / ENVIRONMENT_FILE).read_text())
    with psycopg.connect(told["DATABASE_URL"]) as connection:
        row = connection.execute("SELECT to_regclass('django_session')").fetchone()
    return row is not None and row[0] is not None


def _started(place: dict[str, str]) -> AbstractContextManager[subprocess.Popen[str]]:
    told = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return running([sys.executable, "-m", "embedded.run"], cwd=ROOT, env=place, **told)


def _read_until(process: subprocess.Popen[str], words: str) -> str:
    assert process.stdout is not None
    said, deadline = "", time.monotonic() + PATIENCE
    while words not in said and time.monotonic() < deadline:
        line = process.stdout.readline()
        assert line, f"it ended, saying: {said}"
        said += line
    return said


def _ask(address: str, authorization: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(address, data, headers), timeout=PATIENCE) as reply:
        return json.load(reply)


def _stop(process: subprocess.Popen[str]) -> str:
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    _, alive = psutil.wait_procs(children, timeout=PATIENCE)
    assert not alive
    return said


@pytest.mark.long
def test_it_serves_a_first_test_and_keeps_its_data(place: dict[str, str]) -> None:
    managed = [sys.executable, "-m", "embedded.manage", "cleanup_sessions", "--dry-run"]
    with _started(place) as first:
        said = _read_until(first, "Ctrl-C stops everything.")
        command = re.search(r"curl -s (\S+) -H 'Authorization: ([^']+)' .* -d '([^']+)'", said)
        assert command, said
        address, authorization, body = command.groups()
        started = _ask(address, authorization, json.loads(body))
        assert started["initial_proficiency"] == [0.5] * 5
        assert _has_all_tables(place)

        with _started(place) as second:
            said_second, _ = second.communicate(timeout=PATIENCE)
        assert second.returncode == 1
        assert "It is running already" in said_second

        told = subprocess.run(managed, cwd=ROOT, env=place, capture_output=True, text=True, check=True)
        assert "Would end 0 sessions" in told.stdout

        assert "Stopped. The data stays" in _stop(first)
    told = subprocess.run(managed, cwd=ROOT, env=place, capture_output=True, text=True, check=False)
    assert "Nothing runs here" in told.stderr

    with _started(place) as again:
        _read_until(again, "Ctrl-C stops everything.")
        status = _ask(f"{address.removesuffix('start')}status/{started['session_id']}", authorization)
        assert status["is_active"] is True
        _stop(again)


def test_it_says_that_the_port_is_taken(place: dict[str, str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(place["PORT"])))
        other.listen()
        with _started(place) as process:
            said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert f"Port {place['PORT']} is taken" in said
