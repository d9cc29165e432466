"""How many tests of a revision are over, with how many answers, is counted; and kept with each calibration."""

from django.db import migrations, models

# As `counting.results` counts them from now on. A test that waits to be counted will be.
COUNT_OVER = """
SELECT pg_advisory_xact_lock(427071729268);
DELETE FROM result_counts WHERE measure = 'over';
INSERT INTO result_counts
  (revision_id, named_test_id, result_spec_id, concept_names, measure, concept, place, n, total)
SELECT session.revision_id, coalesce(session.named_test_id, 0), coalesce(session.result_spec_id, 0),
       plan.concept_names, 'over', -1, array_position(ARRAY['completed', 'ended', 'expired']::varchar[], session.status) - 1,
       count(*), sum(session.questions_answered)
FROM test_sessions AS session JOIN test_plans AS plan ON plan.id = session.plan_id
WHERE session.status <> 'active'
  AND NOT EXISTS (SELECT FROM sessions_to_count AS waiting WHERE waiting.session_id = session.id)
GROUP BY 1, 2, 3, 4, 7;
UPDATE calibrations SET answers_then = coalesce((
  SELECT sum(session.questions_answered)
  FROM test_sessions AS session JOIN pool_revisions AS revision ON revision.id = session.revision_id
  WHERE revision.pool_id = calibrations.pool_id AND session.status IN ('completed', 'ended')
    AND session.completed_at <= calibrations.created_at
), 0);
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0053_cancelled_imports_are_valid")]

    operations = [
        migrations.AddField(
            model_name="calibration",
            name="answers_then",
            field=models.BigIntegerField(
                default=0,
                db_default=0,
                help_text="When it was asked for: answers in tests of the pool that were over for good.",
            ),
        ),
        migrations.RunSQL(COUNT_OVER, migrations.RunSQL.noop),
    ]
