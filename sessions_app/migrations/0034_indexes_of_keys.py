"""Indexes that primary and unique keys are made of next, built while the tables are in use.

`IF EXISTS` for a build that broke off: it leaves an index that is not valid.
"""

from django.db import migrations

BUILT = {
    "session_events_place": "session_events (session_id, after_answers, id)",
    "invitations_key": "invitations (id, student_id)",
    "invitation_of_a_session": "invitations (session_id, student_id)",
    "student_proficiencies_key": "student_proficiencies (id, student_id)",
}


class Migration(migrations.Migration):
    atomic = False  # indexes of tables in use

    dependencies = [("sessions_app", "0033_classes")]

    operations = [
        migrations.RunSQL(
            [f"DROP INDEX CONCURRENTLY IF EXISTS {name}", f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {place}"],
            [f"DROP INDEX CONCURRENTLY IF EXISTS {name}"],
        )
        for name, place in BUILT.items()
    ]
