"""Several commands to Redis in one go: sent together, their replies read together, and nothing beside that.

redis-py makes the connections, opens them where they lead and says what went wrong; its pipelines, which
would send the same, take four times as long around it. To a cluster alone one is sent: it knows where each
key lies.
"""

import os
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from hiredis import pack_command
from redis import Redis, RedisCluster
from redis.connection import ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

Command: TypeAlias = tuple[str | bytes | int, ...]
Connection: TypeAlias = Any  # redis-py's: most of it has no types


def exchange(client: Redis | RedisCluster, commands: Sequence[Command]) -> list[Any]:
    """The reply to each command; where one was refused, the error in its place.

    Raises `RedisError` where there is none, and of a cluster `RedisClusterException`.
    """
    if isinstance(client, RedisCluster):
        with client.pipeline(transaction=False) as pipeline:  # type: ignore[no-untyped-call]
            for command in commands:
                pipeline.execute_command(*command)
            replies: list[Any] = pipeline.execute(raise_on_error=False)
            return replies
    return _server_of(client.connection_pool, os.getpid()).exchange(commands)


class Server:
    """The connections of this process to one server, or to the master that Sentinels name."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._idle: deque[Connection] = deque()

    def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """Raises `RedisError`; then the idle ones are left, too: they may lead to a server that is gone."""
        connection = self._take()
        try:
            packed = b"".join(pack_command(command) for command in commands)  # type: ignore[arg-type]
            _open(connection)
            connection.send_packed_command([packed])
            replies = [_reply_on(connection) for _ in commands]
        except BaseException:
            connection.disconnect()
            self._leave_idle()
            raise
        self._idle.append(connection)
        return replies

    def _take(self) -> Connection:
        try:
            return self._idle.pop()  # the one that was used last
        except IndexError:
            return self._pool.make_connection()

    def _leave_idle(self) -> None:
        while self._idle:
            self._idle.pop().disconnect()


@lru_cache(maxsize=16)
def _server_of(pool: ConnectionPool, pid: int) -> Server:
    """A process that was forked shares no connection with the one it came from."""
    return Server(pool)


def _open(connection: Connection) -> None:
    """Open it, and anew where the server has closed it since it was used."""
    connection.connect()
    try:
        is_silent = not connection.can_read()
    except (RedisConnectionError, OSError):
        is_silent = False
    if not is_silent:
        connection.disconnect()
        connection.connect()


def _reply_on(connection: Connection) -> Any:
    try:
        return connection.read_response()
    except ResponseError as refused:
        return refused
