"""A scale's name is taken, and a pool the default, inside of one organisation."""

from django.db import migrations, models


def once(model, constraint, index):
    """A unique constraint, its index made while the table is in use."""
    name = constraint.name
    return migrations.SeparateDatabaseAndState(
        [migrations.RunSQL(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {index}", f"DROP INDEX CONCURRENTLY {name}")],
        [migrations.AddConstraint(model, constraint)],
    )


def no_longer_once(model, constraint, index):
    """It stays until the narrower one is there."""
    name = constraint.name
    return migrations.SeparateDatabaseAndState(
        [migrations.RunSQL(f"DROP INDEX CONCURRENTLY {name}", f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {index}")],
        [migrations.RemoveConstraint(model, name)],
    )


class Migration(migrations.Migration):
    atomic = False  # indexes of tables in use

    dependencies = [("testing_engine", "0015_organisations")]
    operations = [
        once(
            "scale",
            models.UniqueConstraint("organisation", "name", name="scale_once_an_organisation"),
            "scales (organisation_id, name)",
        ),
        once(
            "questionpool",
            models.UniqueConstraint(
                "organisation", condition=models.Q(is_default=True), name="pool_default_once_an_organisation"
            ),
            "question_pools (organisation_id) WHERE is_default",
        ),
        no_longer_once("scale", models.UniqueConstraint("name", name="scale_once"), "scales (name)"),
        no_longer_once(
            "questionpool",
            models.UniqueConstraint("is_default", condition=models.Q(is_default=True), name="pool_default_once"),
            "question_pools (is_default) WHERE is_default",
        ),
    ]
