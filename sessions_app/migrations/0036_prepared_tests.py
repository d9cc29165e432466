"""Named tests that are still prepared, or archived; and which page made one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0035_keys_that_shard")]
    operations = [
        migrations.AddField(
            model_name="namedtest",
            name="is_draft",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Nobody starts it until it is opened.",
                verbose_name="in preparation",
            ),
        ),
        migrations.AddField(
            model_name="namedtest",
            name="archived_at",
            field=models.DateTimeField(
                editable=False, help_text="From then on nobody starts it.", null=True
            ),
        ),
        migrations.AddField(
            model_name="namedtest",
            name="creation_key",
            field=models.UUIDField(
                editable=False,
                help_text="Drawn by the page that made it: sent twice, it is one test.",
                null=True,
            ),
        ),
    ]
