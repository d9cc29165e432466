"""Ids that people or programs get wrong: refused for somebody new, in reach where they are stored."""

from typing import Any
from urllib.parse import quote

import pytest
from rest_framework.test import APIClient

from sessions_app.conftest import answer_questions, pointers
from sessions_app.models import Student, TestSession
from sessions_app.tests.factories import make_pool
from testing_engine.models import QuestionPool

ODD = [
    "9b\n17",
    "s-17\u200b",
    "\ufeffs-18",
    "s\u00a017",
    "e\u0301",
    "a\x1fb",
    "a  b",
    "..",
    "a/../b",
    "a\u2028b",
]


@pytest.mark.parametrize("student_id", ODD)
def test_nobody_new_gets_an_id_that_privacy_could_not_name(
    api: APIClient, pool: QuestionPool, student_id: str
) -> None:
    reply = api.post("/api/test/start", {"student_id": student_id})
    assert (reply.status_code, pointers(reply)) == (400, ["/student_id"])
    assert not Student.objects.exists()


@pytest.mark.parametrize("student_id", [*ODD, "tab\t", "a/export", "a/b", "100%", "q?x#y", "\\", "."])
def test_an_id_of_older_days_stays_in_reach(api: APIClient, pool: QuestionPool, student_id: str) -> None:
    """Such a student goes on, is read, exported and erased, by the id in the address."""
    Student.objects.create(external_id=student_id)
    if student_id == student_id.strip(" "):
        started = api.post("/api/test/start", {"student_id": student_id})
        assert started.status_code == 200, started.json()
        answer_questions(api, started.json(), 1)
    address = "/api/student/" + quote(student_id, safe="")
    assert api.get(f"{address}/history").json()["count"] == TestSession.objects.count()
    assert api.get(f"{address}/proficiency").status_code == 200
    assert api.get(f"{address}/export").json()["student"]["student_id"] == student_id
    assert api.post(f"{address}/erase", {"student_id": student_id}).json()["status"] == "erased"
    assert api.get(f"{address}/export").status_code == 404


def test_a_whole_number_is_the_id_of_its_digits(api: APIClient, pool: QuestionPool) -> None:
    started = api.post("/api/test/start", {"student_id": 17}).json()
    assert started["student_id"] == "17"
    assert api.get("/api/student/17/history").json()["count"] == 1
    session = started["session_id"]
    assert api.post(f"/api/test/end/{session}", {"student_id": 18}).status_code == 403
    assert api.post(f"/api/test/end/{session}", {"student_id": 17}).status_code == 200


@pytest.mark.parametrize("value", [1.5, 17.0, True, False, [], {}, 10**300])
def test_no_other_number_is_an_id(api: APIClient, pool: QuestionPool, value: Any) -> None:
    reply = api.post("/api/test/start", {"student_id": value})
    assert (reply.status_code, pointers(reply)) == (400, ["/student_id"])


@pytest.mark.parametrize("name", ["Al\u200bgebra", "Al\ngebra", "A\u00a0b", "e\u0301", 17, 1.5])
def test_concepts_have_one_spelling(api: APIClient, name: Any) -> None:
    make_pool(questions=3, concepts=1)
    reply = api.post("/api/test/start", {"student_id": "s1", "concept_names": [name]})
    assert (reply.status_code, pointers(reply)) == (400, ["/concept_names/0"])
