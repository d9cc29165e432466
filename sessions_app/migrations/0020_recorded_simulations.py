"""Simulations on recorded answers keep those that decide them."""

from django.db import migrations, models

FROZEN = """
DROP TRIGGER simulations_frozen ON simulations;
CREATE TRIGGER simulations_frozen
  BEFORE UPDATE OF pool_id, revision_id, request, abilities, {recorded}state, engine_version, result, result_hash
  ON simulations
  FOR EACH ROW WHEN (OLD.state = 'done') EXECUTE FUNCTION refuse_change();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('sessions_app', '0019_gates'),
    ]

    operations = [
        migrations.AddField(
            model_name='simulation',
            name='recorded',
            field=models.BinaryField(help_text='Instead: answers of persons, who are not named (`simulation.packing`).', null=True),
        ),
        migrations.RunSQL(FROZEN.format(recorded='recorded, '), FROZEN.format(recorded='')),
    ]
