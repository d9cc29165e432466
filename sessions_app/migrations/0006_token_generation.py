"""Session tokens can be revoked: a session accepts those of its newest generation alone."""

from django.db import migrations, models

# A test that is over stays as it is, except that its tokens can still be revoked.
FINAL = """
CREATE OR REPLACE TRIGGER test_sessions_final BEFORE UPDATE ON test_sessions FOR EACH ROW
  WHEN (OLD.status IN ('completed', 'ended')
        AND (OLD.token_generation >= NEW.token_generation
             OR to_jsonb(OLD) - 'token_generation' IS DISTINCT FROM to_jsonb(NEW) - 'token_generation'))
  EXECUTE FUNCTION refuse_all_but_erasure('{"idempotency_key": null, "request_hash": ""}');
"""
FINAL_BEFORE = """
CREATE OR REPLACE TRIGGER test_sessions_final BEFORE UPDATE ON test_sessions FOR EACH ROW
  WHEN (OLD.status IN ('completed', 'ended'))
  EXECUTE FUNCTION refuse_all_but_erasure('{"idempotency_key": null, "request_hash": ""}');
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0005_erase_students")]

    operations = [
        migrations.AddField(
            "testsession",
            "token_generation",
            models.PositiveIntegerField(
                default=0, db_default=0, help_text="Session tokens of an earlier one are revoked."
            ),
        ),
        migrations.RunSQL(FINAL, FINAL_BEFORE),
    ]
