"""Two databases of one server with the same tables, indexes and triggers, to compare sizes in one run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def twins() -> tuple[str, str]:
    """The service's own database as it is now, and a copy of it: their names."""
    from django.db import connection

    first = str(connection.settings_dict["NAME"])
    return first, copy_of_own(f"{first}_large")


def copy_of_own(name: str) -> str:
    """A copy of the service's own database as it is now, in the place of one that may have this name."""
    from django.db import connection

    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    own = connection.settings_dict["NAME"]
    with connected_to("postgres"):
        run(f'DROP DATABASE IF EXISTS "{name}"')
        run(f'CREATE DATABASE "{name}" TEMPLATE "{own}"')
    return name


def database_exists(name: str) -> bool:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [name])
        return cursor.fetchone() is not None


def rename(database: str, name: str) -> None:
    with connected_to("postgres"):
        run(f'ALTER DATABASE "{database}" RENAME TO "{name}"')


@contextmanager
def connected_to(database: str) -> Iterator[None]:
    """Django's connection goes to another database of the same server, without a pool between."""
    from django.db import connections

    from adaptive.postgresql.base import DatabaseWrapper

    usual = connections["default"]
    options = {name: value for name, value in usual.settings_dict["OPTIONS"].items() if name != "pool"}
    connections["default"] = DatabaseWrapper(
        {**usual.settings_dict, "NAME": database, "OPTIONS": options}, "default"
    )
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"] = usual


@contextmanager
def unchecked() -> Iterator[None]:
    """No trigger fires and no foreign key is asked: for rows by the million."""
    run("SET session_replication_role = replica")
    yield
    run("SET session_replication_role = DEFAULT")


def run(statement: str, parameters: dict[str, Any] | None = None) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
