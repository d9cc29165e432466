"""How far answers are from what their questions' models say is summed up once, when they are counted.

The sums of what is counted already wait: the beat makes them (`counting.fit.sum_up`), and pages are right
meanwhile. It holds the counts' lock, which no answer and no end of a test waits for.
"""

from django.db import migrations, models

LET_ALL_WAIT = """
SELECT pg_advisory_xact_lock(427071729268);
INSERT INTO fit_sums (question_id, revision_id, n, squares, variances, waits)
SELECT DISTINCT question_id, revision_id, 0, 0, 0, true FROM answer_counts WHERE measure = 'before'
ON CONFLICT (question_id, revision_id) DO UPDATE SET waits = true;
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0060_found_by_revision")]
    operations = [
        migrations.CreateModel(
            name="FitSum",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "question_id", "revision_id",
                        blank=True, editable=False, primary_key=True, serialize=False,
                    ),
                ),
                ("question_id", models.BigIntegerField()),
                ("revision_id", models.BigIntegerField()),
                ("n", models.BigIntegerField(help_text="Scored answers.")),
                ("squares", models.BigIntegerField(help_text="Squared residuals, in millionths.")),
                ("variances", models.BigIntegerField(help_text="Their expectations, in millionths.")),
                (
                    "waits",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="The sums are to be made, from the counts of answers.",
                    ),
                ),
            ],
            options={
                "db_table": "fit_sums",
                "indexes": [
                    models.Index(
                        models.F("question_id"),
                        condition=models.Q(("waits", True)),
                        name="fit_sums_that_wait",
                    )
                ],
            },
        ),
        migrations.RunSQL(LET_ALL_WAIT, migrations.RunSQL.noop),
    ]
