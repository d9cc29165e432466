"""The backend that DATABASES names. Django finds the class by its name and place."""

import select
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool


class DatabaseWrapper(base.DatabaseWrapper):
    """Takes connections that live from the pool.

    Django asks the server before each request (CONN_HEALTH_CHECKS): a round trip more for every answer. A
    server that restarts, dies or closes a connection makes its socket readable, which the kernel knows at
    once. One that vanishes without a word is noticed by neither before the time that TCP gives it.
    """

    def get_new_connection(self, conn_params: Any) -> Any:
        while True:  # the pool replaces what is broken, and gives up after its own timeout
            connection = super().get_new_connection(conn_params)
            if self.pool is None or is_silent(connection):
                return connection
            try:
                ConnectionPool.check_connection(connection)
            except psycopg.Error:
                self.pool.putconn(connection)
            else:
                return connection

    def _configure_connection(self, connection: Any) -> bool:
        """Each new one: nothing is compiled for a statement. PostgreSQL compiles those that it expects to be
        long, which old statistics make of short ones; with fresh ones no difference was measured."""
        is_to_be_committed = bool(super()._configure_connection(connection))  # type: ignore[misc]
        connection.execute("SET jit = off")
        return is_to_be_committed


def is_silent(connection: "psycopg.Connection[Any]") -> bool:
    """Whether the server has said nothing since the last reply, not even that it goes."""
    poll = select.poll()
    try:
        poll.register(connection.fileno(), select.POLLIN)
    except psycopg.OperationalError:  # closed on this side
        return False
    return not poll.poll(0)
