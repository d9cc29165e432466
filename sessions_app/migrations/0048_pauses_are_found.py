"""Paused tests by when their pauses end, and the rule about them checked of the rows that were there."""

from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # an index of a table in use

    dependencies = [("sessions_app", "0047_pauses")]

    operations = [
        ValidateConstraint(model_name="testsession", name="session_paused_while_active"),
        AddIndexConcurrently(
            model_name="testsession",
            index=models.Index(
                condition=models.Q(("paused_until__isnull", False)),
                fields=["paused_until"],
                name="sessions_paused_until",
            ),
        ),
    ]
