"""LTI: platforms, launches, and an outbox of scores, which a trigger fills when a test is over."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.db import migrations, models


# With the event itself, whatever writes it. A test that was not begun by a launch costs one look by its key.
OUTBOX = """
CREATE FUNCTION note_lti_score() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO lti_messages (id, registration_id, kind, link_id, session_id)
  SELECT gen_random_uuid(), link.registration_id, 'score', link.id, NEW.session_id
  FROM lti_sittings AS sitting JOIN lti_links AS link ON link.id = sitting.link_id
  WHERE sitting.session_id = NEW.session_id AND link.line_item <> '';
  RETURN NULL;
END $$;
CREATE TRIGGER session_events_are_graded AFTER INSERT ON session_events
  FOR EACH ROW WHEN (NEW.kind IN ('completed', 'ended', 'expired')) EXECUTE FUNCTION note_lti_score();
"""
NO_OUTBOX = """
DROP TRIGGER session_events_are_graded ON session_events;
DROP FUNCTION note_lti_score();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('sessions_app', '0038_acknowledged_losses'),
    ]

    operations = [
        migrations.CreateModel(
            name='LtiKey',
            fields=[
                ('kid', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('public_pem', models.TextField()),
                ('sealed', models.TextField()),
                ('signs_from', models.DateTimeField(help_text='Platforms can read it before.')),
                ('retired_at', models.DateTimeField(help_text='Since then nobody is told of it.', null=True)),
            ],
            options={
                'verbose_name': 'LTI key',
                'db_table': 'lti_keys',
                'ordering': ['-signs_from'],
            },
        ),
        migrations.CreateModel(
            name='LtiSpent',
            fields=[
                ('digest', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('expires_at', models.DateTimeField(db_index=True, help_text='Then nobody would take it anyway.')),
            ],
            options={
                'verbose_name': 'used LTI value',
                'db_table': 'lti_spent',
            },
        ),
        migrations.CreateModel(
            name='LtiRegistration',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('issuer', models.CharField(help_text="The platform's id: an address.", max_length=500)),
                ('client_id', models.CharField(max_length=255, verbose_name='client ID')),
                ('deployment_ids', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=255), blank=True, default=list, size=None, verbose_name='deployment IDs')),
                ('takes_any_deployment', models.BooleanField(default=False, help_text='Whatever deployment of its own the platform names.', verbose_name='any deployment')),
                ('auth_url', models.CharField(max_length=500, verbose_name='authentication request URL')),
                ('token_url', models.CharField(max_length=500, verbose_name='access token URL')),
                ('keyset_url', models.CharField(max_length=500, verbose_name='public keyset URL')),
                ('token_audience', models.CharField(blank=True, help_text='Of requests for access tokens; empty: their address.', max_length=500)),
                ('frame_ancestors', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list, help_text='Origins: https://school.example. Empty: tests open in a tab of their own.', size=None, verbose_name='may show it in a frame')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('keyset', models.JSONField(editable=False, help_text="The platform's keys as they were read.", null=True)),
                ('keyset_read_at', models.DateTimeField(editable=False, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name': 'LTI platform',
                'db_table': 'lti_registrations',
                'ordering': ['name', 'id'],
                'constraints': [models.UniqueConstraint(models.F('issuer'), models.F('client_id'), name='lti_client_of_an_issuer_once'), models.CheckConstraint(condition=models.Q(('auth_url__regex', '^https?://')), name='lti_auth_url_is_an_address'), models.CheckConstraint(condition=models.Q(('token_url__regex', '^https?://')), name='lti_token_url_is_an_address'), models.CheckConstraint(condition=models.Q(('keyset_url__regex', '^https?://')), name='lti_keyset_url_is_an_address')],
            },
        ),
        migrations.CreateModel(
            name='LtiLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('deployment_id', models.CharField(max_length=255)),
                ('resource_link_id', models.CharField(max_length=255)),
                ('context_title', models.CharField(blank=True, max_length=255, verbose_name='course')),
                ('line_item', models.CharField(blank=True, help_text='Where scores go; empty: nowhere.', max_length=500)),
                ('memberships_url', models.CharField(blank=True, help_text='Who is in the course; empty: it does not say.', max_length=500)),
                ('roster_read_at', models.DateTimeField(null=True)),
                ('launched_at', models.DateTimeField()),
                ('test', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lti_links', to='sessions_app.namedtest')),
                ('registration', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='links', to='sessions_app.ltiregistration')),
            ],
            options={
                'verbose_name': 'LTI course link',
                'db_table': 'lti_links',
                'ordering': ['-launched_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='LtiSitting',
            fields=[
                ('session', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='lti_sitting', serialize=False, to='sessions_app.testsession')),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sittings', to='sessions_app.ltilink')),
            ],
            options={
                'verbose_name': 'LTI session',
                'db_table': 'lti_sittings',
                'ordering': ['session'],
            },
        ),
        migrations.CreateModel(
            name='LtiPerson',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sub', models.CharField(max_length=255)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('student', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lti_people', to='sessions_app.student')),
                ('registration', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='people', to='sessions_app.ltiregistration')),
            ],
            options={
                'verbose_name': 'LTI person',
                'db_table': 'lti_people',
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(models.F('registration'), models.F('sub'), name='lti_person_once')],
            },
        ),
        migrations.CreateModel(
            name='LtiMessage',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('happened_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('next_try_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), help_text='None: it is settled.', null=True)),
                ('attempts', models.PositiveSmallIntegerField(db_default=0, default=0)),
                ('delivered_at', models.DateTimeField(null=True)),
                ('answer', models.CharField(blank=True, db_default='', help_text='What came of the last attempt.', max_length=200)),
                ('kind', models.CharField(choices=[('score', 'score'), ('roster', 'roster')], max_length=6)),
                ('link', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='sessions_app.ltilink')),
                ('session', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='lti_messages', to='sessions_app.testsession')),
                ('registration', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sessions_app.ltiregistration')),
            ],
            options={
                'verbose_name': 'message to an LTI platform',
                'verbose_name_plural': 'messages to LTI platforms',
                'db_table': 'lti_messages',
                'ordering': ['-happened_at', 'id'],
                'indexes': [models.Index(models.F('next_try_at'), condition=models.Q(('next_try_at__isnull', False)), name='lti_messages_due'), models.Index(models.F('happened_at'), condition=models.Q(('next_try_at__isnull', True)), name='lti_messages_settled'), models.Index(models.OrderBy(models.F('happened_at'), descending=True), models.F('id'), name='lti_messages_newest_first')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('kind', 'score'), ('session__isnull', False)), models.Q(('kind', 'roster'), ('session', None)), _connector='OR'), name='lti_message_is_of_a_kind'), models.UniqueConstraint(models.F('link'), condition=models.Q(('kind', 'roster'), ('next_try_at__isnull', False)), name='lti_roster_waits_once')],
            },
        ),
        migrations.AddConstraint(
            model_name='ltilink',
            constraint=models.UniqueConstraint(models.F('registration'), models.F('deployment_id'), models.F('resource_link_id'), name='lti_link_once'),
        ),
        migrations.RunSQL(OUTBOX, NO_OUTBOX),
    ]
