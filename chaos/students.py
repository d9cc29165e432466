"""Students who misbehave, their programs that retry, and what both were told.

What a student answers is a hash of seed, student, test and question, so that it can be computed again. How
it is sent comes from the seed too; when, from the machine.
"""

import asyncio
import hashlib
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from chaos.plans import Plan
from chaos.wire import MOST_PATIENT, PATIENCE, PLAIN, Lost, Manner, Reply, Request, Wire

QUIT = 15  # of a hundred tests so many are ended by the student
TESTS_EACH = 2  # the second begins with what the first found out
LONGEST_BACKOFF = 1.0  # seconds; far less than Retry-After asks for
MOST_TRIES = (
    1_000  # of one request. Not so many seconds: a machine may be slow, and its tests must end all the same
)
AT_ONCE = 10
ABANDONED_AFTER = 30  # minutes; no run is so slow that a student waits for that long
LOOKS = 0.1  # how often a client asks for the status after an answer

# Of a hundred answers so many are sent like this; the rest goes well unless a server fails.
MANNERS = {
    "client left right after sending": 6,
    "client left before the reply": 8,
    "client left in mid-request": 4,
    "slow client": 5,
    "ten at once with a key": 5,
    "repeated at once without a key": 6,
    "reply lost without a key": 6,
}


@dataclass
class Asked:
    """One request of a client, however often it was sent. `reply` is the first 200, `conflict` a 409 that
    says: done already. Only a request without a key may meet one."""

    request: Request
    question_id: str = ""
    option: int | None = None
    reply: dict[str, Any] | None = None
    conflict: dict[str, Any] | None = None
    accepted: int = 0  # how many 200 came
    is_refused: bool = False  # by a reply that no fault excuses

    @property
    def is_done(self) -> bool:
        return self.reply is not None or self.conflict is not None


@dataclass
class Sitting:
    """One student's one test, as the client saw it."""

    student_id: str
    number: int
    plan: Plan
    quits_after: int | None
    start: Asked
    answers: list[Asked] = field(default_factory=list)
    end: Asked | None = None
    is_over: bool = False

    @property
    def session_id(self) -> str | None:
        return None if self.start.reply is None else str(self.start.reply["session_id"])


@dataclass
class Tally:
    """What all students together saw."""

    accepted: int = 0
    manners: Counter[str] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    replies: Counter[str] = field(default_factory=Counter)
    sittings: list[Sitting] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Run:
    """What all students share."""

    seed: int
    ports: list[int]
    token: str
    plans: list[Plan]
    tally: Tally


def draw(*parts: object) -> int:
    """A number that the parts alone decide."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big")


def option_of(seed: int, student_id: str, test: int, question_id: str, options: int) -> int | None:
    """What the student answers. Once in twenty: "I don't know"."""
    drawn = draw(seed, student_id, test, question_id)
    return None if drawn % 20 == 0 else (drawn // 20) % options


class Student:
    """A student with a program that keeps trying."""

    def __init__(self, run: Run, number: int) -> None:
        self.seed, self.ports, self.plans, self.tally = run.seed, run.ports, run.plans, run.tally
        self.id = f"student-{number}"
        self.client = f"Token {run.token}"
        self.rng = random.Random(f"{run.seed}/{self.id}/manners")
        self.wires = [Wire(port) for port in run.ports]

    async def take_tests(self) -> None:
        try:
            for number in range(TESTS_EACH):
                if not await self._take(number):
                    return
        finally:
            for wire in self.wires:
                wire.close()

    async def _take(self, number: int) -> bool:
        """One test, from the start to the end; False where the client gave up."""
        drawn = random.Random(f"{self.seed}/{self.id}/{number}")
        plan = drawn.choice(self.plans)
        quits_after = drawn.randint(1, 8) if drawn.randrange(100) < QUIT else None
        body = {"student_id": self.id, "question_pool_id": plan.pool_id, **plan.asked}
        request = Request("/api/test/start", self.client, body, key=f"{self.id}-{number}")
        sitting = Sitting(self.id, number, plan, quits_after, start=Asked(request))
        self.tally.sittings.append(sitting)
        await self._bring_home(sitting.start, may_lose_key=False)
        if sitting.start.reply is None:
            return False
        question_id: str | None = sitting.start.reply["next_question"]["id"]
        while question_id is not None and len(sitting.answers) != quits_after:
            answer = self._answer(sitting, question_id)
            sitting.answers.append(answer)
            await self._bring_home(answer)
            if not answer.is_done:
                return False
            question_id = _next_question(answer)
            if self.rng.random() < LOOKS:
                await self._look(sitting, question_id)
        if question_id is not None:
            sitting.end = Asked(Request(f"/api/test/end/{sitting.session_id}", self.client, {}))
            await self._bring_home(sitting.end, may_lose_key=False)
            if sitting.end.reply is None:
                return False
        await self._look_back(sitting)
        sitting.is_over = True
        return True

    def _answer(self, sitting: Sitting, question_id: str) -> Asked:
        assert sitting.start.reply is not None
        option = option_of(self.seed, self.id, sitting.number, question_id, sitting.plan.options[question_id])
        body = {"session_id": sitting.session_id, "question_id": question_id, "response": option}
        if self.rng.random() < 0.3:
            body["student_id"] = self.id
        # Mostly the student's browser, now and then the school's own system.
        holder = f"Session {sitting.start.reply['session_token']}"
        authorization = holder if self.rng.random() < 0.8 else self.client
        request = Request("/api/test/submit", authorization, body, key=f"answer-{len(sitting.answers)}")
        return Asked(request, question_id, option)

    async def _look(self, sitting: Sitting, question_id: str | None) -> None:
        """Ask where the test stands. One try: while PostgreSQL is away it may be refused."""
        asked = Asked(Request(f"/api/test/status/{sitting.session_id}", self.client, None))
        await self._send(asked, PLAIN)
        if asked.reply is None:
            return
        self.tally.checks["asked where the test stands"] += 1
        shown = asked.reply["next_question"]
        found = (asked.reply["questions_answered"], None if shown is None else shown["id"])
        last = sitting.answers[-1].reply
        if found != (len(sitting.answers), question_id) or (
            last and asked.reply["ability"] != last["ability"]
        ):
            self.tally.differing.append(f"status {asked.reply} after {last}, {len(sitting.answers)} answers")

    # --- Sending ------------------------------------------------------------------------------------------

    async def _bring_home(self, asked: Asked, *, may_lose_key: bool = True) -> None:
        """Send it in some manner, and then until its fate is known."""
        kinds = [*MANNERS, ""]
        (kind,) = self.rng.choices(kinds, [*MANNERS.values(), 100 - sum(MANNERS.values())])
        if kind.endswith("without a key"):
            if not may_lose_key:
                kind = ""
            else:
                asked.request = Request(asked.request.path, asked.request.authorization, asked.request.body)
        await self._misbehave(kind, asked)
        await self._insist(asked)
        if kind:
            self.tally.manners[kind] += 1

    async def _misbehave(self, kind: str, asked: Asked) -> None:
        rng = self.rng
        match kind:
            case "client left right after sending":
                await self._send(asked, Manner(leaves_after=0.0))
            case "client left before the reply" | "reply lost without a key":
                await self._send(asked, Manner(leaves_after=rng.uniform(0.001, 0.03)))
            case "client left in mid-request":
                await self._send(asked, Manner(pieces=rng.randint(2, 5), leaves_before_last_piece=True))
            case "slow client":
                await self._send(asked, Manner(pieces=rng.randint(3, 6), pause=rng.uniform(0.02, 0.15)))
            case "ten at once with a key":
                await self._send_at_once(asked, AT_ONCE)
            case "repeated at once without a key":
                await self._send_at_once(asked, rng.randint(2, 4))

    async def _send_at_once(self, asked: Asked, count: int) -> None:
        """Over so many connections, to all web servers."""
        wires = [Wire(self.ports[i % len(self.ports)]) for i in range(count)]
        try:
            await asyncio.gather(*(self._send(asked, PLAIN, wire) for wire in wires))
        finally:
            for wire in wires:
                wire.close()

    async def _insist(self, asked: Asked) -> None:
        """Retry until the request's fate is known, or for very many times, more patiently each time."""
        wait, patience = 0.02, PATIENCE
        for _ in range(MOST_TRIES):
            if asked.is_done or asked.is_refused:
                return
            await self._send(asked, Manner(patience=patience))
            patience = min(MOST_PATIENT, patience * 1.2)
            if not asked.is_done:
                await asyncio.sleep(wait * self.rng.uniform(0.5, 1.0))
                wait = min(LONGEST_BACKOFF, wait * 2)

    async def _send(self, asked: Asked, manner: Manner, wire: Wire | None = None) -> None:
        """Send it once and note what came."""
        try:
            reply = await (wire or self.rng.choice(self.wires)).ask(asked.request, manner)
        except Lost as reason:
            self.tally.replies[str(reason)] += 1
        else:
            self._note(asked, reply)

    def _note(self, asked: Asked, reply: Reply) -> None:
        self.tally.replies[f"{reply.status} {reply.code}".strip()] += 1
        where = f"{asked.request.path} {asked.request.body} key={asked.request.key}"
        if reply.status == 200:
            self._note_good(asked, reply.body, where)
        elif reply.code == "already_submitted" and asked.request.key is None:
            asked.conflict = reply.body
        elif reply.status not in (429, 503) and reply.code != "submission_in_progress":
            self.tally.unexpected.append(f"{where}: {reply.status} {reply.body}")
            asked.is_refused = reply.status < 500

    def _note_good(self, asked: Asked, body: dict[str, Any], where: str) -> None:
        asked.accepted += 1
        if asked.reply is None:
            asked.reply = body
            self.tally.accepted += bool(asked.question_id)
        elif asked.question_id and asked.request.key is None:
            self.tally.doubled.append(f"{where}: accepted {asked.accepted} times without a key")
        elif body != asked.reply:
            self.tally.differing.append(f"{where}: {asked.reply} and then {body}")

    # --- After the test -----------------------------------------------------------------------------------

    async def _look_back(self, sitting: Sitting) -> None:
        """Repeat what is long done: the same replies must come, and another answer must be refused."""
        with_key = [answer for answer in sitting.answers if answer.request.key]
        late = [sitting.start, *self.rng.sample(with_key, min(2, len(with_key)))]
        late += [answer for answer in sitting.answers[-1:] if answer.request.key]
        late += [sitting.end] if sitting.end else []
        for asked in late:
            await self._repeat(asked)
            self.tally.checks["repeated after the test"] += 1
        for answer in self.rng.sample(sitting.answers, min(1, len(sitting.answers))):
            await self._change_mind(answer)
            self.tally.checks["another answer to the same question"] += 1

    async def _repeat(self, asked: Asked) -> None:
        again = Asked(asked.request)
        await self._insist(again)
        if again.reply != asked.reply:
            self.tally.differing.append(f"{asked.request}: {asked.reply} and after the test {again.reply}")

    async def _change_mind(self, answer: Asked) -> None:
        other = 0 if answer.option != 0 else 1
        request = answer.request
        body = {**(request.body or {}), "response": other}
        changed = Request(request.path, request.authorization, body, request.key)
        wanted = "idempotency_key_reused" if request.key else "already_submitted"
        for _ in range(200):
            try:
                reply = await self.rng.choice(self.wires).ask(changed)
            except Lost:
                reply = Reply(503, {})
            if reply.status not in (429, 503) and reply.code != "submission_in_progress":
                if reply.code != wanted:
                    self.tally.unexpected.append(f"{changed}: {reply}")
                return
            await asyncio.sleep(self.rng.uniform(0.1, 0.5))
        self.tally.unexpected.append(f"{changed}: no answer at all")


async def clean_up(run: Run) -> None:
    """Ask for abandoned tests while students take theirs: whatever the clocks say, there are none."""
    rng = random.Random(f"{run.seed}/cleaner")
    wires = [Wire(port) for port in run.ports]
    request = Request("/api/sessions/cleanup", f"Token {run.token}", {"inactivity_minutes": ABANDONED_AFTER})
    try:
        while True:
            await asyncio.sleep(rng.expovariate(1.0))
            with suppress(Lost):
                reply = await rng.choice(wires).ask(request)
                if reply.status == 200:
                    run.tally.checks["asked for abandoned tests"] += 1
                if reply.status not in (200, 503) or reply.body.get("sessions_removed"):
                    run.tally.unexpected.append(f"{request}: {reply}")
    finally:
        for wire in wires:
            wire.close()


def _next_question(answer: Asked) -> str | None:
    """None: the test is over."""
    if answer.reply is not None:
        shown = answer.reply.get("next_question")
        return None if shown is None else str(shown["id"])
    assert answer.conflict is not None
    current: str | None = answer.conflict["current_question_id"]
    return current
