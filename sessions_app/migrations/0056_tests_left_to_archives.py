"""How many tests a calibration, and times of answers, left out because archives have their answers."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0055_found_by_status")]

    operations = [
        migrations.AddField(
            model_name="calibration",
            name="tests_in_archives",
            field=models.PositiveIntegerField(
                help_text="Left out, as archives have their answers; null: nobody counted.", null=True
            ),
        ),
        migrations.AddField(
            model_name="poolthresholds",
            name="tests_in_archives",
            field=models.PositiveIntegerField(
                help_text="Left out, as archives have their times; null: nobody counted.", null=True
            ),
        ),
    ]
