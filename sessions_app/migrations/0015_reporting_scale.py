"""A named test may tell its results on a scale of its own. Tests that are there have none."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0014_measurement")]
    operations = [
        migrations.AddField(
            "namedtest",
            "reporting_scale",
            models.JSONField(
                blank=True,
                help_text="On which θ is told: docs/REPORTING_SCALES.md. Empty: the pool's, where it has one.",
                null=True,
            ),
        ),
    ]
