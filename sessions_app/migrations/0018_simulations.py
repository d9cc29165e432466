"""Simulations of pools, in parts that workers share. A result never changes, by trigger."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

GUARDS = """
CREATE TRIGGER simulations_frozen
  BEFORE UPDATE OF pool_id, revision_id, request, abilities, state, engine_version, result, result_hash
  ON simulations
  FOR EACH ROW WHEN (OLD.state = 'done') EXECUTE FUNCTION refuse_change();
"""
NO_GUARDS = "DROP TRIGGER simulations_frozen ON simulations;"


class Migration(migrations.Migration):

    dependencies = [
        ('sessions_app', '0017_pool_imports'),
        ('testing_engine', '0013_question_states'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Simulation',
            fields=[
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('state', models.CharField(choices=[('queued', 'waiting'), ('running', 'running'), ('done', 'done'), ('failed', 'failed'), ('cancelled', 'cancelled')], default='queued', max_length=9)),
                ('stage', models.CharField(blank=True, max_length=40)),
                ('progress', models.FloatField(default=0.0, help_text='From 0 to 1.')),
                ('cancel_requested', models.BooleanField(default=False)),
                ('attempt', models.PositiveSmallIntegerField(default=0)),
                ('worker', models.UUIDField(help_text='Who computes: a number that each attempt draws anew.', null=True)),
                ('heartbeat_at', models.DateTimeField(null=True)),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('error', models.TextField(blank=True)),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('request', models.JSONField()),
                ('abilities', models.BinaryField(help_text='True ones, drawn: students × concepts, float64.')),
                ('idempotency_key', models.CharField(max_length=200, null=True)),
                ('engine_version', models.CharField(blank=True, max_length=100)),
                ('result', models.JSONField(null=True)),
                ('result_hash', models.CharField(blank=True, max_length=64)),
                ('by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('pool', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='simulations', to='testing_engine.questionpool')),
                ('revision', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='testing_engine.poolrevision')),
            ],
            options={
                'db_table': 'simulations',
                'ordering': ['-created_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='SimulationPart',
            fields=[
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('state', models.CharField(choices=[('queued', 'waiting'), ('running', 'running'), ('done', 'done'), ('failed', 'failed'), ('cancelled', 'cancelled')], default='queued', max_length=9)),
                ('stage', models.CharField(blank=True, max_length=40)),
                ('progress', models.FloatField(default=0.0, help_text='From 0 to 1.')),
                ('cancel_requested', models.BooleanField(default=False)),
                ('attempt', models.PositiveSmallIntegerField(default=0)),
                ('worker', models.UUIDField(help_text='Who computes: a number that each attempt draws anew.', null=True)),
                ('heartbeat_at', models.DateTimeField(null=True)),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('error', models.TextField(blank=True)),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('design', models.PositiveSmallIntegerField(help_text='Its place in the request, from 0.')),
                ('first', models.PositiveIntegerField(help_text='The first student, from 0.')),
                ('students', models.PositiveIntegerField()),
                ('taken', models.BinaryField(help_text='The tests, as `simulation.packing` has them.', null=True)),
                ('simulation', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='sessions_app.simulation')),
            ],
            options={
                'db_table': 'simulation_parts',
                'ordering': ['simulation', 'design', 'first'],
            },
        ),
        migrations.AddIndex(
            model_name='simulation',
            index=models.Index(models.F('pool'), models.OrderBy(models.F('created_at'), descending=True), name='simulations_of_a_pool'),
        ),
        migrations.AddConstraint(
            model_name='simulation',
            constraint=models.UniqueConstraint(models.F('pool'), condition=models.Q(('state__in', ['queued', 'running'])), name='simulation_one_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='simulation',
            constraint=models.UniqueConstraint(models.F('by'), models.F('idempotency_key'), condition=models.Q(('idempotency_key__isnull', False)), name='simulation_asked_once'),
        ),
        migrations.AddConstraint(
            model_name='simulation',
            constraint=models.CheckConstraint(condition=models.Q(('progress__range', (0, 1))), name='simulation_progress'),
        ),
        migrations.AddConstraint(
            model_name='simulation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), ('result__isnull', False), _connector='OR'), name='simulation_done_has_a_result'),
        ),
        migrations.AddConstraint(
            model_name='simulationpart',
            constraint=models.UniqueConstraint(models.F('simulation'), models.F('design'), models.F('first'), name='simulation_part_once'),
        ),
        migrations.AddConstraint(
            model_name='simulationpart',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), ('taken__isnull', False), _connector='OR'), name='simulation_part_done_has_tests'),
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
