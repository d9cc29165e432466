"""That an open import has its file, checked of the rows that were there."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0052_imports_can_be_cancelled")]

    operations = [ValidateConstraint(model_name="poolimport", name="pool_import_keeps_its_file_while_open")]
