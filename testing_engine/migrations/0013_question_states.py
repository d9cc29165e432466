"""How far a question has come: not calibrated, provisional, operational, retired. Those that are there are operational."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("testing_engine", "0012_question_sounds")]
    operations = [
        migrations.AddField(
            "question",
            "state",
            models.CharField(
                choices=[
                    ("not_calibrated", "not calibrated"),
                    ("provisional", "provisional"),
                    ("operational", "operational"),
                    ("retired", "retired"),
                ],
                db_default="operational",
                default="operational",
                help_text="Not calibrated: its parameters are no more than guesses, and no ability rests on it. "
                "Retired: it never comes again.",
                max_length=14,
            ),
        ),
        migrations.AddConstraint(
            "question",
            models.CheckConstraint(
                condition=models.Q(("state__in", ["not_calibrated", "provisional", "operational", "retired"])),
                name="question_state",
            ),
        ),
    ]
