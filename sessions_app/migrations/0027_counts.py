"""What pages tell of many tests is counted when a test is over: the counts, and a list of what waits for it.

The triggers put a session there in the transaction that ends it, whoever ends or imports it.
"""

import django.contrib.postgres.fields
from django.db import migrations, models

TRIGGERS = """
CREATE FUNCTION let_session_be_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO sessions_to_count (session_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER test_sessions_counted_when_over AFTER UPDATE ON test_sessions FOR EACH ROW
  WHEN (OLD.status = 'active' AND NEW.status <> 'active') EXECUTE FUNCTION let_session_be_counted();
CREATE TRIGGER test_sessions_counted_when_stored AFTER INSERT ON test_sessions FOR EACH ROW
  WHEN (NEW.status <> 'active') EXECUTE FUNCTION let_session_be_counted();
"""
NO_TRIGGERS = """
DROP TRIGGER test_sessions_counted_when_over ON test_sessions;
DROP TRIGGER test_sessions_counted_when_stored ON test_sessions;
DROP FUNCTION let_session_be_counted();
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0026_growing_lists")]
    operations = [
        migrations.CreateModel(
            name="SessionToCount",
            fields=[("session_id", models.UUIDField(primary_key=True, serialize=False))],
            options={"db_table": "sessions_to_count"},
        ),
        migrations.CreateModel(
            name="AnswerCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "question_id", "measure", "revision_id", "a", "b", "c",
                        blank=True, editable=False, primary_key=True, serialize=False,
                    ),
                ),
                ("question_id", models.BigIntegerField()),
                ("measure", models.CharField(max_length=10)),
                ("revision_id", models.BigIntegerField()),
                ("a", models.IntegerField(help_text="What a, b and c are, the measure says.")),
                ("b", models.IntegerField()),
                ("c", models.IntegerField()),
                ("n", models.BigIntegerField()),
                ("total", models.BigIntegerField(help_text="A sum over them, where the measure has one.")),
            ],
            options={
                "db_table": "answer_counts",
                "indexes": [
                    models.Index(
                        models.F("revision_id"),
                        condition=models.Q(("measure", "given")),
                        name="answers_given_of_a_revision",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ResultCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "revision_id", "named_test_id", "result_spec_id", "concept_names", "measure",
                        "concept", "place",
                        blank=True, editable=False, primary_key=True, serialize=False,
                    ),
                ),
                ("revision_id", models.BigIntegerField()),
                ("named_test_id", models.BigIntegerField(help_text="0: of none.")),
                ("result_spec_id", models.BigIntegerField(help_text="0: from before there were any.")),
                (
                    "concept_names",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100), size=None
                    ),
                ),
                ("measure", models.CharField(max_length=10)),
                (
                    "concept",
                    models.SmallIntegerField(
                        help_text="Its place among the names; -1: of the whole test."
                    ),
                ),
                ("place", models.IntegerField(help_text="What it is, the measure says.")),
                ("n", models.BigIntegerField()),
                ("total", models.DecimalField(decimal_places=0, max_digits=40)),
            ],
            options={
                "db_table": "result_counts",
                "indexes": [
                    models.Index(
                        models.F("named_test_id"),
                        condition=models.Q(("named_test_id", 0), _negated=True),
                        name="results_of_a_named_test",
                    )
                ],
            },
        ),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
