"""Connections of the pool that died are replaced before anybody notices."""

import psycopg
import pytest
from django.db import connection

from adaptive.postgresql.base import is_silent

pytestmark = pytest.mark.django_db(transaction=True)


def pid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        found: int = cursor.fetchone()[0]
        return found


def terminated(*pids: int) -> None:
    """By somebody else, as a restart does it."""
    with psycopg.connect(**{**connection.get_connection_params(), "cursor_factory": None}) as other:
        for each in pids:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [each])


def test_it_takes_another_connection_where_one_was_cut() -> None:
    before = pid()
    connection.close()  # into the pool
    assert getattr(connection, "pool", None) is not None
    terminated(before)
    assert pid() != before


def test_a_connection_that_was_only_told_something_goes_on() -> None:
    before = pid()
    with connection.cursor() as cursor:
        cursor.execute("LISTEN news")
    assert is_silent(connection.connection)
    connection.close()
    with psycopg.connect(**{**connection.get_connection_params(), "cursor_factory": None}) as other:
        other.execute("NOTIFY news")
    assert pid()
    with connection.cursor() as cursor:  # whichever of the pool this is, that one was not thrown away
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [before])
        assert cursor.fetchone() == (1,)


def test_it_asks_the_server_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # it may hold one that another test cut
    pid()
    connection.close()
    with monkeypatch.context() as patched:
        patched.setattr(psycopg.Connection, "execute", None)  # whoever calls it fails
        connection.ensure_connection()
    assert pid()


def test_nothing_is_compiled_for_a_statement() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")
        assert cursor.fetchone() == ("off",)
