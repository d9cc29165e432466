"""When results are released, checked of the rows that were there."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0042_results_for_teachers")]

    operations = [ValidateConstraint(model_name="namedtest", name="named_test_release")]
