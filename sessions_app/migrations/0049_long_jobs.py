"""Files that a worker makes, and what is known of how far each is."""

import django.db.models.deletion
import organisations.membership
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('organisations', '0001_initial'),
        ('sessions_app', '0048_pauses_are_found'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='LongJob',
            fields=[
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('state', models.CharField(choices=[('queued', 'waiting'), ('running', 'running'), ('done', 'done'), ('failed', 'failed'), ('cancelled', 'cancelled')], default='queued', max_length=9)),
                ('stage', models.CharField(blank=True, db_default='', max_length=40)),
                ('progress', models.FloatField(db_default=0.0, default=0.0, help_text='From 0 to 1.')),
                ('cancel_requested', models.BooleanField(db_default=False, default=False)),
                ('attempt', models.PositiveSmallIntegerField(default=0)),
                ('worker', models.UUIDField(help_text='Who computes: a number that each attempt draws anew.', null=True)),
                ('heartbeat_at', models.DateTimeField(null=True)),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('error', models.TextField(blank=True, db_default='')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=30)),
                ('request', models.JSONField()),
                ('idempotency_key', models.CharField(max_length=200, null=True)),
                ('total', models.PositiveBigIntegerField(help_text='Rows, as soon as they are counted.', null=True)),
                ('outcome', models.JSONField(help_text='What there is to say of what was made: a sentence.', null=True)),
                ('file_name', models.CharField(blank=True, max_length=255)),
                ('media_type', models.CharField(blank=True, max_length=100)),
                ('size', models.PositiveBigIntegerField(default=0, help_text='Bytes of the file.')),
                ('holds_students', models.BooleanField(help_text='The file tells of students: erasing one takes it away.')),
                ('expires_at', models.DateTimeField(null=True)),
                ('by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(db_default=1, db_index=False, default=organisations.membership.organisation_for_new, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
            ],
            options={
                'db_table': 'long_jobs',
                'ordering': ['-created_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='JobPiece',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('worker', models.UUIDField(help_text='Which attempt wrote it.')),
                ('number', models.PositiveIntegerField()),
                ('content', models.BinaryField()),
                ('job', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='pieces', to='sessions_app.longjob')),
            ],
            options={
                'db_table': 'job_pieces',
            },
        ),
        migrations.AddIndex(
            model_name='longjob',
            index=models.Index(models.F('by'), models.OrderBy(models.F('created_at'), descending=True), name='long_jobs_of_an_account'),
        ),
        migrations.AddIndex(
            model_name='longjob',
            index=models.Index(models.F('expires_at'), condition=models.Q(('state', 'done')), name='long_jobs_by_expiry'),
        ),
        migrations.AddIndex(
            model_name='longjob',
            index=models.Index(models.F('created_at'), condition=models.Q(('state__in', ['queued', 'running'])), name='long_jobs_not_over'),
        ),
        migrations.AddConstraint(
            model_name='longjob',
            constraint=models.UniqueConstraint(models.F('by'), models.F('idempotency_key'), condition=models.Q(('idempotency_key__isnull', False)), name='long_job_asked_once'),
        ),
        migrations.AddConstraint(
            model_name='longjob',
            constraint=models.CheckConstraint(condition=models.Q(('progress__range', (0, 1))), name='long_job_progress'),
        ),
        migrations.AddConstraint(
            model_name='longjob',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), ('expires_at__isnull', False), _connector='OR'), name='long_job_done_expires'),
        ),
        migrations.AddConstraint(
            model_name='jobpiece',
            constraint=models.UniqueConstraint(models.F('job'), models.F('worker'), models.F('number'), name='job_piece_once'),
        ),
    ]
