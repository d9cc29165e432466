"""Named tests say what earlier results may do, and that not everybody sees the same; sessions keep it.

A named test that is there starts from nothing from now on: what another test found decides nothing in it.
It keeps its first question and the order of its options; new ones vary both.
"""

from django.db import migrations, models

VARY_HELP = (
    "Not everybody begins with the same question: each of the first comes at random from among the best few. "
    "Rules that say how the test begins, or choose at random anyway, go first."
)
SHUFFLE_HELP = (
    "Each student sees the options in an order of their own, where one of them is right. Rating scales keep "
    "theirs, and so do the fixed options of a question."
)
GUARDS = """
CREATE TRIGGER test_sessions_manner BEFORE UPDATE OF is_scored_alone, shuffles_options ON test_sessions
  FOR EACH ROW
  WHEN ((OLD.is_scored_alone, OLD.shuffles_options) IS DISTINCT FROM (NEW.is_scored_alone, NEW.shuffles_options))
  EXECUTE FUNCTION refuse_change();
"""
NO_GUARDS = "DROP TRIGGER test_sessions_manner ON test_sessions;"


def finite_or_none(table):
    return migrations.RunSQL(
        f"""
        ALTER TABLE {table} ADD CONSTRAINT {table}_overall
          CHECK ((overall_theta IS NULL) = (overall_error IS NULL)
                 AND overall_theta BETWEEN -1e9 AND 1e9 AND overall_error BETWEEN 0 AND 1e9);
        """,
        f"ALTER TABLE {table} DROP CONSTRAINT {table}_overall;",
    )


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0011_proficiencies_of_a_scale")]
    operations = [
        migrations.AddField(
            "namedtest",
            "earlier_results",
            models.CharField(
                choices=[
                    ("ignored", "everybody starts from nothing"),
                    ("choose", "earlier results help to choose questions; the score is of this test alone"),
                    ("score", "earlier results help to choose questions and count in the score"),
                ],
                default="ignored",
                help_text="Of tests on the scale of the same pool. A prior in the rules goes first.",
                max_length=7,
            ),
        ),
        migrations.AddField(
            "namedtest", "vary_first_questions", models.BooleanField(default=False, help_text=VARY_HELP)
        ),
        migrations.AlterField(
            "namedtest", "vary_first_questions", models.BooleanField(default=True, help_text=VARY_HELP)
        ),
        migrations.AddField(
            "namedtest", "shuffle_options", models.BooleanField(default=False, help_text=SHUFFLE_HELP)
        ),
        migrations.AlterField(
            "namedtest", "shuffle_options", models.BooleanField(default=True, help_text=SHUFFLE_HELP)
        ),
        migrations.AddConstraint(
            "namedtest",
            models.CheckConstraint(
                condition=models.Q(("earlier_results__in", ["ignored", "choose", "score"])),
                name="named_test_earlier_results",
            ),
        ),
        migrations.AddField(
            "testsession",
            "is_scored_alone",
            models.BooleanField(
                db_default=False,
                default=False,
                help_text="What was known helped to choose questions; θ is of this test's answers alone.",
            ),
        ),
        migrations.AddField(
            "testsession",
            "shuffles_options",
            models.BooleanField(
                db_default=False,
                default=False,
                help_text="Whether options were shown in an order drawn from the seed.",
            ),
        ),
        migrations.AddField(
            "testsession",
            "overall_theta",
            models.FloatField(
                help_text="Mean ability over the concepts that got a question; null: fewer than two.", null=True
            ),
        ),
        migrations.AddField(
            "testsession",
            "overall_error",
            models.FloatField(help_text="Its standard error.", null=True),
        ),
        migrations.AddField(
            "testresponse",
            "overall_theta",
            models.FloatField(help_text="As in the session's row.", null=True),
        ),
        migrations.AddField("testresponse", "overall_error", models.FloatField(null=True)),
        finite_or_none("test_sessions"),
        finite_or_none("test_responses"),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
