"""Sessions from before the audit chain get theirs when the tables are migrated."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from rest_framework.test import APIClient

from sessions_app.conftest import Start, answer_questions, take_test
from testing_engine.models import QuestionPool


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_it_chains_what_is_there(api: APIClient, start: Start, pool: QuestionPool) -> None:
    take_test(api, start())
    answer_questions(api, start(student_id="s2"), 2)
    ended = start(student_id="s3")
    api.post(f"/api/test/end/{ended['session_id']}", {})
    newest = _applied()[-1]
    try:
        with connection.cursor() as cursor:  # the events go with their table
            cursor.execute("ALTER TABLE session_events DISABLE TRIGGER session_events_never_emptied")
            cursor.execute("TRUNCATE session_events")
        call_command("migrate", "sessions_app", "0003", verbosity=0)
    finally:
        call_command("migrate", "sessions_app", newest, verbosity=0)
    out = StringIO()
    call_command("verify_audit", stdout=out)
    assert "Checked 3 sessions, 7 answers, 5 events: all" in out.getvalue()


def _applied() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM django_migrations WHERE app = 'sessions_app' ORDER BY name")
        return [name for (name,) in cursor.fetchall()]
