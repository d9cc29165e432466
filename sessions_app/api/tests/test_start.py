"""POST /api/test/start."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from statistics import NormalDist
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from organisations.acting import NOBODY, acting_for
from organisations.models import Organisation
from sessions_app.conftest import Start, answer_questions, client_with, pointers
from sessions_app.models import Student, StudentProficiency, TestSession
from sessions_app.sitting.hot_state import read_state
from sessions_app.sitting.proficiency import CHANGE_BETWEEN_TESTS_SD
from sessions_app.tests.factories import CONCEPTS, make_pool, make_token, pool_document, question
from testing_engine.interchange.questions import parse_pool
from testing_engine.models import QuestionPool, TestPlan
from testing_engine.pools import choose_default, drawn_from
from testing_engine.versions import revise_question


def test_it_returns_every_field_of_the_contract(api: APIClient, start: Start) -> None:
    pool = make_pool(concepts=3)
    started = start(question_pool_id=str(pool.pk), student_id="anna")
    assert set(started) == {
        "session_id",
        "session_token",
        "take_url",
        "student_id",
        "initial_proficiency",
        "ability",
        "scored_with",
        "concept_names",
        "next_question",
        "questions_answered",
        "deadline",
        "paused",
        "waits_to_begin",
        "test",
        "status",
    }
    assert UUID(started["session_id"])
    assert started["student_id"] == "anna"
    assert started["initial_proficiency"] == [0.5, 0.5, 0.5]
    assert started["ability"]["theta"] == pytest.approx([0.0, 0.0, 0.0], abs=1e-9)
    assert started["ability"]["standard_error"] == pytest.approx([1.0, 1.0, 1.0])
    assert started["concept_names"] == ["Math", "Algebra", "Geometry"]
    assert started["status"] == "started"


def test_it_shows_the_first_question_without_its_key(start: Start, pool: QuestionPool) -> None:
    shown = start()["next_question"]
    index = int(shown["id"].removeprefix("q"))
    assert {name: shown[name] for name in ("id", "content", "options", "concepts")} == {
        "id": f"q{index}",
        "content": f"Question {index}?",
        "options": [f"option {letter} of {index}" for letter in "abcd"],
        "concepts": [1.0],
    }


def test_it_begins_with_the_most_informative_question(start: Start) -> None:
    # Without guessing, the question with difficulty 0 and the highest discrimination tells most at θ = 0.
    questions = [
        {
            "id": f"q{i}",
            "content": "?",
            "options": ["a", "b"],
            "correct_answer": "a",
            "concepts": [1],
            **numbers,
        }
        for i, numbers in enumerate(
            [
                {"difficulty": 2.0, "discrimination": 1.5},
                {"difficulty": 0.0, "discrimination": 1.0},
                {"difficulty": 0.0, "discrimination": 1.5},
                {"difficulty": -2.0, "discrimination": 1.5},
            ]
        )
    ]
    pool = make_pool(questions=questions)
    assert start(question_pool_id=str(pool.pk))["next_question"]["id"] == "q2"


def test_it_writes_the_session_to_the_database(start: Start, pool: QuestionPool) -> None:
    started = start()
    session = TestSession.objects.get()
    assert str(session.pk) == started["session_id"]
    assert session.status == "active"
    assert session.student.external_id == "s1"
    assert session.revision_id == pool.current_revision_id
    assert session.theta == [pytest.approx(0.0, abs=1e-9)]
    assert session.standard_error == [pytest.approx(1.0, abs=1e-6)]
    assert (session.prior_mean, session.prior_sd) == ([0.0], [1.0])
    assert session.questions_answered == 0
    assert session.completed_at is None
    assert session.started_at <= session.last_activity <= timezone.now()  # PostgreSQL's clock counts, too
    assert session.end_reason == ""


def test_it_writes_the_hot_state_to_redis_for_half_an_hour(start: Start, pool: QuestionPool) -> None:
    started = start()
    redis = get_redis_connection("default")
    assert 1790 <= redis.ttl(f"session:{{{started['session_id']}}}:state") <= 1800
    state = read_state(UUID(started["session_id"]))
    assert state is not None
    assert (state.answered, state.correct) == (0, 0)
    assert state.prior_mean_sd == ([0.0], [1.0])


def test_it_caches_what_the_student_sees_for_an_hour(start: Start, pool: QuestionPool) -> None:
    start()
    redis = get_redis_connection("default")
    (key,) = redis.keys("question:*")
    assert 3590 <= redis.ttl(key) <= 3600


def test_it_makes_one_student_of_one_id(start: Start, pool: QuestionPool) -> None:
    start(student_id="anna")
    start(student_id="anna")
    start(student_id="ben")
    assert sorted(Student.objects.values_list("external_id", flat=True)) == ["anna", "ben"]
    assert TestSession.objects.count() == 3


def test_it_lets_two_tests_of_a_student_run_at_once(api: APIClient, start: Start, pool: QuestionPool) -> None:
    first, second = start(), start()
    assert first["session_id"] != second["session_id"]
    assert answer_questions(api, first, 5)["status"] == "completed"
    assert answer_questions(api, second, 5)["status"] == "completed"


def test_it_uses_the_newest_pool_where_none_is_named(start: Start) -> None:
    make_pool(concepts=1)
    make_pool(concepts=2)
    assert start()["concept_names"] == ["Math", "Algebra"]
    assert start(question_pool_id=None)["concept_names"] == ["Math", "Algebra"]


def test_it_uses_the_names_that_were_given(start: Start) -> None:
    make_pool(concepts=2)
    assert start(concept_names=["Zahlen", "Formen"])["concept_names"] == ["Zahlen", "Formen"]


@pytest.mark.parametrize("names", [["Math"], ["Math", "Algebra", "Geometry"]])
def test_it_refuses_a_wrong_number_of_names(api: APIClient, names: list[str]) -> None:
    make_pool(concepts=2)
    response = api.post("/api/test/start", {"student_id": "s1", "concept_names": names})
    assert pointers(response) == ["/concept_names"]
    assert not TestSession.objects.exists()
    assert not Student.objects.exists()


def test_it_needs_names_where_the_pool_has_none(api: APIClient, start: Start) -> None:
    make_pool(concepts=2, concept_names=[])
    assert pointers(api.post("/api/test/start", {"student_id": "s1"})) == ["/concept_names"]
    assert start(concept_names=["A", "B"])["concept_names"] == ["A", "B"]


def test_it_starts_from_what_is_known_of_the_student(api: APIClient, start: Start) -> None:
    make_pool(concepts=2)
    first = start(end_criteria={"type": "fixed_length", "max_questions": 10})
    result = answer_questions(api, first, 10)
    second = start()
    assert second["initial_proficiency"] == result["final_proficiency"]
    assert all(value > 0.5 for value in second["initial_proficiency"])
    session = TestSession.objects.get(pk=second["session_id"])
    assert session.prior_mean == result["ability"]["theta"]
    assert second["ability"]["theta"] == pytest.approx(session.prior_mean)
    assert second["ability"]["standard_error"] == pytest.approx(session.prior_sd)
    widened = [math.hypot(error, CHANGE_BETWEEN_TESTS_SD) for error in result["ability"]["standard_error"]]
    assert session.prior_sd == pytest.approx([min(1.0, sd) for sd in widened])


def test_it_starts_from_a_test_that_still_runs(api: APIClient, start: Start) -> None:
    """Its estimates are in its own row."""
    make_pool(concepts=3)
    answer_questions(api, start(), 4)
    now = {row.concept_name: row for row in StudentProficiency.objects.now()}
    second = start()
    session = TestSession.objects.get(pk=second["session_id"])
    known = [now[name] for name in second["concept_names"]]
    assert session.prior_mean == [row.theta_now for row in known] != [row.theta for row in known]
    errors = [row.standard_error_now for row in known]
    assert session.prior_sd == [min(1.0, math.hypot(error, CHANGE_BETWEEN_TESTS_SD)) for error in errors]


def test_it_draws_from_no_pool_of_another_organisation(pool: QuestionPool) -> None:
    other = Organisation.objects.create(name="Another school", slug="another-school")
    for_whom = {None: True, pool.organisation_id: True, other.pk: False, NOBODY: False}
    for acting, is_found in for_whom.items():
        with acting_for(acting):
            assert [drawn_from(asked) is not None for asked in (None, pool.pk)] == [is_found] * 2


def test_it_costs_six_statements_and_one_for_who_was_here_before(
    start: Start, pool: QuestionPool, django_assert_num_queries: Callable[[int], AbstractContextManager[Any]]
) -> None:
    """Client, pool, student, both rows; the transaction begins and ends. What is known of the student."""
    start(), start()
    with django_assert_num_queries(6) as asked:
        start(student_id="s2")
    both = [query["sql"] for query in asked.captured_queries if "INSERT INTO test_sessions" in query["sql"]]
    assert len(both) == 1
    assert "INSERT INTO session_events" in both[0]
    with django_assert_num_queries(7):
        start(student_id="s2")


def test_it_carries_a_concept_to_another_pool_of_its_scale(api: APIClient, start: Start) -> None:
    make_pool(concepts=1, scale="Grade 9")  # Math
    result = answer_questions(api, start(), 5)
    make_pool(concepts=2, concept_names=["Logic", "Math"], scale="Grade 9")
    assert start()["initial_proficiency"] == [0.5, result["final_proficiency"][0]]
    assert start(student_id="somebody else")["initial_proficiency"] == [0.5, 0.5]


def test_it_carries_nothing_to_a_pool_of_another_scale(api: APIClient, start: Start) -> None:
    first = make_pool(concepts=1)  # Math
    result = answer_questions(api, start(), 5)
    make_pool(concepts=1)  # Math as well
    other = start()
    assert other["initial_proficiency"] == [0.5]
    answer_questions(api, other, 1, is_right=False)
    again = start(question_pool_id=str(first.pk))
    assert again["initial_proficiency"] == result["final_proficiency"]


def test_a_prior_in_the_rules_goes_before_what_is_known(
    api: APIClient, start: Start, pool: QuestionPool
) -> None:
    answer_questions(api, start(), 5)
    rules = {"prior": {"name": "standard"}, "max_questions": 2}
    begun = start(end_criteria=None, rules=rules)
    assert begun["initial_proficiency"] == [0.5]
    plan = TestPlan.objects.get(pk=TestSession.objects.latest("started_at").plan_id)
    assert plan.rules["prior"] == {"name": "standard"}


def test_it_draws_from_the_default_pool_where_none_is_named(start: Start, pool: QuestionPool) -> None:
    choose_default(pool)
    newer = make_pool()
    start()
    assert TestSession.objects.get().revision.pool == pool
    start(question_pool_id=str(newer.pk))
    choose_default(None)
    start()
    assert TestSession.objects.filter(revision__pool=newer).count() == 2


def test_it_shows_proficiency_as_the_share_below(start: Start, pool: QuestionPool) -> None:
    student = Student.objects.create(external_id="s1")
    session = TestSession.objects.get(pk=start(student_id="other")["session_id"])
    StudentProficiency.objects.create(
        student=student,
        scale=pool.scale,
        concept_name="Math",
        theta=1.0,
        standard_error=0.3,
        updated_at=session.started_at,
    )
    assert start()["initial_proficiency"] == [round(NormalDist().cdf(1.0), 6)] == [0.841345]


def test_it_keeps_the_revision_it_started_with(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    first = int(started["next_question"]["id"].removeprefix("q"))
    changed = pool_document()
    changed["questions"][first] = question(
        first, [1.0], correct_answer=f"option {'abcd'[(first + 1) % 4]} of {first}"
    )
    revise_question(pool, parse_pool(changed).questions[first])
    reply = answer_questions(api, started, 5)
    assert reply["accuracy"] == 1.0  # by the key of the old revision
    again = start()
    assert TestSession.objects.get(pk=again["session_id"]).revision.number == 2


def test_it_uses_the_default_end_criteria(start: Start, pool: QuestionPool) -> None:
    start(end_criteria={})
    rules = TestPlan.objects.get().rules
    assert rules.get("max_questions", 20) == 20
    assert rules["min_questions"] == 5


def test_it_lets_the_default_minimum_give_way_to_a_short_test(start: Start, pool: QuestionPool) -> None:
    start(end_criteria={"type": "fixed_length", "max_questions": 3})
    assert TestPlan.objects.get().rules["min_questions"] <= 3


def test_it_stores_equal_criteria_once(start: Start, pool: QuestionPool) -> None:
    for _ in range(3):
        start()
    assert TestPlan.objects.count() == 1


def test_it_takes_the_full_rules_of_the_engine(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = api.post(
        "/api/test/start",
        {
            "student_id": "s1",
            "rules": {"max_questions": 2, "stop": [{"name": "precision", "standard_error": 0.01}]},
        },
    ).json()
    assert answer_questions(api, started, 2)["test_summary"]["end_reason"] == "length"


def test_it_refuses_rules_beside_end_criteria(api: APIClient, pool: QuestionPool) -> None:
    body = {"student_id": "s1", "rules": {"max_questions": 2}, "end_criteria": {"max_questions": 2}}
    assert pointers(api.post("/api/test/start", body)) == ["/rules"]


def test_it_knows_no_other_pool(api: APIClient, pool: QuestionPool) -> None:
    response = api.post("/api/test/start", {"student_id": "s1", "question_pool_id": str(uuid4())})
    assert response.status_code == 404
    assert response.json()["code"] == "pool_not_found"
    assert not Student.objects.exists()


def test_it_says_that_there_is_no_pool_at_all(api: APIClient) -> None:
    response = api.post("/api/test/start", {"student_id": "s1"})
    assert (response.status_code, response.json()["code"]) == (404, "pool_not_found")


def test_it_lists_everything_that_is_wrong(api: APIClient, pool: QuestionPool) -> None:
    body = {
        "question_pool_id": "no uuid",
        "concept_names": [1, None],
        "end_criteria": {"type": "luck", "max_questions": 0, "precision_threshold": -1},
    }
    assert set(pointers(api.post("/api/test/start", body))) >= {
        "/student_id",
        "/question_pool_id",
        "/concept_names/1",
        "/end_criteria/type",
        "/end_criteria/max_questions",
        "/end_criteria/precision_threshold",
    }


def test_it_belongs_to_the_client_that_started_it(api: APIClient, start: Start, pool: QuestionPool) -> None:
    stranger = client_with(f"Token {make_token()}")
    started = start()
    assert stranger.get(f"/api/test/status/{started['session_id']}").status_code == 404
    assert api.get(f"/api/test/status/{started['session_id']}").status_code == 200


def test_it_stamps_the_session_with_a_time_in_utc(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    status = api.get(f"/api/test/status/{started['session_id']}").json()
    assert parse_datetime(status["started_at"]) == TestSession.objects.get().started_at
    assert status["started_at"].endswith("Z")


def test_it_measures_all_five_concepts(api: APIClient, start: Start) -> None:
    make_pool(questions=60, concepts=5)
    started = start(end_criteria={"type": "fixed_length", "max_questions": 10})
    assert started["concept_names"] == list(CONCEPTS)
    answer_questions(api, started, 10)
    asked = TestSession.objects.get().responses.values_list("question__concepts", flat=True)
    assert {tuple(row) for row in asked} == {tuple(float(i == k) for i in range(5)) for k in range(5)}


def test_it_takes_null_for_left_out(api: APIClient, pool: QuestionPool) -> None:
    nothing = {"question_pool_id": None, "concept_names": None, "end_criteria": None, "rules": None}
    assert api.post("/api/test/start", {"student_id": "s1", **nothing}).status_code == 200
