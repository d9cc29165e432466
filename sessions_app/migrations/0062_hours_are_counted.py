"""When tests began that are over is counted: a list is entered in its middle by it."""

from django.db import migrations, models

# As `counting.hours` counts them from now on. A test that waits to be counted will be.
COUNT_HOURS = """
SELECT pg_advisory_xact_lock(427071729268);
INSERT INTO hour_counts (revision_id, hour, place, n, total)
SELECT revision_id, date_bin('1 hour', started_at, 'epoch'::timestamptz),
       array_position(ARRAY['completed', 'ended', 'expired']::varchar[], status) - 1, count(*),
       sum(questions_answered)
FROM test_sessions AS session
WHERE status <> 'active'
  AND NOT EXISTS (SELECT FROM sessions_to_count AS waiting WHERE waiting.session_id = session.id)
GROUP BY 1, 2, 3;
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0061_sums_of_fit")]

    operations = [
        migrations.CreateModel(
            name="HourCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "revision_id", "hour", "place", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("revision_id", models.BigIntegerField()),
                ("hour", models.DateTimeField(help_text="Its beginning.")),
                ("place", models.SmallIntegerField(help_text="0: completed, 1: ended, 2: expired.")),
                ("n", models.BigIntegerField()),
                ("total", models.BigIntegerField(help_text="All their answers.")),
            ],
            options={"db_table": "hour_counts"},
        ),
        migrations.RunSQL(COUNT_HOURS, migrations.RunSQL.noop),
    ]
