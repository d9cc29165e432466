"""Three PostgreSQLs that Patroni leads, and a Redis that Sentinels watch: nobody is told here to take over.

One web server asks PgBouncer in transaction mode, which asks HAProxy, which asks Patroni; the other has all
three PostgreSQLs in its URL.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from chaos.failover import KILLED, Installation
from embedded.certificates import make_certificates
from embedded.patroni import PATIENCE, PatroniCluster
from embedded.processes import wait_until
from embedded.services import CannotStart
from embedded.valkeys import WatchedValkey, with_tls

TAKES_OVER_WITHIN = 90.0  # seconds: three times what Patroni needs, on a busy machine


class Patroni(PatroniCluster):
    """With the words of a failover. `_gone`: the machine whose current was cut."""

    _gone: str | None = None
    _before: str | None = None

    def end_leader(self, how: str) -> None:
        self._before = self.leader()
        assert self._before is not None
        if how == KILLED:
            self.kill(self._before)
            self._gone = self._before
        else:
            self.switch_over()

    def cut_replication(self) -> None:
        leader = self.leader()
        assert leader is not None
        self.cut_replication_of(leader)

    def wait_for_leader(self) -> str:
        if self._is_led(TAKES_OVER_WITHIN, by_another=True):
            return ""
        # As it should be where the leader saw, before it went, that no standby had everything.
        self._bring_back()
        if not self._is_led(PATIENCE, by_another=False):
            raise CannotStart(f"Nobody led within {PATIENCE:.0f} seconds.")
        return "no standby might lead, so the service waited for the machine that was killed"

    def _is_led(self, patience: float, *, by_another: bool) -> bool:
        former = self._before if by_another else None

        def is_led() -> bool:
            with suppress(psycopg.Error):
                psycopg.connect(self.url, connect_timeout=5).close()  # only to who takes changes already
                return self.leader() not in (None, former)
            return False

        return wait_until(is_led, patience=patience)

    def mend(self) -> None:
        self._bring_back()
        self.wait()

    def _bring_back(self) -> None:
        if self._gone is not None:
            self.start(self._gone)
            self._gone = None


class Watched(WatchedValkey):
    """With the words of a failover."""

    def kill_a_master(self) -> Callable[[], None]:
        master = next(server for server in self.servers if self.is_master(server))
        master.terminate()
        return lambda: master.start()


def _secured(folder: Path) -> dict[str, Any]:
    """With TLS and a password of the Sentinels, where the system has a Redis or Valkey with TLS."""
    if with_tls() is None:
        return {}
    return {"password": "of-sentinels", "certificates": make_certificates(folder / "redis-certificates")}


@contextmanager
def install(folder: Path, is_synchronous: bool) -> Iterator[Installation]:
    with ExitStack() as stack:
        redis = Watched(folder / "valkeys", **_secured(folder))
        stack.callback(redis.stop)
        postgres = Patroni(folder, is_synchronous=is_synchronous)
        stack.callback(postgres.stop)
        urls = {
            "DATABASE_URL": postgres.url,
            "DATABASE_REPLICA_URL": postgres.standby_url,
            "REDIS_URL": redis.url(),
        }
        pooled = {"DATABASE_URL": postgres.pooled_url, "DATABASE_PREPARE_THRESHOLD": "0"}
        yield Installation(folder, postgres, redis, urls, [pooled, {}], is_synchronous)
