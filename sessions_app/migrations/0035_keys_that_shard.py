"""Primary and unique keys of tables that grow carry the column that spreads them over partitions or machines.

Each is made of an index that is there: nothing is read or rewritten, each table is locked for a moment, by
itself. What is done is not done again, so a migration that gave up waiting for a lock can be repeated.
Django goes on taking `id` for the primary key: a sequence gives it.
"""

from django.db import migrations

# Old constraint → its table, the index that the new one is made of and named after, and its columns.
PRIMARY = {
    "test_responses_pkey": ("test_responses", "response_position_once", "session_id, position"),
    "session_events_pkey": ("session_events", "session_events_place", "session_id, after_answers, id"),
    "cat_stages_pkey": ("cat_stages", "cat_stage_once", "session_id, number"),
    "lost_answers_pkey": ("lost_answers", "lost_answers_noted_once", "session_id, link"),
    "imported_sittings_pkey": ("imported_sittings", "imported_sitting_once", "source_id, number"),
    "invitations_pkey": ("invitations", "invitations_key", "id, student_id"),
    "student_proficiencies_pkey": ("student_proficiencies", "student_proficiencies_key", "id, student_id"),
}
SWAP = """
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = '{table}'::regclass AND conname = '{old}') THEN
    ALTER TABLE {table} DROP CONSTRAINT {old}, ADD CONSTRAINT {new} PRIMARY KEY USING INDEX {new};
  END IF;
END $$
"""
SWAP_BACK = """
ALTER TABLE {table} DROP CONSTRAINT {new}, ADD CONSTRAINT {old} PRIMARY KEY (id);
CREATE UNIQUE INDEX {new} ON {table} ({columns});
"""


def swap(old: str, table: str, new: str, columns: str) -> migrations.RunSQL:
    given = {"old": old, "table": table, "new": new, "columns": columns}
    return migrations.RunSQL(SWAP.format(**given), SWAP_BACK.format(**given))


class Migration(migrations.Migration):
    atomic = False  # one table after the other

    dependencies = [("sessions_app", "0034_indexes_of_keys")]

    operations = [
        *(swap(old, table, new, columns) for old, (table, new, columns) in PRIMARY.items()),
        migrations.RunSQL(  # its place has the unique index `invitation_of_a_session`
            "ALTER TABLE invitations DROP CONSTRAINT IF EXISTS invitations_session_id_key",
            "ALTER TABLE invitations ADD CONSTRAINT invitations_session_id_key UNIQUE (session_id)",
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY IF EXISTS events_of_a_session",
                    "CREATE INDEX CONCURRENTLY events_of_a_session ON session_events "
                    "(session_id, after_answers, id)",
                )
            ],
            state_operations=[migrations.RemoveIndex("sessionevent", "events_of_a_session")],
        ),
    ]
