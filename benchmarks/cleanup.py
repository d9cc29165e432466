"""Ending 1,000 stale sessions in a table of 10⁶ sessions, beside the same in a table of 10⁴."""

import argparse
import statistics
import sys
import time
from typing import Any

from benchmarks import durable_services, table
from benchmarks.twins import connected_to, run, twins, unchecked

SMALL, LARGE = 10_000, 1_000_000
STALE = 1000
INDEX = "sessions_active_by_mark"

# 5 in 100 sessions are running and in use; the rest is over, as a service that has run for a while has it.
_FILL = r"""
INSERT INTO test_sessions (id, student_id, revision_id, plan_id, seed, status, end_reason, prior_mean,
  prior_sd, theta, standard_error, questions_answered, correct_responses, current_position, started_at,
  last_activity, activity_mark, completed_at, request_hash, chain_head)
SELECT gen_random_uuid(), %(student)s, %(revision)s, %(plan)s, n,
  CASE WHEN n %% 20 = 0 THEN 'active' ELSE 'completed' END, '', '{0,0,0,0,0}', '{1,1,1,1,1}',
  '{0.1,0.2,0.3,0.4,0.5}', '{0.5,0.5,0.5,0.5,0.5}', 10, 5, CASE WHEN n %% 20 = 0 THEN 7 END,
  now() - n * interval '1 second', CASE WHEN n %% 20 = 0 THEN now() ELSE now() - n * interval '1 second' END,
  CASE WHEN n %% 20 = 0 THEN now() - interval '9 minutes' ELSE now() - n * interval '1 second' END,
  CASE WHEN n %% 20 = 0 THEN NULL ELSE now() END, '', '\x00'
FROM generate_series(1, %(count)s) AS n
"""
_ADD_STALE = r"""
INSERT INTO test_sessions (id, student_id, revision_id, plan_id, seed, status, end_reason, prior_mean,
  prior_sd, theta, standard_error, questions_answered, correct_responses, current_position, started_at,
  last_activity, activity_mark, request_hash, chain_head)
SELECT gen_random_uuid(), %(student)s, %(revision)s, %(plan)s, n, 'active', '', '{0,0,0,0,0}', '{1,1,1,1,1}',
  '{0.1,0.2,0.3,0.4,0.5}', '{0.5,0.5,0.5,0.5,0.5}', 10, 5, 7, now() - interval '2 hours',
  now() - (3600 + n) * interval '1 second', now() - (3600 + n) * interval '1 second', '', '\x00'
FROM generate_series(1, %(count)s) AS n
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cleanup", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="only see that it works")
    parser.add_argument("--rounds", type=int, default=25, help="(%(default)s)")
    options = parser.parse_args()
    sizes, rounds = ((50, 200), 2) if options.tiny else ((SMALL, LARGE), options.rounds)
    with durable_services():
        seconds, plans = measure(sizes, rounds)
    print(report(seconds, plans))
    return 0


def report(seconds: dict[int, list[float]], plans: dict[int, list[str]]) -> str:
    small, large = seconds
    by_round = [b / a for a, b in zip(seconds[small], seconds[large], strict=True)]
    low, _, high = statistics.quantiles(by_round, n=4)
    median = {size: statistics.median(each) for size, each in seconds.items()}
    rows = [
        (
            f"{size:,}",
            f"{median[size] / median[small]:.2f}",
            "" if size == small else f"{low:.2f}–{high:.2f}",
            f"{median[size] * 1000:.1f}",
            "yes" if any(INDEX in line for line in plans[size]) else "no",
        )
        for size in seconds
    ]
    header = (
        "sessions in the table",
        f"time to end {STALE:,}, as a ratio",
        "middle half of rounds",
        "median ms",
        f"uses {INDEX}",
    )
    return "\n".join(
        [table(header, rows), "", f"EXPLAIN, {large:,} sessions:", "", "```", *plans[large], "```"]
    )


def measure(sizes: tuple[int, int], rounds: int) -> tuple[dict[int, list[float]], dict[int, list[str]]]:
    """Seconds by round, and the plan of the query that finds a batch, for each size of table."""
    from django.utils import timezone

    from benchmarks.floor_sessions import publish_demo, start
    from sessions_app.administration.cleanup import end_inactive

    start(publish_demo(5), 20)  # what the rows refer to
    databases = dict(zip(sizes, twins(), strict=True))
    references = {}
    for size, database in databases.items():
        with connected_to(database):
            references[size] = _fill(size)
    seconds: dict[int, list[float]] = {size: [] for size in sizes}
    plans: dict[int, list[str]] = {}
    for number in range(-1, rounds):
        for size in sizes if number % 2 else reversed(sizes):
            with connected_to(databases[size]):
                run(_ADD_STALE, {**references[size], "count": STALE})
                if number < 0:  # the round before the first reads the pages
                    plans[size] = _plan()
                begun = time.perf_counter()
                ended = end_inactive(30, now=timezone.now())
                taken = time.perf_counter() - begun
                assert ended == STALE
                if number >= 0:
                    seconds[size].append(taken)
    return seconds, plans


def _fill(size: int) -> dict[str, Any]:
    from sessions_app.models import TestSession

    session = TestSession.objects.get()
    references = {"student": session.student_id, "revision": session.revision_id, "plan": session.plan_id}
    with unchecked():  # or a million times three foreign keys are checked
        run(_FILL, {**references, "count": size})
    run("VACUUM ANALYZE test_sessions")
    run("CHECKPOINT")
    return references


def _plan() -> list[str]:
    """EXPLAIN of the query that cleanup itself sends to find a batch; ends that batch."""
    from django.db import connection
    from django.utils import timezone

    from sessions_app.administration import cleanup

    found: list[tuple[str, Any]] = []

    def keep(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        if "FOR UPDATE" in sql and not found:
            found.append((sql, parameters))
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(keep):
        cleanup.end_inactive(60 * 24 * 365, now=timezone.now())  # nobody is so old: nothing is ended
    ((sql, parameters),) = found
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}", parameters)
        return [line for (line,) in cursor.fetchall()]


if __name__ == "__main__":
    sys.exit(main())
