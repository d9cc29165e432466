"""What all tests share."""

import pytest
from django.db import connection
from django_redis import get_redis_connection
from hypothesis import settings as hypothesis_settings

from sessions_app.sitting import hot_state
from sessions_app.sitting.result_specs import forget_specs
from testing_engine.revisions import forget_frozen

hypothesis_settings.register_profile("no deadline", deadline=None)  # a busy machine breaks nothing
hypothesis_settings.load_profile("no deadline")

NEVER_EMPTIED = (
    "questions",
    "pool_revisions",
    "revision_questions",
    "test_plans",
    "result_specifications",
    "test_responses",
    "question_images",
    "passages",
    "session_events",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--deep", action="store_true", help="try everything that takes minutes (make proofs)")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """A database for each xdist worker."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> None:
    """Tests with real transactions clean up by TRUNCATE, which these tables refuse in production."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:  # type: ignore[attr-defined]
        for table in NEVER_EMPTIED:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_never_emptied")


@pytest.fixture(autouse=True)
def _fresh_process() -> None:
    """No test sees what another left in Redis or in this process."""
    hot_state.forget_outage()
    get_redis_connection("default").flushdb()
    forget_frozen()
    forget_specs()
