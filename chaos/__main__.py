"""`make chaos SECONDS=60 SEED=1`, or ANSWERS=10000: faults for as long as asked, and what came of them."""

import argparse
import asyncio
import shutil
import signal
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from chaos.servers import Servers, services, web_servers

if TYPE_CHECKING:  # models can be imported only when Django is set up, on the run's own PostgreSQL
    from chaos.students import Run, Tally
    from chaos.verdict import Verdict

SHOWN, LONGEST_DETAIL = 30, 1000  # details


def main() -> int:
    signal.signal(signal.SIGTERM, _interrupt)
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, help="begin no new test after so long (60)")
    parser.add_argument("--answers", type=int, help="or when so many answers were accepted")
    parser.add_argument(
        "--seed", type=int, default=1, help="of answers, misbehaviour and faults (%(default)s)"
    )
    parser.add_argument("--students", type=int, default=48, help="at once (%(default)s)")
    parser.add_argument("--pace", type=float, default=1.0, help="faults of the servers: 2 is twice as often")
    parser.add_argument("--only", metavar="KIND", help="one kind of fault, as it is called in the output")
    parser.add_argument("--logs", type=Path, help="keep the servers' logs in this folder")
    parser.add_argument(
        "--failover",
        choices=("synchronous", "asynchronous"),
        help="instead: whoever leads goes, of a Redis Cluster and of a PostgreSQL with such a standby",
    )
    parser.add_argument(
        "--patroni",
        action="store_true",
        help="with --failover: by Patroni, etcd, HAProxy, PgBouncer and Sentinels, which must be installed",
    )
    asked = parser.parse_args()
    if asked.failover:
        return _fail_over(asked)
    if asked.seconds is None and asked.answers is None:
        asked.seconds = 60.0
    with services() as (folder, started):
        from chaos.plans import make_plans
        from chaos.servers import disconnect
        from chaos.students import Run, Tally
        from chaos.verdict import judge
        from sessions_app.administration.api_clients import make_token

        tally, token, plans = Tally(), make_token("chaos", ["deliver", "operate"], None), make_plans()
        disconnect()
        begun = time.monotonic()
        try:
            with web_servers(folder, started) as servers:
                run = Run(asked.seed, servers.ports, token, plans, tally)
                faults = asyncio.run(_disturb(run, servers, asked))
            seconds = time.monotonic() - begun
        finally:
            if asked.logs:
                asked.logs.mkdir(parents=True, exist_ok=True)
                for log in folder.glob("web-*.log"):
                    shutil.copy(log, asked.logs)
        verdict = judge(tally, asked.seed)
    _print(verdict, tally, faults, asked.seed, seconds)
    return 0 if verdict.is_clean else 1


def _fail_over(asked: argparse.Namespace) -> int:
    from chaos import failover
    from embedded import patroni

    if asked.patroni and (missing := patroni.missing()):
        print(f"Not installed: {', '.join(missing)}.", file=sys.stderr)
        return 2
    is_synchronous = asked.failover == "synchronous"
    return failover.run(is_synchronous=is_synchronous, students=asked.students, by_patroni=asked.patroni)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


async def _disturb(run: "Run", servers: Servers, asked: argparse.Namespace) -> Counter[str]:
    """Students come, and servers fail, until it is enough; then each student finishes the tests begun."""
    from chaos.faults import Faults
    from chaos.students import Student, clean_up

    faults = Faults(servers, asked.seed, asked.pace, asked.only)
    deadline = time.monotonic() + (asked.seconds or float("inf"))
    numbers = iter(range(10**9))

    def is_enough() -> bool:
        return time.monotonic() > deadline or run.tally.accepted >= (asked.answers or float("inf"))

    async def seat() -> None:
        """One student after the other."""
        while not is_enough():
            await Student(run, next(numbers)).take_tests()

    async def watch() -> None:
        disturbing = asyncio.create_task(faults.go_on())
        while not (is_enough() or disturbing.done()):
            await asyncio.sleep(0.1)
        disturbing.cancel()
        with suppress(asyncio.CancelledError):
            await disturbing  # done by itself only when something is wrong: then this says what

    progress = asyncio.create_task(_tell(run.tally, faults.counts))
    cleaning = asyncio.create_task(clean_up(run))
    async with asyncio.TaskGroup() as everything:
        everything.create_task(watch())
        for _ in range(asked.students):
            everything.create_task(seat())
    progress.cancel()
    cleaning.cancel()
    return faults.counts


async def _tell(tally: "Tally", faults: Counter[str]) -> None:
    """A sign of life for whoever waits."""
    while True:
        await asyncio.sleep(10)
        said = f"{tally.accepted} answers accepted, {faults.total()} faults of servers …"
        print(said, file=sys.stderr, flush=True)


def _print(verdict: "Verdict", tally: "Tally", faults: Counter[str], seed: int, seconds: float) -> None:
    print(f"seed {seed}, {seconds:.0f} seconds, {len(tally.sittings)} tests\n")
    _print_numbers(
        "answers",
        {
            "accepted (a 200 came)": verdict.accepted,
            "accepted, as a 409 told": verdict.told_by_conflict,
            "stored": verdict.stored,
            "lost": verdict.lost,
            "doubled": verdict.doubled,
            "differing": verdict.differing,
            "never sent": verdict.never_sent,
        },
    )
    _print_numbers(
        "besides",
        {
            "tests without end": verdict.unfinished,
            "wrong replies": verdict.unexpected,
            "broken links of the audit chain": verdict.broken_links,
        },
    )
    _print_numbers(f"faults of servers: {faults.total()}", faults)
    _print_numbers(f"faults of clients: {tally.manners.total()}", tally.manners)
    _print_numbers("looked at besides", tally.checks)
    _print_numbers("replies", tally.replies)
    for detail in verdict.details[:SHOWN]:
        print(detail[:LONGEST_DETAIL])
    if len(verdict.details) > SHOWN:
        print(f"… and {len(verdict.details) - SHOWN} more")


def _print_numbers(title: str, numbers: dict[str, int]) -> None:
    print(title)
    for name, number in numbers.items() if not isinstance(numbers, Counter) else sorted(numbers.items()):
        print(f"  {number:>8,}  {name}")
    print()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("Interrupted: nothing was judged.")
