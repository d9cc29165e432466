"""Estimates from before scales go to the scale of the pool that found them, and none is lost."""

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.conftest import Start, answer_questions, take_test
from sessions_app.models import StudentProficiency
from sessions_app.tests.factories import make_pool
from testing_engine.models import Scale

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
def test_it_attributes_what_is_known(api: APIClient, start: Start) -> None:
    algebra, logic = make_pool(concepts=1), make_pool(concepts=2, concept_names=["Math", "Logic"])
    take_test(api, start(question_pool_id=str(algebra.pk)))
    answer_questions(api, start(question_pool_id=str(logic.pk)), 2)  # overwrote Math, before scales
    answer_questions(api, start(student_id="s2", question_pool_id=str(algebra.pk)), 1)
    expected = known()
    assert len(expected) == 4
    newest = _applied()[-1]
    try:
        call_command("migrate", "sessions_app", "0010", verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM student_proficiencies")
            assert cursor.fetchone() == (3,)  # one of each student and name
            cursor.execute(
                "INSERT INTO students (external_id, name, email, grade_level, created_at) "
                "VALUES ('s3', '', '', '', now()) RETURNING id"
            )
            (student_id,) = cursor.fetchone()
            for name in ("Logic", "Math"):  # imported for a student without tests; two pools have Math
                cursor.execute(
                    "INSERT INTO student_proficiencies (student_id, concept_name, theta, standard_error, "
                    "updated_at) VALUES (%s, %s, 1, 1, %s)",
                    [student_id, name, timezone.now()],
                )
    finally:
        call_command("migrate", "sessions_app", newest, verbosity=0)
    imported = {
        ("s3", logic.scale.name, "Logic"): (1.0, 1.0, None),
        ("s3", UNKNOWN, "Math"): (1.0, 1.0, None),
    }
    assert known() == expected | imported
    assert Scale.objects.filter(name=UNKNOWN).exists()


def _applied() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM django_migrations WHERE app = 'sessions_app' ORDER BY name")
        return [name for (name,) in cursor.fetchall()]
