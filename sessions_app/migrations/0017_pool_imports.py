"""Imports of question banks that a worker carries out."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sessions_app', '0016_pilots'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PoolImport',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('idempotency_key', models.CharField(max_length=200, null=True)),
                ('file_name', models.CharField(max_length=255)),
                ('sha256', models.CharField(help_text='Of the file.', max_length=64)),
                ('content', models.BinaryField(help_text='The file; null when it is over.', null=True)),
                ('request', models.JSONField(help_text='What was asked beside the file.')),
                ('pool_id', models.UUIDField(help_text='Of the pool that it makes.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('state', models.CharField(choices=[('queued', 'waiting'), ('running', 'running'), ('done', 'done'), ('failed', 'failed')], default='queued', max_length=7)),
                ('attempt', models.PositiveSmallIntegerField(default=0)),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('report', models.JSONField(null=True)),
                ('problems', models.JSONField(help_text='Why nothing was taken: pointers and messages.', null=True)),
                ('by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'pool_imports',
                'ordering': ['-created_at', 'id'],
                'indexes': [models.Index(models.F('by'), models.OrderBy(models.F('created_at'), descending=True), name='pool_imports_of_an_account'), models.Index(models.F('created_at'), condition=models.Q(('state__in', ['queued', 'running'])), name='pool_imports_not_over')],
                'constraints': [models.UniqueConstraint(models.F('by'), models.F('idempotency_key'), condition=models.Q(('idempotency_key__isnull', False)), name='pool_import_asked_once'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), ('report__isnull', False), _connector='OR'), name='pool_import_done_has_a_report'), models.CheckConstraint(condition=models.Q(('state__in', ['done', 'failed']), ('content__isnull', False), _connector='OR'), name='pool_import_has_its_file_until_it_is_over')],
            },
        ),
    ]
