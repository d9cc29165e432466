"""POST /api/test/submit."""

from collections.abc import Callable
from typing import Any

from rest_framework.test import APIClient

from sessions_app.models import StudentProficiency, TestResponse, TestSession
from sessions_app.tests.factories import right_answer
from testing_engine.models import QuestionPool

Start = Callable[..., dict[str, Any]]


def test_it_leads_from_the_first_question_to_the_result(api: APIClient, pool: QuestionPool, start: Start) -> None:
    started = start()
    question, seen = started["next_question"], []
    for answered in range(1, 6):
        seen.append(question["id"])
        reply = api.post(
            "/api/test/submit",
            {
                "session_id": started["session_id"],
                "question_id": question["id"],
                "response": right_answer(question["id"]),
                "student_id": "s1",
                "response_time_ms": 1000,
            },
        ).json()
        if answered < 5:
            assert reply["status"] == "continue"
            assert reply["questions_answered"] == answered
            question = reply["next_question"]
    assert reply["status"] == "completed"
    assert reply["total_questions"] == 5
    assert reply["accuracy"] == 1.0
    assert reply["final_proficiency"][0] > 0.5
    assert len(set(seen)) == 5
    session = TestSession.objects.get(pk=started["session_id"])
    assert session.status == "completed"
    assert session.end_reason == "length"
    assert list(TestResponse.objects.values_list("position", flat=True)) == [1, 2, 3, 4, 5]
    assert StudentProficiency.objects.get().theta == session.theta[0]
