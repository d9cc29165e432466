"""Scales and pools belong to an organisation; what is there, to the first."""

import django.db.models.deletion
from django.db import migrations, models

import organisations.membership


def belongs():
    return models.ForeignKey(
        db_default=1,
        db_index=False,
        default=organisations.membership.organisation_for_new,
        editable=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="organisations.organisation",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("organisations", "0001_initial"),
        ("testing_engine", "0014_places_checked_together"),
    ]
    operations = [
        migrations.AddField("scale", "organisation", belongs()),
        migrations.AddField("questionpool", "organisation", belongs()),
    ]
