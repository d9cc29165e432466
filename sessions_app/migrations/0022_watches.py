"""What was found each night that a pool was watched. Kept for 400 nights, by trigger."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

GUARDS = """
CREATE TRIGGER pool_watches_never_change BEFORE UPDATE ON pool_watches
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER pool_watches_kept BEFORE DELETE ON pool_watches
  FOR EACH ROW WHEN (OLD.night > CURRENT_DATE - 400) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER pool_watches_never_emptied BEFORE TRUNCATE ON pool_watches
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
NO_GUARDS = """
DROP TRIGGER pool_watches_never_change ON pool_watches;
DROP TRIGGER pool_watches_kept ON pool_watches;
DROP TRIGGER pool_watches_never_emptied ON pool_watches;
"""


class Migration(migrations.Migration):

    dependencies = [
        ("sessions_app", "0021_effort"),
        ("testing_engine", "0013_question_states"),
    ]

    operations = [
        migrations.CreateModel(
            name="PoolWatch",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("night", models.DateField()),
                ("since", models.DateTimeField(help_text="Tests count that were over from then on")),
                ("until", models.DateTimeField(help_text="and by then.")),
                ("data_hash", models.CharField(max_length=64)),
                ("engine_version", models.CharField(max_length=100)),
                ("result", models.JSONField()),
                ("result_hash", models.CharField(max_length=64)),
                ("alarms", models.JSONField(default=dict, help_text="How many there are, by kind.")),
                ("notices", models.PositiveIntegerField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("pool", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="watches", to="testing_engine.questionpool")),
                ("revision", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="testing_engine.poolrevision")),
            ],
            options={
                "db_table": "pool_watches",
                "ordering": ["-night", "id"],
                "constraints": [models.UniqueConstraint(models.F("pool"), models.F("night"), name="pool_watched_once_a_night")],
            },
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
