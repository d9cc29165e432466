"""Sessions from before the audit chain get theirs, and estimates from before scales the scale of their pool.

One walk through the migrations for both, back to before either and forward again: it takes half a minute.
"""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.conftest import Start, answer_questions, take_test
from sessions_app.models import StudentProficiency
from sessions_app.tests.factories import make_pool
from testing_engine.models import QuestionPool, Scale

BEFORE_SCALES, BEFORE_CHAINS = "0010", "0003"
UNKNOWN = "Imported, of no known pool"


def known() -> dict[tuple[str, str, str], tuple[float, float, object]]:
    rows: Any = StudentProficiency.objects.now().select_related("student", "scale").iterator()
    return {
        (row.student.external_id, row.scale.name, row.concept_name): (
            row.theta_now,
            row.standard_error_now,
            row.session_id,
        )
        for row in rows
    }


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_it_chains_and_attributes_what_is_there(api: APIClient, start: Start) -> None:
    algebra, logic = make_pool(concepts=1), make_pool(concepts=2, concept_names=["Math", "Logic"])
    make_tests(api, start, algebra, logic)
    expected = known()
    assert len(expected) == 4
    newest = _applied()[-1]
    try:
        with connection.cursor() as cursor:  # the events go with their table
            cursor.execute("ALTER TABLE session_events DISABLE TRIGGER session_events_never_emptied")
            cursor.execute("TRUNCATE session_events")
        call_command("migrate", "sessions_app", BEFORE_SCALES, verbosity=0)
        import_estimates()
        call_command("migrate", "sessions_app", BEFORE_CHAINS, verbosity=0)
    finally:
        call_command("migrate", "sessions_app", newest, verbosity=0)
    imported = {
        ("s4", logic.scale.name, "Logic"): (1.0, 1.0, None),
        ("s4", UNKNOWN, "Math"): (1.0, 1.0, None),
    }
    assert known() == expected | imported
    assert Scale.objects.filter(name=UNKNOWN).exists()
    out = StringIO()
    call_command("verify_audit", stdout=out)
    assert "Checked 4 sessions, 8 answers, 6 events: all" in out.getvalue()


def make_tests(api: APIClient, start: Start, algebra: QuestionPool, logic: QuestionPool) -> None:
    """One that is over, two with answers, one that was ended without any."""
    take_test(api, start(question_pool_id=str(algebra.pk)))
    answer_questions(api, start(question_pool_id=str(logic.pk)), 2)  # overwrote Math, before scales
    answer_questions(api, start(student_id="s2", question_pool_id=str(algebra.pk)), 1)
    ended = start(student_id="s3", question_pool_id=str(algebra.pk))
    assert api.post(f"/api/test/end/{ended['session_id']}", {}).status_code == 200


def import_estimates() -> None:
    """For a student without tests, before there were scales; two pools have Math."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM student_proficiencies")
        assert cursor.fetchone() == (3,)  # one of each student and name
        cursor.execute(
            "INSERT INTO students (external_id, name, email, grade_level, created_at) "
            "VALUES ('s4', '', '', '', now()) RETURNING id"
        )
        (student_id,) = cursor.fetchone()
        for name in ("Logic", "Math"):
            cursor.execute(
                "INSERT INTO student_proficiencies (student_id, concept_name, theta, standard_error, "
                "updated_at) VALUES (%s, %s, 1, 1, %s)",
                [student_id, name, timezone.now()],
            )


def _applied() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM django_migrations WHERE app = 'sessions_app' ORDER BY name")
        return [name for (name,) in cursor.fetchall()]
