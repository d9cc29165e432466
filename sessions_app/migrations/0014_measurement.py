"""Answers of elsewhere, and calibrations. What was imported or found never changes, by trigger."""

import django.contrib.postgres.fields
import django.db.models.deletion
import testing_engine.models
import uuid
from django.conf import settings
from django.db import migrations, models


GUARDS = """
CREATE TRIGGER response_imports_never_change BEFORE UPDATE OR DELETE ON response_imports
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER response_imports_never_emptied BEFORE TRUNCATE ON response_imports
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER imported_sittings_never_change
  BEFORE UPDATE OF id, source_id, number, group_name, items, categories, times OR DELETE ON imported_sittings
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER imported_sittings_never_emptied BEFORE TRUNCATE ON imported_sittings
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER calibrations_frozen
  BEFORE UPDATE OF pool_id, revision_id, request, state, session_ids, data_hash, engine_version, result,
    result_hash, shift ON calibrations
  FOR EACH ROW WHEN (OLD.state = 'done') EXECUTE FUNCTION refuse_change();
CREATE TRIGGER calibrations_published_once BEFORE UPDATE OF published_revision_id ON calibrations
  FOR EACH ROW WHEN (OLD.published_revision_id IS NOT NULL) EXECUTE FUNCTION refuse_change();
"""
NO_GUARDS = """
DROP TRIGGER response_imports_never_change ON response_imports;
DROP TRIGGER response_imports_never_emptied ON response_imports;
DROP TRIGGER imported_sittings_never_change ON imported_sittings;
DROP TRIGGER imported_sittings_never_emptied ON imported_sittings;
DROP TRIGGER calibrations_frozen ON calibrations;
DROP TRIGGER calibrations_published_once ON calibrations;
"""


class Migration(migrations.Migration):

    dependencies = [
        ("sessions_app", "0013_begun"),
        ('testing_engine', '0007_fixed_options'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ResponseImport',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('file_name', models.CharField(max_length=255)),
                ('sha256', models.CharField(help_text='Of the file.', max_length=64)),
                ('size', models.PositiveIntegerField(help_text='Bytes.')),
                ('reading', models.JSONField(help_text='How the file was read: shape, columns, what its values are.')),
                ('reading_hash', models.CharField(max_length=64)),
                ('questions', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), help_text="Question versions, in the file's order.", size=None)),
                ('groups', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), default=list, size=None)),
                ('person_count', models.PositiveIntegerField()),
                ('answer_count', models.PositiveIntegerField()),
                ('left_out', models.PositiveIntegerField(default=0, help_text='Bad lines and cells that were not taken.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('pool', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='response_imports', to='testing_engine.questionpool')),
            ],
            options={
                'db_table': 'response_imports',
                'ordering': ['-created_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='ImportedSitting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(help_text='Its place in the file, from 0.')),
                ('person', models.CharField(help_text='As the file calls them; empty: erased.', max_length=200)),
                ('group_name', models.CharField(blank=True, max_length=100)),
                ('items', django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), help_text="Places in the import's `questions`.", size=None)),
                ('categories', django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), size=None)),
                ('times', django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(null=True), help_text='Milliseconds.', null=True, size=None)),
                ('source', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='sittings', to='sessions_app.responseimport')),
            ],
            options={
                'db_table': 'imported_sittings',
                'ordering': ['source', 'number'],
            },
        ),
        migrations.CreateModel(
            name='Calibration',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('request', models.JSONField()),
                ('idempotency_key', models.CharField(max_length=200, null=True)),
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
                ('session_ids', models.BinaryField(help_text='Of delivered sessions: 16 bytes each.', null=True)),
                ('data_hash', models.CharField(blank=True, max_length=64)),
                ('engine_version', models.CharField(blank=True, max_length=100)),
                ('result', models.JSONField(null=True)),
                ('result_hash', models.CharField(blank=True, max_length=64)),
                ('shift', models.JSONField(help_text='What it would change in the scores of the last month.', null=True)),
                ('published_at', models.DateTimeField(null=True)),
                ('by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('pool', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='calibrations', to='testing_engine.questionpool')),
                ('published_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('published_revision', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='calibration', to='testing_engine.poolrevision')),
                ('revision', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='testing_engine.poolrevision')),
            ],
            options={
                'db_table': 'calibrations',
                'ordering': ['-created_at', 'id'],
                'permissions': [('publish_calibrations', 'Calibrate: publish what a calibration proposes')],
                'indexes': [models.Index(models.F('pool'), models.OrderBy(models.F('created_at'), descending=True), name='calibrations_of_a_pool')],
                'constraints': [models.UniqueConstraint(models.F('pool'), condition=models.Q(('state__in', ['queued', 'running'])), name='calibration_one_at_a_time'), models.UniqueConstraint(models.F('by'), models.F('idempotency_key'), condition=models.Q(('idempotency_key__isnull', False)), name='calibration_asked_once'), models.CheckConstraint(condition=models.Q(('progress__range', (0, 1))), name='calibration_progress'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), ('result__isnull', False), _connector='OR'), name='calibration_done_has_a_result'), models.CheckConstraint(condition=models.Q(('published_revision', None), ('state', 'done'), _connector='OR'), name='calibration_published_when_done')],
            },
        ),
        migrations.AddConstraint(
            model_name='responseimport',
            constraint=models.UniqueConstraint(models.F('pool'), models.F('sha256'), models.F('reading_hash'), name='response_import_once'),
        ),
        migrations.AddConstraint(
            model_name='importedsitting',
            constraint=models.UniqueConstraint(models.F('source'), models.F('number'), name='imported_sitting_once'),
        ),
        migrations.AddConstraint(
            model_name='importedsitting',
            constraint=models.CheckConstraint(condition=models.Q(('items__len', testing_engine.models.ArrayLength('categories'))), name='imported_sitting_categories'),
        ),
        migrations.AddConstraint(
            model_name='importedsitting',
            constraint=models.CheckConstraint(condition=models.Q(('times', None), ('items__len', testing_engine.models.ArrayLength('times')), _connector='OR'), name='imported_sitting_times'),
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
