"""Students are counted by scale, concept and ability, as their newest test that is over found it.

So a stored ability is one of a test that is over: a first test that runs has none yet. A trigger notes what
changes; `counting.abilities` adds the notes up.
"""

from django.db import migrations, models

NOTES = """
CREATE FUNCTION ability_place(theta double precision) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT width_bucket(theta, '{-3.5,-3,-2.5,-2,-1.5,-1,-0.5,0,0.5,1,1.5,2,2.5,3,3.5}'::double precision[])
$$;
CREATE FUNCTION let_ability_be_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.theta IS NOT NULL THEN
    INSERT INTO ability_changes (scale_id, concept_name, place, n)
    VALUES (OLD.scale_id, OLD.concept_name, ability_place(OLD.theta), -1);
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.theta IS NOT NULL THEN
    INSERT INTO ability_changes (scale_id, concept_name, place, n)
    VALUES (NEW.scale_id, NEW.concept_name, ability_place(NEW.theta), 1);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER student_proficiencies_counted_when_stored AFTER INSERT ON student_proficiencies FOR EACH ROW
  WHEN (NEW.theta IS NOT NULL) EXECUTE FUNCTION let_ability_be_counted();
CREATE TRIGGER student_proficiencies_counted_when_gone AFTER DELETE ON student_proficiencies FOR EACH ROW
  WHEN (OLD.theta IS NOT NULL) EXECUTE FUNCTION let_ability_be_counted();
CREATE TRIGGER student_proficiencies_counted_when_moved AFTER UPDATE ON student_proficiencies FOR EACH ROW
  WHEN (ability_place(OLD.theta) IS DISTINCT FROM ability_place(NEW.theta)
        OR OLD.scale_id <> NEW.scale_id OR OLD.concept_name <> NEW.concept_name)
  EXECUTE FUNCTION let_ability_be_counted();
"""
NO_NOTES = """
DROP TRIGGER student_proficiencies_counted_when_moved ON student_proficiencies;
DROP TRIGGER student_proficiencies_counted_when_gone ON student_proficiencies;
DROP TRIGGER student_proficiencies_counted_when_stored ON student_proficiencies;
DROP FUNCTION let_ability_be_counted();
DROP FUNCTION ability_place(double precision);
"""
# Back: a stored ability is that of the test that runs. Those that come meanwhile hold its latest.
NO_GAPS = """
UPDATE student_proficiencies AS known
SET theta = session.theta[array_position(plan.concept_names, known.concept_name)],
    standard_error = session.standard_error[array_position(plan.concept_names, known.concept_name)]
FROM test_sessions AS session JOIN test_plans AS plan ON plan.id = session.plan_id
WHERE session.id = known.session_id AND known.theta IS NULL;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0057_messages_by_time")]
    operations = [
        migrations.CreateModel(
            name="AbilityCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "scale_id", "concept_name", "place",
                        blank=True, editable=False, primary_key=True, serialize=False,
                    ),
                ),
                ("scale_id", models.BigIntegerField()),
                ("concept_name", models.CharField(max_length=100)),
                (
                    "place",
                    models.SmallIntegerField(help_text="0: below −3.5; then by half logits; 15: from 3.5."),
                ),
                ("n", models.BigIntegerField()),
            ],
            options={"db_table": "ability_counts"},
        ),
        migrations.CreateModel(
            name="AbilityChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("scale_id", models.BigIntegerField()),
                ("concept_name", models.CharField(max_length=100)),
                ("place", models.SmallIntegerField()),
                ("n", models.BigIntegerField(help_text="So many more; −1: one left it.")),
            ],
            options={"db_table": "ability_changes"},
        ),
        migrations.AlterField("studentproficiency", "theta", models.FloatField(null=True)),
        migrations.AlterField("studentproficiency", "standard_error", models.FloatField(null=True)),
        migrations.RunSQL(migrations.RunSQL.noop, NO_GAPS),
        migrations.RunSQL(NOTES, NO_NOTES),
    ]
