"""What an answer costs each part of the service, and what a day of exams therefore takes of each.

`python -m benchmarks.scaling` measures and computes; `--model` computes from `MEASURED` alone. Its tables
stand in docs/SCALING.md.
"""

import argparse
import sys
import time
from dataclasses import dataclass, fields
from pathlib import Path
from secrets import token_hex
from typing import Any

import psutil

from benchmarks import durable_services, table
from benchmarks.floor_client import Connection, Round, Test, begin, take
from benchmarks.serving import (
    QUESTIONS,
    START,
    SUBMIT,
    client_token,
    postgresql_seconds,
    prepare,
    processor_seconds,
    serve,
    start_for,
)
from benchmarks.written import Meter

CONCEPTS = 5
FLUSHED_AFTER = 2.0  # seconds; PostgreSQL's processes tell what they counted when they have been idle for one


@dataclass(frozen=True)
class Costs:
    """Of one request; the memory is of one test that runs."""

    web_ms: float  # processor time of web processes
    postgresql_ms: float  # and of PostgreSQL's connections
    redis_ms: float
    commits: float
    wal_bytes: float
    stored_bytes: float  # tables and indexes, for good
    redis_traffic_bytes: float  # in and out


@dataclass(frozen=True)
class Measured:
    answer: Costs
    start: Costs
    redis_bytes_a_test: float


@dataclass(frozen=True)
class Exam:
    students: int
    hours: float
    questions: int
    peak: float = 2.0  # the busiest minute beside the mean
    begin_within: float = 600.0  # seconds, in which all students begin
    busy: float = 0.6  # how much of a processor may be used in the busiest minute

    @property
    def answers_a_second(self) -> float:
        return self.peak * self.students * self.questions / (self.hours * 3600)

    @property
    def starts_a_second(self) -> float:
        return self.students / self.begin_within


# By `python -m benchmarks.scaling`: docs/SCALING.md says when, and on what.
MEASURED = Measured(
    answer=Costs(
        web_ms=4.23,
        postgresql_ms=1.42,
        redis_ms=0.333,
        commits=1.0,
        wal_bytes=1200.0,
        stored_bytes=451.0,
        redis_traffic_bytes=1070.0,
    ),
    start=Costs(
        web_ms=5.83,
        postgresql_ms=2.17,
        redis_ms=0.429,
        commits=1.0,
        wal_bytes=2990.0,
        stored_bytes=2320.0,
        redis_traffic_bytes=822.0,
    ),
    redis_bytes_a_test=193.0,
)
NATIONAL = Exam(students=1_000_000, hours=2, questions=40)
EXAMS = {
    "a school, 500 students, 1 h": Exam(500, 1, 40),
    "a district, 20,000, 1 h": Exam(20_000, 1, 40),
    "a state, 200,000, 2 h": Exam(200_000, 2, 40),
    "a nation, 1,000,000, 2 h": NATIONAL,
}


# What carries answers, by which cost, with how many processors. A web process uses one, and 8 connections.
CARRIERS = (
    ("100 connections to PostgreSQL, its default: 12 web processes", "web_ms", 12),
    ("one Redis node", "redis_ms", 1),
    ("a PostgreSQL with 16 processors", "postgresql_ms", 16),
    ("a PostgreSQL with 64 processors", "postgresql_ms", 64),
)


# --- The model -----------------------------------------------------------------------------------------


def needs(measured: Measured, exam: Exam) -> dict[str, float]:
    """What the busiest moment takes of each part: while all begin, or in the busiest minute of answers.

    Whoever has begun also answers, so beginnings come on top of the mean rate of answers.
    """
    mean = exam.answers_a_second / exam.peak

    def busiest(cost: str) -> float:
        answer, start = getattr(measured.answer, cost), getattr(measured.start, cost)
        return float(max(exam.answers_a_second * answer, mean * answer + exam.starts_a_second * start))

    sessions = exam.students
    return {
        "answers a second": exam.answers_a_second,
        "starts a second": exam.starts_a_second,
        "web: processors": busiest("web_ms") / 1000 / exam.busy,
        "PostgreSQL: processors": busiest("postgresql_ms") / 1000 / exam.busy,
        "PostgreSQL: commits a second": busiest("commits"),
        "PostgreSQL: WAL, MB a second": busiest("wal_bytes") / 1e6,
        "PostgreSQL: stored, GB": sessions
        * (exam.questions * measured.answer.stored_bytes + measured.start.stored_bytes)
        / 1e9,
        "Redis: processors (one a node)": busiest("redis_ms") / 1000 / exam.busy,
        "Redis: memory, MB": sessions * measured.redis_bytes_a_test / 1e6,
        "Redis: traffic, MB a second": busiest("redis_traffic_bytes") / 1e6,
    }


def model_table(measured: Measured) -> str:
    columns = [needs(measured, exam) for exam in EXAMS.values()]
    rows = [[name, *(_number(column[name]) for column in columns)] for name in columns[0]]
    return table(("in the busiest minute", *EXAMS), rows)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def walls(measured: Measured, exam: Exam) -> dict[str, tuple[float, float]]:
    """For each carrier: how many answers a second it bears, and how many students of such an exam that is."""
    a_student = exam.answers_a_second / exam.students
    return {
        name: (rate := count * exam.busy * 1000 / getattr(measured.answer, cost), rate / a_student)
        for name, cost, count in CARRIERS
    }


def walls_table(measured: Measured) -> str:
    rows = [
        [name, _number(answers), f"{round(students, -3):,.0f}"]
        for name, (answers, students) in walls(measured, NATIONAL).items()
    ]
    return table(("what", "answers a second", "students at once"), rows)


def costs_table(measured: Measured) -> str:
    rows = [
        [
            field.name.replace("_", " "),
            *(_number(getattr(each, field.name)) for each in (measured.answer, measured.start)),
        ]
        for field in fields(Costs)
    ]
    rows.append(["redis bytes a running test", _number(measured.redis_bytes_a_test), ""])
    return table(("", "answer", "start"), rows)


# --- The measurement -----------------------------------------------------------------------------------


@dataclass
class Parts:
    """What is looked at before and after."""

    folder: Path
    server: psutil.Process
    written: Meter  # from the beginning

    def look(self) -> Costs:
        """Everything that was used so far, in the units of a cost."""
        from django.db import connection
        from django_redis import get_redis_connection

        time.sleep(FLUSHED_AFTER)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_stat_clear_snapshot(), pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0'),"
                " (SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r')"
            )
            _, wal, stored = cursor.fetchone()
        told: dict[str, Any] = get_redis_connection("default").info()
        return Costs(
            web_ms=1000 * processor_seconds(self.server),
            postgresql_ms=1000 * postgresql_seconds(self.folder),
            redis_ms=1000 * (told["used_cpu_user"] + told["used_cpu_sys"]),
            commits=self.written.read().commits,  # connections that stay tell the statistics late
            wal_bytes=float(wal),
            stored_bytes=float(stored),
            redis_traffic_bytes=float(told["total_net_input_bytes"] + told["total_net_output_bytes"]),
        )


def each(before: Costs, after: Costs, requests: int) -> Costs:
    """What one request added, to three digits."""
    grown = {
        field.name: (getattr(after, field.name) - getattr(before, field.name)) / requests
        for field in fields(Costs)
    }
    return Costs(**{name: float(f"{value:.3g}") for name, value in grown.items()})


def measure(tests: int) -> Measured:
    """Whole tests of 20 questions, one after the other, after as many that warm everything."""
    with durable_services() as folder:
        from django_redis import get_redis_connection

        pool, token = prepare(folder)[CONCEPTS], client_token()
        with serve(folder, WEB_CONCURRENCY="1") as (port, server):
            parts, connection = Parts(folder, server, Meter(folder)), Connection(port)
            connection.ready()

            def prepared(path: str) -> Round:
                """As many tests to answer, or somebody who starts twenty."""
                if path == SUBMIT:
                    return Round(path, CONCEPTS, QUESTIONS, [start_for(pool, path) for _ in range(tests)])
                starters = [Test(token_hex(8), token, str(pool.pk)) for _ in range(-(-tests // QUESTIONS))]
                return Round(path, CONCEPTS, QUESTIONS, starters)

            found = {}
            for path, way in ((SUBMIT, take), (START, begin)) * 2:
                asked = prepared(path)
                before = parts.look()
                requests = sum(len(way(connection, asked, test)) for test in asked.tests)
                found[path] = each(before, parts.look(), requests)
            redis = get_redis_connection("default")
            running = prepared(SUBMIT)
            half = Round(SUBMIT, CONCEPTS, QUESTIONS // 2, running.tests)
            for test in half.tests:
                take(connection, half, test)
            keys = [key for test in running.tests for key in redis.keys(f"*{test.session_id}*")]
            memory = sum(redis.memory_usage(key) for key in keys) / len(running.tests)
    return Measured(found[SUBMIT], found[START], memory)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("--model", action="store_true", help="measure nothing")
    parser.add_argument("--tiny", action="store_true", help="only see that it works")
    parser.add_argument("--tests", type=int, default=40, help="of each kind (%(default)s)")
    options = parser.parse_args()
    measured = MEASURED if options.model else measure(2 if options.tiny else options.tests)
    print(costs_table(measured), model_table(measured), walls_table(measured), sep="\n\n")
    if not options.model:
        print(f"\nMEASURED = {measured}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
