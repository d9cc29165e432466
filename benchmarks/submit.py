"""`submit` and `start` over HTTP, beside two floors on the same server: its round trips and nothing else."""

import argparse
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

import msgspec
import psutil

from benchmarks import durable_services, table
from benchmarks.floor_client import Round, Test
from benchmarks.serving import (
    CONCEPTS,
    FLOOR,
    LEAN_FLOOR,
    QUESTIONS,
    START,
    STATUS,
    SUBMIT,
    client_token,
    postgresql_seconds,
    prepare,
    processor_seconds,
    serve,
    start_for,
)
from benchmarks.written import Meter, Written

CLIENTS = (1, 8)
NAMES = {SUBMIT: "submit", FLOOR: "floor", LEAN_FLOOR: "lean floor", START: "start", STATUS: "status"}
RATIOS = ((SUBMIT, FLOOR), (SUBMIT, LEAN_FLOOR), (START, SUBMIT), (STATUS, SUBMIT))
TINY = [(5, 2)]  # concepts, clients


@dataclass
class Timed:
    """Seconds of the requests of one path, round by round, and of processors: the workers', PostgreSQL's."""

    rounds: list[list[float]] = field(default_factory=list)
    processor: float = 0.0
    postgresql: float = 0.0
    written: Written = field(default_factory=Written)

    @property
    def all(self) -> list[float]:
        return [seconds for each in self.rounds for seconds in each]

    @property
    def processor_each(self) -> float:
        """Milliseconds of the workers' processor for each request."""
        return 1000 * self.processor / len(self.all)

    @property
    def medians(self) -> list[float]:
        return [statistics.median(each) for each in self.rounds]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.submit", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="only see that it works")
    parser.add_argument("--requests", type=int, default=1600, help="of each path, for each row (%(default)s)")
    options = parser.parse_args()
    requests = 40 if options.tiny else options.requests
    measured = TINY if options.tiny else [(concepts, clients) for concepts in CONCEPTS for clients in CLIENTS]
    rows, costs = [], []
    with durable_services() as folder:
        pools = prepare(folder)
        token = client_token()
        for concepts, clients in measured:
            # A server of its own for each row: which worker holds which connection is drawn anew.
            with serve(folder, is_tiny=options.tiny) as (port, server), _clients(clients, port) as processes:
                measurement = Measurement(folder, processes, server, pools[concepts], concepts, token)
                timed = measurement.run(requests)
            rows += [_row(concepts, clients, timed, over, under) for over, under in RATIOS]
            costs += [_cost(concepts, clients, NAMES[path], each) for path, each in timed.items()]
    header = (
        "test",
        "clients",
        "ratio",
        "median",
        "middle half of rounds",
        "p99",
        "workers' CPU",
        "PostgreSQL's CPU",
        "median ms",
        "CPU ms",
        "requests",
    )
    print(table(header, rows))
    print("\nOf one request:\n")
    print(table(COST_OF_ONE, costs))
    return 0


COST_OF_ONE = (
    "test",
    "clients",
    "request",
    "workers' CPU ms",
    "PostgreSQL's CPU ms",
    "WAL records",
    "WAL bytes",
    "and whole pages",
    "commits",
    "Redis commands",
    "Redis bytes",
)


def _cost(concepts: int, clients: int, name: str, timed: Timed) -> tuple[object, ...]:
    count = len(timed.all)
    each = timed.written.each(count)
    return (
        f"{concepts} concept{'s' * (concepts > 1)}",
        clients,
        name,
        f"{timed.processor_each:.2f}",
        f"{1000 * timed.postgresql / count:.2f}",
        f"{each.wal_records:.1f}",
        f"{each.wal_bytes:.0f}",
        f"{each.page_bytes:.0f}",
        f"{each.commits:.2f}",
        f"{each.redis_commands:.1f}",
        f"{each.redis_bytes:.0f}",
    )


def _row(concepts: int, clients: int, timed: dict[str, Timed], over: str, under: str) -> tuple[object, ...]:
    one, other = timed[over], timed[under]
    by_round = [a / b for a, b in zip(one.medians, other.medians, strict=True)]
    low, _, high = statistics.quantiles(by_round, n=4)
    median = [statistics.median(each.all) * 1000 for each in (one, other)]
    p99 = [statistics.quantiles(each.all, n=100)[98] for each in (one, other)]
    return (
        f"{concepts} concept{'s' * (concepts > 1)}",
        clients,
        f"{NAMES[over]}/{NAMES[under]}",
        f"{median[0] / median[1]:.2f}",
        f"{low:.2f}–{high:.2f}",
        f"{p99[0] / p99[1]:.2f}",
        f"{one.processor / other.processor:.2f}",
        f"{one.postgresql / other.postgresql:.2f}" if other.postgresql else "–",
        f"{median[0]:.2f} / {median[1]:.2f}",
        f"{one.processor_each:.2f} / {other.processor_each:.2f}",
        len(one.all),
    )


# --- The measurement ---------------------------------------------------------------------------------


@dataclass
class Measurement:
    """One server, its clients, and what they are asked to do."""

    folder: Path
    processes: list["subprocess.Popen[bytes]"]
    server: psutil.Process
    pool: Any
    concepts: int
    token: str  # of an API client, for starts

    def run(self, requests: int) -> dict[str, Timed]:
        """All paths in turn, a test for each client, and each first as often as last."""
        timed = {path: Timed() for path in NAMES}
        paths = list(NAMES)
        for number in range(-2, max(2, requests // (QUESTIONS * len(self.processes)))):
            for path in paths if number % 2 else reversed(paths):
                shares = [self._share(path) for _ in self.processes]
                meter = Meter(self.folder)
                begun = processor_seconds(self.server), postgresql_seconds(self.folder)
                seconds = _answer(self.processes, shares)
                if number < 0:  # the rounds before fill the caches of the workers
                    continue
                timed[path].rounds.append(seconds)
                timed[path].processor += processor_seconds(self.server) - begun[0]
                timed[path].postgresql += postgresql_seconds(self.folder) - begun[1]
                timed[path].written += meter.read()
        return timed

    def _share(self, path: str) -> Round:
        if path == START:
            return Round(path, self.concepts, QUESTIONS, [Test(token_hex(8), self.token, str(self.pool.pk))])
        return Round(path, self.concepts, QUESTIONS, [start_for(self.pool, path)])


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


@contextmanager
def _clients(count: int, port: int) -> Iterator[list["subprocess.Popen[bytes]"]]:
    command = [sys.executable, "-m", "benchmarks.floor_client", str(port)]
    with ExitStack() as running:
        yield [
            running.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            for _ in range(count)
        ]


if __name__ == "__main__":
    sys.exit(main())
