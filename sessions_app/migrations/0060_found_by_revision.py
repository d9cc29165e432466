"""Running tests of a pool are counted, and those without a name listed, by an index.

The first serves the foreign key as well, in the place of its own.
"""

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    atomic = False  # indexes of a table in use

    dependencies = [("sessions_app", "0059_count_abilities")]

    operations = [
        AddIndexConcurrently(
            "testsession",
            models.Index("revision", "organisation", "status", name="sessions_of_a_revision"),
        ),
        AddIndexConcurrently(
            "testsession",
            models.Index(
                F("started_at").desc(),
                "id",
                condition=Q(status="active", named_test__isnull=True),
                name="sessions_without_a_name",
            ),
        ),
        migrations.AlterField(
            "testsession",
            "revision",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="testing_engine.poolrevision",
            ),
        ),
    ]
