"""Webhooks: who is told what happens, and the messages, written by triggers."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import sessions_app.models.webhooks
import uuid
from django.conf import settings
from django.db import migrations, models

# The outbox: in the transaction of the event itself, whatever writes it. Nothing is looked up where nobody listens.
OUTBOX = """
CREATE FUNCTION note_test_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO webhook_messages (id, webhook_id, kind, session_id)
  SELECT gen_random_uuid(), webhook.id, 'test.' || NEW.kind, NEW.session_id
  FROM webhooks AS webhook JOIN test_sessions AS session ON session.id = NEW.session_id
  WHERE webhook.is_active AND 'test.' || NEW.kind = ANY (webhook.events)
    AND (webhook.client_id IS NULL OR webhook.client_id = session.client_id);
  RETURN NULL;
END $$;
CREATE TRIGGER session_events_are_told AFTER INSERT ON session_events
  FOR EACH ROW EXECUTE FUNCTION note_test_event();

CREATE FUNCTION note_pool_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO webhook_messages (id, webhook_id, kind, revision_id)
  SELECT gen_random_uuid(), id, 'pool.published', NEW.id
  FROM webhooks WHERE is_active AND 'pool.published' = ANY (events);
  RETURN NULL;
END $$;
CREATE TRIGGER pool_revisions_are_told AFTER INSERT ON pool_revisions
  FOR EACH ROW EXECUTE FUNCTION note_pool_published();

CREATE FUNCTION note_pool_alarmed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO webhook_messages (id, webhook_id, kind, watch_id)
  SELECT gen_random_uuid(), id, 'pool.alarmed', NEW.id
  FROM webhooks WHERE is_active AND 'pool.alarmed' = ANY (events);
  RETURN NULL;
END $$;
CREATE TRIGGER pool_watches_are_told AFTER INSERT ON pool_watches
  FOR EACH ROW WHEN (NEW.alarms <> '{}'::jsonb) EXECUTE FUNCTION note_pool_alarmed();
"""
NO_OUTBOX = """
DROP TRIGGER session_events_are_told ON session_events;
DROP TRIGGER pool_revisions_are_told ON pool_revisions;
DROP TRIGGER pool_watches_are_told ON pool_watches;
DROP FUNCTION note_test_event();
DROP FUNCTION note_pool_published();
DROP FUNCTION note_pool_alarmed();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('sessions_app', '0030_columns_of_groups'),
        ('testing_engine', '0013_question_states'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('url', models.CharField(max_length=500, verbose_name='address')),
                ('events', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('test.started', 'a test started'), ('test.completed', 'a test was completed'), ('test.ended', 'a test was ended early'), ('test.expired', 'a test expired'), ('test.extended', 'a test got more time'), ('test.resumed', 'an expired test was resumed'), ('pool.published', 'a pool got a new revision'), ('pool.alarmed', 'the watch of a pool found something to act on')], max_length=20), size=None)),
                ('secret', models.CharField(default=sessions_app.models.webhooks.new_secret, editable=False, max_length=100)),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('failing_since', models.DateTimeField(editable=False, null=True)),
                ('switched_off_because', models.CharField(blank=True, editable=False, max_length=200)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('client', models.ForeignKey(blank=True, help_text="Told of the tests that it started alone. Empty: of everybody's.", null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='API client')),
            ],
            options={
                'db_table': 'webhooks',
                'ordering': ['created_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='WebhookMessage',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=20)),
                ('happened_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('next_try_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), help_text='None: it is settled.', null=True)),
                ('attempts', models.PositiveSmallIntegerField(db_default=0, default=0)),
                ('delivered_at', models.DateTimeField(null=True)),
                ('answer', models.CharField(blank=True, db_default='', help_text='What came of the last attempt.', max_length=200)),
                ('revision', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='testing_engine.poolrevision')),
                ('session', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='sessions_app.testsession')),
                ('watch', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='sessions_app.poolwatch')),
                ('webhook', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='sessions_app.webhook')),
            ],
            options={
                'db_table': 'webhook_messages',
                'ordering': ['-happened_at', 'id'],
            },
        ),
        migrations.AddConstraint(
            model_name='webhook',
            constraint=models.CheckConstraint(condition=models.Q(('events', []), _negated=True), name='webhook_is_told_something'),
        ),
        migrations.AddConstraint(
            model_name='webhook',
            constraint=models.CheckConstraint(condition=models.Q(('url__regex', '^https?://')), name='webhook_has_an_address'),
        ),
        migrations.AddIndex(
            model_name='webhookmessage',
            index=models.Index(models.F('next_try_at'), condition=models.Q(('next_try_at__isnull', False)), name='webhook_messages_due'),
        ),
        migrations.AddIndex(
            model_name='webhookmessage',
            index=models.Index(models.F('happened_at'), condition=models.Q(('next_try_at__isnull', True)), name='webhook_messages_settled'),
        ),
        migrations.AddIndex(
            model_name='webhookmessage',
            index=models.Index(models.F('webhook'), models.OrderBy(models.F('happened_at'), descending=True), models.F('id'), name='webhook_messages_of_one'),
        ),
        migrations.RunSQL(OUTBOX, NO_OUTBOX),
    ]
