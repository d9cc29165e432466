"""What a Redis URL names: one server, a cluster, or a master that Sentinels know; and a client for it.

    redis://[user:password@]host[:port][/database]                     rediss:// is the same over TLS
    redis+cluster://[user:password@]host[:port][,host…][/]             any of the cluster's nodes
    redis+sentinel://[user:password@]host[:port][,host…]/master[/database]    the Sentinels

Behind a `?` stand redis-py's options, `ssl_ca_certs=/etc/ca.pem` for one; of Sentinels that want another
login than the master's also `sentinel_username` and `sentinel_password`.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlencode, urlsplit

from django_redis.pool import ConnectionFactory
from redis import Redis, RedisCluster
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode
from redis.connection import parse_url
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisClusterException
from redis.retry import Retry
from redis.sentinel import Sentinel

SINGLE, CLUSTER, SENTINEL = "single", "cluster", "sentinel"
_KINDS = {
    "redis": (SINGLE, False),
    "rediss": (SINGLE, True),
    "redis+cluster": (CLUSTER, False),
    "rediss+cluster": (CLUSTER, True),
    "redis+sentinel": (SENTINEL, False),
    "rediss+sentinel": (SENTINEL, True),
}
_PORTS = {CLUSTER: 6379, SENTINEL: 26379}
_OF_SENTINELS = ("sentinel_username", "sentinel_password")


class UrlRefused(ValueError):
    """Why a URL names no Redis; without the URL, which may hold a password."""


@dataclass(frozen=True)
class RedisServers:
    """What a URL names. `options` and `sentinel_options` are redis-py's: login, database, TLS."""

    kind: str
    url: str = field(repr=False)
    hosts: tuple[tuple[str, int], ...] = ()
    master: str = ""
    options: dict[str, Any] = field(default_factory=dict, repr=False)
    sentinel_options: dict[str, Any] = field(default_factory=dict, repr=False)


def read_url(url: str) -> RedisServers:
    """Raises `UrlRefused`."""
    scheme, _, rest = url.partition("://")
    if scheme not in _KINDS:
        raise UrlRefused(f"It begins with none of {', '.join(f'{known}://' for known in _KINDS)}.")
    kind, is_secure = _KINDS[scheme]
    if kind == SINGLE:
        _parsed(url)
        return RedisServers(kind, url)
    netloc, parts = _netloc_and_parts(rest)
    login, _, names = netloc.rpartition("@")
    hosts = tuple(_host_and_port(name, _PORTS[kind]) for name in names.split(","))
    path = [part for part in parts.path.split("/") if part]
    master = path.pop(0) if kind == SENTINEL and path else ""
    if kind == SENTINEL and not master:
        raise UrlRefused("Behind the Sentinels stands the name that they call the master by: …/mymaster/0.")
    if len(path) > (1 if kind == SENTINEL else 0) and path != ["0"]:
        raise UrlRefused("A cluster has no databases." if kind == CLUSTER else "Its path is too long.")
    asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    of_sentinels = {name: asked.pop(name, "") for name in _OF_SENTINELS}
    plain = f"{'rediss' if is_secure else 'redis'}://{login}{'@' if login else ''}localhost"
    options = _parsed(f"{plain}/{path[0] if path else 0}?{urlencode(asked)}")
    for name in ("host", "port", "connection_class"):
        options.pop(name, None)
    if is_secure:
        options["ssl"] = True
    if kind == CLUSTER:
        options.pop("db", None)
    tls = {name: value for name, value in options.items() if name.startswith("ssl")}
    own = {name.removeprefix("sentinel_"): value for name, value in of_sentinels.items() if value}
    return RedisServers(kind, url, hosts, master, options, {**tls, **own})


def _netloc_and_parts(rest: str) -> tuple[str, SplitResult]:
    """What stands before the path, and path and query. `urlsplit` refuses a second host in brackets."""
    netloc = re.split("[/?#]", rest, maxsplit=1)[0]
    return netloc, urlsplit(f"redis://{rest[len(netloc) :]}")


def _parsed(url: str) -> dict[str, Any]:
    try:
        return dict(parse_url(url))  # type: ignore[no-untyped-call]
    except ValueError as error:
        raise UrlRefused(str(error)) from error


def _host_and_port(name: str, usual: int) -> tuple[str, int]:
    """Of `host`, `host:port`, `[address]:port`."""
    parts = urlsplit(f"//{name}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UrlRefused("A port is no number.") from error
    if not host:
        raise UrlRefused("A host is missing.")
    return host, usual if port is None else port


# --- Clients ------------------------------------------------------------------------------------------------


def client_of(url: str, patience: float) -> Redis | RedisCluster:
    """A client of what the URL names, one for each process. It waits `patience` seconds for a server, once.

    Nothing is tried again here: whoever asks goes on without Redis, and asks the next time where to go.

    Raises redis-py's `ConnectionError` where no node of a cluster answers.
    """
    return _client_of(url, patience, os.getpid())


@lru_cache(maxsize=16)
def _client_of(url: str, patience: float, pid: int) -> Redis | RedisCluster:
    servers = read_url(url)
    times: dict[str, Any] = {"socket_timeout": patience, "socket_connect_timeout": patience}
    never_again = Retry(NoBackoff(), 0)
    if servers.kind == SINGLE:
        return Redis.from_url(url, **times, retry=never_again)
    if servers.kind == CLUSTER:
        nodes = [ClusterNode(*host) for host in servers.hosts]  # type: ignore[no-untyped-call]
        with _outages_told():
            return Cluster(
                startup_nodes=nodes,
                retry=never_again,
                require_full_coverage=False,
                reinitialize_steps=1,
                **servers.options,
                **times,
            )
    knowing = Sentinel(  # type: ignore[no-untyped-call]
        list(servers.hosts),
        sentinel_kwargs={**servers.sentinel_options, **times, "retry": never_again},
        **servers.options,
        **times,
        retry=never_again,
    )
    master: Redis = knowing.master_for(servers.master)  # type: ignore[no-untyped-call]
    return master


@contextmanager
def _outages_told() -> Iterator[None]:
    """redis-py has an exception of another family for a cluster of which no node answers."""
    try:
        yield
    except RedisClusterException as error:
        raise RedisConnectionError(str(error)) from error


class Cluster(RedisCluster):
    """A cluster that is away is an outage like any other's."""

    def execute_command(self, *arguments: Any, **options: Any) -> Any:
        with _outages_told():
            return super().execute_command(*arguments, **options)  # type: ignore[no-untyped-call]


class Connections(ConnectionFactory):  # type: ignore[misc]  # its types are skipped
    """For django-redis: connects to what the URL names."""

    def connect(self, url: str) -> Any:
        if read_url(url).kind == SINGLE:
            return super().connect(url)  # with a pool of the process
        return client_of(url, self.options["SOCKET_TIMEOUT"])

    def disconnect(self, connection: Any) -> None:
        if isinstance(connection, RedisCluster):
            connection.disconnect_connection_pools()  # type: ignore[no-untyped-call]
        else:
            super().disconnect(connection)


# --- Celery's queue -----------------------------------------------------------------------------------------


def is_redis(url: str) -> bool:
    """Any other kind of queue is Celery's own to read."""
    return "redis" in url.partition("://")[0]


def problem_of_broker(url: str) -> str:
    """Why it can be no queue; empty where it can. A worker waits for several keys at once, in one place."""
    if not is_redis(url):
        return ""
    try:
        is_cluster = read_url(url).kind == CLUSTER
    except UrlRefused as reason:
        return str(reason)
    return "A cluster cannot be the queue: name a server of its own, or Sentinels." if is_cluster else ""


def broker_settings(url: str) -> dict[str, Any]:
    """Celery's settings for the queue at `url`: Celery has words of its own for Sentinels.

    What they cannot be is left as it is: `adaptive.checks` refuses it.
    """
    if problem_of_broker(url) or not is_redis(url) or (servers := read_url(url)).kind == SINGLE:
        return {"CELERY_BROKER_URL": url}
    login, _, _ = _netloc_and_parts(url.partition("://")[2])[0].rpartition("@")
    at = f"{login}@" if login else ""
    database = servers.options.get("db", 0)
    spoken = [f"sentinel://{at}{f'[{h}]' if ':' in h else h}:{port}/{database}" for h, port in servers.hosts]
    tls = {name: value for name, value in servers.options.items() if name.startswith("ssl_")}
    found: dict[str, Any] = {
        "CELERY_BROKER_URL": ";".join(spoken),
        "CELERY_BROKER_TRANSPORT_OPTIONS": {
            "master_name": servers.master,
            "sentinel_kwargs": servers.sentinel_options,
        },
    }
    if servers.options.get("ssl"):
        found["CELERY_BROKER_USE_SSL"] = tls or {"ssl_cert_reqs": "required"}
    return found
