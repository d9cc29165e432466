"""Answers to questions that are only tried out, and how many a session has. Those that are there all count."""

from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0015_reporting_scale")]
    operations = [
        migrations.AddField(
            "testresponse",
            "is_pilot",
            models.BooleanField(
                db_default=False,
                default=False,
                help_text="Whether the question was only tried out: it counts in nothing.",
            ),
        ),
        migrations.AddField(
            "testsession",
            "pilots_answered",
            models.PositiveIntegerField(
                db_default=0,
                default=0,
                help_text="Of the questions answered, those that were only tried out.",
            ),
        ),
        migrations.AddIndex(
            "testresponse",
            models.Index("question", condition=Q(is_pilot=True), name="responses_of_pilots"),
        ),
        migrations.RemoveConstraint("testsession", "session_counts"),
        migrations.AddConstraint(
            "testsession",
            models.CheckConstraint(
                condition=Q(correct_responses__lte=F("questions_answered") - F("pilots_answered")),
                name="session_counts",
            ),
        ),
    ]
