"""An answer changes no indexed column of its session's row, and finds room beside the row's older version.

So PostgreSQL touches none of the table's indexes (HOT). The cleanup finds what is abandoned by a mark that
moves on rarely. It begins at 1970 for sessions that run: the cleanup looks at those until they are over.
"""

from datetime import UTC, datetime

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q, Value

ROOM = """
ALTER TABLE test_sessions SET (fillfactor = 75);
ALTER TABLE student_proficiencies SET (fillfactor = 75);
"""
NO_ROOM = """
ALTER TABLE test_sessions RESET (fillfactor);
ALTER TABLE student_proficiencies RESET (fillfactor);
"""


class Migration(migrations.Migration):
    atomic = False  # indexes of a table in use

    dependencies = [("sessions_app", "0023_gate_of_changes")]

    operations = [
        migrations.AddField(
            model_name="testsession",
            name="activity_mark",
            field=models.DateTimeField(
                db_default=Value(datetime(1970, 1, 1, tzinfo=UTC)),
                editable=False,
                help_text="No later than the last activity, and moved on so rarely that an index on it "
                "costs little.",
            ),
        ),
        migrations.RunSQL(ROOM, NO_ROOM),
        AddIndexConcurrently(
            model_name="testsession",
            index=models.Index("activity_mark", condition=Q(status="active"), name="sessions_active_by_mark"),
        ),
        RemoveIndexConcurrently(model_name="testsession", name="sessions_active_by_activity"),
    ]
