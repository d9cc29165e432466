"""Options that keep their place where a test shuffles. Questions that are there have none."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("testing_engine", "0006_scales")]
    operations = [
        migrations.AddField(
            "question",
            "fixed_options",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.SmallIntegerField(),
                blank=True,
                db_default=[],
                default=list,
                help_text="Options, counted from 0, that keep their place where a test shuffles: "
                "“none of these”.",
                size=None,
            ),
        ),
    ]
