"""An ability or a standard error is a number: neither NaN nor an infinity can be stored."""

from django.db import migrations

TABLES = {
    "test_sessions": ["theta", "standard_error", "prior_mean", "prior_sd"],
    "test_responses": ["theta", "standard_error"],
}


def finite(table, columns):
    numbers = " || ".join(columns)
    return migrations.RunSQL(
        f"""
        ALTER TABLE {table} ADD CONSTRAINT {table}_finite
          CHECK ('NaN' <> ALL ({numbers}) AND 'Infinity' <> ALL ({numbers}) AND '-Infinity' <> ALL ({numbers}));
        """,
        f"ALTER TABLE {table} DROP CONSTRAINT {table}_finite;",
    )


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0002_freeze_answers")]
    operations = [
        *(finite(table, columns) for table, columns in TABLES.items()),
        migrations.RunSQL(
            """
            ALTER TABLE student_proficiencies ADD CONSTRAINT student_proficiencies_finite
              CHECK (theta BETWEEN -1e9 AND 1e9 AND standard_error BETWEEN 0 AND 1e9);
            """,
            "ALTER TABLE student_proficiencies DROP CONSTRAINT student_proficiencies_finite;",
        ),
    ]
