"""What is kept between test runs is made anew whenever it would not be the same."""

import os
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from embedded import prepared
from embedded.services import PREPARED, TEMPLATE


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Gives the name of what is kept for the files below `tmp_path`; nothing is really set up."""

    def copy(source: Path, target: Path) -> None:
        target.mkdir()

    monkeypatch.setattr(prepared, "ROOT", tmp_path)
    monkeypatch.setattr(prepared, "KEPT_IN", tmp_path / ".pytest_cache")
    monkeypatch.setattr(prepared, "_make", lambda folder: None)
    monkeypatch.setattr(prepared, "copy_folder", copy)
    return lambda: prepared.prepared_folder().name


def test_it_is_made_anew_for_other_migrations_and_the_old_one_goes(
    made: Callable[[], str], tmp_path: Path
) -> None:
    migrations = tmp_path / "an_app" / "migrations"
    migrations.mkdir(parents=True)
    names = [made()]
    (migrations / "0001_initial.py").write_text("first")
    names.append(made())
    (migrations / "0001_initial.py").write_text("edited")
    names.append(made())
    (migrations / "0001_initial.py").rename(migrations / "0001_renamed.py")
    names.append(made())
    assert len(set(names)) == 4
    assert made() == names[-1]
    assert [path.name for path in (tmp_path / ".pytest_cache").iterdir()] == [names[-1]]


@pytest.mark.skipif(PREPARED not in os.environ, reason="the databases are somebody else's")
def test_it_holds_every_migration_as_a_database_that_nobody_enters(db: None) -> None:
    recorded = {name for (name,) in _asked("SELECT app || '.' || name FROM django_migrations")}
    files = {f"{app}.{name}" for app, name in MigrationExecutor(connection).loader.disk_migrations}
    assert recorded == files
    (row,) = _asked("SELECT datistemplate, datallowconn FROM pg_database WHERE datname = %s", TEMPLATE)
    assert row == (True, False)
    with pytest.raises(psycopg.OperationalError, match="not currently accepting"):
        psycopg.connect(**{**connection.get_connection_params(), "dbname": TEMPLATE})


def _asked(query: str, *parameters: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())
