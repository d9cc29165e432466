"""POST /api/test/submit."""

from datetime import datetime, timedelta
from statistics import NormalDist
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from sessions_app.administration import cleanup
from sessions_app.conftest import (
    Start,
    answer_questions,
    browser_of,
    client_with,
    pointers,
    submit,
)
from sessions_app.models import StudentProficiency, TestResponse, TestSession
from sessions_app.sitting import ledger
from sessions_app.sitting.decisions import so_far_of_state
from sessions_app.sitting.hot_state import read_state
from sessions_app.tests.factories import make_pool, make_token, question, right_answer
from testing_engine.models import QuestionPool, Scale
from testing_engine.psychometrics.engine import next_step

PHI = NormalDist().cdf


def test_it_leads_from_the_first_question_to_the_result(
    api: APIClient, pool: QuestionPool, start: Start
) -> None:
    started = start()
    shown, seen = started["next_question"], []
    for answered in range(1, 6):
        seen.append(shown["id"])
        reply = submit(
            api, started, shown["id"], right_answer(shown["id"]), student_id="s1", response_time_ms=1000
        ).json()
        if answered < 5:
            assert reply["status"] == "continue"
            assert reply["questions_answered"] == answered
            shown = reply["next_question"]
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


def test_it_goes_on_with_every_field_of_the_contract(api: APIClient, start: Start) -> None:
    make_pool(concepts=2)
    started = start()
    reply = answer_questions(api, started, 1)
    assert set(reply) == {
        "status",
        "current_proficiency",
        "ability",
        "scored_with",
        "next_question",
        "deadline",
        "paused",
        "questions_answered",
    }
    assert (reply["status"], reply["questions_answered"]) == ("continue", 1)
    assert reply["current_proficiency"] == [round(PHI(theta), 6) for theta in reply["ability"]["theta"]]
    assert len(reply["ability"]["standard_error"]) == 2
    assert set(reply["next_question"]) == {"id", "content", "options", "concepts", "interactions", "passage"}
    assert reply["next_question"]["id"] != started["next_question"]["id"]


def test_it_finishes_with_every_field_of_the_contract(api: APIClient, start: Start) -> None:
    make_pool(concepts=2)
    started = start()
    first = answer_questions(api, started, 3)
    reply = answer_questions(api, started, 2, is_right=False, question=first["next_question"])
    assert set(reply) == {
        "status",
        "final_proficiency",
        "ability",
        "overall",
        "scored_with",
        "total_questions",
        "accuracy",
        "test_summary",
    }
    assert (reply["status"], reply["total_questions"], reply["accuracy"]) == ("completed", 5, 0.6)
    summary = reply["test_summary"]
    assert set(summary) == {
        "end_reason",
        "correct_responses",
        "duration_seconds",
        "learning_gain",
        "concepts",
    }
    assert (summary["end_reason"], summary["correct_responses"]) == ("length", 3)
    assert 0 < summary["duration_seconds"] < 60
    gains = [PHI(theta) - 0.5 for theta in reply["ability"]["theta"]]
    assert summary["learning_gain"] == pytest.approx(sum(gains) / 2, abs=1e-6)
    assert [concept["name"] for concept in summary["concepts"]] == ["Math", "Algebra"]
    for concept, theta, error, shown in zip(
        summary["concepts"], *reply["ability"].values(), reply["final_proficiency"], strict=True
    ):
        assert concept["proficiency"] == shown == round(PHI(theta), 6)
        low, high = concept["proficiency_95"]
        assert low == pytest.approx(PHI(theta - 1.96 * error), abs=1e-4)
        assert high == pytest.approx(PHI(theta + 1.96 * error), abs=1e-4)


def test_it_rewards_right_answers_and_not_wrong_ones(
    api: APIClient, start: Start, pool: QuestionPool
) -> None:
    right = answer_questions(api, start(student_id="right"), 1)
    wrong = answer_questions(api, start(student_id="wrong"), 1, is_right=False)
    assert wrong["current_proficiency"][0] < 0.5 < right["current_proficiency"][0]


def test_it_moves_the_concept_that_was_asked_and_by_their_correlation_the_other(
    api: APIClient, start: Start
) -> None:
    pool = make_pool(concepts=2)
    for correlation in (0.3, 0.0):
        Scale.objects.filter(pk=pool.scale_id).update(correlation=correlation)
        started = start(student_id=f"s{correlation}")
        asked = started["next_question"]["concepts"].index(1.0)
        moved = answer_questions(api, started, 1)["ability"]["theta"]
        assert moved[asked] > 0.1
        assert moved[1 - asked] == pytest.approx(correlation * moved[asked], rel=1e-3, abs=1e-9)


def test_it_estimates_the_posterior_of_one_answer(api: APIClient, start: Start) -> None:
    """EAP of one right answer to an item with a = 1, b = 0, by an independent sum over a fine grid."""
    rows = [question(i, [1], difficulty=0.0, discrimination=1.0, guessing=0.0) for i in range(2)]
    make_pool(questions=rows)
    reply = answer_questions(api, start(), 1)
    grid = [i / 1000 for i in range(-8000, 8001)]
    density = [NormalDist().pdf(t) / (1 + 2.718281828459045**-t) for t in grid]
    mean = sum(t * d for t, d in zip(grid, density, strict=True)) / sum(density)
    variance = sum((t - mean) ** 2 * d for t, d in zip(grid, density, strict=True)) / sum(density)
    assert reply["ability"]["theta"] == [pytest.approx(mean, abs=1e-5)]
    assert reply["ability"]["standard_error"] == [pytest.approx(variance**0.5, abs=1e-5)]


def test_it_takes_the_option_as_index_or_as_text(api: APIClient, start: Start, pool: QuestionPool) -> None:
    by_index, by_text = start(student_id="index"), start(student_id="text")
    shown = by_index["next_question"]
    right = right_answer(shown["id"])
    first = submit(api, by_index, shown["id"], right)
    second = submit(api, by_text, shown["id"], shown["options"][right])
    assert first.json() == second.json()
    assert list(TestResponse.objects.values_list("answer", "is_correct")) == [(right, True), (right, True)]


def test_it_takes_null_for_i_do_not_know(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    reply = submit(api, started, started["next_question"]["id"], None).json()
    assert reply["status"] == "continue"
    assert reply["current_proficiency"][0] < 0.5
    response = TestResponse.objects.get()
    assert (response.answer, response.score, response.is_correct) == (None, 0, False)


def test_it_does_not_score_i_do_not_know_on_a_rating_scale(api: APIClient, start: Start) -> None:
    rating = {"model": "GRM", "guessing": 0.0, "thresholds": [-1, 0, 1], "correct_answer": None}
    make_pool(questions=[question(i, [1], **rating) for i in range(5)])
    started = start()
    reply = submit(api, started, started["next_question"]["id"], None).json()
    assert reply["current_proficiency"] == [0.5]
    assert TestResponse.objects.get().score == -1


def test_it_scores_a_rating_scale_by_its_option(api: APIClient, start: Start) -> None:
    rating = {"model": "GRM", "guessing": 0.0, "thresholds": [-1, 0, 1], "correct_answer": None}
    make_pool(questions=[question(i, [1], **rating) for i in range(5)])
    shown = []
    for option in range(4):
        started = start(student_id=f"s{option}")
        reply = submit(api, started, started["next_question"]["id"], option).json()
        shown.append(reply["current_proficiency"][0])
    assert shown == sorted(set(shown))
    assert shown[0] < 0.5 < shown[3]
    assert list(TestResponse.objects.order_by("answer").values_list("score", "is_correct")) == [
        (0, False),
        (1, False),
        (2, False),
        (3, True),
    ]


@pytest.mark.parametrize("response", [-1, 4, 2**31 - 1, "none of these", "", " option a of 0"])
def test_it_refuses_what_is_no_option(
    api: APIClient, start: Start, pool: QuestionPool, response: int | str
) -> None:
    started = start()
    refused = submit(api, started, started["next_question"]["id"], response)
    assert pointers(refused) == ["/response"]
    assert not TestResponse.objects.exists()
    # The lock is gone and the question still waits.
    assert not get_redis_connection("default").keys("lock:*")
    assert answer_questions(api, started, 1)["questions_answered"] == 1


def test_it_records_what_was_answered(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    shown = started["next_question"]
    reply = submit(api, started, shown["id"], 3, response_time_ms=8200).json()
    response = TestResponse.objects.get()
    assert str(response.session_id) == started["session_id"]
    assert response.position == 1
    assert response.question.external_id == shown["id"]
    assert (response.answer, response.is_correct) == (3, right_answer(shown["id"]) == 3)
    assert response.score == int(response.is_correct)
    assert response.theta == reply["ability"]["theta"]
    assert response.standard_error == reply["ability"]["standard_error"]
    assert response.response_time_ms == 8200
    assert (timezone.now() - response.answered_at).total_seconds() < 10


def test_it_updates_session_and_proficiency_in_the_database(api: APIClient, start: Start) -> None:
    make_pool(concepts=2)
    started = start()
    reply = answer_questions(api, started, 3)
    session = TestSession.objects.get()
    assert (session.questions_answered, session.correct_responses, session.status) == (3, 3, "active")
    assert session.theta == reply["ability"]["theta"]
    assert session.last_activity > session.started_at
    assert known_now() == (reply["ability"], session.responses.latest("position").answered_at, session.pk)


def known_now() -> tuple[dict[str, list[float]], datetime, UUID]:
    """Of the only student: ability in Math and Algebra, since when, and from which test."""
    algebra, math = StudentProficiency.objects.now().order_by("concept_name")
    ability = {
        "theta": [math.theta_now, algebra.theta_now],
        "standard_error": [math.standard_error_now, algebra.standard_error_now],
    }
    assert (math.updated_at_now, math.session_id) == (algebra.updated_at_now, algebra.session_id)
    assert math.session_id is not None
    return ability, math.updated_at_now, math.session_id


def test_a_proficiency_is_of_the_newest_answer_whichever_test_it_is_of(api: APIClient, start: Start) -> None:
    make_pool(concepts=2)
    one, other = start(), start()
    for started in (one, other, one):
        reply = answer_questions(api, started, 1)
        started["next_question"] = reply["next_question"]
        assert str(known_now()[2]) == started["session_id"]
        assert known_now()[0] == reply["ability"]


@pytest.mark.parametrize("way", ["end", "complete", "expire"])
def test_the_end_of_a_test_leaves_its_proficiencies_in_their_rows(
    api: APIClient, start: Start, way: str
) -> None:
    make_pool(concepts=2)
    started = start()
    answer_questions(api, started, 5 if way == "complete" else 3)
    before = known_now()
    if way == "end":
        api.post(f"/api/test/end/{started['session_id']}")
    elif way == "expire":
        assert cleanup.end_inactive(0, now=cleanup.shared_clock()) == 1
    session = TestSession.objects.exclude(status="active").get()
    rows = StudentProficiency.objects.order_by("-concept_name")  # Math, Algebra
    assert [row.theta for row in rows] == session.theta == before[0]["theta"]
    assert [row.standard_error for row in rows] == session.standard_error
    assert {row.updated_at for row in rows} == {before[1]}
    assert known_now() == before


def test_it_stores_no_proficiency_of_a_concept_that_the_pool_never_asks(api: APIClient, start: Start) -> None:
    make_pool(questions=[question(i, [1, 0]) for i in range(5)], concept_names=["Math", "Algebra"])
    answer_questions(api, start(), 5)
    assert list(StudentProficiency.objects.values_list("concept_name", flat=True)) == ["Math"]


def test_it_keeps_the_hot_state_up_to_date(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    session_id = UUID(started["session_id"])
    redis = get_redis_connection("default")
    redis.expire(f"session:{{{session_id}}}:state", 100)
    reply = answer_questions(api, started, 2)
    state = read_state(session_id)
    assert state is not None
    assert (state.answered, state.correct) == (2, 2)
    step = next_step(so_far_of_state(state, state.item_indices, state.item_scores))
    assert step.ability.theta.tolist() == reply["ability"]["theta"]
    assert redis.ttl(f"session:{{{session_id}}}:state") >= 1790  # renewed by activity
    assert not redis.keys("lock:*")


def test_it_removes_the_hot_state_with_the_last_answer(
    api: APIClient, start: Start, pool: QuestionPool
) -> None:
    answer_questions(api, start(), 5)
    assert not get_redis_connection("default").keys("session:*")
    assert not get_redis_connection("default").keys("lock:*")


# --- Refusals ----------------------------------------------------------------------------------------


def test_it_refuses_a_second_answer_to_a_question(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    first = started["next_question"]["id"]
    reply = answer_questions(api, started, 1)
    for option in (right_answer(first), 3, None):
        second = submit(api, started, first, option)
        assert second.status_code == 409
        body = second.json()
        assert body["code"] == "already_submitted"
        assert body["current_question_id"] == reply["next_question"]["id"]
        assert body["session_status"] == "active"
        assert second["Content-Type"] == "application/problem+json"
    assert TestResponse.objects.count() == 1


def test_it_refuses_a_second_answer_also_without_redis_keys(
    api: APIClient, start: Start, pool: QuestionPool
) -> None:
    started = start()
    answer_questions(api, started, 1)
    get_redis_connection("default").flushdb()
    assert submit(api, started, started["next_question"]["id"], 0).json()["code"] == "already_submitted"


def test_it_refuses_a_second_answer_to_the_last_question(
    api: APIClient, start: Start, pool: QuestionPool
) -> None:
    started = start(end_criteria={"type": "fixed_length", "max_questions": 1})
    answer_questions(api, started, 1)
    body = submit(api, started, started["next_question"]["id"], 0).json()
    assert (body["status"], body["code"]) == (409, "already_submitted")
    assert (body["session_status"], body["current_question_id"]) == ("completed", None)


def test_it_refuses_a_question_that_does_not_wait(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    current = started["next_question"]["id"]
    other = next(f"q{i}" for i in range(40) if f"q{i}" != current)
    body = submit(api, started, other, 0).json()
    assert (body["status"], body["code"]) == (409, "not_the_current_question")
    assert body["current_question_id"] == current
    assert not TestResponse.objects.exists()


def test_it_knows_no_question_of_another_pool(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    response = submit(api, started, "no such question", 0)
    assert (response.status_code, response.json()["code"]) == (404, "question_not_found")


def test_it_knows_no_other_session(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    response = submit(api, {"session_id": str(uuid4())}, started["next_question"]["id"], 0)
    assert (response.status_code, response.json()["code"]) == (404, "session_not_found")


@pytest.mark.parametrize("is_hot", [True, False])
def test_it_hides_the_session_of_another_client(
    api: APIClient, start: Start, pool: QuestionPool, is_hot: bool
) -> None:
    started = start()
    if not is_hot:
        get_redis_connection("default").flushdb()
    response = submit(client_with(f"Token {make_token()}"), started, started["next_question"]["id"], 0)
    unknown = submit(api, {"session_id": str(uuid4())}, started["next_question"]["id"], 0)
    assert response.status_code == 404
    assert response.json() == unknown.json()
    assert not TestResponse.objects.exists()


@pytest.mark.parametrize("is_hot", [True, False])
def test_it_refuses_another_student(api: APIClient, start: Start, pool: QuestionPool, is_hot: bool) -> None:
    started = start()
    if not is_hot:
        get_redis_connection("default").flushdb()
    question_id = started["next_question"]["id"]
    for client in (api, browser_of(started)):
        response = submit(client, started, question_id, 0, student_id="s2")
        assert (response.status_code, response.json()["code"]) == (403, "wrong_student")
    assert not TestResponse.objects.exists()
    assert not get_redis_connection("default").keys("lock:*")
    assert submit(api, started, question_id, 0, student_id="s1").status_code == 200


def test_it_refuses_after_the_end(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    reply = answer_questions(api, started, 1)
    api.post(f"/api/test/end/{started['session_id']}")
    body = submit(api, started, reply["next_question"]["id"], 0).json()
    assert (body["status"], body["code"]) == (409, "session_not_active")
    assert (body["session_status"], body["current_question_id"]) == ("ended", None)
    assert TestResponse.objects.count() == 1


def test_it_refuses_after_the_session_expired(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    cleanup.end_inactive(now=timezone.now() + timedelta(hours=1))
    body = submit(api, started, started["next_question"]["id"], 0).json()
    assert (body["status"], body["code"], body["session_status"]) == (409, "session_not_active", "expired")


def test_it_refuses_while_the_question_is_being_answered(
    api: APIClient, start: Start, pool: QuestionPool
) -> None:
    started = start()
    question_id = started["next_question"]["id"]
    redis = get_redis_connection("default")
    key = f"lock:{{{started['session_id']}}}:{question_id}"
    redis.set(key, b"somebody else", ex=5)
    response = submit(api, started, question_id, 0)
    assert (response.status_code, response.json()["code"]) == (409, "submission_in_progress")
    assert response["Retry-After"] == "1"
    assert redis.get(key) == b"somebody else"  # a lock is released by its owner alone
    redis.delete(key)
    assert submit(api, started, question_id, 0).status_code == 200


def test_it_holds_the_lock_for_five_seconds_at_most(
    api: APIClient, start: Start, pool: QuestionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: dict[str, int] = {}
    record = ledger.record

    def looked_at(entry: ledger.Entry) -> ledger.Recorded | None:
        redis = get_redis_connection("default")
        held.update({key.decode(): redis.ttl(key) for key in redis.keys("lock:*")})
        return record(entry)

    monkeypatch.setattr(ledger, "record", looked_at)
    started = start()
    answer_questions(api, started, 1)
    assert held == {
        f"lock:{{{started['session_id']}}}:{started['next_question']['id']}": pytest.approx(5, abs=1)
    }
