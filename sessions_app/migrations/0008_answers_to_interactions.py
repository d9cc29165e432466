"""Answers to questions that ask for more than one of their options."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0007_named_tests"), ("testing_engine", "0004_interactions")]
    operations = [
        migrations.AlterField(
            "testresponse",
            "answer",
            models.SmallIntegerField(
                null=True, help_text='Index of the chosen option; null: "I don\'t know", or `response` has it.'
            ),
        ),
        migrations.AddField(
            "testresponse",
            "response",
            models.JSONField(
                null=True,
                help_text="Where the question has interactions: the value of each response variable.",
            ),
        ),
        migrations.AddConstraint(
            "testresponse",
            models.CheckConstraint(
                condition=models.Q(("answer__isnull", True), ("response__isnull", True), _connector="OR"),
                name="response_is_an_option_or_values",
            ),
        ),
    ]
