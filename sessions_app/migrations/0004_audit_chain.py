"""The audit chain: events of a session, links of its rows, and what makes both unchangeable."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from sessions_app.audit import chain

CLOSED = {"completed": "completed", "ended": "ended", "expired": "expired"}


def chain_what_is_there(apps, schema_editor):
    """Sessions from before the chain get theirs now: what they hold today is what it vouches for."""
    sessions = apps.get_model("sessions_app", "TestSession")
    responses = apps.get_model("sessions_app", "TestResponse")
    events = apps.get_model("sessions_app", "SessionEvent")
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("ALTER TABLE test_responses DISABLE TRIGGER test_responses_never_change")
        cursor.execute("ALTER TABLE test_sessions DISABLE TRIGGER test_sessions_final")
    rows = sessions.objects.select_related("revision", "plan")
    for session in rows.order_by("pk").iterator(chunk_size=500):
        head = chain.BEGINNING
        new = []

        def add(kind, after, at, reason, facts):
            nonlocal head
            head = chain.advance(head, chain.event_entry(session.pk, kind, after, at, reason, None, facts))
            new.append(events(session=session, kind=kind, after_answers=after, at=at, reason=reason,
                              link=chain.link_of(head)))

        add("started", 0, session.started_at, "", [
            session.client_id, session.student_id, session.revision.content_hash, session.plan.content_hash,
            session.seed, session.prior_mean, session.prior_sd,
        ])
        answers = list(responses.objects.filter(session=session).order_by("position"))
        for row in answers:
            entry = chain.answer_entry(
                session.pk, row.position, row.question_id, row.answer, row.score, row.is_correct, row.theta,
                row.standard_error, row.response_time_ms, chain.microseconds(row.answered_at),
            )
            head = chain.advance(head, entry)
            row.link = chain.link_of(head)
        if session.legacy_id is not None:
            add("imported", len(answers), session.completed_at, session.end_reason, [
                session.status, session.theta, session.standard_error, session.questions_answered,
                session.correct_responses,
            ])
        elif session.status in CLOSED:
            add(CLOSED[session.status], len(answers), session.completed_at, session.end_reason, ())
        responses.objects.bulk_update(answers, ["link"])
        events.objects.bulk_create(new)
        sessions.objects.filter(pk=session.pk).update(chain_head=head)
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute("ALTER TABLE test_responses ENABLE TRIGGER test_responses_never_change")
        cursor.execute("ALTER TABLE test_sessions ENABLE TRIGGER test_sessions_final")


GUARDS = """
CREATE TRIGGER session_events_never_change BEFORE UPDATE OR DELETE ON session_events
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER session_events_never_emptied BEFORE TRUNCATE ON session_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER test_sessions_facts
  BEFORE UPDATE OF client_id, student_id, revision_id, plan_id, seed, prior_mean, prior_sd, started_at
  ON test_sessions FOR EACH ROW
  WHEN ((OLD.client_id, OLD.student_id, OLD.revision_id, OLD.plan_id, OLD.seed, OLD.prior_mean, OLD.prior_sd,
         OLD.started_at)
        IS DISTINCT FROM
        (NEW.client_id, NEW.student_id, NEW.revision_id, NEW.plan_id, NEW.seed, NEW.prior_mean, NEW.prior_sd,
         NEW.started_at))
  EXECUTE FUNCTION refuse_change();
"""
NO_GUARDS = """
DROP TRIGGER session_events_never_change ON session_events;
DROP TRIGGER session_events_never_emptied ON session_events;
DROP TRIGGER test_sessions_facts ON test_sessions;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0003_finite_abilities"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AlterModelOptions(
            name='testresponse',
            options={'ordering': ['session_id', 'position']},
        ),
        migrations.AddField(
            model_name='testresponse',
            name='link',
            field=models.BinaryField(help_text="Its link of the session's audit chain.", max_length=16, null=True),
        ),
        migrations.AddField(
            model_name='testsession',
            name='chain_head',
            field=models.BinaryField(help_text="The audit chain's newest value: `chain`.", max_length=16, null=True),
        ),
        migrations.CreateModel(
            name='SessionEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('started', 'started'), ('completed', 'completed'), ('ended', 'ended early'), ('expired', 'expired'), ('resumed', 'resumed'), ('extended', 'extended'), ('imported', 'imported')], max_length=9)),
                ('after_answers', models.PositiveIntegerField(help_text='So many answers came before it.')),
                ('at', models.DateTimeField()),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('idempotency_key', models.CharField(max_length=200, null=True)),
                ('request_hash', models.CharField(blank=True, max_length=64)),
                ('link', models.BinaryField(help_text="Its link of the session's audit chain.", max_length=16)),
                ('by', models.ForeignKey(db_index=False, help_text='Who did it in the admin; nobody: the service, or a caller of the API.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('session', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='sessions_app.testsession')),
            ],
            options={
                'db_table': 'session_events',
                'ordering': ['session_id', 'after_answers', 'id'],
                'indexes': [models.Index(models.F('session'), models.F('after_answers'), models.F('id'), name='events_of_a_session')],
                'constraints': [models.UniqueConstraint(models.F('session'), condition=models.Q(('kind', 'started')), name='event_started_once'), models.UniqueConstraint(models.F('session'), models.F('idempotency_key'), condition=models.Q(('idempotency_key__isnull', False)), name='event_idempotency_key_once')],
            },
        ),
        migrations.RunPython(chain_what_is_there, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='testresponse',
            name='link',
            field=models.BinaryField(help_text="Its link of the session's audit chain.", max_length=16),
        ),
        migrations.AlterField(
            model_name='testsession',
            name='chain_head',
            field=models.BinaryField(help_text="The audit chain's newest value: `chain`.", max_length=16),
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
