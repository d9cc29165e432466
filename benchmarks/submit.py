"""`submit` over HTTP, beside its floor on the same server: the same round trips and nothing else."""

import argparse
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import psutil

from benchmarks import durable_services, table
from benchmarks.floor_client import Round
from benchmarks.serving import (
    CONCEPTS,
    FLOOR,
    QUESTIONS,
    SUBMIT,
    prepare,
    processor_seconds,
    serve,
    start_for,
)

CLIENTS = (1, 8)
TINY = [(1, 1), (5, 2)]  # concepts, clients


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
    requests = 80 if options.tiny else options.requests
    measured = TINY if options.tiny else [(concepts, clients) for concepts in CONCEPTS for clients in CLIENTS]
    rows = []
    with durable_services() as folder:
        pools = prepare(folder)
        for concepts, clients in measured:
            # A server of its own for each row: which worker holds which connection is drawn anew.
            with serve(folder) as (port, server), _clients(clients, port) as processes:
                submit, floor = _measure(processes, server, pools[concepts], concepts, requests)
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
            shares = [Round(path, concepts, QUESTIONS, [start_for(pool, path)]) for _ in processes]
            before = processor_seconds(server)
            seconds = _answer(processes, shares)
            if number >= 0:  # the rounds before fill the caches of the workers
                timed[path].rounds.append(seconds)
                timed[path].processor += processor_seconds(server) - before
    return timed[SUBMIT], timed[FLOOR]


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
