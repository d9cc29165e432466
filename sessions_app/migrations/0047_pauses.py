"""A test whose rules allow it may stand still for a while. Those that are there do not."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0046_mail")]

    operations = [
        migrations.AddField(
            model_name="testsession",
            name="paused_at",
            field=models.DateTimeField(
                help_text="Since when its clock stands still; null: it runs. No answer is taken meanwhile.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="testsession",
            name="paused_until",
            field=models.DateTimeField(help_text="The pause ends by itself then.", null=True),
        ),
        migrations.AlterField(
            model_name="sessionevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("started", "started"),
                    ("begun", "begun"),
                    ("completed", "completed"),
                    ("ended", "ended early"),
                    ("expired", "expired"),
                    ("resumed", "resumed"),
                    ("extended", "extended"),
                    ("paused", "paused"),
                    ("continued", "went on after a pause"),
                    ("imported", "imported"),
                ],
                max_length=9,
            ),
        ),
        AddConstraintNotValid(
            model_name="testsession",
            constraint=models.CheckConstraint(
                condition=Q(paused_at=None, paused_until=None)
                | Q(status="active", paused_at__isnull=False, paused_until__gte=F("paused_at")),
                name="session_paused_while_active",
            ),
        ),
    ]
