"""Migrations let the release before run on: they add, and take away a release later (docs/UPGRADING.md)."""

import pytest
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.migrations import AddField, AddIndex, Migration, RemoveField
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import CharField, Index, IntegerField
from django_migration_linter.sql_analyser import analyse_sql_statements, get_sql_analyser_class

# What was there before the rule. To get past these, a release needs a stop of the service.
NOT_LOOKED_AT = {"sessions_app": "0023_gate_of_changes", "testing_engine": "0013_question_states"}
# By app and name, the second half of a change: what it takes away, and the release that stopped using it.
CONTRACTS: dict[tuple[str, str], str] = {}
# By app and name, what the linter sees and nothing suffers from, and why.
HARMLESS: dict[tuple[str, str], str] = {
    ("sessions_app", "0052_imports_can_be_cancelled"): "A varchar that may be longer: PostgreSQL rewrites no "
    "row, the release before writes what it always did, and the table has a row for each import.",
}

ANALYSER = get_sql_analyser_class("django.db.backends.postgresql")


def complaints(migration: Migration, before: ProjectState) -> list[str]:
    """What running code, or a big table in use, would suffer from."""
    beside = connections.create_connection(DEFAULT_DB_ALIAS)  # outside the test's own transaction
    try:
        with beside.schema_editor(collect_sql=True, atomic=False) as editor:
            migration.apply(before, editor, collect_sql=True)
    finally:
        beside.close()
    statements = [line for line in editor.collected_sql if not line.startswith("--")]
    errors, _, warnings = analyse_sql_statements(ANALYSER, statements, [])
    return [issue.message for issue in [*errors, *warnings]]


def later_migrations(loader: MigrationLoader) -> dict[tuple[str, str], Migration]:
    return {
        (app, name): migration
        for (app, name), migration in loader.disk_migrations.items()
        if app in NOT_LOOKED_AT and name > NOT_LOOKED_AT[app]
    }


@pytest.mark.django_db
def test_every_migration_lets_the_release_before_run_on() -> None:
    loader = MigrationLoader(connection)
    found = {
        key: complaints(migration, loader.project_state([key], at_end=False))
        for key, migration in later_migrations(loader).items()
    }
    assert {key for key, said in found.items() if said} == {*CONTRACTS, *HARMLESS}, found


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("operation", "complaint"),
    [
        (RemoveField("testresponse", "response"), "DROPPING columns"),
        (AddField("testresponse", "new", IntegerField()), "NOT NULL constraint on columns"),
        (AddIndex("testresponse", Index(fields=["answer"], name="new")), "CREATE INDEX locks table"),
        (AddField("testresponse", "new", CharField(max_length=9, null=True)), None),
        (AddField("testresponse", "new", IntegerField(default=0, db_default=0)), None),
    ],
)
def test_it_would_be_seen(operation: Operation, complaint: str | None) -> None:
    migration = Migration("9999_new", "sessions_app")
    migration.operations = [operation]  # type: ignore[misc]  # Django itself does so
    said = complaints(migration, MigrationLoader(connection).project_state())
    assert complaint in said if complaint else not said
