"""A student's id and a test's name are taken inside of one organisation, and lists of one have their indexes.

Nothing that was given to an organisation goes to another by accident: triggers refuse it.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F

TABLES = ("students", "named_tests", "test_sessions", "webhooks", "pool_imports", "school_classes", "roster_people", "lti_registrations")
STAYS = """
CREATE TRIGGER {table}_stay_in_their_organisation BEFORE UPDATE OF organisation_id ON {table} FOR EACH ROW
  WHEN (OLD.organisation_id <> NEW.organisation_id) EXECUTE FUNCTION refuse_change();
"""


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

    dependencies = [("sessions_app", "0040_organisations")]
    operations = [
        *(
            migrations.RunSQL(
                f"ALTER TABLE {table} VALIDATE CONSTRAINT {table}_organisation", migrations.RunSQL.noop
            )
            for table in TABLES
        ),
        once(
            "student",
            models.UniqueConstraint("organisation", "external_id", name="student_once_an_organisation"),
            "students (organisation_id, external_id)",
        ),
        once(
            "namedtest",
            models.UniqueConstraint("organisation", "name", name="named_test_once_an_organisation"),
            "named_tests (organisation_id, name)",
        ),
        once(
            "schoolclass",
            models.UniqueConstraint(
                "organisation",
                "source_id",
                condition=models.Q(source_id__isnull=False),
                name="class_brought_once_an_organisation",
            ),
            "school_classes (organisation_id, source_id) WHERE source_id IS NOT NULL",
        ),
        once(
            "rosterperson",
            models.UniqueConstraint("organisation", "source_id", name="roster_person_once_an_organisation"),
            "roster_people (organisation_id, source_id)",
        ),
        AddIndexConcurrently("student", models.Index("external_id", "id", name="students_by_id")),
        AddIndexConcurrently(
            "testsession",
            models.Index("organisation", F("started_at").desc(), "id", name="sessions_of_an_organisation"),
        ),
        AddIndexConcurrently(
            "testsession",
            models.Index(
                "organisation",
                "status",
                F("started_at").desc(),
                "id",
                name="sessions_of_its_status",
            ),
        ),
        no_longer_once(
            "student", models.UniqueConstraint("external_id", name="student_once"), "students (external_id)"
        ),
        no_longer_once(
            "namedtest", models.UniqueConstraint("name", name="named_test_once"), "named_tests (name)"
        ),
        no_longer_once(
            "schoolclass",
            models.UniqueConstraint(
                "source_id", condition=models.Q(source_id__isnull=False), name="class_brought_once"
            ),
            "school_classes (source_id) WHERE source_id IS NOT NULL",
        ),
        no_longer_once(
            "rosterperson",
            models.UniqueConstraint("source_id", name="roster_person_once"),
            "roster_people (source_id)",
        ),
        *(
            migrations.RunSQL(
                STAYS.format(table=table), f"DROP TRIGGER {table}_stay_in_their_organisation ON {table};"
            )
            for table in ("students", "test_sessions")
        ),
    ]
