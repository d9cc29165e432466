"""As many students at once as the machine allows, for minutes: throughput, times, errors and memory."""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import psutil

from benchmarks import durable_services, table
from benchmarks.floor_client import Test
from benchmarks.load_client import Seen, Share
from benchmarks.serving import FLOOR, SUBMIT, prepare, processor_seconds, serve, start_for

CONCEPTS = 5
STUDENTS_EACH = 16  # threads of a client process: more would wait for each other
MOST_STUDENTS = 128
WORTH_IT = 1.05  # twice the students must bring so much more throughput
THINKS = 20.0  # seconds, of a student who is no program
SHOWN = 10  # errors


@dataclass
class Served:
    """What one path did, over all rounds. Rounds count their own seconds: the paths take turns."""

    starts: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0
    processor: float = 0.0

    @property
    def throughput(self) -> float:
        """Answers a second."""
        return len(self.answers) / self.seconds

    def milliseconds(self, percent: int) -> float:
        return statistics.quantiles(self.answers, n=100)[percent - 1] * 1000


@dataclass(frozen=True)
class Memory:
    """Bytes. `web` and `postgresql` are the mean of their processes, without what these share."""

    web: float
    valkey: float
    postgresql: float
    connections: int


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0, help="so long (%(default)s)")
    parser.add_argument("--students", type=int, help="so many at once, instead of as many as bring more")
    parser.add_argument("--tiny", action="store_true", help="only see that it works")
    options = parser.parse_args()
    if options.tiny:
        options.seconds, options.students = 1.0, 4
    with durable_services() as folder:
        pool = prepare(folder)[CONCEPTS]
        with (
            serve(folder, is_tiny=options.tiny) as (port, server),
            _crowd(port, options.students or MOST_STUDENTS) as crowd,
        ):
            load = Load(folder, server, crowd, pool)
            students = options.students or load.most_students()
            load.hold(students, options.seconds)
        stored = load.stored()
    return _report(load, students, stored)


class Load:
    """The service and its floor in turns, round by round; in a round each student takes one test."""

    def __init__(
        self, folder: Path, server: psutil.Process, crowd: "list[subprocess.Popen[bytes]]", pool: Any
    ) -> None:
        from sessions_app.administration.api_clients import make_token

        self.folder, self.server, self.crowd, self.pool = folder, server, crowd, pool
        self.authorization = f"Token {make_token('load', ['deliver'], None)}"
        self.numbers = count()
        self.served = {SUBMIT: Served(), FLOOR: Served()}
        self.memory: list[Memory] = []
        self.accepted = 0  # answers to the service, the rounds before the measurement included

    def most_students(self) -> int:
        """So many that twice as many would bring hardly more throughput."""
        students, best = 4, 0.0
        while students <= MOST_STUDENTS:
            trial = Served()
            for _ in range(2):
                self._round(SUBMIT, students, trial)
            if trial.throughput < best * WORTH_IT:
                return students // 2
            students, best = students * 2, trial.throughput
        return MOST_STUDENTS

    def hold(self, students: int, seconds: float) -> None:
        for path in (SUBMIT, FLOOR):
            self._round(path, students, Served())  # fills the caches of the workers
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline or len(self.memory) < 3:
            for path in (SUBMIT, FLOOR) if len(self.memory) % 2 else (FLOOR, SUBMIT):
                self._round(path, students, self.served[path])
            self.memory.append(self._measured())

    def stored(self) -> int:
        """Answers of the service's own tests in PostgreSQL."""
        from sessions_app.models import TestResponse

        return TestResponse.objects.filter(session__student__external_id__startswith="load-").count()

    def _round(self, path: str, students: int, served: Served) -> None:
        names = [f"load-{next(self.numbers)}" for _ in range(students)]
        tests = [start_for(self.pool, FLOOR) for _ in names] if path == FLOOR else []
        shares = [
            Share(
                names[first : first + STUDENTS_EACH],
                self.authorization,
                str(self.pool.pk),
                CONCEPTS,
                tests[first : first + STUDENTS_EACH],
            )
            for first in range(0, students, STUDENTS_EACH)
        ]
        processor, begun = processor_seconds(self.server), time.perf_counter()
        for seen in _take(self.crowd, shares):
            served.starts += seen.starts
            served.answers += seen.answers
            served.errors += seen.errors
            self.accepted += len(seen.answers) if path == SUBMIT else 0
        served.seconds += time.perf_counter() - begun
        served.processor += processor_seconds(self.server) - processor
        self._forget(tests)

    def _forget(self, tests: list[Test]) -> None:
        """The floor ends no test: what it leaves in Valkey is not the service's growth."""
        from django_redis import get_redis_connection

        if tests:
            get_redis_connection("default").unlink(
                *(f"session:{{{test.session_id}}}:state" for test in tests)
            )

    def _measured(self) -> Memory:
        from django_redis import get_redis_connection

        postmaster = psutil.Process(int((self.folder / "postgres" / "postmaster.pid").read_text().split()[0]))
        backends = [each for each in postmaster.children() if _is_connection(each)]
        return Memory(
            statistics.mean(_own_bytes(worker) for worker in self.server.children()),
            get_redis_connection("default").info("memory")["used_memory"],
            statistics.mean(map(_own_bytes, backends)),
            len(backends),
        )


def _own_bytes(process: psutil.Process) -> int:
    size: int = process.memory_full_info().uss
    return size


def _is_connection(process: psutil.Process) -> bool:
    """A backend's title says whose it is; PostgreSQL's own workers have none."""
    return "adaptive" in " ".join(process.cmdline())


@contextmanager
def _crowd(port: int, students: int) -> "Iterator[list[subprocess.Popen[bytes]]]":
    command = [sys.executable, "-m", "benchmarks.load_client", str(port), str(min(students, STUDENTS_EACH))]
    with ExitStack() as running:
        yield [
            running.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            for _ in range(-(-students // STUDENTS_EACH))
        ]


def _take(crowd: "list[subprocess.Popen[bytes]]", shares: list[Share]) -> list[Seen]:
    busy = list(zip(crowd, shares, strict=False))
    for process, share in busy:
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(share) + b"\n")
        process.stdin.flush()
    seen = []
    for process, _ in busy:
        assert process.stdout is not None
        seen.append(msgspec.json.decode(process.stdout.readline(), type=Seen))
    return seen


# --- What is printed ---------------------------------------------------------------------------------


def _report(load: Load, students: int, stored: int) -> int:
    submit, floor = load.served[SUBMIT], load.served[FLOOR]
    errors = submit.errors + floor.errors
    if stored != load.accepted:
        errors.append(f"{load.accepted} answers were accepted and {stored} are stored")
    print(
        f"{students} students at once who do not think, {submit.seconds:.0f} seconds; "
        f"{os.cpu_count()} processors for all: clients, gunicorn, PostgreSQL, Valkey\n"
    )
    print(table(("", "service", "floor", "service/floor"), _speeds(submit, floor)), end="\n\n")
    print(table(("memory, MB", "first third", "last third", "growth"), _growth(load.memory)), end="\n\n")
    print(f"{load.accepted:>9,}  answers accepted, before the measurement too")
    print(f"{stored:>9,}  answers stored")
    print(f"{len(submit.starts):>9,}  tests started, p99 {_p99(submit.starts):.1f} ms")
    thinking = submit.throughput * THINKS
    print(f"{thinking:>9,.0f}  students at once who think {THINKS:.0f} s, at this throughput")
    print(f"{len(errors):>9,}  errors")
    for error in errors[:SHOWN]:
        print(error)
    return int(bool(errors))


def _p99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98] * 1000


def _speeds(submit: Served, floor: Served) -> Iterator[tuple[object, ...]]:
    yield "answers", len(submit.answers), len(floor.answers), ""
    for name, numbers in (
        ("answers a second", [each.throughput for each in (submit, floor)]),
        ("p50, ms", [each.milliseconds(50) for each in (submit, floor)]),
        ("p99, ms", [each.milliseconds(99) for each in (submit, floor)]),
        ("workers' CPU, ms an answer", [e.processor / len(e.answers) * 1000 for e in (submit, floor)]),
    ):
        yield name, f"{numbers[0]:.2f}", f"{numbers[1]:.2f}", f"{numbers[0] / numbers[1]:.2f}"


def _growth(memory: list[Memory]) -> Iterator[tuple[object, ...]]:
    third = len(memory) // 3
    for name, of in (
        ("a web process", lambda m: m.web / 2**20),
        ("Valkey", lambda m: m.valkey / 2**20),
        ("a PostgreSQL connection", lambda m: m.postgresql / 2**20),
        ("PostgreSQL connections (number)", lambda m: m.connections),
    ):
        first = statistics.mean(map(of, memory[:third]))
        last = statistics.mean(map(of, memory[-third:]))
        yield name, f"{first:.2f}", f"{last:.2f}", f"{last - first:+.2f}"


if __name__ == "__main__":
    sys.exit(main())
