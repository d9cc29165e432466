"""Every column of what the audit chain stands for, changed by a superuser's SQL: `verify_audit` names it, or
it stands here with the reason for which docs/TRUST.md leaves it out.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.administration import invitations, supervision
from sessions_app.administration.supervision import Supervisor
from sessions_app.conftest import browser_of, is_even, take_test
from sessions_app.review.verification import verify
from sessions_app.tests.factories import make_named_test, make_pool, question

MEANT_TO_CHANGE = {  # whole tables
    "answer_counts": "`check_counts` compares it with the sessions",
    "result_counts": "the same",
    "fit_sums": "the same",
    "hour_counts": "the same",
    "sessions_to_count": "the same",
    "ability_counts": "`check_counts` compares it with what is known of students",
    "ability_changes": "the same",
    "archived_sessions": "sealed: `test_detaching.py` changes it",
    "archives": "the files' names; what is in them their seals say, and a trigger keeps them",
    "auth_user": "who may do what",
    "cat_sections": "what was asked for; a trigger keeps it, and what came of it is in each test's plan",
    "cat_sittings": "which section a test was begun in",
    "cat_stages": "what was handed out; a trigger keeps it, and replay computes it again",
    "calibrations": "beside the tests; `calibrate --again` computes a result anew and tells of answers",
    "gate_checks": "beside the tests; a trigger keeps them",
    "lost_answers": "what is known of answers that are gone; a trigger keeps it",
    "loss_acknowledgements": "what somebody said of them, sealed: `test_losses.py` changes it",
    "pool_requirements": "what must hold of later tests",
    "pool_thresholds": "for later tests; those that a test began with are in its plan",
    "pool_watches": "beside the tests; a trigger keeps them",
    "simulations": "beside the tests; `simulate_pool --again` computes a result anew",
    "simulation_parts": "gone when a simulation is over",
    "imported_sittings": "answers of elsewhere, which no test rests on",
    "response_imports": "the same",
    "named_tests": "what is for later tests; what a test was given with is in its plan",
    "question_pools": "which revision, scale and name it has for later tests",
    "mailings": "what a teacher wrote to students",
    "invitation_mails": "what became of it",
    "test_shares": "which colleagues see or change a test",
    "pool_shares": "which colleagues see or change a pool",
    "scales": "the correlation that a test began with is in its plan",
    "lti_keys": "with what this service signs to platforms",
    "lti_links": "where a platform gives a test, as its newest launch said",
    "lti_messages": "what platforms were told",
    "lti_people": "what platforms call students; goes when a student is erased",
    "lti_registrations": "who may launch tests",
    "lti_sittings": "where a test was launched",
    "lti_spent": "one-use values that were used",
    "webhooks": "who is told of later events",
    "webhook_messages": "what they were told",
    "students": "the chain knows students by number, so that they can be erased",
}
LEFT_OUT = {
    "a label": {
        *("pool_revisions.number", "pool_revisions.question_count", "pool_revisions.pool_id"),
        *("questions.version", "questions.pool_id"),
    },
    "when a row was made": {
        *("invitations.created_at", "pool_revisions.created_at"),
        *("questions.created_at", "result_specifications.created_at", "test_plans.created_at"),
        "student_proficiencies.updated_at",
    },
    "keys, which go when a student is erased": {
        *("session_events.idempotency_key", "session_events.request_hash", "test_responses.idempotency_key"),
        *("test_sessions.idempotency_key", "test_sessions.request_hash"),
    },
    "the admin may change it": {
        *("invitations.issue", "invitations.revoked_at", "student_proficiencies.scale_id"),
        "test_sessions.token_generation",
    },
    "it decides nothing that is recorded": {
        *("invitations.begun_with", "test_sessions.activity_mark", "test_sessions.last_activity"),
    },
    "nobody refers to it": {
        *("invitations.id", "revision_questions.id", "student_proficiencies.id", "test_responses.id")
    },
}
CHANGED = {  # by type: the value after
    "bool": "NOT {0}",
    "int2": "coalesce({0}, 0) + 1",
    "int4": "coalesce({0}, 0) + 1000",
    "int8": "coalesce({0}, 0) + 1000",
    "float8": "coalesce({0}, 0) + 0.01",
    "text": "coalesce({0}, '') || 'x'",
    "varchar": "coalesce(reverse(nullif({0}, '')), 'x')",
    "timestamptz": "coalesce({0}, now()) + interval '1 second'",
    "uuid": "(SELECT id FROM test_sessions WHERE id <> {0} LIMIT 1)",
    "bytea": "set_byte({0}, 0, 255 - get_byte({0}, 0))",
    "jsonb": """'{{"changed": true}}'::jsonb""",
    "_float8": "ARRAY(SELECT each + 0.01 FROM unnest({0}) each)",
    "_int2": "'{{1}}'",
    "_text": "ARRAY(SELECT each || 'x' FROM unnest({0}) each)",
    "_varchar": "ARRAY(SELECT each || 'x' FROM unnest({0}) each)",
}
OTHERWISE = {  # where constraints let another value through
    "test_sessions.status": "'ended'",
    "test_sessions.correct_responses": "0",
    "test_sessions.pilots_answered": "1",
    "test_sessions.legacy_id": "'x'",
    "questions.upper_asymptote": "0.9",
    "questions.options": "options[2:] || options[:1]",
    "questions.option_scores": "option_scores[2:] || option_scores[:1]",
    "questions.thresholds": "'{1}'",
    "questions.category_slopes": "'{1}'",
    "questions.category_intercepts": "'{1}'",
    "questions.enemy_groups": "'{x}'",
    "questions.state": "'retired'",
    "session_events.kind": "'ended'",
    "session_events.session_id": "gen_random_uuid()",
    "test_sessions.id": "gen_random_uuid()",
}
OLDEST = {"test_sessions": "started_at", "invitations": "created_at"}  # where keys do not rise with time
REFUSED = {  # by a constraint, whatever the value
    "questions.interactions": "of a question with options",
    "questions.scoring": "of a question with options",
    "test_responses.response": "beside an option",
    "test_sessions.current_position": "of a test that is over; a running test's is tried beside",
    "test_sessions.paused_at": "of a test that is over; a paused test's is tried beside",
    "test_sessions.paused_until": "the same",
}


@pytest.fixture
def everything(api: APIClient, db: None) -> None:
    """A row of each kind: an invited student's test of two concepts, extended and taken; one that waits."""
    weights = [[1, 0], [0, 1], [1, 1]]
    pool = make_pool(questions=[question(index, weights[index % 3]) for index in range(9)], concepts=2)
    test = make_named_test(
        pool,
        time_limit_minutes=30,
        introduction="Bring a pencil.",
        closes_at=timezone.now() + timedelta(days=1),
    )
    invitations.invite(test, [{"student_id": "s1"}])
    ((_, _, link),) = invitations.links(test, "")
    invited = api.post("/api/invitations/start", {"invitation": link.split("=", 1)[1]}).json()
    teacher = User.objects.create_user("teacher")
    supervision.extend([invited["session_id"]], 5, Supervisor(teacher.pk, "k", "extend"), now=timezone.now())
    take_test(browser_of(invited), invited, is_right=is_even)
    api.post("/api/test/start", {"student_id": "s2", "test": test.name})


def columns() -> Iterator[tuple[str, str]]:
    """(table.column, type) of everything that may not change, in the tables that have a row here."""
    models = [
        model
        for label in ("sessions_app", "testing_engine")
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    ]
    tables = {model._meta.db_table for model in models} - set(MEANT_TO_CHANGE)
    with connection.cursor() as cursor:
        for table in sorted(tables):
            cursor.execute(f'SELECT FROM "{table}" LIMIT 1')
            if not cursor.rowcount:
                tables.remove(table)
        cursor.execute(
            "SELECT table_name || '.' || column_name, udt_name FROM information_schema.columns "
            "WHERE table_name = ANY(%s) AND table_schema = current_schema() ORDER BY 1",
            [sorted(tables)],
        )
        yield from cursor.fetchall()


def told_of(name: str, kind: str, first_by: str) -> str:
    """What verification says of the table's oldest row with this column changed, guards and keys off."""
    table, column = name.split(".")
    value = OTHERWISE.get(name) or CHANGED[kind].format(f'"{column}"')
    oldest = f'ctid = (SELECT ctid FROM "{table}" ORDER BY {first_by} LIMIT 1)'
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(f'UPDATE "{table}" SET "{column}" = {value} WHERE {oldest}')
        return "; ".join(map(str, verify().breaks))


def test_a_change_of_any_column_is_named_or_left_out_for_a_reason(everything: None) -> None:
    assert verify().breaks == []
    silent: set[str] = set()
    all_columns = dict(columns())
    for name, kind in all_columns.items():
        before = transaction.savepoint()
        table = name.partition(".")[0]
        # Not by where a row lies: that depends on what was deleted there before.
        first_by = OLDEST.get(table) or ("id" if f"{table}.id" in all_columns else "ctid")
        if name not in REFUSED and not told_of(name, kind, first_by):
            silent.add(name)
        transaction.savepoint_rollback(before)
    assert silent == set().union(*LEFT_OUT.values())
