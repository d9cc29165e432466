"""Published questions, revisions and plans never change: the database refuses it, whoever asks."""

from django.db import migrations

FROZEN = ("questions", "pool_revisions", "revision_questions", "test_plans")

CREATE_FUNCTION = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % never change: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
"""


def freeze(table):
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER {table}_never_change BEFORE UPDATE OR DELETE ON {table}
          FOR EACH ROW EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table}
          FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
        """,
        f"DROP TRIGGER {table}_never_change ON {table}; DROP TRIGGER {table}_never_emptied ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("testing_engine", "0001_initial")]
    operations = [
        migrations.RunSQL(CREATE_FUNCTION, "DROP FUNCTION refuse_change();"),
        *map(freeze, FROZEN),
    ]
