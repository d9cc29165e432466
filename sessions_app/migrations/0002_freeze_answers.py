"""Answers never change, and neither does the result of a finished test."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0001_initial"),
        ("testing_engine", "0002_freeze_published_rows"),
    ]
    operations = [
        migrations.RunSQL(
            """
            CREATE TRIGGER test_responses_never_change BEFORE UPDATE OR DELETE ON test_responses
              FOR EACH ROW EXECUTE FUNCTION refuse_change();
            CREATE TRIGGER test_responses_never_emptied BEFORE TRUNCATE ON test_responses
              FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
            """,
            """
            DROP TRIGGER test_responses_never_change ON test_responses;
            DROP TRIGGER test_responses_never_emptied ON test_responses;
            """,
        ),
        # An expired test may be opened again; a completed or ended one is final.
        migrations.RunSQL(
            """
            CREATE TRIGGER test_sessions_final BEFORE UPDATE ON test_sessions FOR EACH ROW
              WHEN (OLD.status IN ('completed', 'ended')) EXECUTE FUNCTION refuse_change();
            CREATE TRIGGER test_sessions_never_deleted BEFORE DELETE ON test_sessions
              FOR EACH ROW EXECUTE FUNCTION refuse_change();
            """,
            """
            DROP TRIGGER test_sessions_final ON test_sessions;
            DROP TRIGGER test_sessions_never_deleted ON test_sessions;
            """,
        ),
    ]
