"""Scales: what pools share that were calibrated together. A pool that is there gets one of its own.

And the default pool: none is chosen yet.
"""

import django.db.models.deletion
from django.db import migrations, models

# As `pools.own_scale_name` names them.
FILL = """
INSERT INTO scales (name, correlation, description, created_at)
SELECT left(coalesce(nullif(name, ''), 'Pool'), 189) || ' (' || left(id::text, 8) || ')', 0.3, '', created_at
FROM question_pools;
UPDATE question_pools AS pool SET scale_id = scales.id FROM scales
WHERE scales.name = left(coalesce(nullif(pool.name, ''), 'Pool'), 189) || ' (' || left(pool.id::text, 8) || ')';
"""
SCALE_HELP = "Pools that were calibrated together share one: results of one help to begin in the other."


def scale(**options):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT,
        related_name="pools",
        to="testing_engine.scale",
        help_text=SCALE_HELP,
        **options,
    )


class Migration(migrations.Migration):
    dependencies = [("testing_engine", "0005_seal_revisions")]
    operations = [
        migrations.CreateModel(
            name="Scale",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                (
                    "correlation",
                    models.FloatField(
                        default=0.3,
                        help_text="Of every two concepts, among students before their first answer: "
                        "0 to 0.95. A test that starts later begins with it.",
                        verbose_name="correlation of abilities",
                    ),
                ),
                ("description", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "db_table": "scales",
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint("name", name="scale_once"),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True), name="scale_has_a_name"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("correlation__range", (0, 0.95))), name="scale_correlation"
                    ),
                ],
            },
        ),
        migrations.AddField("questionpool", "scale", scale(null=True)),
        migrations.AddField(
            "questionpool",
            "is_default",
            models.BooleanField(
                "default",
                default=False,
                db_default=False,
                editable=False,
                help_text="A test that names no pool draws from it.",
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("questionpool", "scale", scale()),
        migrations.AddConstraint(
            "questionpool",
            models.UniqueConstraint(
                "is_default", condition=models.Q(("is_default", True)), name="pool_default_once"
            ),
        ),
    ]
