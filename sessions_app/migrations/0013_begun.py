"""A test that its student reads an introduction to may wait for them to begin. Those that are there do not."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0012_fair_beginnings")]
    operations = [
        migrations.AddField(
            "testsession",
            "waits_to_begin",
            models.BooleanField(
                db_default=False,
                default=False,
                help_text="Its student reads the introduction: the time limit runs anew from when they begin.",
            ),
        ),
        migrations.AlterField(
            "sessionevent",
            "kind",
            models.CharField(
                choices=[
                    ("started", "started"),
                    ("begun", "begun"),
                    ("completed", "completed"),
                    ("ended", "ended early"),
                    ("expired", "expired"),
                    ("resumed", "resumed"),
                    ("extended", "extended"),
                    ("imported", "imported"),
                ],
                max_length=9,
            ),
        ),
        migrations.AddConstraint(
            "sessionevent",
            models.UniqueConstraint(
                "session", condition=models.Q(("kind", "begun")), name="event_begun_once"
            ),
        ),
    ]
