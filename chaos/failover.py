"""Failovers under students: of the masters of a Redis Cluster, and of a PostgreSQL with a standby.

Each is counted for itself: answers that got a 200, those of them that the new leader does not have, and those
that the service named as lost by itself. Meanwhile somebody reads files of results, from the standby.
"""

import asyncio
import http.client
import shutil
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from chaos.servers import disconnect, prepared, web_server
from chaos.wire import PLAIN, Lost, Request, Wire
from embedded.postgres_pair import PostgresPair
from embedded.processes import wait_until
from embedded.valkeys import ValkeyCluster

if TYPE_CHECKING:
    from chaos.plans import Plan

BEFORE, CUT_FOR, AFTERWARDS = 3.0, 2.0, 4.0  # seconds of answers
WAIT = 0.1  # seconds, before a client tries again
FILE_PATIENCE = 60.0  # seconds
BROKEN_OFF = "broken off"
NAMED_TEST = "chaos"
METRICS_TOKEN = "insecure-token-of-the-chaos"  # noqa: S105  for servers that live for this run
CLUSTER = "master of the Redis Cluster killed"
Accepted = set[tuple[str, str]]  # session, question


@dataclass
class Seen:
    """What students saw. `gate` is closed while nobody may send anything."""

    token: str
    plan: "Plan"
    ports: list[int]
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    accepted: Accepted = field(default_factory=set)
    replies: Counter[str] = field(default_factory=Counter)
    last_good: float = 0.0
    longest: float = 0.0  # seconds without any 200
    files: Counter[str] = field(default_factory=Counter)  # of results: what became of them

    def note(self, reply: str) -> None:
        now = time.monotonic()
        self.replies[reply] += 1
        if reply == "200":
            self.longest = max(self.longest, now - self.last_good)
            self.last_good = now

    def begin(self) -> None:
        """Count anew, from now."""
        self.replies.clear()
        self.last_good, self.longest = time.monotonic(), 0.0


async def _student(seen: Seen, name: str) -> None:
    """Test after test, until cancelled; goes on where the service says that the test is."""
    wires = [Wire(port) for port in seen.ports]
    try:
        number = 0
        while True:
            number += 1
            body: dict[str, Any] = {"student_id": name, "test": NAMED_TEST}
            started = await _insist(seen, wires, "start", body, f"{name}-{number}")
            question = started.get("next_question")
            while question is not None:
                session = str(started["session_id"])
                body = {"session_id": session, "question_id": question["id"], "response": 0}
                reply = await _insist(seen, wires, "submit", body, question["id"])
                if reply.get("code"):  # of another past than ours: where it stands now
                    current = reply.get("current_question_id")
                    question = {"id": current} if current else None
                    continue
                seen.accepted.add((session, question["id"]))
                question = reply.get("next_question")
    finally:
        for wire in wires:
            wire.close()


async def _insist(seen: Seen, wires: list[Wire], what: str, body: dict[str, Any], key: str) -> dict[str, Any]:
    """Until the service says what became of it."""
    request = Request(f"/api/test/{what}", f"Token {seen.token}", body, key)
    for turn in range(10**6):
        await seen.gate.wait()
        try:
            reply = await wires[turn % len(wires)].ask(request, PLAIN)
        except Lost as reason:
            seen.note(str(reason))
        else:
            seen.note(f"{reply.status} {reply.code}".strip())
            if reply.status == 200 or (reply.status in (404, 409) and reply.code != "submission_in_progress"):
                return dict(reply.body)
        await asyncio.sleep(WAIT)
    raise AssertionError


async def _reader(seen: Seen, test: str) -> None:
    """A file of results after the other, until cancelled."""
    for turn in range(10**6):
        port = seen.ports[turn % len(seen.ports)]
        seen.files[await asyncio.to_thread(_file, port, seen.token, test)] += 1
        await asyncio.sleep(WAIT)


def _file(port: int, token: str, test: str) -> str:
    """What came: a file that is whole, one that broke off, or none."""
    address = f"http://127.0.0.1:{port}/api/tests/{test}/results?rows=answers&format=json"
    request = urllib.request.Request(address, headers={"Authorization": f"Token {token}"})
    try:
        with urllib.request.urlopen(request, timeout=FILE_PATIENCE) as reply:
            is_whole = reply.read().rstrip().endswith(b'"is_whole": true}')
    except urllib.error.HTTPError as refused:
        return str(refused.code)
    except urllib.error.URLError:
        return "none"
    except (OSError, http.client.HTTPException):
        return BROKEN_OFF
    return "whole" if is_whole else BROKEN_OFF


def _reads(ports: list[int]) -> dict[str, int]:
    """How many pieces of files were read from which server, as the web servers counted."""
    told: Counter[str] = Counter()
    for port in ports:
        headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
        request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers=headers)
        with urllib.request.urlopen(request, timeout=FILE_PATIENCE) as reply:
            for line in reply.read().decode().splitlines():
                if line.startswith("adaptive_lagging_reads_total{"):
                    told[line.split('"')[1]] += int(float(line.split()[-1]))
    return dict(told)


# --- The failovers ------------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """Of one failover."""

    what: str
    accepted: int
    lost: int
    unnamed: int
    longest: float
    replies: dict[str, int]

    def tell(self) -> None:
        print(f"\n{self.what}")
        told = {"accepted": self.accepted, "lost": self.lost, "of them not named": self.unnamed}
        for name, count in told.items():
            print(f"  {count:>6,}  {name}")
        print(f"  {self.longest:>6.1f}  seconds without a 200, at most")
        for reply, count in sorted(self.replies.items()):
            print(f"  {count:>6,}  {reply}")

    def is_good(self, *, may_lose: bool) -> bool:
        """Nothing is lost that must not be, or unnamed; without Redis all replies are 200; never a 500."""
        only_good = set(self.replies) == {"200"} or self.what != CLUSTER
        errors = any(reply.startswith("500") for reply in self.replies)
        return only_good and not errors and not self.unnamed and (may_lose or not self.lost)


async def _master_of_cluster(seen: Seen, valkeys: ValkeyCluster) -> Outcome:
    master = next(server for server in valkeys.servers if valkeys.is_master(server))
    before = len(seen.accepted)
    seen.begin()
    master.terminate()
    await asyncio.to_thread(wait_until, valkeys.is_whole)
    await asyncio.to_thread(master.start)
    await asyncio.to_thread(wait_until, valkeys.is_whole)
    await asyncio.sleep(AFTERWARDS)
    return Outcome(CLUSTER, len(seen.accepted) - before, 0, 0, seen.longest, dict(seen.replies))


async def _leader(seen: Seen, pair: PostgresPair, what: str, mode: str, is_cut: bool) -> Outcome:
    before = len(seen.accepted)
    seen.begin()
    if is_cut:
        await asyncio.to_thread(pair.cut_replication)
        await asyncio.sleep(CUT_FOR)
    await asyncio.to_thread(pair.leader.halt, mode)
    seen.gate.clear()  # no leader, no 200: what was accepted is fixed
    await asyncio.to_thread(pair.promote)
    lost = await asyncio.to_thread(_lost, seen, pair)
    seen.gate.set()
    await asyncio.to_thread(pair.rejoin)
    await asyncio.to_thread(_look)
    await asyncio.sleep(AFTERWARDS)
    unnamed = await asyncio.to_thread(_unnamed, lost, pair)
    return Outcome(
        what, len(seen.accepted) - before, len(lost), len(unnamed), seen.longest, dict(seen.replies)
    )


def _lost(seen: Seen, pair: PostgresPair) -> Accepted:
    """What students were told is accepted, and is not there; it is no longer counted as accepted."""
    ids = {
        int(key): seen.plan.revision.external_ids[item]
        for key, item in seen.plan.revision.positions_by_key.items()
    }
    with psycopg.connect(pair.leader.url) as connection:
        rows = connection.execute("SELECT session_id, question_id FROM test_responses").fetchall()
    lost = seen.accepted - {(str(session), ids[question]) for session, question in rows}
    seen.accepted -= lost
    return lost


_NAMED = """
SELECT lost.session_id, question.external_id
FROM lost_answers lost LEFT JOIN questions question ON question.id = ANY (lost.questions)
"""


def _unnamed(lost: Accepted, pair: PostgresPair) -> Accepted:
    with psycopg.connect(pair.leader.url) as connection:
        rows = connection.execute(_NAMED).fetchall()
    gone = {str(session) for session, question in rows if question is None}  # with all its answers
    named = {(str(session), question) for session, question in rows}
    return {each for each in lost if each not in named and each[0] not in gone}


def _look() -> None:
    """As the beat has a worker do it once a minute."""
    from django.db import connection

    from sessions_app.sitting.losses import look_after_failover

    look_after_failover()
    connection.close()


@contextmanager
def _servers(is_synchronous: bool) -> Iterator[tuple[Path, PostgresPair, ValkeyCluster]]:
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    folder.chmod(0o755)
    try:
        with ExitStack() as stack:
            valkeys = ValkeyCluster(folder / "valkeys")
            stack.callback(valkeys.stop)
            pair = PostgresPair(folder, is_synchronous=is_synchronous)
            stack.callback(pair.stop)
            urls = {
                "DATABASE_URL": pair.url,
                "DATABASE_REPLICA_URL": pair.standby_url,
                "REDIS_URL": valkeys.url(),
                "CELERY_BROKER_URL": "memory://",
                "METRICS_TOKEN": METRICS_TOKEN,
            }
            with prepared(folder, urls):
                yield folder, pair, valkeys
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(*, is_synchronous: bool, students: int) -> int:
    """Print what came of each failover; 1 where an answer is lost that should not, or is not named."""
    with _servers(is_synchronous) as (folder, pair, valkeys):
        from chaos.plans import make_plans
        from sessions_app.administration.api_clients import make_token
        from sessions_app.review.verification import verify

        plan = make_plans()[1]
        _make_named_test(plan)
        token = make_token("chaos", ["deliver", "report"], None)
        disconnect()
        with ExitStack() as stack:
            web = [stack.enter_context(web_server(folder, number)) for number in range(2)]
            seen = Seen(token, plan, [server.port for server in web])
            outcomes = asyncio.run(_all(seen, pair, valkeys, students))
            reads = _reads(seen.ports)
        breaks = [broken for broken in verify().breaks if "accepted are lost" not in broken.what]
        stored = _stored()
    print("synchronous" if is_synchronous else "asynchronous", "standby")
    for each in outcomes:
        each.tell()
    files = ", ".join(f"{number:,} {what}" for what, number in sorted(seen.files.items()))
    pieces = ", ".join(f"{number:,} from the {server}" for server, number in sorted(reads.items()))
    print(f"\nfiles of results: {files}; read in pieces: {pieces}")
    print(f"\n{stored:,} answers stored, {len(breaks)} broken links besides lost answers")
    for broken in breaks[:20]:
        print(f"{broken.where}: {broken.what}")
    are_files_good = reads.get("replica", 0) > 0 and not seen.files[BROKEN_OFF]
    is_good = (
        not breaks and are_files_good and all(each.is_good(may_lose=not is_synchronous) for each in outcomes)
    )
    return 0 if is_good else 1


def _make_named_test(plan: "Plan") -> None:
    from sessions_app.models import NamedTest

    NamedTest.objects.create(pool_id=plan.pool_id, name=NAMED_TEST, title="Chaos", rules=plan.rules.to_json())


def _stored() -> int:
    from sessions_app.models import TestResponse

    return TestResponse.objects.count()


async def _all(seen: Seen, pair: PostgresPair, valkeys: ValkeyCluster, students: int) -> list[Outcome]:
    seen.gate.set()
    tasks = [asyncio.create_task(_student(seen, f"student-{number}")) for number in range(students)]
    tasks.append(asyncio.create_task(_reader(seen, NAMED_TEST)))
    try:
        await asyncio.sleep(BEFORE)
        return [
            await _master_of_cluster(seen, valkeys),
            await _leader(seen, pair, "leader killed", "immediate", is_cut=False),
            await _leader(seen, pair, "replication cut, then the leader killed", "immediate", is_cut=True),
            await _leader(seen, pair, "switchover", "fast", is_cut=False),
        ]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
