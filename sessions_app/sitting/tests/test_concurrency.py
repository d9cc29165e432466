"""Requests that come at once, over real connections and real transactions."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from sessions_app.administration import cleanup
from sessions_app.conftest import Reply, Start, answer_questions, browser_of, submit
from sessions_app.models import Student, StudentProficiency, TestResponse, TestSession
from sessions_app.sitting import hot_state
from sessions_app.tests.factories import last_active, make_pool, right_answer
from testing_engine.models import QuestionPool

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _pool_of_this_thread_closed() -> Iterator[None]:
    yield
    connection.close()


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Each call in its own thread, all released together; returns what they returned."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            barrier.wait(timeout=60)
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as executor:
        return [future.result(timeout=60) for future in [executor.submit(run, call) for call in calls]]


def statuses(replies: Sequence[Reply]) -> Counter[int]:
    return Counter(reply.status_code for reply in replies)


def assert_consistent(session: TestSession) -> None:
    """The row says what the answers say, and no lock is left."""
    session.refresh_from_db()
    responses = list(session.responses.order_by("position"))
    assert [response.position for response in responses] == list(range(1, len(responses) + 1))
    assert session.questions_answered == len(responses)
    assert session.correct_responses == sum(response.is_correct for response in responses)
    if responses:
        assert session.theta == responses[-1].theta
    assert not get_redis_connection("default").keys("lock:*")


@pytest.mark.parametrize("redis_state", ["hot", "flushed"])
def test_it_records_one_of_ten_equal_answers(start: Start, pool: QuestionPool, redis_state: str) -> None:
    started = start()
    question_id = started["next_question"]["id"]
    if redis_state == "flushed":
        get_redis_connection("default").flushdb()
    replies = at_once(*[lambda: submit(browser_of(started), started, question_id, 1)] * 10)
    assert statuses(replies) == {200: 1, 409: 9}
    codes = {reply.json()["code"] for reply in replies if reply.status_code == 409}
    assert codes <= {"already_submitted", "submission_in_progress"}
    assert TestResponse.objects.count() == 1
    assert_consistent(TestSession.objects.get())


def test_it_records_one_of_ten_equal_answers_without_locks(
    start: Start, pool: QuestionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock is courtesy: with Redis gone, PostgreSQL alone holds."""
    started = start()
    question_id = started["next_question"]["id"]
    monkeypatch.setattr(hot_state, "_talk", lambda *_, **__: None)
    replies = at_once(*[lambda: submit(browser_of(started), started, question_id, 1)] * 10)
    assert statuses(replies) == {200: 1, 409: 9}
    assert TestResponse.objects.count() == 1
    assert_consistent(TestSession.objects.get())


def test_it_records_one_of_two_different_answers(start: Start, pool: QuestionPool) -> None:
    started = start()
    question_id = started["next_question"]["id"]
    replies = at_once(
        *(
            lambda option=option: submit(browser_of(started), started, question_id, option)
            for option in (0, 1)
        )
    )
    assert statuses(replies) == {200: 1, 409: 1}
    winner = next(option for option, reply in enumerate(replies) if reply.status_code == 200)
    response = TestResponse.objects.get()
    assert (response.answer, response.is_correct) == (winner, winner == right_answer(question_id))
    assert_consistent(TestSession.objects.get())


def test_it_gives_equal_tries_with_one_key_equal_replies(start: Start, pool: QuestionPool) -> None:
    started = start()
    question_id = started["next_question"]["id"]
    replies = at_once(*[lambda: submit(browser_of(started), started, question_id, 1, key="a1")] * 8)
    assert set(statuses(replies)) <= {200, 409}
    good = [reply.json() for reply in replies if reply.status_code == 200]
    assert good
    assert all(reply == good[0] for reply in good)
    for reply in replies:
        if reply.status_code == 409:
            assert reply.json()["code"] == "submission_in_progress"
            assert int(reply["Retry-After"]) > 0
    assert submit(browser_of(started), started, question_id, 1, key="a1").json() == good[0]
    assert TestResponse.objects.count() == 1


def test_it_starts_one_test_of_ten_with_one_key(start: Start, pool: QuestionPool) -> None:
    replies = at_once(*[lambda: start(key="k1")] * 10)
    assert all(reply == replies[0] for reply in replies)
    assert TestSession.objects.count() == 1
    assert Student.objects.count() == 1


def test_it_makes_one_student_of_ten_starts(start: Start, pool: QuestionPool) -> None:
    at_once(*[lambda: start(student_id="anna")] * 10)
    assert Student.objects.count() == 1
    assert TestSession.objects.count() == 10


def test_it_lets_a_student_take_several_tests_at_once(start: Start) -> None:
    """Their answers write the same proficiencies: no deadlock, and each test is whole."""
    make_pool(questions=20, concepts=2, concept_names=["Math", "Algebra"], scale="Grade 9")
    forward = [start() for _ in range(3)]
    make_pool(questions=20, concepts=2, concept_names=["Algebra", "Math"], scale="Grade 9")
    backward = [start() for _ in range(3)]
    replies = at_once(
        *(lambda begun=begun: answer_questions(browser_of(begun), begun, 5) for begun in forward + backward)
    )
    assert {reply["status"] for reply in replies} == {"completed"}
    assert StudentProficiency.objects.count() == 2
    for session in TestSession.objects.all():
        assert_consistent(session)


@pytest.mark.parametrize("attempt", range(3))
def test_it_ends_or_answers_but_never_both(
    api: APIClient, start: Start, pool: QuestionPool, attempt: int
) -> None:
    started = start()
    browser = browser_of(started)
    question_id = started["next_question"]["id"]
    answered, ended = at_once(
        lambda: submit(browser, started, question_id, 1),
        lambda: api.post(f"/api/test/end/{started['session_id']}"),
    )
    session = TestSession.objects.get(pk=started["session_id"])
    assert ended.status_code == 200
    assert (session.status, session.end_reason) == ("ended", "ended by request")
    assert session.questions_answered == (1 if answered.status_code == 200 else 0)
    assert_consistent(session)
    # What the answer left in Redis is gone with the end, whoever was last.
    assert not get_redis_connection("default").exists(f"session:{{{started['session_id']}}}:state")
    status = browser.get(f"/api/test/status/{started['session_id']}").json()
    assert (status["status"], status["questions_answered"]) == ("ended", session.questions_answered)


@pytest.mark.parametrize("attempt", range(3))
def test_it_cleans_up_or_answers_but_never_both(start: Start, pool: QuestionPool, attempt: int) -> None:
    started = start()
    last_active(timezone.now() - timedelta(minutes=31), pk=started["session_id"])
    question_id = started["next_question"]["id"]
    answered, removed = at_once(
        lambda: submit(browser_of(started), started, question_id, 1),
        lambda: cleanup.end_inactive(now=timezone.now()),
    )
    session = TestSession.objects.get(pk=started["session_id"])
    if session.status == "expired":
        assert removed == 1
    else:
        assert (session.status, answered.status_code, removed) == ("active", 200, 0)
    assert session.questions_answered == (1 if answered.status_code == 200 else 0)
    assert_consistent(session)
    status = browser_of(started).get(f"/api/test/status/{started['session_id']}").json()
    assert status["status"] == session.status


def test_it_passes_over_a_session_that_is_being_answered(start: Start, pool: QuestionPool) -> None:
    held, free = start(), start()
    last_active(timezone.now() - timedelta(minutes=31))

    def clean() -> int:
        try:
            return cleanup.end_inactive(now=timezone.now())
        finally:
            connections.close_all()

    with transaction.atomic(), ThreadPoolExecutor(1) as executor:
        TestSession.objects.select_for_update().get(pk=held["session_id"])
        assert executor.submit(clean).result(timeout=60) == 1
    assert TestSession.objects.get(pk=held["session_id"]).status == "active"
    assert TestSession.objects.get(pk=free["session_id"]).status == "expired"
    assert cleanup.end_inactive(now=timezone.now()) == 1


def test_it_cleans_up_once_where_two_clean(start: Start, pool: QuestionPool) -> None:
    for _ in range(6):
        start()
    later = timezone.now() + timedelta(minutes=31)
    assert sum(at_once(*[lambda: cleanup.end_inactive(now=later)] * 4)) == 6


def test_it_answers_many_students_at_once(start: Start, pool: QuestionPool) -> None:
    sittings = [start(student_id=f"s{i}") for i in range(8)]
    replies = at_once(
        *(lambda begun=begun: answer_questions(browser_of(begun), begun, 5) for begun in sittings)
    )
    assert {reply["status"] for reply in replies} == {"completed"}
    assert TestResponse.objects.count() == 40


def test_it_reads_a_status_that_was_true_at_some_moment(start: Start, pool: QuestionPool) -> None:
    """Readers who rebuild the state while answers come in never leave an old one behind."""
    started = start()
    browser = browser_of(started)

    def read() -> list[int]:
        seen = []
        for _ in range(15):
            get_redis_connection("default").delete(f"session:{{{started['session_id']}}}:state")
            seen.append(
                browser_of(started)
                .get(f"/api/test/status/{started['session_id']}")
                .json()["questions_answered"]
            )
        return seen

    answered, *seen = at_once(lambda: answer_questions(browser, started, 4), read, read)
    assert answered["questions_answered"] == 4
    assert all(numbers == sorted(numbers) for numbers in seen)
    status = browser.get(f"/api/test/status/{started['session_id']}").json()
    assert status["questions_answered"] == 4
    assert_consistent(TestSession.objects.get())
