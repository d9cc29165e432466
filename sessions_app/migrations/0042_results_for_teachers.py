"""Results that students never get, feedback for each level, and who began by choosing a name."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0041_once_an_organisation")]

    operations = [
        migrations.AddField(
            model_name="namedtest",
            name="result_feedback",
            field=models.JSONField(
                blank=True,
                help_text="Texts for students, one for each level, the lowest first. They may be changed later.",
                null=True,
                verbose_name="feedback for each level",
            ),
        ),
        migrations.AlterField(
            model_name="namedtest",
            name="result_release",
            field=models.CharField(
                choices=[
                    ("now", "as soon as the student is done"),
                    ("closed", "when the test has closed"),
                    ("never", "never: teachers alone"),
                ],
                default="now",
                max_length=6,
                verbose_name="students see it",
            ),
        ),
        migrations.RemoveConstraint(model_name="namedtest", name="named_test_result_release"),
        AddConstraintNotValid(
            model_name="namedtest",
            constraint=models.CheckConstraint(
                condition=Q(result_release__in=["now", "never"])
                | Q(result_release="closed", closes_at__isnull=False),
                name="named_test_release",
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="begun_with",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Which choice of a name began it, where no link did: nobody else goes on with that name.",
                max_length=12,
            ),
        ),
    ]
