"""Who uses the service while whoever leads goes: students, and somebody who reads files of results.

All end in good order: whatever a student sent got its reply, so that what is stored can be held against it.
"""

import asyncio
import datetime
import http.client
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaos.wire import PLAIN, Lost, Request, Wire

if TYPE_CHECKING:
    from chaos.plans import Plan

WAIT = 0.1  # seconds, before a client tries again
FILE_PATIENCE = 60.0  # seconds
BROKEN_OFF = "broken off"
NAMED_TEST = "chaos"
METRICS_TOKEN = "insecure-token-of-the-chaos"  # noqa: S105  for servers that live for this run
Answers = set[tuple[str, str]]  # session, question


@dataclass
class Seen:
    """What students saw. `accepted`: when an answer's 200 came, but for those found lost."""

    token: str
    plan: "Plan"
    ports: list[int]
    is_over: bool = False  # nobody begins anything any more
    accepted: dict[tuple[str, str], datetime.datetime] = field(default_factory=dict)
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


async def student(seen: Seen, name: str) -> None:
    """Test after test, until it is over; goes on where the service says that the test is."""
    wires = [Wire(port) for port in seen.ports]
    try:
        for number in range(10**6):
            if seen.is_over:
                return
            body: dict[str, Any] = {"student_id": name, "test": NAMED_TEST}
            started = await _insist(seen, wires, "start", body, f"{name}-{number}")
            question = started.get("next_question")
            while question is not None and not seen.is_over:
                session = str(started["session_id"])
                body = {"session_id": session, "question_id": question["id"], "response": 0}
                reply = await _insist(seen, wires, "submit", body, question["id"])
                if reply.get("code"):  # of another past than ours: where it stands now
                    current = reply.get("current_question_id")
                    question = {"id": current} if current else None
                    continue
                seen.accepted[session, question["id"]] = datetime.datetime.now(datetime.UTC)
                question = reply.get("next_question")
    finally:
        for wire in wires:
            wire.close()


async def _insist(seen: Seen, wires: list[Wire], what: str, body: dict[str, Any], key: str) -> dict[str, Any]:
    """Until the service says what became of it."""
    request = Request(f"/api/test/{what}", f"Token {seen.token}", body, key)
    for turn in range(10**6):
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


async def reader(seen: Seen, test: str) -> None:
    """A file of results after the other, until it is over."""
    for turn in range(10**6):
        if seen.is_over:
            return
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


def reads(ports: list[int]) -> dict[str, int]:
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
