"""The client in TypeScript: its types are those of docs/openapi.yaml, and it takes tests from the service."""

import fcntl
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from sessions_app.models import TestResponse, TestSession
from sessions_app.tests.factories import make_pool, make_token

CLIENT = Path(__file__).resolve().parents[1]
LOCK = CLIENT / "package-lock.json"
INSTALLED = CLIENT / "node_modules" / ".package-lock.json"
pytestmark = pytest.mark.skipif(shutil.which("npm") is None, reason="node and npm are not on this machine")
# What npm says where no registry answers it, or not with what is asked for.
NOT_REACHED = re.compile(
    r"\b(ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET\w+|E[345]\d\d)\b"
)


def run(*command: str) -> str:
    done = subprocess.run(command, cwd=CLIENT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def tools() -> None:
    """What package-lock.json names, installed by one process at a time."""
    with LOCK.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not INSTALLED.exists() or INSTALLED.stat().st_mtime < LOCK.stat().st_mtime:
            command = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1")
            done = subprocess.run(
                command, cwd=CLIENT, capture_output=True, text=True, timeout=300, check=False
            )
            if done.returncode and NOT_REACHED.search(done.stderr):
                pytest.skip("npm reaches no registry that has what package-lock.json names")
            assert done.returncode == 0, done.stdout + done.stderr


def test_its_types_are_those_of_the_document(tools: None, tmp_path: Path) -> None:
    made = tmp_path / "schema.ts"
    run("node_modules/.bin/openapi-typescript", "../../docs/openapi.yaml", "--output", str(made))
    assert made.read_text() == (CLIENT / "src" / "schema.ts").read_text(), "run `make schema`"


def test_the_lock_names_no_host_and_nothing_at_run_time() -> None:
    packages = json.loads(LOCK.read_text())["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert all(package.get("dev") for name, package in packages.items() if name)


@pytest.fixture
def told(tools: None, live_server: LiveServer, tmp_path: Path) -> dict[str, Any]:
    """What a program says that takes tests with it."""
    make_pool()
    run("node_modules/.bin/tsc", "--outDir", str(tmp_path))
    program = run("node", "tests/takes_tests.mjs", str(tmp_path / "index.js"), live_server.url, make_token())
    found: dict[str, Any] = json.loads(program)
    return found


def test_it_takes_tests_over_a_network_that_loses_replies(told: dict[str, Any]) -> None:
    assert told["whole"]["status"] == "completed"
    assert told["whole"]["isOver"]
    asked = told["whole"]["asked"]
    assert (
        len(asked)
        == len(set(asked))
        == TestResponse.objects.filter(session__student__external_id="ada").count()
    )
    assert TestSession.objects.count() == 4
    assert told["early"] == {"isSame": True, "status": "ended"}
    assert told["windows"] == {"asked": 5, "total": 5}
    paused = {"said": [False, True, None], "hasQuestion": True, "ended": "ended", "isOver": True}
    assert told["paused"] == paused
    assert (told["refused"]["status"], told["refused"]["code"]) == (400, "invalid")
    assert told["refused"]["errors"][0]["pointer"] == "/end_criteria/max_questions"
    assert (told["impatient"]["count"], told["impatient"]["problem"]["status"]) == (1, 503)
    assert told["patient"] == {"count": 3, "problem": None}
    assert told["listed"] == 0
