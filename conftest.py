"""What all tests share."""

from typing import Any

import pytest
from django.db.backends.postgresql.operations import DatabaseOperations
from django_redis import get_redis_connection
from hypothesis import settings as hypothesis_settings
from whitenoise.middleware import WhiteNoiseMiddleware

from sessions_app.review.guards import TRIGGERS
from sessions_app.sitting import hot_state
from sessions_app.sitting.result_specs import forget_specs
from testing_engine.revisions import forget_frozen

hypothesis_settings.register_profile("no deadline", deadline=None)  # a busy machine breaks nothing
hypothesis_settings.load_profile("no deadline")

NEVER_EMPTIED = [table for name, (table, _) in TRIGGERS.items() if name.endswith("_never_emptied")]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--deep", action="store_true", help="try everything that takes minutes (make proofs)")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """A database for each xdist worker."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """Tests with real transactions clean up by TRUNCATE: for that, tables that refuse it let it through."""
    flush = DatabaseOperations.sql_flush

    def sql_flush(self: DatabaseOperations, *args: Any, **options: Any) -> list[str]:
        statements = flush(self, *args, **options)
        guards = [(f"ALTER TABLE {table} ", f" TRIGGER {table}_never_emptied") for table in NEVER_EMPTIED]
        off, on = ([f"{alter}{switch}{guard}" for alter, guard in guards] for switch in ("DISABLE", "ENABLE"))
        return [*off, *statements, *on] if statements else []

    DatabaseOperations.sql_flush = sql_flush  # type: ignore[assignment,method-assign]


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


@pytest.fixture(autouse=True)
def _fresh_process() -> None:
    """No test sees what another left in Redis or in this process."""
    hot_state.forget_outage()
    get_redis_connection("default").flushdb()
    forget_frozen()
    forget_specs()
