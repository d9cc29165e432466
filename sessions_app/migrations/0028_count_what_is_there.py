"""Every session that is over waits to be counted: the beat counts them, and pages are right meanwhile.

As `counting.folding.begin_anew`, so it may follow an end or a count that came in between. It takes no lock that
an answer waits for.
"""

from django.db import migrations

BEGIN_ANEW = """
SELECT pg_advisory_xact_lock(427071729268);
DELETE FROM answer_counts;
DELETE FROM result_counts;
INSERT INTO sessions_to_count (session_id) SELECT id FROM test_sessions WHERE status <> 'active'
ON CONFLICT DO NOTHING;
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0027_counts")]
    operations = [migrations.RunSQL(BEGIN_ANEW, migrations.RunSQL.noop)]
