"""What is done to the servers, and when: drawn from the seed, every kind as often as the others of its hand.

Four hands work at once, on Valkey, PostgreSQL, the web processes and their clocks, so that faults meet.
"""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psutil
import redis

from chaos.servers import Servers

# Mean seconds between two faults of one hand.
VALKEY_EVERY, POSTGRES_EVERY, WEB_EVERY, CLOCK_EVERY = 2.0, 6.0, 3.0, 3.0
RELOAD = "web server reloaded"
WRONG_BY = 3 * 3600.0  # seconds, at most

Fault = Callable[[random.Random], Coroutine[Any, Any, None]]


async def _to_its_end(fault: Coroutine[Any, Any, None]) -> None:
    """Even if this task is cancelled: a run must not leave a server stopped."""
    task = asyncio.create_task(fault)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


@dataclass
class Faults:
    """The schedule. `counts` is by kind, and is added to when a fault has happened."""

    servers: Servers
    seed: int
    pace: float = 1.0  # 2: twice as often
    only: str | None = None  # this kind, and no other
    counts: Counter[str] = field(default_factory=Counter)

    async def go_on(self) -> None:
        """Until cancelled. Raises ValueError where there is no fault of the kind that `only` names."""
        by_hand = (
            ("valkey", VALKEY_EVERY, self._valkey_faults()),
            ("postgres", POSTGRES_EVERY, self._postgres_faults()),
            ("web", WEB_EVERY, self._web_faults()),
            ("clock", CLOCK_EVERY, {"clock set": self._set_clock}),
        )
        kinds = [kind for *_, faults in by_hand for kind in faults]
        if self.only is not None and self.only not in kinds:
            raise ValueError(f"There is no fault called “{self.only}”, but: {', '.join(kinds)}.")
        async with asyncio.TaskGroup() as hands:
            for name, every, faults in by_hand:
                chosen = {kind: fault for kind, fault in faults.items() if self.only in (None, kind)}
                if chosen:
                    hands.create_task(self._hand(name, every, chosen))

    async def _hand(self, name: str, every: float, faults: dict[str, Fault]) -> None:
        rng = random.Random(f"{self.seed}/{name}")
        while True:
            for kind in rng.sample(sorted(faults), len(faults)):
                await asyncio.sleep(rng.expovariate(self.pace / every))
                await _to_its_end(faults[kind](rng))
                self.counts[kind] += 1
                self.servers.check()

    # --- Valkey ---------------------------------------------------------------------------------------------

    def _valkey_faults(self) -> dict[str, Fault]:
        return {
            "Valkey flushed": self._flush,
            "Valkey killed, back empty": self._kill_valkey,
            "Valkey killed, back with old data": self._age_valkey,
            "Valkey paused": self._pause_valkey,
        }

    async def _flush(self, rng: random.Random) -> None:
        await self._tell_valkey(lambda valkey: valkey.flushdb())

    async def _kill_valkey(self, rng: random.Random) -> None:
        server = self.servers.valkey.server
        server.terminate()
        await asyncio.sleep(rng.uniform(0.0, 1.5))
        (server.data_dir / "dump.rdb").unlink(missing_ok=True)
        await asyncio.to_thread(server.start)

    async def _age_valkey(self, rng: random.Random) -> None:
        """As after a crash of a Valkey that writes snapshots: every state in it is behind."""
        await self._tell_valkey(lambda valkey: valkey.save())
        await asyncio.sleep(rng.uniform(0.2, 1.0))
        self.servers.valkey.server.terminate()
        await asyncio.sleep(rng.uniform(0.0, 0.5))
        await asyncio.to_thread(self.servers.valkey.server.start)

    async def _pause_valkey(self, rng: random.Random) -> None:
        """Below and above the half second that a web process waits."""
        process = psutil.Process(self.servers.valkey.pid)
        process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(rng.uniform(0.1, 2.0))
        process.send_signal(signal.SIGCONT)

    async def _tell_valkey(self, command: Callable[[Any], object]) -> None:
        def tell() -> None:
            with redis.Redis.from_url(self.servers.valkey.url()) as valkey:
                command(valkey)

        await asyncio.to_thread(tell)

    # --- PostgreSQL and web processes -----------------------------------------------------------------------

    def _postgres_faults(self) -> dict[str, Fault]:
        def restart(mode: str) -> Fault:
            async def fault(rng: random.Random) -> None:
                await asyncio.to_thread(self.servers.postgres.halt, mode)
                # One in four is longer than a request waits for a connection: then it is a 503.
                await asyncio.sleep(rng.choice([*[rng.uniform(0.0, 1.0)] * 3, rng.uniform(3.0, 5.0)]))
                await asyncio.to_thread(self.servers.postgres.resume)

            return fault

        return {f"PostgreSQL restarted, {mode}": restart(mode) for mode in ("fast", "immediate")}

    def _web_faults(self) -> dict[str, Fault]:
        return {"web process killed": self._kill_worker, RELOAD: self._reload}

    async def _reload(self, rng: random.Random) -> None:
        """As an upgrade does: every process of a web server is replaced."""
        rng.choice(self.servers.web).process.send_signal(signal.SIGHUP)

    async def _kill_worker(self, rng: random.Random) -> None:
        """With -9, at whatever it is doing."""
        while not (workers := rng.choice(self.servers.web).workers()):
            await asyncio.sleep(0.1)
        with suppress(psutil.NoSuchProcess):
            rng.choice(workers).kill()

    async def _set_clock(self, rng: random.Random) -> None:
        """Of one machine, ahead or back, by minutes or hours."""
        error = rng.choice([0.0, rng.uniform(-WRONG_BY, WRONG_BY), rng.uniform(-300, 300)])
        rng.choice(self.servers.web).set_clock(error)
