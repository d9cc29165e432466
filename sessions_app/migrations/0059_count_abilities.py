"""The abilities that are there are noted, each place of a scale and concept once.

As what was not counted yet, in one statement that reads `student_proficiencies` once: it takes no lock that an
answer waits for, and since the migration before, a trigger notes what changes meanwhile.
"""

from django.db import migrations

NOTE = """
INSERT INTO ability_changes (scale_id, concept_name, place, n)
SELECT scale_id, concept_name, place, sum(n)
FROM (
  SELECT scale_id, concept_name, ability_place(theta) AS place, count(*) AS n FROM student_proficiencies
  WHERE theta IS NOT NULL GROUP BY 1, 2, 3
  UNION ALL
  SELECT scale_id, concept_name, place, -n FROM ability_counts
  UNION ALL
  SELECT scale_id, concept_name, place, -n FROM ability_changes
) AS each
GROUP BY 1, 2, 3 HAVING sum(n) <> 0;
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0058_abilities_are_counted")]
    operations = [migrations.RunSQL(NOTE, migrations.RunSQL.noop)]
