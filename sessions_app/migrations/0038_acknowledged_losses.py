"""Who has looked into a loss of accepted answers, and why nothing more can be done. Kept, by trigger."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

GUARDS = """
CREATE TRIGGER loss_acknowledgements_never_change BEFORE UPDATE OR DELETE ON loss_acknowledgements
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER loss_acknowledgements_never_emptied BEFORE TRUNCATE ON loss_acknowledgements
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
NO_GUARDS = """
DROP TRIGGER loss_acknowledgements_never_change ON loss_acknowledgements;
DROP TRIGGER loss_acknowledgements_never_emptied ON loss_acknowledgements;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0037_tests_made_once"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="lostanswers",
            options={
                "ordering": ["noticed_at", "id"],
                "verbose_name": "lost answers",
                "verbose_name_plural": "lost answers",
            },
        ),
        migrations.CreateModel(
            name="LossAcknowledgement",
            fields=[
                (
                    "loss",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="acknowledgement",
                        serialize=False,
                        to="sessions_app.lostanswers",
                    ),
                ),
                ("reason", models.TextField(max_length=1000)),
                ("at", models.DateTimeField()),
                ("seal", models.BinaryField(help_text="Keyed hash over the loss and these columns.", max_length=16)),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "loss_acknowledgements",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="loss_acknowledged_with_a_reason"
                    )
                ],
            },
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
