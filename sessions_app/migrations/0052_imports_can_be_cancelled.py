"""An import may end as all other long work does: cancelled, with its file gone."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q

STATES = [
    ("queued", "waiting"),
    ("running", "running"),
    ("done", "done"),
    ("failed", "failed"),
    ("cancelled", "cancelled"),
]


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0051_archived_sessions")]

    operations = [
        migrations.AlterField(
            model_name="poolimport",
            name="state",
            field=models.CharField(choices=STATES, default="queued", max_length=9),
        ),
        migrations.RemoveConstraint(
            model_name="poolimport", name="pool_import_has_its_file_until_it_is_over"
        ),
        AddConstraintNotValid(
            model_name="poolimport",
            constraint=models.CheckConstraint(
                condition=Q(state__in=["done", "failed", "cancelled"]) | Q(content__isnull=False),
                name="pool_import_keeps_its_file_while_open",
            ),
        ),
    ]
