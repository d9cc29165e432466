"""What is known of a student in a concept is known on a scale: what one pool found says nothing to another.

Until now the concept's name alone decided, so a test of another pool may have overwritten an estimate. Each
estimate goes to the scale of the pool that found it. What it had overwritten is brought back from the
sessions, so that a student goes on with each pool where its last test had ended.
"""

import django.db.models.deletion
from django.db import migrations, models

# An estimate that a test of ours found, and one that was imported beside the student's imported tests.
FOUND = """
UPDATE student_proficiencies AS known SET scale_id = pool.scale_id
FROM test_sessions AS session
JOIN pool_revisions AS revision ON revision.id = session.revision_id
JOIN question_pools AS pool ON pool.id = revision.pool_id
WHERE session.id = known.session_id;

UPDATE student_proficiencies AS known SET scale_id = imported.scale_id
FROM (
  SELECT DISTINCT ON (session.student_id, concept.name) session.student_id, concept.name, pool.scale_id
  FROM test_sessions AS session
  JOIN pool_revisions AS revision ON revision.id = session.revision_id
  JOIN question_pools AS pool ON pool.id = revision.pool_id
  JOIN test_plans AS plan ON plan.id = session.plan_id, unnest(plan.concept_names) AS concept (name)
  WHERE session.legacy_id IS NOT NULL
  ORDER BY session.student_id, concept.name, session.started_at DESC, session.id
) AS imported
WHERE known.scale_id IS NULL AND known.student_id = imported.student_id
  AND known.concept_name = imported.name;
"""
# Imported beside tests that call their concepts otherwise, or for a student without tests: where there is only
# one scale that it can be.
GUESSED = """
UPDATE student_proficiencies AS known SET scale_id = of_student.scale_id
FROM (
  SELECT session.student_id, min(pool.scale_id) AS scale_id
  FROM test_sessions AS session
  JOIN pool_revisions AS revision ON revision.id = session.revision_id
  JOIN question_pools AS pool ON pool.id = revision.pool_id
  WHERE session.legacy_id IS NOT NULL
  GROUP BY session.student_id HAVING count(DISTINCT pool.scale_id) = 1
) AS of_student
WHERE known.scale_id IS NULL AND known.student_id = of_student.student_id;

UPDATE student_proficiencies AS known SET scale_id = of_name.scale_id
FROM (
  SELECT concept.name, min(pool.scale_id) AS scale_id
  FROM question_pools AS pool, unnest(pool.concept_names) AS concept (name)
  GROUP BY concept.name HAVING count(DISTINCT pool.scale_id) = 1
) AS of_name
WHERE known.scale_id IS NULL AND known.concept_name = of_name.name;

INSERT INTO scales (name, correlation, description, created_at)
SELECT 'Imported, of no known pool', 0.3,
       'What was imported about students, and no pool tells on which scale. Pools may be put on it.', now()
WHERE EXISTS (SELECT FROM student_proficiencies WHERE scale_id IS NULL);
UPDATE student_proficiencies SET scale_id = (SELECT id FROM scales WHERE name = 'Imported, of no known pool')
WHERE scale_id IS NULL;
"""
# What a later test of another pool had overwritten: the end of the newest test on each scale.
BROUGHT_BACK = """
WITH measured AS (
  SELECT DISTINCT member.revision_id, weight.number
  FROM revision_questions AS member JOIN questions AS question ON question.id = member.question_id,
       unnest(question.concepts) WITH ORDINALITY AS weight (value, number)
  WHERE weight.value > 0
)
INSERT INTO student_proficiencies (student_id, scale_id, concept_name, theta, standard_error, session_id,
                                   updated_at)
SELECT DISTINCT ON (session.student_id, pool.scale_id, concept.name)
       session.student_id, pool.scale_id, concept.name, concept.theta, concept.standard_error, session.id,
       last.answered_at
FROM test_sessions AS session
JOIN students AS student ON student.id = session.student_id AND student.erased_at IS NULL
JOIN test_responses AS last ON last.session_id = session.id AND last.position = session.questions_answered
JOIN pool_revisions AS revision ON revision.id = session.revision_id
JOIN question_pools AS pool ON pool.id = revision.pool_id
JOIN test_plans AS plan ON plan.id = session.plan_id,
     unnest(plan.concept_names, session.theta, session.standard_error) WITH ORDINALITY
       AS concept (name, theta, standard_error, number)
WHERE session.legacy_id IS NULL
  AND EXISTS (SELECT FROM measured WHERE measured.revision_id = revision.id AND measured.number = concept.number)
ORDER BY session.student_id, pool.scale_id, concept.name, last.answered_at DESC, session.id
ON CONFLICT (student_id, scale_id, concept_name) DO NOTHING;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""
# Back: the newest of each concept, whatever its scale.
FORGET = """
DELETE FROM student_proficiencies AS older USING student_proficiencies AS newer
WHERE older.student_id = newer.student_id AND older.concept_name = newer.concept_name
  AND (older.updated_at, older.id) < (newer.updated_at, newer.id);
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""


def scale(**options):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="testing_engine.scale",
        **options,
    )


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0010_results_of_named_tests"), ("testing_engine", "0006_scales")]
    operations = [
        migrations.AddField("studentproficiency", "scale", scale(null=True)),
        migrations.RemoveConstraint("studentproficiency", "proficiency_once_a_concept"),
        migrations.RunSQL(FOUND, FORGET),
        migrations.RunSQL(GUESSED, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "studentproficiency",
            models.UniqueConstraint(
                "student", "scale", "concept_name", name="proficiency_once_a_scale_and_concept"
            ),
        ),
        migrations.RunSQL(BROUGHT_BACK, migrations.RunSQL.noop),
        migrations.AlterField("studentproficiency", "scale", scale()),
        migrations.AlterModelOptions(
            "studentproficiency",
            {
                "ordering": ["student", "concept_name", "scale"],
                "verbose_name_plural": "student proficiencies",
            },
        ),
    ]
