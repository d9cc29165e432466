"""That a revision's places name rows that are there is looked at once for all of them, not twice for each.

Two foreign keys cost two look-ups for each of 50,000 places, most of what it takes to publish one changed
question. Rows of both tables are never deleted, so the moment of writing is the only one to look.
"""

import django.db.models.deletion
from django.db import migrations, models

CHECK = """
CREATE FUNCTION refuse_places_of_nothing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM added LEFT JOIN questions question ON question.id = added.question_id
             WHERE question.id IS NULL)
  OR EXISTS (SELECT FROM (SELECT DISTINCT revision_id FROM added) own
             LEFT JOIN pool_revisions revision ON revision.id = own.revision_id WHERE revision.id IS NULL)
  THEN
    RAISE EXCEPTION 'rows of % name a question or a revision that is not there', TG_TABLE_NAME
      USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER revision_questions_are_there AFTER INSERT ON revision_questions
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION refuse_places_of_nothing();
"""
NO_CHECK = """
DROP TRIGGER revision_questions_are_there ON revision_questions;
DROP FUNCTION refuse_places_of_nothing();
"""


def kept(to):
    return models.ForeignKey(
        to, db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT
    )


class Migration(migrations.Migration):
    dependencies = [("testing_engine", "0013_question_states")]
    operations = [
        migrations.RunSQL(CHECK, NO_CHECK),
        migrations.AlterField("revisionquestion", "revision", kept("testing_engine.poolrevision")),
        migrations.AlterField("revisionquestion", "question", kept("testing_engine.question")),
    ]
