"""A student can be erased: what may name them goes, and nothing else of an answer or a finished test changes.

`refuse_all_but_erasure(EMPTIED)` stands where `refuse_change` stood. It lets one UPDATE through: of a row of a
student who was erased, to the very row that it was (`*=` compares bit for bit) with EMPTIED in its place. A
session's id in the original service becomes the session's own id, which says that it was imported and no more.
"""

from django.db import migrations, models

CREATE_FUNCTIONS = """
CREATE FUNCTION refuse_all_but_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  old_row jsonb := to_jsonb(OLD);
  emptied jsonb := TG_ARGV[0];
BEGIN
  IF TG_OP = 'UPDATE' AND EXISTS (
    SELECT FROM students JOIN test_sessions ON student_id = students.id
    WHERE test_sessions.id = coalesce(old_row ->> 'session_id', old_row ->> 'id')::uuid AND erased_at IS NOT NULL
  ) THEN
    IF old_row ->> 'legacy_id' IS NOT NULL THEN
      emptied := emptied || jsonb_build_object('legacy_id', old_row ->> 'id');
    END IF;
    IF NEW *= jsonb_populate_record(OLD, emptied) THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'rows of % never change: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION refuse_test_of_erased_student() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM students WHERE id = NEW.student_id AND erased_at IS NOT NULL) THEN
    RAISE EXCEPTION 'student % was erased: no test begins or goes on', NEW.student_id
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
"""

DROP_FUNCTIONS = "DROP FUNCTION refuse_all_but_erasure(); DROP FUNCTION refuse_test_of_erased_student();"

GUARD_ANSWERS = """
CREATE OR REPLACE TRIGGER test_responses_never_change BEFORE UPDATE OR DELETE ON test_responses
  FOR EACH ROW EXECUTE FUNCTION {};
"""
GUARD_EVENTS = """
CREATE OR REPLACE TRIGGER session_events_never_change BEFORE UPDATE OR DELETE ON session_events
  FOR EACH ROW EXECUTE FUNCTION {};
"""
GUARD_SESSIONS = """
CREATE OR REPLACE TRIGGER test_sessions_final BEFORE UPDATE ON test_sessions FOR EACH ROW
  WHEN (OLD.status IN ('completed', 'ended')) EXECUTE FUNCTION {};
"""

GUARD_THE_ERASED = """
CREATE TRIGGER students_stay_erased BEFORE UPDATE ON students FOR EACH ROW
  WHEN (OLD.erased_at IS NOT NULL) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER test_sessions_none_begins_for_the_erased BEFORE INSERT ON test_sessions
  FOR EACH ROW EXECUTE FUNCTION refuse_test_of_erased_student();
CREATE TRIGGER test_sessions_none_goes_on_for_the_erased BEFORE UPDATE ON test_sessions FOR EACH ROW
  WHEN (NEW.status = 'active' AND OLD.status <> 'active') EXECUTE FUNCTION refuse_test_of_erased_student();
"""
LEAVE_THE_ERASED = """
DROP TRIGGER students_stay_erased ON students;
DROP TRIGGER test_sessions_none_begins_for_the_erased ON test_sessions;
DROP TRIGGER test_sessions_none_goes_on_for_the_erased ON test_sessions;
"""


def let_through(guard, emptied):
    return migrations.RunSQL(
        guard.format(f"refuse_all_but_erasure('{emptied}')"), guard.format("refuse_change()")
    )


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0004_audit_chain")]
    operations = [
        migrations.AlterModelOptions(
            name="student",
            options={
                "ordering": ["external_id"],
                "permissions": [("erase_students", "Privacy: export and erase students")],
            },
        ),
        migrations.AddField(
            model_name="student",
            name="erased_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddConstraint(
            model_name="student",
            constraint=models.CheckConstraint(
                condition=models.Q(("erased_at", None), models.Q(("email", ""), ("grade_level", ""), ("name", "")), _connector="OR"),
                name="student_erased_whole",
            ),
        ),
        migrations.RunSQL(CREATE_FUNCTIONS, DROP_FUNCTIONS),
        let_through(GUARD_ANSWERS, '{"idempotency_key": null}'),
        let_through(GUARD_EVENTS, '{"idempotency_key": null, "request_hash": ""}'),
        let_through(GUARD_SESSIONS, '{"idempotency_key": null, "request_hash": ""}'),
        migrations.RunSQL(GUARD_THE_ERASED, LEAVE_THE_ERASED),
    ]
