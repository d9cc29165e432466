"""A PostgreSQL with one standby and a Redis Cluster, from the wheels: what takes over is told to, here."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from chaos.failover import KILLED, Installation
from embedded.postgres_pair import PostgresPair
from embedded.valkeys import ValkeyCluster


class Pair(PostgresPair):
    """With the words of a failover."""

    def end_leader(self, how: str) -> None:
        self.leader.halt("immediate" if how == KILLED else "fast")

    def wait_for_leader(self) -> str:
        self.promote()
        return ""

    def mend(self) -> None:
        self.rejoin()


class Cluster(ValkeyCluster):
    """With the words of a failover."""

    def kill_a_master(self) -> Callable[[], None]:
        master = next(server for server in self.servers if self.is_master(server))
        master.terminate()
        return lambda: master.start()


@contextmanager
def install(folder: Path, is_synchronous: bool) -> Iterator[Installation]:
    with ExitStack() as stack:
        cluster = Cluster(folder / "valkeys")
        stack.callback(cluster.stop)
        pair = Pair(folder, is_synchronous=is_synchronous)
        stack.callback(pair.stop)
        urls = {
            "DATABASE_URL": pair.url,
            "DATABASE_REPLICA_URL": pair.standby_url,
            "REDIS_URL": cluster.url(),
        }
        yield Installation(folder, pair, cluster, urls, [{}, {}], is_synchronous)
