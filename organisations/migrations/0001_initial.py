"""Organisations, the one that owns all that is there, and every account but superusers in it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import organisations.models


def begin(apps, schema_editor):
    """The first row has the key 1, which the columns of the wings above have for a default."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO organisations (slug, name, time_zone, language, level_names, colour, logo, created_at)"
            " VALUES ('default', 'Default', %s, %s, '[]', '', '', now())",
            [settings.TIME_ZONE, settings.LANGUAGE_CODE[:2]],
        )
        cursor.execute(
            "INSERT INTO memberships (user_id, organisation_id, created_at)"
            " SELECT id, 1, now() FROM auth_user WHERE NOT is_superuser"
        )


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="Organisation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(help_text="What commands call it: letters, digits, - and _.", verbose_name="short name")),
                ("name", models.CharField(max_length=200)),
                ("time_zone", models.CharField(default="UTC", help_text="As Europe/Vienna.", max_length=60, validators=[organisations.models.check_time_zone])),
                ("language", models.CharField(choices=[("en", "English"), ("de", "Deutsch")], default="en", max_length=5)),
                ("level_names", models.JSONField(blank=True, default=list, help_text="Of results, the lowest first; empty: the usual words.", validators=[organisations.models.check_levels], verbose_name="names of the levels")),
                ("colour", models.CharField(blank=True, help_text="Of buttons and marks, as #2f6fed; empty: the service's own.", max_length=7, validators=[organisations.models.check_colour])),
                ("logo", models.CharField(blank=True, editable=False, help_text="The hash of a picture that is stored.", max_length=64)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "db_table": "organisations",
                "ordering": ["name", "id"],
                "constraints": [
                    models.UniqueConstraint(models.F("slug"), name="organisation_slug_once"),
                    models.CheckConstraint(condition=models.Q(("name", ""), _negated=True), name="organisation_has_a_name"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("user", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="membership", serialize=False, to=settings.AUTH_USER_MODEL)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("organisation", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="memberships", to="organisations.organisation")),
            ],
            options={"db_table": "memberships", "ordering": ["user"]},
        ),
        migrations.RunPython(begin, migrations.RunPython.noop),
    ]
