"""A webhook is told of what happens in its organisation."""

from django.db import migrations

TEST_EVENT = """
CREATE OR REPLACE FUNCTION note_test_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO webhook_messages (id, webhook_id, kind, session_id)
  SELECT gen_random_uuid(), webhook.id, 'test.' || NEW.kind, NEW.session_id
  FROM webhooks AS webhook JOIN test_sessions AS session ON session.id = NEW.session_id
  WHERE webhook.is_active AND 'test.' || NEW.kind = ANY (webhook.events){of_its_own}
    AND (webhook.client_id IS NULL OR webhook.client_id = session.client_id);
  RETURN NULL;
END $$;
"""
OF_ITS_OWN = " AND webhook.organisation_id = session.organisation_id"
POOLS = """
CREATE OR REPLACE FUNCTION note_pool_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO webhook_messages (id, webhook_id, kind, revision_id)
  SELECT gen_random_uuid(), webhook.id, 'pool.published', NEW.id
  FROM webhooks AS webhook JOIN question_pools AS pool ON pool.id = NEW.pool_id
  WHERE webhook.is_active AND 'pool.published' = ANY (webhook.events)
    AND webhook.organisation_id = pool.organisation_id;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION note_pool_alarmed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO webhook_messages (id, webhook_id, kind, watch_id)
  SELECT gen_random_uuid(), webhook.id, 'pool.alarmed', NEW.id
  FROM webhooks AS webhook JOIN question_pools AS pool ON pool.id = NEW.pool_id
  WHERE webhook.is_active AND 'pool.alarmed' = ANY (webhook.events)
    AND webhook.organisation_id = pool.organisation_id;
  RETURN NULL;
END $$;
"""
POOLS_BEFORE = """
CREATE OR REPLACE FUNCTION note_pool_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO webhook_messages (id, webhook_id, kind, revision_id)
  SELECT gen_random_uuid(), id, 'pool.published', NEW.id
  FROM webhooks WHERE is_active AND 'pool.published' = ANY (events);
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION note_pool_alarmed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO webhook_messages (id, webhook_id, kind, watch_id)
  SELECT gen_random_uuid(), id, 'pool.alarmed', NEW.id
  FROM webhooks WHERE is_active AND 'pool.alarmed' = ANY (events);
  RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0043_release_is_valid")]
    operations = [
        migrations.RunSQL(TEST_EVENT.format(of_its_own=OF_ITS_OWN), TEST_EVENT.format(of_its_own="")),
        migrations.RunSQL(POOLS, POOLS_BEFORE),
    ]
