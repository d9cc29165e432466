"""The list of all webhooks' messages is read from an index, newest first."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F


class Migration(migrations.Migration):
    atomic = False  # an index of a table in use

    dependencies = [("sessions_app", "0056_tests_left_to_archives")]

    operations = [
        AddIndexConcurrently(
            "webhookmessage",
            models.Index(F("happened_at").desc(), "id", name="webhook_messages_by_time"),
        )
    ]
