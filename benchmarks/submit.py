"""`submit` over HTTP, beside its floor on the same server: the same round trips and nothing else."""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import psutil

from benchmarks import durable_services, table
from benchmarks.floor_client import Round, Test

CONCEPTS = (1, 5)
CLIENTS = (1, 8)
QUESTIONS = 20
SUBMIT, FLOOR = "/api/test/submit", "/api/test/floor"
# As `make run` starts it (embedded/run.py).
GUNICORN = ("--config", "docker/gunicorn.conf.py", "--log-level", "warning")


@dataclass
class Timed:
    """Seconds of the requests of one path, round by round, and of the workers' processor."""

    rounds: list[list[float]] = field(default_factory=list)
    processor: float = 0.0

    @property
    def all(self) -> list[float]:
        return [seconds for each in self.rounds for seconds in each]

    @property
    def medians(self) -> list[float]:
        return [statistics.median(each) for each in self.rounds]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.submit", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="only see that it works")
    parser.add_argument("--requests", type=int, default=1600, help="of each path, for each row (%(default)s)")
    options = parser.parse_args()
    requests = 320 if options.tiny else options.requests
    rows = []
    with durable_services() as folder:
        pools = _prepare(folder)
        for concepts, pool in pools.items():
            for clients in CLIENTS:
                # A server of its own for each row: which worker holds which connection is drawn anew.
                with _server(folder) as (port, server), _clients(clients, port) as processes:
                    submit, floor = _measure(processes, server, pool, concepts, requests)
                rows.append(_row(concepts, clients, submit, floor))
    header = (
        "test",
        "clients",
        "submit/floor, median",
        "middle half of rounds",
        "p99",
        "workers' CPU",
        "median ms",
        "p99 ms",
        "requests",
    )
    print(table(header, rows))
    return 0


def _row(concepts: int, clients: int, submit: Timed, floor: Timed) -> tuple[object, ...]:
    by_round = [a / b for a, b in zip(submit.medians, floor.medians, strict=True)]
    low, _, high = statistics.quantiles(by_round, n=4)
    median = [statistics.median(timed.all) * 1000 for timed in (submit, floor)]
    p99 = [statistics.quantiles(timed.all, n=100)[98] * 1000 for timed in (submit, floor)]
    return (
        f"{concepts} concept{'s' * (concepts > 1)}",
        clients,
        f"{median[0] / median[1]:.2f}",
        f"{low:.2f}–{high:.2f}",
        f"{p99[0] / p99[1]:.2f}",
        f"{submit.processor / floor.processor:.2f}",
        f"{median[0]:.2f} / {median[1]:.2f}",
        f"{p99[0]:.2f} / {p99[1]:.2f}",
        len(submit.all),
    )


# --- The measurement ---------------------------------------------------------------------------------


def _measure(
    processes: list["subprocess.Popen[bytes]"],
    server: psutil.Process,
    pool: Any,
    concepts: int,
    requests: int,
) -> tuple[Timed, Timed]:
    """Both paths in turn, a test for each client, and each first as often as second."""
    timed = {SUBMIT: Timed(), FLOOR: Timed()}
    for number in range(-2, max(2, requests // (QUESTIONS * len(processes)))):
        for path in (SUBMIT, FLOOR) if number % 2 else (FLOOR, SUBMIT):
            shares = [Round(path, concepts, QUESTIONS, [_start(pool, path)]) for _ in processes]
            before = _processor_seconds(server)
            seconds = _answer(processes, shares)
            if number >= 0:  # the rounds before fill the caches of the workers
                timed[path].rounds.append(seconds)
                timed[path].processor += _processor_seconds(server) - before
    return timed[SUBMIT], timed[FLOOR]


def _processor_seconds(server: psutil.Process) -> float:
    """Of all workers: what a noisy machine disturbs least."""
    times = [worker.cpu_times() for worker in server.children()]
    return sum(each.user + each.system for each in times)


def _answer(processes: list["subprocess.Popen[bytes]"], shares: list[Round]) -> list[float]:
    for process, share in zip(processes, shares, strict=True):
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(share) + b"\n")
        process.stdin.flush()
    seconds: list[float] = []
    for process in processes:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("A client ended; its reason is above.")
        seconds += msgspec.json.decode(line, type=list[float])
    return seconds


def _start(pool: Any, path: str) -> Test:
    from benchmarks.floor_sessions import start
    from sessions_app.models import TestSession
    from sessions_app.tokens import make_session_token

    started = start(pool, QUESTIONS)
    assert started.next_question is not None
    if path == FLOOR:  # it asks question after question
        TestSession.objects.filter(pk=started.session_id).update(current_position=0)
    token = make_session_token(started.session_id, started.started_at)
    return Test(str(started.session_id), token, started.next_question.id)


# --- What it is measured on --------------------------------------------------------------------------


@contextmanager
def _server(folder: Path) -> Iterator[tuple[int, psutil.Process]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    static = folder / "static"
    static.mkdir(exist_ok=True)  # WhiteNoise warns where it is missing
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "benchmarks.floor_settings",
        "OPENBLAS_NUM_THREADS": "1",
        "STATIC_ROOT": str(static),
    }
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", *GUNICORN, "adaptive.wsgi"]
    with subprocess.Popen(command, env=environment, cwd=Path(__file__).resolve().parent.parent) as process:
        try:
            _wait_until_open(port, process)
            yield port, psutil.Process(process.pid)
        finally:
            process.terminate()


def _wait_until_open(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("gunicorn does not serve; its reason is above.")


@contextmanager
def _clients(count: int, port: int) -> Iterator[list["subprocess.Popen[bytes]"]]:
    command = [sys.executable, "-m", "benchmarks.floor_client", str(port)]
    with ExitStack() as running:
        yield [
            running.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            for _ in range(count)
        ]


def _prepare(folder: Path) -> dict[int, Any]:
    """Publish the pools, cache their questions, load the script, and pack what the floor sends."""
    from django_redis import get_redis_connection

    from benchmarks import floor
    from benchmarks.floor_sessions import publish_demo
    from sessions_app import hot_state
    from sessions_app.standing import shown_by_key
    from testing_engine.revisions import load_revision

    get_redis_connection("default").script_load(hot_state._SETTLE)
    pools = {concepts: publish_demo(concepts) for concepts in CONCEPTS}
    for pool in pools.values():
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
    from sessions_app.api import replies
    from sessions_app.hot_state import read_state
    from sessions_app.session_state import Advance
    from sessions_app.standing import shown_by_key, standing_of_state
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
        states.append(states[-1].advanced(Advance(1, True, theta, error, answered + 1, b"h" * 16)))
    shown = sorted((shown_by_key(pk) for pk in revision.question_ids.tolist()), key=lambda s: len(s.content))
    standing = standing_of_state(fresh.session_id, states[QUESTIONS // 2])
    reply = replies.submitted(replace(standing, next_question=shown[len(shown) // 2]))
    row = {
        "answer": 1,
        "score": 1,
        "is_correct": True,
        "theta": theta,
        "standard_error": error,
        "concept_names": list(load_plan(state.plan_id).concept_names),
        "is_measured": revision.bank.measured.tolist(),
        "status": "active",
        "end_reason": "",
        "completed_at": None,
        "response_time_ms": 8200,
        "idempotency_key": None,
        "chain_head": b"h" * 16,
        "link": b"l" * 16,
        "completed_link": b"",
    }
    return floor.Packed(question_pks, [each.packed() for each in states], row, reply)


if __name__ == "__main__":
    sys.exit(main())
