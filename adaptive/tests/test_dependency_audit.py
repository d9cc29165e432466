"""`make audit` tells "nothing known", "vulnerabilities found" and "nobody could be asked" apart.

The real pip-audit asks a database of ours, which speaks OSV's protocol.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.conf import settings

VULNERABILITY = {
    "schema_version": "1.6.0",
    "id": "PYSEC-2026-1",
    "summary": "Invented for this test",
    "modified": "2026-01-01T00:00:00Z",
    "published": "2026-01-01T00:00:00Z",
    "affected": [
        {
            "package": {"name": "django", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.0"}]}],
        }
    ],
}


class Database(ThreadingHTTPServer):
    """What it answers, whatever it is asked; a dict is the answer about Django alone."""

    answer: tuple[int, Any] = (200, {})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/query"


class Answer(BaseHTTPRequestHandler):
    server: Database

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, about_django = self.server.answer
        is_json = isinstance(about_django, dict)
        body = about_django if asked["package"]["name"] == "django" or not is_json else {}
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode() if is_json else bytes(body))

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def database() -> Iterator[Database]:
    server = Database(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def audit(url: str, *options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "requirements/audit.py", "-s", "osv", "--osv-url", url, *options],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
    )


def test_it_passes_where_nothing_is_known(database: Database) -> None:
    done = audit(database.url)
    assert done.returncode == 0, done.stderr
    assert "0 with known vulnerabilities" in done.stdout


def test_it_fails_where_something_is(database: Database) -> None:
    database.answer = (200, {"vulns": [VULNERABILITY]})
    done = audit(database.url)
    assert done.returncode == 1, done.stderr
    assert "PYSEC-2026-1, fixed in 99.0" in done.stdout
    assert "1 with known vulnerabilities" in done.stdout


@pytest.mark.parametrize("answer", [(403, b"blocked here"), (502, b""), (200, b"<html>Please log in</html>")])
def test_it_says_so_where_a_proxy_is_in_the_way(database: Database, answer: tuple[int, bytes]) -> None:
    database.answer = answer
    done = audit(database.url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("NOT AUDITED: the database of vulnerabilities cannot be reached")


def test_it_says_so_where_nobody_answers() -> None:
    done = audit("http://127.0.0.1:1/v1/query")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("NOT AUDITED")


def test_it_does_not_take_its_own_failure_for_either(database: Database) -> None:
    done = audit(database.url, "--no-such-option")
    assert done.returncode == 2
    assert "NOT AUDITED" not in done.stdout
