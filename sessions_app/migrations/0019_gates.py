"""What pools require, and each time that it was looked at. What was found is kept, by trigger."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

GUARDS = """
CREATE TRIGGER gate_checks_never_change BEFORE UPDATE OR DELETE ON gate_checks
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER gate_checks_never_emptied BEFORE TRUNCATE ON gate_checks
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
NO_GUARDS = """
DROP TRIGGER gate_checks_never_change ON gate_checks;
DROP TRIGGER gate_checks_never_emptied ON gate_checks;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('sessions_app', '0018_simulations'),
        ('testing_engine', '0013_question_states'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PoolRequirements',
            fields=[
                ('pool', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='requirements', serialize=False, to='testing_engine.questionpool')),
                ('content', models.JSONField()),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'pool_requirements',
            },
        ),
        migrations.CreateModel(
            name='GateCheck',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('test_name', models.CharField(blank=True, help_text='Of a named test that was saved.', max_length=100)),
                ('requirements', models.JSONField()),
                ('found', models.JSONField(help_text='What was simulated, and its numbers.')),
                ('shortfalls', models.JSONField(help_text='Sentences.')),
                ('override_reason', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('calibration', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='gate_checks', to='sessions_app.calibration')),
                ('pool', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='gate_checks', to='testing_engine.questionpool')),
                ('revision', models.ForeignKey(db_index=False, help_text="The pool's newest before.", on_delete=django.db.models.deletion.PROTECT, related_name='+', to='testing_engine.poolrevision')),
            ],
            options={
                'db_table': 'gate_checks',
                'ordering': ['-created_at', 'id'],
                'indexes': [models.Index(models.F('pool'), models.OrderBy(models.F('created_at'), descending=True), name='gate_checks_of_a_pool')],
                'constraints': [models.CheckConstraint(condition=models.Q(('shortfalls', []), models.Q(('override_reason', ''), _negated=True), _connector='OR'), name='gate_check_passed_or_overridden')],
            },
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
