"""A pool may tell results on a scale of its own. Pools that are there have none."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("testing_engine", "0010_export_permission")]
    operations = [
        migrations.AddField(
            "questionpool",
            "reporting_scale",
            models.JSONField(
                blank=True,
                editable=False,
                help_text="On which θ is told of tests that start from now on: docs/REPORTING_SCALES.md. Empty: on θ's.",
                null=True,
            ),
        ),
    ]
