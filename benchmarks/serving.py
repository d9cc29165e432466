"""What `submit` and `load` measure on: gunicorn with the floor beside the service, and what that sends."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import psutil

from benchmarks.floor_client import Test
from embedded.processes import free_port, running, wait_until

CONCEPTS = (1, 5)
QUESTIONS = 20
SUBMIT, FLOOR, LEAN_FLOOR = "/api/test/submit", "/api/test/floor", "/api/test/lean-floor"
START, STATUS = "/api/test/start", "/api/test/status"
# As `make run` starts it (embedded/run.py).
GUNICORN = ("--config", "docker/gunicorn.conf.py", "--log-level", "warning")


@contextmanager
def serve(folder: Path, *, is_tiny: bool = False, **variables: str) -> Iterator[tuple[int, psutil.Process]]:
    """gunicorn, configured as `make run` has it, with these variables besides: its port, and its process.

    A tiny run, which only sees that it works, has one worker: each takes seconds of a processor to load.
    """
    port = free_port()
    static = folder / "static"
    static.mkdir(exist_ok=True)  # WhiteNoise warns where it is missing
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "benchmarks.floor_settings",
        "OPENBLAS_NUM_THREADS": "1",
        "STATIC_ROOT": str(static),
        "CLIENT_REQUESTS_AT_ONCE": "1000",  # one client stands for all students here
        **({"WEB_CONCURRENCY": "1"} if is_tiny else {}),
        **variables,
    }
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "--bind",
        f"127.0.0.1:{port}",
        *GUNICORN,
        "benchmarks.floor_wsgi",
    ]
    root = Path(__file__).resolve().parent.parent
    with (  # a line a request goes into its log, as in production
        (folder / "web.log").open("ab") as log,
        running(command, env=environment, cwd=root, stdout=log, stderr=log) as process,
    ):
        _wait_until_open(port, process, folder / "web.log")
        yield port, psutil.Process(process.pid)


def _wait_until_open(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    def is_open() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            return False
        return True

    if not wait_until(is_open, process):
        raise RuntimeError(f"gunicorn does not serve: {log.read_text()[-2000:]}")


def processor_seconds(server: psutil.Process) -> float:
    """Of all workers: what a noisy machine disturbs least."""
    times = [worker.cpu_times() for worker in server.children()]
    return sum(each.user + each.system for each in times)


def postgresql_seconds(folder: Path) -> float:
    """Of the PostgreSQL below the folder: its processes that there are now, so of connections that stay."""
    (lock,) = folder.glob("**/postmaster.pid")
    postmaster = psutil.Process(int(lock.read_text().split()[0]))
    times = [process.cpu_times() for process in postmaster.children()]
    return sum(each.user + each.system for each in times)


def prepare(folder: Path) -> dict[int, Any]:
    """Publish the pools, cache their questions, load the scripts, and pack what the floors send."""
    from django_redis import get_redis_connection

    from benchmarks import floor
    from benchmarks.floor_sessions import publish_demo
    from sessions_app.sitting import scripts
    from sessions_app.sitting.shown import shown_by_key
    from testing_engine.revisions import load_revision

    for script in scripts.ALL:
        get_redis_connection("default").script_load(script.text)
    pools = {concepts: publish_demo(concepts) for concepts in CONCEPTS}
    for pool in pools.values():
        assert pool.current_revision_id is not None
        for question_pk in load_revision(pool.current_revision_id).question_ids.tolist():
            shown_by_key(question_pk)
    os.environ[floor.PACKED_FILE] = str(folder / "floor")
    everything = {concepts: _packed(pool, concepts) for concepts, pool in pools.items()}
    (folder / "floor").write_bytes(msgspec.msgpack.encode(everything))
    return pools


def _packed(pool: Any, concepts: int) -> Any:
    """Taken from the middle of a real test, so that it is as long as what `submit` sends."""
    from benchmarks import floor
    from benchmarks.floor_sessions import start
    from sessions_app import replies
    from sessions_app.sitting.hot_state import read_state
    from sessions_app.sitting.ledger import mark_stays
    from sessions_app.sitting.session_state import Advance
    from sessions_app.sitting.shown import shown_by_key
    from sessions_app.sitting.standing import standing_of_state
    from testing_engine.revisions import load_plan, load_revision

    revision = load_revision(pool.current_revision_id)
    fresh = start(pool, QUESTIONS)
    state = read_state(fresh.session_id)
    assert state is not None
    question_pks = revision.question_ids.tolist()[: QUESTIONS + 1]
    theta = [0.4142135623730951 + k / 7 for k in range(concepts)]
    error = [0.7182818284590451 + k / 70 for k in range(concepts)]
    states = [state]
    for answered in range(QUESTIONS):
        states.append(states[-1].advanced(Advance(1, True, answered + 1, b"h" * 16)))
    shown = sorted((shown_by_key(pk) for pk in revision.question_ids.tolist()), key=lambda s: len(s.content))
    standing = standing_of_state(fresh.session_id, states[QUESTIONS // 2], theta, error)
    reply = replies.submitted(replace(standing, next_question=shown[len(shown) // 2]))
    assert isinstance(reply, replies.Continued)
    row = {
        "answer": 1,
        "score": 1,
        "is_correct": True,
        "theta": theta,
        "standard_error": error,
        "response": None,
        "overall_theta": None,
        "overall_error": None,
        "concept_names": list(load_plan(state.plan_id).concept_names),
        "is_pilot": False,
        "is_rapid": False,
        "is_measured": revision.bank.measured.tolist(),
        "status": "active",
        "end_reason": "",
        "completed_at": None,
        "response_time_ms": 8200,
        "idempotency_key": None,
        "chain_head": b"h" * 16,
        "link": b"l" * 16,
        "completed_link": b"",
        "token_generation": 0,
        "mark_stays": mark_stays(),
    }
    return floor.Packed(question_pks, [each.packed() for each in states], row, reply)


def start_for(pool: Any, path: str) -> Test:
    """A test that was started, ready for the path."""
    from django_redis import get_redis_connection

    from benchmarks.floor_sessions import start
    from sessions_app.models import TestSession
    from sessions_app.sitting.hot_state import read_state
    from sessions_app.sitting.tokens import make_session_token

    started = start(pool, QUESTIONS)
    assert started.next_question is not None
    if path != SUBMIT:  # floors ask question after question
        TestSession.objects.filter(pk=started.session_id).update(current_position=0)
    if path == FLOOR:  # under the key that states had in version 1.0
        state = read_state(started.session_id)
        assert state is not None
        get_redis_connection("default").set(f"session:{started.session_id}:state", state.packed(), ex=1800)
    token = make_session_token(started.session_id, started.started_at)
    return Test(str(started.session_id), token, started.next_question.id)


def client_token() -> str:
    """Of an API client that may deliver tests."""
    from django.contrib.auth.models import Permission, User
    from knox.models import AuthToken

    client = User.objects.create_user("benchmark")
    client.user_permissions.add(Permission.objects.get(codename="deliver_tests"))
    _, token = AuthToken.objects.create(client)
    return str(token)
