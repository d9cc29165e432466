"""A night's look at a pool (docs/WATCH.md): processor time, peak memory, how much of it is reading rows."""

import argparse
import json
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import django

from benchmarks import durable_services, table

SIZES = ((100, 4_000), (1_000, 4_000), (1_000, 20_000))  # questions, tests of 25
TINY = ((60, 150),)
NIGHT = datetime(2026, 3, 10, 2, 30, tzinfo=UTC)
NAMES = ("questions", "answers", "CPU s", "of them reading", "wall s", "peak MB above the start", "row KB")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.watch", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="only see that it works")
    parser.add_argument("--make", nargs=2, type=int, help=argparse.SUPPRESS)
    parser.add_argument("--look", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make or options.look:
        django.setup()
        print(json.dumps(make(*options.make) if options.make else look(options.look)))
        return 0
    rows = []
    with durable_services():
        for questions, tests in TINY if options.tiny else SIZES:
            pool_id = _alone("--make", str(questions), str(tests))
            rows.append((f"{questions:,}", *_alone("--look", pool_id)))
    print(table(NAMES, rows))
    return 0


def _alone(*arguments: str) -> Any:
    """In a process of its own, which has its own peak."""
    command = [sys.executable, "-m", "benchmarks.watch", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def make(questions: int, tests: int) -> str:
    """The id of a pool with its tests."""
    from sessions_app.measurement.watches.tests.delivered import deliver, simulated_pool

    pool = simulated_pool(questions)
    for part in range(0, tests, 2_000):
        deliver(pool, min(2_000, tests - part), NIGHT - timedelta(days=1), seed=part)
    return str(pool.pk)


def look(pool_id: str) -> list[str]:
    """A night of the pool."""
    from sessions_app.measurement.watches import nights
    from sessions_app.measurement.watches.reading import read
    from testing_engine.pools import read_pool
    from testing_engine.revisions import load_revision

    pool = read_pool(UUID(pool_id))
    revision = load_revision(pool.current_revision_id or 0)
    nights.watch_pool(pool, NIGHT - timedelta(days=200))  # imports and caches, on no answers
    before = _peak()
    wall, processor = time.perf_counter(), time.process_time()
    found = nights.watch_pool(pool, NIGHT)
    processor, wall = time.process_time() - processor, time.perf_counter() - wall
    grown = _peak() - before
    reading = time.process_time()
    read(revision, NIGHT - nights.WINDOW, NIGHT)
    reading = time.process_time() - reading
    answers = found.result["numbers"]["answers"]
    size = len(json.dumps(found.result)) / 1024
    return [
        *(f"{answers:,}", f"{processor:.1f}", f"{reading:.1f}", f"{wall:.1f}", f"{grown:.0f}", f"{size:.0f}")
    ]


def _peak() -> float:
    """MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
