"""Answers that came too fast to count, how many a session has, and a pool's thresholds. Those there all count."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0020_recorded_simulations"),
        ("testing_engine", "0013_question_states"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField(
            "testresponse",
            "is_rapid",
            models.BooleanField(
                db_default=False,
                default=False,
                help_text="Whether it came too fast to be one of effort, by the plan's thresholds: "
                "θ leaves it out.",
            ),
        ),
        migrations.AddField(
            "testsession",
            "rapid_answers",
            models.PositiveIntegerField(
                db_default=0,
                default=0,
                help_text="Of the questions answered, those answered too fast to count.",
            ),
        ),
        migrations.CreateModel(
            name="PoolThresholds",
            fields=[
                (
                    "pool",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="thresholds",
                        serialize=False,
                        to="testing_engine.questionpool",
                    ),
                ),
                ("method", models.JSONField()),
                ("found", models.JSONField()),
                ("answers", models.PositiveIntegerField(help_text="Whose times were looked at.")),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"db_table": "pool_thresholds"},
        ),
    ]
