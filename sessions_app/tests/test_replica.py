"""Reports are read from a replica, and from the primary where that cannot be."""

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, connections, transaction
from prometheus_client import REGISTRY

from adaptive.postgresql.base import DatabaseWrapper
from embedded.postgres_pair import PostgresPair
from embedded.processes import wait_until
from embedded.services import DATABASE
from sessions_app import replica

NOWHERE = {"HOST": "127.0.0.1", "PORT": "1", "OPTIONS": {"connect_timeout": 1}}  # nobody listens there

NameReplica = Callable[..., None]


@pytest.fixture
def name_replica(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameReplica]:
    """Let the service read from a server, which differs so from the primary; it looks there at each read."""
    monkeypatch.setattr(replica, "_standing", None)
    monkeypatch.setattr(replica, "LOOK_EVERY", 0.0)
    monkeypatch.setattr(replica, "LOOK_AGAIN_AFTER", 0.0)

    def name(**differs: Any) -> None:
        primary = connections["default"].settings_dict
        without_pool = {name: value for name, value in primary["OPTIONS"].items() if name != "pool"}
        there = primary | {"OPTIONS": without_pool} | differs
        monkeypatch.setitem(settings.DATABASES, replica.ALIAS, there)
        connections[replica.ALIAS] = DatabaseWrapper(there, replica.ALIAS)

    yield name
    connections[replica.ALIAS].close()
    del connections[replica.ALIAS]


def reads() -> list[float]:
    """From the replica, from the primary."""
    samples = ({"server": server} for server in ("replica", "primary"))
    return [REGISTRY.get_sample_value("adaptive_lagging_reads_total", labels) or 0 for labels in samples]


def where() -> str:
    return connection.alias


@pytest.fixture
def servers(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Whichever are named may be asked: nothing is written there."""
    with django_db_blocker.unblock():
        yield
        connection.close()


@pytest.mark.usefixtures("servers")
def test_without_one_everything_is_read_as_ever() -> None:
    before = reads()
    assert replica.read(where) == "default"
    assert reads() == before


@pytest.mark.usefixtures("servers")
@pytest.mark.parametrize(("differs", "why"), [(NOWHERE, "refused"), ({}, "it is no standby")])
def test_one_that_is_away_or_leads_is_not_read_from(
    name_replica: NameReplica, caplog: pytest.LogCaptureFixture, differs: dict[str, Any], why: str
) -> None:
    name_replica(**differs)
    from_replica, from_primary = reads()
    with caplog.at_level(logging.WARNING, logger="sessions_app.replica"):
        assert [replica.read(where) for _ in range(2)] == ["default", "default"]
    assert reads() == [from_replica, from_primary + 2]
    assert why in str(replica.standing().why)
    told = [record.getMessage() for record in caplog.records if record.name == "sessions_app.replica"]
    assert told == [f"Reports are read from the primary, not from the replica: {replica.standing().why}"]


def test_in_a_transaction_its_own_server_is_read(db: None, name_replica: NameReplica) -> None:
    name_replica()
    before = reads()
    with transaction.atomic():
        assert replica.read(where) == "default"
    assert reads() == before


# --- A real standby -----------------------------------------------------------------------------------------


@pytest.fixture
def pair(request: pytest.FixtureRequest) -> Iterator[PostgresPair]:
    if not request.config.getoption("--deep"):
        pytest.skip("starts two PostgreSQL servers of its own")
    folder = Path(tempfile.mkdtemp(prefix="adaptive-"))  # short, for their sockets; theirs to enter
    folder.chmod(0o755)
    try:
        started = PostgresPair(folder, is_synchronous=False)
        yield started
        started.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def leading(pair: PostgresPair) -> Iterator[None]:
    """The service's primary is the pair's leader."""
    real = connections["default"]
    there = {"HOST": str(pair.folders[0]), "NAME": DATABASE, "USER": "postgres", "OPTIONS": {}}
    connections["default"] = DatabaseWrapper(real.settings_dict | there, "default")
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"] = real


def on(alias: str, statement: str) -> Any:
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else None


def count() -> tuple[str, int]:
    """Which server was read, and how many rows it has."""
    ((is_standby, rows),) = on("default", "SELECT pg_is_in_recovery(), count(*) FROM told")
    return ("replica" if is_standby else "primary"), rows


def test_a_standby_is_read_while_it_follows(
    pair: PostgresPair, django_db_blocker: Any, name_replica: NameReplica, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "DATABASE_REPLICA_MAX_LAG", 0.5)
    with django_db_blocker.unblock(), leading(pair):
        name_replica(HOST=str(pair.folders[1]))
        on("default", "CREATE TABLE told AS SELECT 1 AS one")
        assert wait_until(lambda: replica.read(count) == ("replica", 1))
        on("replica", "SELECT pg_wal_replay_pause()")
        on("default", "INSERT INTO told VALUES (2)")
        assert wait_until(lambda: replica.read(count) == ("primary", 2))  # too far behind
        assert "behind" in str(replica.standing().why)
        on("default", "CREATE TABLE new AS SELECT 3 AS three")
        monkeypatch.setattr(settings, "DATABASE_REPLICA_MAX_LAG", 3600)
        assert replica.read(count) == ("replica", 1)
        assert replica.read(lambda: on("default", "SELECT * FROM new")) == [(3,)]  # not there yet
        with pytest.raises(DatabaseError, match="nowhere"):
            replica.read(lambda: on("default", "SELECT * FROM nowhere"))
        on("replica", "SELECT pg_wal_replay_resume()")
        assert wait_until(lambda: replica.read(count) == ("replica", 2))
        pair.standby.halt("immediate")
        assert replica.read(count) == ("primary", 2)
        pair.standby.resume()
        assert wait_until(lambda: replica.read(count) == ("replica", 2))
