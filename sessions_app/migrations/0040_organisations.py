"""Students, tests, sessions, webhooks and imports belong to an organisation; what is there, to the first.

A constant default: no row is written, however many there are. That each names an organisation is looked at
in the next migration, while tables are in use.
"""

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


def belongs_in(model, table):
    return migrations.SeparateDatabaseAndState(
        [
            migrations.RunSQL(
                f"""
                ALTER TABLE {table} ADD COLUMN organisation_id bigint DEFAULT 1 NOT NULL;
                ALTER TABLE {table} ADD CONSTRAINT {table}_organisation FOREIGN KEY (organisation_id)
                  REFERENCES organisations (id) DEFERRABLE INITIALLY DEFERRED NOT VALID;
                """,
                f"ALTER TABLE {table} DROP COLUMN organisation_id;",
            )
        ],
        [migrations.AddField(model, "organisation", belongs())],
    )


class Migration(migrations.Migration):
    dependencies = [
        ("organisations", "0001_initial"),
        ("sessions_app", "0039_lti"),
        ("testing_engine", "0015_organisations"),
    ]
    operations = [
        belongs_in("student", "students"),
        belongs_in("namedtest", "named_tests"),
        belongs_in("testsession", "test_sessions"),
        belongs_in("webhook", "webhooks"),
        belongs_in("poolimport", "pool_imports"),
        belongs_in("schoolclass", "school_classes"),
        belongs_in("rosterperson", "roster_people"),
        belongs_in("ltiregistration", "lti_registrations"),
    ]
