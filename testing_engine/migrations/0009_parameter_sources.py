"""Where the parameters of a revision came from. Revisions that are there came with their questions."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("testing_engine", "0008_archived_pools")]
    operations = [
        migrations.CreateModel(
            name="ParameterSource",
            fields=[
                (
                    "revision",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="parameter_source",
                        serialize=False,
                        to="testing_engine.poolrevision",
                    ),
                ),
                (
                    "base",
                    models.OneToOneField(
                        help_text="The revision that it was joined with.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="testing_engine.poolrevision",
                    ),
                ),
                (
                    "table_sha256",
                    models.CharField(help_text="Of the table, byte by byte as it came.", max_length=64),
                ),
                (
                    "choices",
                    models.JSONField(help_text="Which program's it is, and everything that was confirmed."),
                ),
                (
                    "changed",
                    models.PositiveIntegerField(help_text="Questions that got other parameters."),
                ),
                ("made_by", models.CharField(blank=True, max_length=200)),
                (
                    "seal",
                    models.BinaryField(
                        help_text="Binds all of it to the revision: `seals`.", max_length=16
                    ),
                ),
            ],
            options={"db_table": "parameter_sources", "ordering": ["-revision"]},
        ),
        migrations.AddConstraint(
            "parametersource",
            models.CheckConstraint(
                condition=models.Q(table_sha256__regex="^[0-9a-f]{64}$"), name="parameter_source_has_a_hash"
            ),
        ),
        migrations.RunSQL(
            """
            CREATE TRIGGER parameter_sources_never_change BEFORE UPDATE OR DELETE ON parameter_sources
              FOR EACH ROW EXECUTE FUNCTION refuse_change();
            CREATE TRIGGER parameter_sources_never_emptied BEFORE TRUNCATE ON parameter_sources
              FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
            """,
            """
            DROP TRIGGER parameter_sources_never_change ON parameter_sources;
            DROP TRIGGER parameter_sources_never_emptied ON parameter_sources;
            """,
        ),
    ]
