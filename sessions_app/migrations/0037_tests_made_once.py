"""A test however often its page is sent. The index is made while the table is in use."""

from django.db import migrations, models

MADE_ONCE = "CREATE UNIQUE INDEX CONCURRENTLY named_test_made_once ON named_tests (creation_key)"


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("sessions_app", "0036_prepared_tests")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(MADE_ONCE, "DROP INDEX named_test_made_once")],
            state_operations=[
                migrations.AddConstraint(
                    model_name="namedtest",
                    constraint=models.UniqueConstraint("creation_key", name="named_test_made_once"),
                ),
            ],
        ),
    ]
