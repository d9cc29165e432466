"""Answers and events of a finished test may leave the database in one way: with a row that says which archive
has them, in the transaction that writes it; that row goes only when as many are there again.

What comes back from an archive is told nobody: it is no news.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

ARCHIVES = """
CREATE TRIGGER archives_never_change BEFORE UPDATE OR DELETE ON archives
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER archives_never_emptied BEFORE TRUNCATE ON archives
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION keep_archived() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' AND EXISTS (
    SELECT FROM test_sessions WHERE id = NEW.session_id AND status <> 'active'
  ) THEN
    NEW.taken_in := pg_current_xact_id()::text::bigint;
    RETURN NEW;
  END IF;
  IF TG_OP = 'DELETE' AND OLD.answers = (SELECT count(*) FROM test_responses WHERE session_id = OLD.session_id)
     AND OLD.events = (SELECT count(*) FROM session_events WHERE session_id = OLD.session_id) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'rows of % are kept: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER archived_sessions_kept BEFORE INSERT OR UPDATE OR DELETE ON archived_sessions
  FOR EACH ROW EXECUTE FUNCTION keep_archived();
CREATE TRIGGER archived_sessions_never_emptied BEFORE TRUNCATE ON archived_sessions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION refuse_all_but_archiving() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM archived_sessions
    WHERE session_id = OLD.session_id AND taken_in = pg_current_xact_id()::text::bigint
  ) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'rows of % never change: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
"""
NO_ARCHIVES = """
DROP TRIGGER archives_never_change ON archives;
DROP TRIGGER archives_never_emptied ON archives;
DROP TRIGGER archived_sessions_kept ON archived_sessions;
DROP TRIGGER archived_sessions_never_emptied ON archived_sessions;
DROP FUNCTION keep_archived();
DROP FUNCTION refuse_all_but_archiving();
"""

# Until here one trigger refused both; a test of an archive keeps its session's row, which is never deleted.
LEAVING = """
CREATE OR REPLACE TRIGGER test_responses_never_change BEFORE UPDATE ON test_responses
  FOR EACH ROW EXECUTE FUNCTION refuse_all_but_erasure('{"idempotency_key": null}');
CREATE OR REPLACE TRIGGER session_events_never_change BEFORE UPDATE ON session_events
  FOR EACH ROW EXECUTE FUNCTION refuse_all_but_erasure('{"idempotency_key": null, "request_hash": ""}');
CREATE TRIGGER test_responses_leave_for_archives BEFORE DELETE ON test_responses
  FOR EACH ROW EXECUTE FUNCTION refuse_all_but_archiving();
CREATE TRIGGER session_events_leave_for_archives BEFORE DELETE ON session_events
  FOR EACH ROW EXECUTE FUNCTION refuse_all_but_archiving();
"""
STAYING = """
CREATE OR REPLACE TRIGGER test_responses_never_change BEFORE UPDATE OR DELETE ON test_responses
  FOR EACH ROW EXECUTE FUNCTION refuse_all_but_erasure('{"idempotency_key": null}');
CREATE OR REPLACE TRIGGER session_events_never_change BEFORE UPDATE OR DELETE ON session_events
  FOR EACH ROW EXECUTE FUNCTION refuse_all_but_erasure('{"idempotency_key": null, "request_hash": ""}');
DROP TRIGGER test_responses_leave_for_archives ON test_responses;
DROP TRIGGER session_events_leave_for_archives ON session_events;
"""

TOLD = """
CREATE OR REPLACE FUNCTION note_test_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO webhook_messages (id, webhook_id, kind, session_id)
  SELECT gen_random_uuid(), webhook.id, 'test.' || NEW.kind, NEW.session_id
  FROM webhooks AS webhook JOIN test_sessions AS session ON session.id = NEW.session_id
  WHERE webhook.is_active AND 'test.' || NEW.kind = ANY (webhook.events) AND webhook.organisation_id = session.organisation_id
    AND (webhook.client_id IS NULL OR webhook.client_id = session.client_id){news};
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION note_lti_score() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO lti_messages (id, registration_id, kind, link_id, session_id)
  SELECT gen_random_uuid(), link.registration_id, 'score', link.id, NEW.session_id
  FROM lti_sittings AS sitting JOIN lti_links AS link ON link.id = sitting.link_id
  WHERE sitting.session_id = NEW.session_id AND link.line_item <> ''{news};
  RETURN NULL;
END $$;
"""
NEWS_ALONE = "\n    AND NOT EXISTS (SELECT FROM archived_sessions AS archived WHERE archived.session_id = NEW.session_id)"


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0050_imports_are_jobs")]

    operations = [
        migrations.CreateModel(
            name="Archive",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="The file's name when tests were taken out by it.", max_length=255
                    ),
                ),
                (
                    "seal",
                    models.CharField(
                        help_text="Of its last line, in hexadecimal.", max_length=64, unique=True
                    ),
                ),
                ("before", models.DateTimeField(help_text="Its tests were over before then.")),
                ("made_at", models.DateTimeField()),
                ("sessions", models.PositiveBigIntegerField()),
                ("answers", models.PositiveBigIntegerField()),
                ("events", models.PositiveBigIntegerField()),
            ],
            options={"db_table": "archives", "ordering": ["made_at", "id"]},
        ),
        migrations.CreateModel(
            name="ArchivedSession",
            fields=[
                (
                    "session",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="archived",
                        serialize=False,
                        to="sessions_app.testsession",
                    ),
                ),
                ("answers", models.PositiveIntegerField(help_text="So many the archive has of it.")),
                ("events", models.PositiveIntegerField()),
                (
                    "questions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        help_text="The questions by primary key, in order;",
                        size=None,
                    ),
                ),
                (
                    "scores",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(),
                        help_text="the score of each answer,",
                        size=None,
                    ),
                ),
                (
                    "marks",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(),
                        help_text="and: 1 it was right, 2 a pilot, 4 too fast; added up.",
                        size=None,
                    ),
                ),
                (
                    "seal",
                    models.BinaryField(
                        help_text="Keyed hash over the session's row and these columns.", max_length=16
                    ),
                ),
                (
                    "taken_in",
                    models.BigIntegerField(
                        default=0,
                        editable=False,
                        help_text="The transaction that took them out; a trigger writes it.",
                    ),
                ),
                (
                    "archive",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sessions_app.archive",
                    ),
                ),
            ],
            options={"db_table": "archived_sessions"},
        ),
        migrations.RunSQL(ARCHIVES, NO_ARCHIVES),
        migrations.RunSQL(LEAVING, STAYING),
        migrations.RunSQL(TOLD.format(news=NEWS_ALONE), TOLD.format(news="")),
    ]
