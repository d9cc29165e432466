"""Pools that are not offered any more. Those that are there stay offered."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("testing_engine", "0007_fixed_options")]
    operations = [
        migrations.AddField(
            "questionpool",
            "archived_at",
            models.DateTimeField(
                null=True, editable=False, help_text="Since then it is not offered; tests that use it go on."
            ),
        ),
    ]
