"""What is known of answers that were accepted and are gone. Kept, by trigger."""

import django.contrib.postgres.fields
from django.db import migrations, models

GUARDS = """
CREATE TRIGGER lost_answers_never_change BEFORE UPDATE OR DELETE ON lost_answers
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER lost_answers_never_emptied BEFORE TRUNCATE ON lost_answers
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
NO_GUARDS = """
DROP TRIGGER lost_answers_never_change ON lost_answers;
DROP TRIGGER lost_answers_never_emptied ON lost_answers;
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0028_count_what_is_there")]

    operations = [
        migrations.CreateModel(
            name="LostAnswers",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("session_id", models.UUIDField()),
                ("client_id", models.BigIntegerField(help_text="The API client that started the session.", null=True)),
                ("accepted", models.PositiveIntegerField(help_text="So many answers were known to be accepted;")),
                ("stored", models.PositiveIntegerField(help_text="so many of them, the first ones, are there.")),
                (
                    "questions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        help_text="The questions that the others answered, by primary key; empty where the session is gone.",
                        size=None,
                    ),
                ),
                ("is_session_lost", models.BooleanField(help_text="Whether there is no such session any more.")),
                ("link", models.BinaryField(help_text="Of the last entry of the audit chain that was known.", max_length=16)),
                ("noticed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "lost_answers",
                "ordering": ["noticed_at", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("session_id"), models.F("link"), name="lost_answers_noted_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("accepted__gt", models.F("stored")), ("is_session_lost", True), _connector="OR"),
                        name="lost_answers_are_some",
                    ),
                ],
            },
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
