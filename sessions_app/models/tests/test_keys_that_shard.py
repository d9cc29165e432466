"""Tables that grow with tests can be spread over partitions: their keys carry the column that says where."""

from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from rest_framework.test import APIClient

from sessions_app.administration.tests.test_invitations import invite, open_link
from sessions_app.conftest import Start, submit, take_test, undone
from sessions_app.counting.folding import differences, fold
from sessions_app.models import TestSession
from sessions_app.review.verification import verify
from sessions_app.tests.factories import make_named_test
from testing_engine.models import QuestionPool

# Each table that grows with tests, by the column that spreads it. docs/SCALING.md tells the same.
SPREAD = {
    "test_sessions": "id",
    "test_responses": "session_id",
    "session_events": "session_id",
    "archived_sessions": "session_id",
    "cat_sittings": "session_id",
    "cat_stages": "session_id",
    "lost_answers": "session_id",
    "sessions_to_count": "session_id",
    "webhook_messages": "id",
    "lti_sittings": "session_id",
    "lti_messages": "id",
    "student_proficiencies": "student_id",
    "invitations": "student_id",
    "imported_sittings": "source_id",
}
# Keys that cannot carry it: what they keep single is not told by the session's id.
ALONE = {
    "session_start_once": "a start that is repeated has its client's key, and no session yet",
    "lti_roster_waits_once": "at a place one question for its roster waits, and is of no session",
    "session_imported_once": "an import that is repeated has the original service's id alone",
}
PARTITIONS = 2


def rows_of(statement: str, *given: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return cursor.fetchall() if cursor.description else []


def test_what_belongs_to_sessions_is_spread() -> None:
    """Other tables grow with students, pools, named tests, clients, and nights of each."""
    models = [model for model in apps.get_app_config("sessions_app").get_models() if not model._meta.proxy]
    of_sessions = {
        model._meta.db_table
        for model in models
        for each in model._meta.concrete_fields
        if each.column == "session_id" or each.related_model is TestSession
    }
    assert of_sessions <= set(SPREAD)
    assert "invitations" in of_sessions


_UNIQUE = """
SELECT class.relname, column_of.attname = ANY (ARRAY(
  SELECT attname FROM pg_attribute WHERE attrelid = indrelid AND attnum = ANY (indkey))) AS carries,
  indisprimary, indisvalid
FROM pg_index JOIN pg_class class ON class.oid = indexrelid
JOIN pg_attribute column_of ON column_of.attrelid = indrelid AND column_of.attname = %s
WHERE indrelid = %s::regclass AND indisunique
"""


@pytest.mark.django_db
@pytest.mark.parametrize("table", SPREAD)
def test_every_key_carries_the_column(table: str) -> None:
    keys = rows_of(_UNIQUE, SPREAD[table], table)
    assert sum(is_primary for *_, is_primary, _ in keys) == 1
    assert all(is_valid for *_, is_valid in keys)
    assert {name for name, carries, *_ in keys if not carries} <= set(ALONE)


# --- Spread indeed ------------------------------------------------------------------------------------------

_INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'whole' AND tablename = %s"
_FOREIGN_KEYS = """
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass
"""
_TRIGGERS = """
SELECT pg_get_triggerdef(pg_trigger.oid) FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE relnamespace = 'whole'::regnamespace AND NOT tgisinternal
"""


def spread_all() -> None:
    """In the place of each table a partitioned one with the same columns, rows, keys, and triggers."""
    rows_of("SET CONSTRAINTS ALL IMMEDIATE")
    rows_of("CREATE SCHEMA whole")
    foreign_keys = [(table, key) for table in SPREAD for (key,) in rows_of(_FOREIGN_KEYS, table)]
    for table in SPREAD:
        rows_of(f"ALTER TABLE {table} SET SCHEMA whole")
    for table, column in SPREAD.items():
        spread(table, column)
    for table, key in foreign_keys:
        rows_of(f"ALTER TABLE {table} ADD {key}")
    for (trigger,) in rows_of(_TRIGGERS):
        rows_of(trigger.replace(" ON whole.", " ON public."))


def spread(table: str, column: str) -> None:
    indexes = dict(rows_of(_INDEXES, table))
    alone = indexes.keys() & ALONE.keys()
    without = " EXCLUDING INDEXES" if alone else ""
    rows_of(f"CREATE TABLE {table} (LIKE whole.{table} INCLUDING ALL{without}) PARTITION BY HASH ({column})")
    for number in range(PARTITIONS):
        rows_of(
            f"CREATE TABLE {table}_{number} PARTITION OF {table} "
            f"FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number})"
        )
    if alone:
        rows_of(f"ALTER TABLE {table} ADD PRIMARY KEY ({column})")
        for name in indexes.keys() - {f"{table}_pkey"}:  # what is unique by itself is found, and no more
            there = indexes[name].replace(" ON whole.", " ON public.")
            rows_of(there.replace("CREATE UNIQUE", "CREATE") if name in alone else there)
    rows_of(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM whole.{table}")
    if rows_of("SELECT FROM pg_attribute WHERE attrelid = %s::regclass AND attidentity <> ''", table):
        rows_of("SELECT setval(pg_get_serial_sequence(%s, 'id'), 1000000)", table)


def test_the_service_runs_on_partitions(api: APIClient, start: Start, pool: QuestionPool) -> None:
    before = start("before")
    submit(api, before, before["next_question"]["id"], 0, key="first")
    token = invite(make_named_test(pool), "anna")[0]
    spread_all()

    again = submit(api, before, before["next_question"]["id"], 0, key="first")
    assert again.status_code == 200
    other = {"id": again.json()["next_question"]["id"]}
    with undone():
        assert submit(api, before, other["id"], 0, key="first").json()["code"] == "idempotency_key_reused"
    take_test(api, {**before, "next_question": other})
    assert start("before")["session_id"] == before["session_id"]
    assert open_link(token).json()["session_id"] == open_link(token).json()["session_id"]

    later = start("later", student_id="s2")
    assert api.post(f"/api/test/end/{later['session_id']}", {"student_id": "s2"}).status_code == 200
    for address in ("student/s1/history", "student/s1/proficiency"):
        assert api.get(f"/api/{address}").status_code == 200
    fold()
    assert differences() == []
    assert verify().breaks == []
    assert api.post("/api/student/s1/erase", {"student_id": "s1"}).status_code == 200
    assert verify().breaks == []
    kinds = rows_of("SELECT relkind FROM pg_class WHERE oid::regclass::text = ANY (%s)", list(SPREAD))
    assert {kind for (kind,) in kinds} == {"p"}
