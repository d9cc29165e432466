"""While a test runs, its session's row says what it finds; when it is over, its proficiencies keep that.

So an answer writes an ability once. The rows that are there hold what their tests found, running or over.
"""

from django.db import migrations

KEEP = """
CREATE FUNCTION keep_proficiencies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE student_proficiencies AS known
  SET theta = NEW.theta[array_position(plan.concept_names, known.concept_name)],
      standard_error = NEW.standard_error[array_position(plan.concept_names, known.concept_name)],
      updated_at = (SELECT answered_at FROM test_responses
                    WHERE session_id = NEW.id AND position = NEW.questions_answered)
  FROM test_plans AS plan
  WHERE plan.id = NEW.plan_id AND known.student_id = NEW.student_id AND known.session_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER test_sessions_keep_proficiencies AFTER UPDATE OF status ON test_sessions
  FOR EACH ROW WHEN (OLD.status = 'active' AND NEW.status <> 'active' AND NEW.questions_answered > 0)
  EXECUTE FUNCTION keep_proficiencies();
"""
# Back: rows of running tests hold what these say until now; from then on every answer writes them.
KEEP_NO_MORE = """
UPDATE student_proficiencies AS known
SET theta = session.theta[array_position(plan.concept_names, known.concept_name)],
    standard_error = session.standard_error[array_position(plan.concept_names, known.concept_name)],
    updated_at = session.last_activity
FROM test_sessions AS session JOIN test_plans AS plan ON plan.id = session.plan_id
WHERE session.id = known.session_id AND session.status = 'active';
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
DROP TRIGGER test_sessions_keep_proficiencies ON test_sessions;
DROP FUNCTION keep_proficiencies();
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0031_webhooks")]
    operations = [migrations.RunSQL(KEEP, KEEP_NO_MORE)]
