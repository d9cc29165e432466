"""Revisions are bound to their rows. Those that are there get their seal now, for what they hold today."""

from django.db import migrations, models

from testing_engine.seals import seal_of


def seal_what_is_there(apps, schema_editor):
    revisions = apps.get_model("testing_engine", "PoolRevision")
    places = apps.get_model("testing_engine", "RevisionQuestion")
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("ALTER TABLE pool_revisions DISABLE TRIGGER pool_revisions_never_change")
    for revision in revisions.objects.order_by("pk").iterator():
        rows = places.objects.filter(revision=revision).order_by("position")
        seal = seal_of(revision.content_hash, rows.values_list("question_id", flat=True))
        revisions.objects.filter(pk=revision.pk).update(seal=seal)
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute("ALTER TABLE pool_revisions ENABLE TRIGGER pool_revisions_never_change")


class Migration(migrations.Migration):
    dependencies = [("testing_engine", "0004_interactions")]
    operations = [
        migrations.AddField(
            "poolrevision",
            "seal",
            models.BinaryField(help_text="Binds the content to its rows: `seals`.", max_length=16, null=True),
        ),
        migrations.RunPython(seal_what_is_there, migrations.RunPython.noop),
        migrations.AlterField(
            "poolrevision",
            "seal",
            models.BinaryField(help_text="Binds the content to its rows: `seals`.", max_length=16),
        ),
    ]
