"""Failovers under students: of the masters of a Redis, and of a PostgreSQL with standbys.

By hand, of a pair and a Redis Cluster, with what the wheels bring; or as many machines have it, by Patroni
and Sentinels, where those are installed. Each failover is counted for itself: answers that got a 200, those
of them that the new leader does not have, and those that the service named as lost by itself.
"""

import asyncio
import datetime
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import psycopg

from chaos.failover_clients import (
    BROKEN_OFF,
    METRICS_TOKEN,
    NAMED_TEST,
    Answers,
    Seen,
    reader,
    reads,
    student,
)
from chaos.servers import disconnect, prepared, web_server
from embedded.processes import wait_until

if TYPE_CHECKING:
    from chaos.plans import Plan

BEFORE, CUT_FOR, AFTERWARDS = 3.0, 2.0, 4.0  # seconds of answers
ON_ITS_WAY = 1.0  # seconds in which the last replies of a leader that has gone reach who asked
KILLED, CUT, SWITCHOVER = "leader killed", "replication cut, then the leader killed", "switchover"
OF_REDIS = "master of Redis killed"


class Redis(Protocol):
    """Redis servers of which a replica takes over."""

    def kill_a_master(self) -> Callable[[], None]:
        """What brings the killed one back."""

    def is_whole(self) -> bool: ...


class Postgres(Protocol):
    """PostgreSQL servers of which a standby takes over."""

    @property
    def url(self) -> str: ...

    def end_leader(self, how: str) -> None:
        """It is no leader any more when this returns: `KILLED`, or a `SWITCHOVER` begun."""

    def cut_replication(self) -> None:
        """No standby receives anything any more."""

    def wait_for_leader(self) -> str:
        """What was unusual about it, if anything was."""

    def mend(self) -> None:
        """Until there are as many as there were."""


@dataclass
class Installation:
    """What a run puts to the test. `urls` by the setting's name; `own`: instead, for each web server."""

    folder: Path
    postgres: Postgres
    redis: Redis
    urls: dict[str, str]
    own: list[dict[str, str]]
    is_synchronous: bool


@dataclass
class Outcome:
    """Of one failover."""

    what: str
    accepted: int
    lost: int
    unnamed: int
    longest: float
    replies: dict[str, int]
    unusual: str = ""

    def tell(self) -> None:
        print(f"\n{self.what}{self.unusual and f' ({self.unusual})'}")
        told = {"accepted": self.accepted, "lost": self.lost, "of them not named": self.unnamed}
        for name, count in told.items():
            print(f"  {count:>6,}  {name}")
        print(f"  {self.longest:>6.1f}  seconds without a 200, at most")
        for reply, count in sorted(self.replies.items()):
            print(f"  {count:>6,}  {reply}")

    def is_good(self, *, may_lose: bool) -> bool:
        """Nothing is lost that must not be, or unnamed; without Redis all replies are 200; never a 500."""
        only_good = set(self.replies) == {"200"} or self.what != OF_REDIS
        errors = any(reply.startswith("500") for reply in self.replies)
        return only_good and not errors and not self.unnamed and (may_lose or not self.lost)


async def _redis_failover(seen: Seen, redis: Redis) -> Outcome:
    before = len(seen.accepted)
    seen.begin()
    come_back = redis.kill_a_master()
    await asyncio.to_thread(wait_until, redis.is_whole)
    await asyncio.to_thread(come_back)
    await asyncio.to_thread(wait_until, redis.is_whole)
    await asyncio.sleep(AFTERWARDS)
    return Outcome(OF_REDIS, len(seen.accepted) - before, 0, 0, seen.longest, dict(seen.replies))


async def _failover(seen: Seen, postgres: Postgres, what: str) -> Outcome:
    """Students go on all the while."""
    before = len(seen.accepted)
    seen.begin()
    if what == CUT:
        await asyncio.to_thread(postgres.cut_replication)
        await asyncio.sleep(CUT_FOR)
    await asyncio.to_thread(postgres.end_leader, SWITCHOVER if what == SWITCHOVER else KILLED)
    await asyncio.sleep(ON_ITS_WAY)
    told = dict(seen.accepted)
    unusual = await asyncio.to_thread(postgres.wait_for_leader)
    lost = await asyncio.to_thread(_lost, seen, told, postgres.url)
    await asyncio.to_thread(postgres.mend)
    await asyncio.to_thread(_look)
    await asyncio.sleep(AFTERWARDS)
    unnamed = await asyncio.to_thread(_unnamed, lost, postgres.url)
    accepted, replies = len(seen.accepted) - before, dict(seen.replies)
    return Outcome(what, accepted, len(lost), len(unnamed), seen.longest, replies, unusual)


def _lost(seen: Seen, told: dict[tuple[str, str], datetime.datetime], url: str) -> Answers:
    """What students were told is accepted, and is not there; it is no longer counted as accepted.

    What was answered after a student was told of it is another answer: given again, as the first was lost.
    """
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT session_id, question_id, answered_at FROM test_responses"
        ).fetchall()
    answered = _by_name(seen, rows)
    lost = {each for each, at in told.items() if each not in answered or answered[each] > at}
    for each in lost:
        if seen.accepted.get(each) == told[each]:
            del seen.accepted[each]
    return lost


def _by_name(seen: Seen, rows: list[Any]) -> dict[tuple[str, str], datetime.datetime]:
    """When each was answered, of (session, question's key, time); answers have their names for students."""
    revision = seen.plan.revision
    ids = {int(key): revision.external_ids[item] for key, item in revision.positions_by_key.items()}
    return {(str(session), ids[question]): at for session, question, at in rows}


_LOST_ANSWERS = """
SELECT lost.session_id, question.external_id
FROM lost_answers lost LEFT JOIN questions question ON question.id = ANY (lost.questions)
"""


def _unnamed(lost: Answers, url: str) -> Answers:
    with psycopg.connect(url) as connection:
        rows = connection.execute(_LOST_ANSWERS).fetchall()
    gone = {str(session) for session, question in rows if question is None}  # with all its answers
    named = {(str(session), question) for session, question in rows}
    return {each for each in lost if each not in named and each[0] not in gone}


def _look() -> None:
    """As the beat has a worker do it once a minute."""
    from django.db import connection

    from sessions_app.sitting.losses import look_after_failover

    look_after_failover()
    connection.close()


# --- A run --------------------------------------------------------------------------------------------------


@contextmanager
def _installed(is_synchronous: bool, by_patroni: bool) -> Iterator[Installation]:
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    folder.chmod(0o755)
    try:
        with ExitStack() as stack:
            if by_patroni:
                from chaos.failover_by_patroni import install
            else:
                from chaos.failover_by_hand import install
            installation = stack.enter_context(install(folder, is_synchronous))
            urls = {**installation.urls, "CELERY_BROKER_URL": "memory://", "METRICS_TOKEN": METRICS_TOKEN}
            with prepared(folder, urls):
                yield installation
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(*, is_synchronous: bool, students: int, by_patroni: bool) -> int:
    """Print what came of each failover; 1 where an answer is lost that should not, or is not named."""
    with _installed(is_synchronous, by_patroni) as there:
        from chaos.plans import make_plans
        from sessions_app.administration.api_clients import make_token
        from sessions_app.review.verification import verify

        plan = make_plans()[1]
        _make_named_test(plan)
        token = make_token("chaos", ["deliver", "report"], None)
        disconnect()
        with ExitStack() as stack:
            web = [
                stack.enter_context(web_server(there.folder, number, own))
                for number, own in enumerate(there.own)
            ]
            seen = Seen(token, plan, [server.port for server in web])
            outcomes = asyncio.run(_all(seen, there, students))
            pieces_read = reads(seen.ports)
        breaks = [broken for broken in verify().breaks if "accepted are lost" not in broken.what]
        books = _books(seen)
    print("synchronous" if is_synchronous else "asynchronous", "standby")
    for each in outcomes:
        each.tell()
    files = ", ".join(f"{number:,} {what}" for what, number in sorted(seen.files.items()))
    pieces = ", ".join(f"{number:,} from the {server}" for server, number in sorted(pieces_read.items()))
    print(f"\nfiles of results: {files}; read in pieces: {pieces}")
    print(f"\n{books.tell()}, {len(breaks)} broken links besides lost answers")
    for broken in breaks[:20]:
        print(f"{broken.where}: {broken.what}")
    are_files_good = pieces_read.get("replica", 0) > 0 and not seen.files[BROKEN_OFF]
    is_good = not breaks and are_files_good and books.are_good
    return 0 if is_good and all(each.is_good(may_lose=not is_synchronous) for each in outcomes) else 1


@dataclass
class Books:
    """In the end: what is stored beside what students were told."""

    accepted: int
    stored: int
    unheard: int  # stored, but no 200 reached the student
    absent: int  # a 200 came, it was not counted as lost, and it is not there
    doubled: int

    @property
    def are_good(self) -> bool:
        return not self.absent and not self.doubled

    def tell(self) -> str:
        return (
            f"{self.accepted:,} answers accepted in all and not lost, {self.stored:,} stored: "
            f"{self.doubled:,} doubled, {self.absent:,} missing, "
            f"{self.unheard:,} whose reply was lost on its way"
        )


def _books(seen: Seen) -> Books:
    from sessions_app.models import TestResponse

    rows = list(TestResponse.objects.values_list("session_id", "question_id", "answered_at"))
    stored, accepted = set(_by_name(seen, rows)), set(seen.accepted)
    return Books(
        len(accepted), len(rows), len(stored - accepted), len(accepted - stored), len(rows) - len(stored)
    )


def _make_named_test(plan: "Plan") -> None:
    from sessions_app.models import NamedTest

    NamedTest.objects.create(pool_id=plan.pool_id, name=NAMED_TEST, title="Chaos", rules=plan.rules.to_json())


async def _all(seen: Seen, there: Installation, students: int) -> list[Outcome]:
    using: list[Coroutine[Any, Any, None]] = [student(seen, f"student-{n}") for n in range(students)]
    tasks = [asyncio.create_task(each) for each in [*using, reader(seen, NAMED_TEST)]]
    try:
        await asyncio.sleep(BEFORE)
        outcomes = [await _redis_failover(seen, there.redis)]
        outcomes += [await _failover(seen, there.postgres, what) for what in (KILLED, CUT, SWITCHOVER)]
        seen.is_over = True
        await asyncio.gather(*tasks)
        return outcomes
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
