"""An import may have several columns of groups. Those there have one at most, which stays where it is."""

import django.contrib.postgres.fields
from django.db import migrations, models

GUARD = """
DROP TRIGGER imported_sittings_never_change ON imported_sittings;
CREATE TRIGGER imported_sittings_never_change
  BEFORE UPDATE OF id, source_id, number, group_name, {more}items, categories, times OR DELETE ON imported_sittings
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0029_lost_answers")]
    operations = [
        migrations.AddField(
            "responseimport",
            "other_groups",
            models.JSONField(
                db_default=[],
                default=list,
                help_text="Of further columns, in the order in which sittings have them: `column` and its "
                "`groups`.",
            ),
        ),
        migrations.AlterField(
            "responseimport",
            "groups",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=100),
                default=list,
                help_text="Of the first column.",
                size=None,
            ),
        ),
        migrations.AddField(
            "importedsitting",
            "other_groups",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=100),
                db_default=[],
                default=list,
                help_text="In further columns.",
                size=None,
            ),
        ),
        migrations.AlterField(
            "importedsitting",
            "group_name",
            models.CharField(blank=True, help_text="In the first column of groups.", max_length=100),
        ),
        migrations.RunSQL(GUARD.format(more="other_groups, "), GUARD.format(more="")),
    ]
