"""GET /api/student/{student_id}/proficiency, /history and /progress."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from statistics import NormalDist
from typing import Any

import pytest
from django.utils.dateparse import parse_datetime
from rest_framework.test import APIClient

from sessions_app.conftest import Start, answer_questions
from sessions_app.models import StudentProficiency, TestSession
from sessions_app.tests.factories import StudentFactory, make_pool
from testing_engine.models import QuestionPool

PHI = NormalDist().cdf


def as_json(moment: Any) -> str:
    return str(moment.isoformat()).replace("+00:00", "Z")


@pytest.fixture
def two_tests(api: APIClient, start: Start) -> list[dict[str, Any]]:
    """Two completed tests of s1: all right, then three of five; their final replies."""
    make_pool(concepts=2)
    first = answer_questions(api, start(), 5)
    second = start()
    reply = answer_questions(api, second, 3)
    return [first, answer_questions(api, second, 2, is_right=False, question=reply["next_question"])]


# --- proficiency -------------------------------------------------------------------------------------


def test_it_shows_what_the_student_can_do(api: APIClient, two_tests: list[dict[str, Any]]) -> None:
    body = api.get("/api/student/s1/proficiency").json()
    math, algebra = two_tests[1]["final_proficiency"]
    thetas, errors = two_tests[1]["ability"]["theta"], two_tests[1]["ability"]["standard_error"]
    assert body == {
        "student_id": "s1",
        "concept_names": ["Algebra", "Math"],
        "proficiency": [algebra, math],
        "scales": [QuestionPool.objects.get().scale.name] * 2,
        "ability": {"theta": thetas[::-1], "standard_error": errors[::-1]},
        "last_updated": as_json(max(StudentProficiency.objects.values_list("updated_at", flat=True))),
    }


def test_it_follows_a_running_test(api: APIClient, start: Start, pool: QuestionPool) -> None:
    reply = answer_questions(api, start(), 1)
    body = api.get("/api/student/s1/proficiency").json()
    assert body["proficiency"] == reply["current_proficiency"]


def test_it_gathers_concepts_over_pools(api: APIClient, start: Start) -> None:
    make_pool(concepts=1)
    math = answer_questions(api, start(), 5)["final_proficiency"]
    make_pool(concepts=1, concept_names=["Logic"])
    logic = answer_questions(api, start(), 5, is_right=False)["final_proficiency"]
    body = api.get("/api/student/s1/proficiency").json()
    assert body["concept_names"] == ["Logic", "Math"]
    assert body["proficiency"] == [*logic, *math]


def test_it_knows_nothing_before_the_first_answer(api: APIClient, start: Start, pool: QuestionPool) -> None:
    start()
    assert api.get("/api/student/s1/proficiency").json() == {
        "student_id": "s1",
        "proficiency": [],
        "concept_names": [],
        "scales": [],
        "ability": {"theta": [], "standard_error": []},
        "last_updated": None,
    }


# --- history -----------------------------------------------------------------------------------------


def test_it_lists_tests_the_newest_first(api: APIClient, two_tests: list[dict[str, Any]]) -> None:
    body = api.get("/api/student/s1/history").json()
    assert (body["student_id"], body["count"], body["next"], body["previous"]) == ("s1", 2, None, None)
    older, newer = TestSession.objects.order_by("started_at")
    assert body["test_sessions"][0] == {
        "session_id": str(newer.pk),
        "status": "completed",
        "started_at": as_json(newer.started_at),
        "completed_at": as_json(newer.completed_at),
        "total_questions": 5,
        "accuracy": 0.6,
        "learning_gain": two_tests[1]["test_summary"]["learning_gain"],
        "final_proficiency": two_tests[1]["final_proficiency"],
        "overall": two_tests[1]["overall"],
        "scored_with": "earlier_results",
        "concept_names": ["Math", "Algebra"],
    }
    assert body["test_sessions"][1]["session_id"] == str(older.pk)
    assert body["test_sessions"][1]["accuracy"] == 1.0


def test_it_measures_the_gain_from_the_start_of_each_test(
    api: APIClient, two_tests: list[dict[str, Any]]
) -> None:
    newer, older = api.get("/api/student/s1/history").json()["test_sessions"]
    first, second = two_tests[0]["final_proficiency"], two_tests[1]["final_proficiency"]
    assert older["learning_gain"] == pytest.approx(sum(value - 0.5 for value in first) / 2, abs=2e-6)
    gains = [after - before for before, after in zip(first, second, strict=True)]
    assert newer["learning_gain"] == pytest.approx(sum(gains) / 2, abs=2e-6)


def test_it_lists_running_ended_and_expired_tests(api: APIClient, start: Start, pool: QuestionPool) -> None:
    start()
    ended = start()
    api.post(f"/api/test/end/{ended['session_id']}")
    by_status = {row["status"]: row for row in api.get("/api/student/s1/history").json()["test_sessions"]}
    assert set(by_status) == {"active", "ended"}
    assert by_status["active"]["completed_at"] is None
    assert (by_status["active"]["total_questions"], by_status["active"]["accuracy"]) == (0, 0.0)
    assert parse_datetime(by_status["ended"]["completed_at"]) is not None


def test_it_pages_through_the_history(api: APIClient, start: Start, pool: QuestionPool) -> None:
    sessions = [start()["session_id"] for _ in range(5)]
    seen, address = [], "/api/student/s1/history?page_size=2"
    while address:
        body = api.get(address).json()
        assert (body["count"], body["student_id"]) == (5, "s1")
        seen += [row["session_id"] for row in body["test_sessions"]]
        address = body["next"]
    assert seen == sessions[::-1]


def test_it_lists_nothing_of_other_students(api: APIClient, start: Start, pool: QuestionPool) -> None:
    start(student_id="s1")
    start(student_id="s2")
    assert api.get("/api/student/s1/history").json()["count"] == 1


def test_it_lists_in_few_queries(
    api: APIClient,
    start: Start,
    pool: QuestionPool,
    django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]],
) -> None:
    for _ in range(6):
        answer_questions(api, start(), 5)
    for report in ("proficiency", "history", "progress"):
        with django_assert_max_num_queries(5):
            api.get(f"/api/student/s1/{report}")


# --- progress ----------------------------------------------------------------------------------------


def test_it_shows_progress_the_oldest_first(api: APIClient, two_tests: list[dict[str, Any]]) -> None:
    body = api.get("/api/student/s1/progress").json()
    assert (body["student_id"], body["count"]) == ("s1", 2)
    older, newer = TestSession.objects.order_by("started_at")
    first, second = (reply["final_proficiency"] for reply in two_tests)
    dates = [as_json(older.completed_at), as_json(newer.completed_at)]
    assert body["progress_data"] == {
        "progress_timeline": [
            {
                "session_id": str(session.pk),
                "date": date,
                "proficiency": proficiency,
                "scored_with": scored_with,
                "concept_names": ["Math", "Algebra"],
                "accuracy": accuracy,
                "questions_answered": 5,
            }
            for session, date, proficiency, accuracy, scored_with in (
                (older, dates[0], first, 1.0, "answers_only"),
                (newer, dates[1], second, 0.6, "earlier_results"),
            )
        ],
        "concept_progress": {
            name: {
                "timeline": [
                    {"date": dates[0], "value": first[index]},
                    {"date": dates[1], "value": second[index]},
                ],
                "improvement": round(second[index] - first[index], 6),
                "current_level": second[index],
            }
            for index, name in enumerate(["Math", "Algebra"])
        },
        "total_sessions": 2,
        "avg_accuracy": 0.8,
    }


def test_it_leaves_out_tests_without_a_result(api: APIClient, start: Start, pool: QuestionPool) -> None:
    answer_questions(api, start(), 2)  # still running
    nothing_answered = start()
    api.post(f"/api/test/end/{nothing_answered['session_id']}")
    ended = start()
    answer_questions(api, ended, 2)
    api.post(f"/api/test/end/{ended['session_id']}")
    progress = api.get("/api/student/s1/progress").json()["progress_data"]
    assert [entry["session_id"] for entry in progress["progress_timeline"]] == [ended["session_id"]]
    assert (progress["total_sessions"], progress["avg_accuracy"]) == (1, 1.0)


def test_it_shows_no_progress_before_the_first_result(
    api: APIClient, start: Start, pool: QuestionPool
) -> None:
    start()
    assert api.get("/api/student/s1/progress").json()["progress_data"] == {
        "progress_timeline": [],
        "concept_progress": {},
        "total_sessions": 0,
        "avg_accuracy": 0.0,
    }


def test_it_counts_all_tests_on_every_page(api: APIClient, two_tests: list[dict[str, Any]]) -> None:
    body = api.get("/api/student/s1/progress?page_size=1").json()
    assert (body["count"], len(body["progress_data"]["progress_timeline"])) == (2, 1)
    assert (body["progress_data"]["total_sessions"], body["progress_data"]["avg_accuracy"]) == (2, 0.8)
    rest = api.get(body["next"]).json()["progress_data"]["progress_timeline"]
    assert [entry["accuracy"] for entry in rest] == [0.6]


# --- all three -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("report", ["proficiency", "history", "progress"])
@pytest.mark.parametrize("student_id", ["nobody", "S1", "s1%20", "s1%00", "s"])
def test_it_knows_no_other_student(
    api: APIClient, start: Start, pool: QuestionPool, report: str, student_id: str
) -> None:
    start()
    response = api.get(f"/api/student/{student_id}/{report}")
    assert (response.status_code, response.json()["code"]) == (404, "student_not_found")


@pytest.mark.parametrize("report", ["proficiency", "history", "progress"])
@pytest.mark.parametrize(
    ("student_id", "quoted"),
    [("a/b", "a/b"), ("ä@x.org", "%C3%A4@x.org"), ("17", "17"), ("x/history", "x/history"), ("a b", "a%20b")],
)
def test_it_finds_any_student_id(api: APIClient, db: None, report: str, student_id: str, quoted: str) -> None:
    StudentFactory.create(external_id=student_id)
    response = api.get(f"/api/student/{quoted}/{report}")
    assert (response.status_code, response.json()["student_id"]) == (200, student_id)


def test_it_shows_proficiency_as_the_share_below(api: APIClient, two_tests: list[dict[str, Any]]) -> None:
    body = api.get("/api/student/s1/proficiency").json()
    assert body["proficiency"] == [round(PHI(theta), 6) for theta in body["ability"]["theta"]]
