"""What all tests share."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.backends.postgresql.operations import DatabaseOperations
from django_redis import get_redis_connection
from hypothesis import settings as hypothesis_settings
from whitenoise.middleware import WhiteNoiseMiddleware
from xdist.scheduler import LoadScopeScheduling

from embedded.services import PREPARED, TEMPLATE
from organisations.models import DEFAULT
from organisations.roles import ROLES
from sessions_app.review.guards import TRIGGERS
from sessions_app.sitting import hot_state
from sessions_app.sitting.result_specs import forget_specs
from testing_engine.revisions import forget_frozen

# A busy machine breaks nothing, so there is no deadline. What is tried differs from run to run.
hypothesis_settings.register_profile("quick", deadline=None, max_examples=40)
hypothesis_settings.register_profile("deep", deadline=None, max_examples=400)
hypothesis_settings.load_profile("quick")

GUARDED = {table for table, _ in TRIGGERS.values()}
ONE_COSTLY_BEGINNING = {
    "adaptive/serving/tests/test_worker.py",
    "adaptive/tests/test_docker_files.py",
    "browser_tests/test_admin_pages.py",
    "chaos/tests/test_crash_points.py",
    "organisations/tests/test_admin_isolation.py",
    "sessions_app/sitting/tests/test_redis_cluster.py",
    "sessions_app/waiting/tests",
}
# Where chance has a say: in data that are drawn, or in how fast another program is on a busy machine.
TRIED_AGAIN = (
    "testing_engine/calibration/tests",
    "testing_engine/monitoring/tests",
    "testing_engine/simulation/tests",
    "sessions_app/measurement",
    "browser_tests",
    "chaos/tests",
    "embedded/tests",
    "adaptive/serving/tests",
    "sessions_app/sitting/tests/test_redis_cluster.py",
    "sessions_app/waiting/tests",
)
NEVER_CHANGED = ("django_content_type", "auth_permission", "django_migrations")
ROLE_GROUPS = f"SELECT id FROM auth_group WHERE name IN ({', '.join(map(repr, ROLES))})"  # noqa: S608
FROM_THE_START = {  # rows that migrations made, and tests keep
    "organisations": f"id = {DEFAULT}",
    "auth_group": f"id IN ({ROLE_GROUPS})",
    "auth_group_permissions": f"group_id IN ({ROLE_GROUPS})",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--deep", action="store_true", help="try everything that takes minutes (make proofs)")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--deep"):
        hypothesis_settings.load_profile("deep")


class Sharing(LoadScopeScheduling):  # type: ignore[misc]  # its types are skipped
    """Test after test goes to whoever is free, and those of one costly beginning to one process."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file in ONE_COSTLY_BEGINNING else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """One more than processors: tests often wait for a browser, another process or a clock."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing:
    return Sharing(config, log)


def _turn(item: pytest.Item) -> tuple[bool, ...]:
    is_long = item.get_closest_marker("long") is not None
    is_of_one_worker = item.nodeid.partition("::")[0] in ONE_COSTLY_BEGINNING  # and so is its whole file
    is_in_browser = "browser_tests" in item.path.parts
    return not is_long, not (is_of_one_worker or is_in_browser), is_in_browser, not is_of_one_worker


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, or a worker would wait for it at the end; a browser is started once.

    What chance decides is tried once more when it fails, and the run's last line counts that: one chance in a
    thousand becomes one in a million, and what is broken fails both times.
    """
    items.sort(key=_turn)
    for item in items:
        if item.nodeid.startswith(TRIED_AGAIN):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """A database for each xdist worker, from a migrated one where this run has it."""
    if os.environ.get(PREPARED):
        settings.DATABASES["default"].setdefault("TEST", {})["TEMPLATE"] = TEMPLATE


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Tests with real transactions clean up by `flush`: it deletes what is there, not all tables.

    What refuses to be deleted lets it through. Content types and permissions stay, and are not made again.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(DatabaseOperations, "sql_flush", _names_of_tables)
        patched.setattr(DatabaseOperations, "execute_sql_flush", _delete_rows)
        patched.setattr(
            "django.core.management.commands.flush.emit_post_migrate_signal", lambda *_, **options: None
        )
        yield
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:  # threads may still hold some
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [connection.settings_dict["NAME"]],
        )


def _names_of_tables(self: DatabaseOperations, style: Any, tables: list[str], **options: Any) -> list[str]:
    return [table for table in tables if table not in NEVER_CHANGED]


def _delete_rows(self: DatabaseOperations, tables: list[str]) -> None:
    """Again, where a request that a page left behind wrote into a table that was just found empty."""
    for try_ in range(5):
        try:
            with transaction.atomic():
                _delete_what_is_there(tables)
        except (IntegrityError, OperationalError):
            if try_ == 4:
                raise
        else:
            break


def _delete_what_is_there(tables: list[str]) -> None:
    rows = {table: f'FROM "{table}" WHERE NOT ({FROM_THE_START.get(table, "false")})' for table in tables}
    asked = ", ".join(f"EXISTS (SELECT {its})" for its in rows.values())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {asked}")  # names of our own tables
        full = [table for table, is_full in zip(tables, cursor.fetchone(), strict=True) if is_full]
        off, on = (
            [f'ALTER TABLE "{table}" {switch} TRIGGER USER' for table in full if table in GUARDED]
            for switch in ("DISABLE", "ENABLE")
        )
        delete = [f"DELETE {rows[table]}" for table in full]
        if full:
            cursor.execute("; ".join([*off, *delete, "SET CONSTRAINTS ALL IMMEDIATE", *on]))


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_looked_for_once() -> None:
    """Every test client has its own WhiteNoise, which would look through all folders and files again."""
    look_for_all, found = WhiteNoiseMiddleware.add_files_from_finders, dict[str, Any]()

    def look_once(self: WhiteNoiseMiddleware) -> None:
        if not found:
            look_for_all(self)
            found.update(self.files)
        self.files.update(found)

    WhiteNoiseMiddleware.add_files_from_finders = look_once


@pytest.fixture(scope="session", autouse=True)
def _passwords_are_hashed_quickly() -> None:
    """As in production, but in one round: a million of them are meant to take long."""
    PBKDF2PasswordHasher.iterations = 1


@pytest.fixture(autouse=True)
def _fresh_process() -> None:
    """No test sees what another left in Redis or in this process."""
    hot_state.forget_outage()
    get_redis_connection("default").flushdb()
    forget_frozen()
    forget_specs()
