"""The tests of a name by their status, and counts of those that are over, are found by an index."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    atomic = False  # an index of a table in use

    dependencies = [("sessions_app", "0054_tests_over_are_counted")]

    operations = [
        AddIndexConcurrently(
            "resultcount",
            models.Index("revision_id", condition=Q(measure="over"), name="tests_over_of_a_revision"),
        ),
        AddIndexConcurrently(
            "testsession",
            models.Index(
                "named_test",
                "status",
                F("started_at").desc(),
                "id",
                condition=Q(named_test__isnull=False),
                name="sessions_of_a_test_by_status",
            ),
        ),
    ]
