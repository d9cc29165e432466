"""What pages and endpoints take with many sessions beside few: `python -m benchmarks.growth`.

Two databases of one server: the same pool, one with 10³ sessions and one with 10⁶ (`--small`, `--large`),
ten answers each (`growth_fill`). Every line of `growth_probes.PROBES` is asked of both in turn, in this
process, so that its processor time is that of the page. The aims: a ratio of at most 1.5, the first byte
within a second.
"""

import argparse
import logging
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from benchmarks import durable_services, table
from benchmarks.growth_probes import PAGE_SIZE, PROBES, Facts, Probe, walked
from benchmarks.twins import connected_to, copy_of_own, database_exists, rename

SMALL, LARGE = 1_000, 1_000_000
MOST_RATIO, LONGEST_FIRST_BYTE = 1.5, 1.0
ENOUGH = 4.0  # seconds of one probe in one database


class NotAnswered(RuntimeError):
    """A page that is not there, or asks for more."""


@dataclass(frozen=True)
class Sample:
    """One request: seconds to the first byte and to the last, of this process' and PostgreSQL's processor;
    blocks of tables and indexes that PostgreSQL looked at, and bytes of the reply."""

    first_byte: float
    whole: float
    processor: float
    postgresql: float
    blocks: int
    size: int


def main(arguments: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="only see that it works")
    parser.add_argument("--small", type=int, default=SMALL, help="sessions (%(default)s)")
    parser.add_argument("--large", type=int, default=LARGE, help="sessions (%(default)s)")
    parser.add_argument("--rounds", type=int, default=9, help="of each probe in each database (%(default)s)")
    parser.add_argument(
        "--keep", type=Path, help="a folder for the databases: filled once, used again by later runs"
    )
    parser.add_argument("--only", default="", help="probes with these words in their name")
    options = parser.parse_args(arguments)
    sizes = (40, 200) if options.tiny else (options.small, options.large)
    with durable_services(options.keep):
        found = measure(sizes, options.only, 2 if options.tiny else options.rounds)
        print(report(sizes, found))
    return 0


def report(sizes: tuple[int, int], found: dict[str, tuple[list[Sample], list[Sample]]]) -> str:
    small, large = (f"{size:,}" for size in sizes)
    header = (
        "page or endpoint",
        f"{small}, ms",
        f"{large}, ms",
        "ratio",
        "first byte, ms",
        f"CPU of {small}, ms",
        f"CPU of {large}, ms",
        "ratio of CPU",
        f"blocks of {small}",
        f"blocks of {large}",
        "KB",
    )
    return table(header, [_row(name, *samples) for name, samples in found.items()])


def _row(name: str, small: list[Sample], large: list[Sample]) -> tuple[str, ...]:
    first, wall = (_median(large, field) for field in ("first_byte", "whole"))
    before = _median(small, "whole")
    spent = [_mean_processor(samples) for samples in (small, large)]
    too_much = " !" if wall / before > MOST_RATIO or first > LONGEST_FIRST_BYTE else ""
    return (
        name,
        f"{before * 1000:.1f}",
        f"{wall * 1000:.1f}",
        f"{wall / before:.2f}{too_much}",
        f"{first * 1000:.1f}",
        *(f"{each * 1000:.1f}" for each in spent),
        f"{spent[1] / spent[0]:.2f}",
        *(f"{_median(samples, 'blocks'):.0f}" for samples in (small, large)),
        f"{_median(large, 'size') / 1000:.0f}",
    )


def _median(samples: list[Sample], field: str) -> float:
    return float(statistics.median(getattr(sample, field) for sample in samples))


def _mean_processor(samples: list[Sample]) -> float:
    """PostgreSQL's is counted in hundredths of a second: only its mean says something."""
    return statistics.fmean(sample.processor + sample.postgresql for sample in samples)


def measure(sizes: tuple[int, int], only: str, rounds: int) -> dict[str, tuple[list[Sample], list[Sample]]]:
    """The samples of each probe with these words in its name, in the small database and in the large one."""
    from benchmarks.growth_furniture import furnish

    logging.disable(logging.WARNING)  # a line a request would stand between the table's
    databases = [_filled(size) for size in sizes]
    facts, callers = [], []
    for database, size in zip(databases, sizes, strict=True):
        with connected_to(database):
            furnish(size, now=datetime.now(UTC))
            facts.append(_facts(size))
            callers.append(_callers())
    found: dict[str, tuple[list[Sample], list[Sample]]] = {}
    for probe in _probes(only, databases[0], facts[0], callers[0]):
        samples: tuple[list[Sample], list[Sample]] = ([], [])
        for turn in range(3):
            for place in (0, 1) if turn % 2 else (1, 0):
                with connected_to(databases[place]):
                    samples[place].extend(
                        _asked(probe, facts[place], callers[place], -(-rounds // 3), samples[place])
                    )
        found[probe.name] = samples
        print(_row(probe.name, *samples), file=sys.stderr, flush=True)
    return found


def _probes(only: str, database: str, facts: Facts, callers: dict[str, dict[str, Any]]) -> list[Probe]:
    """Those of `PROBES`, and of other addresses those that answer in this database."""
    known = {probe.address(facts) for probe in PROBES}
    found = [probe for probe in PROBES if only in probe.name]
    with connected_to(database):
        for probe in walked():
            if only in probe.name:
                with suppress(KeyError, NotAnswered):
                    if probe.address(facts) not in known:
                        _one(probe, facts, callers)
                        found.append(probe)
    return found


def _filled(size: int) -> str:
    """The name of a database with so many sessions: made, unless a run that kept its own has made it."""
    from django.core.management import call_command

    from benchmarks.growth_fill import fill, prepare
    from sessions_app.counting import folding

    name = f"growth_{size}"
    if database_exists(name):
        with connected_to(name):
            call_command("migrate", verbosity=0, interactive=False)
            folding.fold(float("inf"))  # what a migration left to the beat
        return name
    being_filled = copy_of_own(f"{name}_being_filled")
    with connected_to(being_filled):
        prepare()
        fill(size, now=datetime.now(UTC))
    rename(being_filled, name)  # so that a run that broke off leaves none that looks whole
    return name


def _callers() -> dict[str, dict[str, Any]]:
    """What the test client sends for each kind of caller."""
    from django.contrib.auth.models import User
    from django.test import Client
    from knox.models import AuthToken

    from benchmarks.growth_fill import CLIENT, STAFF

    _, token = AuthToken.objects.create(User.objects.get(username=CLIENT))
    browser = Client()
    browser.force_login(User.objects.get(username=STAFF))
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())
    return {"client": {"Authorization": f"Token {token}"}, "staff": {"Cookie": cookies}}


def _facts(size: int) -> Facts:
    from benchmarks.growth_fill import CLIENT
    from sessions_app.models import ClassTest, LongJob, NamedTest, TestSession, Webhook
    from testing_engine.keyset import keyset_page

    newest = TestSession.objects.order_by("-started_at", "pk")
    middle = newest.exclude(status="active").select_related("student", "revision")[size // 2]
    total = newest.count()
    given = ClassTest.objects.select_related("test", "school_class").get()
    question = middle.revision.questions.order_by("pk")[0]
    named = {
        "pool_id": middle.revision.pool_id,
        "question_id": question.external_id,
        "pk": question.pk,
        "number": middle.revision.number,
        "scale": middle.revision.pool.scale.name,
        "session_id": middle.pk,
        "student_id": middle.student.external_id,
        "student_pk": given.school_class.members.order_by("pk")[0].student_id,
        "class_id": given.school_class_id,
        "given_pk": given.pk,
        "test_id": given.test_id,
        "name": given.test.name,
        "job_id": LongJob.objects.filter(by__username=CLIENT)[0].pk,
        "webhook_id": Webhook.objects.get().pk,
    }
    return Facts(
        pool=str(middle.revision.pool_id),
        question=question.pk,
        session=str(middle.pk),
        running=str(newest.filter(status="active")[0].pk),
        student=middle.student.external_id,
        student_pk=middle.student_id,
        exam=NamedTest.objects.get(name="exam").pk,
        last_page=-(-total // PAGE_SIZE),
        middle=keyset_page(newest.filter(started_at__lte=middle.started_at), 1).after,
        named=named,
    )


def _asked(
    probe: Probe,
    facts: Facts,
    callers: dict[str, dict[str, Any]],
    rounds: int,
    before: list[Sample],
) -> list[Sample]:
    """A request that is not counted, as the connection is new, and then some; fewer where they are long."""
    samples = [_one(probe, facts, callers)]
    while len(samples) <= rounds and sum(sample.whole for sample in before + samples) < ENOUGH:
        samples.append(_one(probe, facts, callers))
    return samples[1:] or samples


def _one(probe: Probe, facts: Facts, callers: dict[str, dict[str, Any]]) -> Sample:
    from django.test import Client

    browser = Client(headers={**callers[probe.caller], **dict(probe.headers)}, SERVER_NAME="127.0.0.1")
    blocks = _blocks()
    of_postgresql, processor, begun = _postgresql_seconds(), time.process_time(), time.perf_counter()
    response: Any  # a stream or not
    if probe.body is None:
        response = browser.get(probe.address(facts))
    else:
        response = browser.post(probe.address(facts), probe.body(facts), content_type="application/json")
    pieces = iter(response.streaming_content if response.streaming else [response.content])
    size = len(next(pieces, b""))
    first_byte = time.perf_counter() - begun
    size += sum(map(len, pieces))
    whole = time.perf_counter() - begun
    spent = time.process_time() - processor, _postgresql_seconds() - of_postgresql
    if response.status_code != 200:
        raise NotAnswered(f"{probe.name}: {response.status_code} {probe.address(facts)}")
    return Sample(first_byte, whole, *spent, _blocks() - blocks, size)


def _blocks() -> int:
    """Of the connection, in memory or not. However busy the machine is, it is the same number."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT sum(hits + reads) FROM pg_stat_get_backend_io(pg_backend_pid()) "
            "WHERE object = 'relation' AND hits IS NOT NULL"
        )
        return int(cursor.fetchone()[0])


def _postgresql_seconds() -> float:
    """Of the connection's own process, without those that it may ask to help."""
    from django.db import connection

    connection.ensure_connection()
    assert connection.connection is not None
    times = psutil.Process(connection.connection.info.backend_pid).cpu_times()
    return times.user + times.system


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
