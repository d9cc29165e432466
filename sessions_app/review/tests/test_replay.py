"""Replay: every decision again. Every set of rules is replayed in test_rules as well."""

import json
import math
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from sessions_app.administration import cleanup
from sessions_app.conftest import Start, answer_questions, is_even, submit, take_test
from sessions_app.models import TestResponse, TestSession
from sessions_app.refusals import SessionNotFound
from sessions_app.review.replay import Difference, Replay, replay
from sessions_app.tests.factories import make_pool, pool_document, question
from testing_engine.interchange.questions import parse_pool
from testing_engine.models import Question, QuestionPool, Scale, TestPlan
from testing_engine.psychometrics.components import EDITION
from testing_engine.revisions import forget_frozen
from testing_engine.versions import revise_question

RANDOM = {"strategy": {"name": "randomesque", "count": 40}, "max_questions": 6}
SHADOW = {"eligibility": [{"name": "shadow", "areas": [{"area": "even", "maximum": 2}]}], "max_questions": 6}


def as_superuser(sql: str, *values: Any) -> None:
    """Past every trigger and foreign key; what processes keep of frozen rows is forgotten."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, values)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    forget_frozen()


def found(changed: Replay) -> set[tuple[int | None, str]]:
    """(answer, field) of every difference."""
    return {(difference.answer, difference.field) for difference in changed.differences}


# --- Identical ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("concepts", [1, 5])
def test_it_replays_a_completed_test(api: APIClient, start: Start, concepts: int) -> None:
    make_pool(40, concepts)
    started = start(end_criteria={"type": "precision", "max_questions": 12})
    replies = take_test(api, started, is_right=is_even)
    again = replay(UUID(started["session_id"]))
    assert again.is_identical
    assert again.verdict == f"identical: {len(replies) + 1} steps"
    assert [list(step.theta) for step in again.steps[1:]] == [reply["ability"]["theta"] for reply in replies]
    assert [step.next_question for step in again.steps] == [
        reply["next_question"]["id"] if "next_question" in reply else None for reply in [started, *replies]
    ]
    assert again.steps[-1].stop == replies[-1]["test_summary"]["end_reason"]


def test_a_test_of_several_concepts_goes_on_by_the_plan_it_began_with(api: APIClient, start: Start) -> None:
    """A plan as it was stored before there were editions: it left the estimator out, which was the mode; and
    before there were scales, so that abilities were independent."""
    make_pool(40, 5)
    Scale.objects.update(correlation=0)
    started = start(end_criteria=None, rules={"max_questions": 6, "edition": 1})
    take_test(api, started, is_right=is_even)
    session = UUID(started["session_id"])
    plan = TestSession.objects.get(pk=session).plan
    update = f"UPDATE {TestPlan._meta.db_table} SET rules = %s WHERE id = %s"
    as_superuser(update, json.dumps({"max_questions": 6}), plan.pk)
    assert replay(session).is_identical
    as_superuser(update, json.dumps({"max_questions": 6, "edition": EDITION}), plan.pk)
    assert (1, "theta") in found(replay(session))


@pytest.mark.parametrize("answered", [0, 1, 4])
@pytest.mark.parametrize("fate", ["active", "ended", "expired"])
def test_it_replays_a_test_that_nobody_finished(
    api: APIClient, start: Start, pool: QuestionPool, answered: int, fate: str
) -> None:
    started = start(end_criteria=None, rules=RANDOM)
    answer_questions(api, started, answered)
    if fate == "ended":
        api.post(f"/api/test/end/{started['session_id']}")
    elif fate == "expired":
        cleanup.end_inactive(0, now=TestSession.objects.get().last_activity)
    assert TestSession.objects.get().status == fate
    again = replay(UUID(started["session_id"]))
    assert again.differences == ()
    assert len(again.steps) == answered + 1


def test_it_replays_a_test_that_used_its_pool_up(api: APIClient, start: Start) -> None:
    make_pool(4)
    started = start()
    take_test(api, started)
    again = replay(UUID(started["session_id"]))
    assert again.is_identical
    assert again.steps[-1].stop == "exhausted"


def test_it_replays_a_test_that_began_with_what_was_known(api: APIClient, start: Start) -> None:
    make_pool(40, 2)
    take_test(api, start())
    started = start(end_criteria=None, rules=RANDOM)
    take_test(api, started, is_right=is_even)
    session = TestSession.objects.get(pk=started["session_id"])
    assert all(session.prior_mean)
    assert replay(session.pk).is_identical


@pytest.mark.usefixtures("pool")
def test_it_replays_answers_of_every_kind_retried_and_rebuilt(api: APIClient, start: Start) -> None:
    started = start(end_criteria=None, rules=RANDOM)
    reply = started
    for number, answer in enumerate([None, 3, "text", 0, None]):
        shown = reply["next_question"]
        response = shown["options"][2] if answer == "text" else answer
        for _ in "twice":
            if number % 2:
                get_redis_connection("default").flushdb()
            reply = submit(api, started, shown["id"], response, key=f"k{number}").json()
    assert reply["questions_answered"] == 5
    assert replay(UUID(started["session_id"])).differences == ()


def test_it_replays_with_the_revision_that_the_test_began_with(
    api: APIClient, start: Start, pool: QuestionPool
) -> None:
    started = start()
    answer_questions(api, started, 2)
    draft = parse_pool(pool_document([question(3, [1.0], difficulty=-4.0)])).questions[0]
    revise_question(pool, draft)
    assert replay(UUID(started["session_id"])).is_identical


@pytest.mark.usefixtures("pool")
def test_it_says_that_an_imported_test_cannot_be_replayed(start: Start) -> None:
    started = start()
    TestSession.objects.update(legacy_id="17")
    again = replay(UUID(started["session_id"]))
    assert not again.is_identical
    assert again.verdict.startswith("not replayable")


@pytest.mark.usefixtures("db")
def test_it_knows_no_stranger() -> None:
    with pytest.raises(SessionNotFound):
        replay(uuid4())


@pytest.mark.usefixtures("pool")
def test_it_changes_nothing_and_asks_little(
    api: APIClient, start: Start, django_assert_num_queries: Any, redis_round_trips: list[int]
) -> None:
    started = start()
    take_test(api, started)
    del redis_round_trips[:]
    with django_assert_num_queries(3) as queries:
        replay(UUID(started["session_id"]))
    assert all(query["sql"].startswith("SELECT") for query in queries)
    assert redis_round_trips == []


# --- Why ----------------------------------------------------------------------------------------------------


def test_it_says_why_a_question_came(api: APIClient, start: Start) -> None:
    make_pool([question(i, [1.0], area=("even", "odd")[i % 2]) for i in range(40)])
    started = start(end_criteria=None, rules=SHADOW)
    take_test(api, started)
    again = replay(UUID(started["session_id"]), candidates=4)
    assert again.is_identical
    for step in again.steps[:-1]:
        assert step.why is not None
        assert (step.why.chosen_by, step.why.criterion) == ("best", "MFI")
        assert step.why.chosen.question == step.next_question == step.why.candidates[0].question
        assert len(step.why.candidates) <= 4
        values = [candidate.value for candidate in step.why.candidates]
        assert values == sorted(values, reverse=True)
    closed = {each.question for step in again.steps if step.why for each in step.why.closed}
    assert closed
    assert {each.closed_by for step in again.steps if step.why for each in step.why.closed} == {"shadow"}
    assert again.steps[-1].why is None


@pytest.mark.usefixtures("pool")
def test_it_says_why_a_question_came_that_is_not_among_the_best(start: Start) -> None:
    started = start(end_criteria=None, rules={"start": {"name": "questions", "items": [7]}})
    why = replay(UUID(started["session_id"]), candidates=3).steps[0].why
    assert why is not None
    assert (why.chosen_by, why.chosen.question) == ("questions", "q7")
    assert [each.question for each in why.listed][3:] == ["q7"]


# --- Different: a superuser was there -----------------------------------------------------------------------


@pytest.fixture
def session(api: APIClient, start: Start, pool: QuestionPool) -> TestSession:
    """A running test with four answers, right and wrong in turn."""
    question: Any = None
    started = start(end_criteria=None, rules=RANDOM)
    for number in range(4):
        reply = answer_questions(api, started, 1, is_right=is_even(number), question=question)
        question = reply["next_question"]
    session = TestSession.objects.get()
    assert replay(session.pk).is_identical
    return session


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ("theta = '{9}'", "theta"),
        ("theta = theta || 0::float8", "theta"),
        ("standard_error = '{0.1}'", "standard_error"),
        ("score = 1 - score", "score"),
        ("is_correct = NOT is_correct", "is_correct"),
    ],
)
def test_it_finds_what_was_changed_in_an_answer(session: TestSession, change: str, field: str) -> None:
    as_superuser(f"UPDATE test_responses SET {change} WHERE position = 2")
    assert found(replay(session.pk)) == {(2, field)}


def test_it_finds_a_change_of_one_bit(session: TestSession) -> None:
    row = TestResponse.objects.get(position=3)
    changed = [math.nextafter(row.theta[0], math.inf)]
    as_superuser("UPDATE test_responses SET theta = %s WHERE position = 3", changed)
    (difference,) = replay(session.pk).differences
    assert difference == Difference(3, "theta", changed, row.theta)
    assert difference.place == "answer 3"


def test_it_finds_another_option_by_all_that_follows_from_it(session: TestSession) -> None:
    as_superuser("UPDATE test_responses SET answer = (answer + 1) %% 4 WHERE position = 1")
    changed = replay(session.pk)
    assert [(d.answer, d.field) for d in changed.differences[:4]] == [
        (1, "score"),
        (1, "is_correct"),
        (1, "theta"),
        (1, "standard_error"),
    ]
    assert (None, "theta") in found(changed)


@pytest.mark.parametrize("option", [-1, 4])
def test_it_breaks_off_at_an_option_that_there_is_not(session: TestSession, option: int) -> None:
    as_superuser("UPDATE test_responses SET answer = %s WHERE position = 3", option)
    changed = replay(session.pk)
    assert changed.differences == (Difference(3, "answer", option, "an option from 0 to 3"),)
    assert changed.broken_off == "Nothing could be recomputed from answer 3 on."


def test_it_finds_another_question(session: TestSession) -> None:
    given = session.responses.values("question")
    other = Question.objects.exclude(pk__in=given).earliest("pk")
    chosen = TestResponse.objects.get(position=2).question
    as_superuser("UPDATE test_responses SET question_id = %s WHERE position = 2", other.pk)
    assert Difference(2, "question", other.external_id, chosen.external_id) in replay(session.pk).differences


def test_it_finds_a_question_of_another_pool(session: TestSession) -> None:
    make_pool(3)
    strange = Question.objects.latest("pk").pk
    as_superuser("UPDATE test_responses SET question_id = %s WHERE position = 2", strange)
    changed = replay(session.pk)
    assert found(changed) == {(2, "question")}
    assert changed.broken_off


def test_it_finds_a_gap(session: TestSession) -> None:
    as_superuser("DELETE FROM test_responses WHERE position = 2")
    assert {(2, "position"), (None, "questions_answered")} <= found(replay(session.pk))


def test_it_finds_a_missing_end(session: TestSession) -> None:
    as_superuser("DELETE FROM test_responses WHERE position = 4")
    assert {(None, "questions_answered"), (None, "theta")} <= found(replay(session.pk))


def test_it_finds_answers_in_another_order(session: TestSession) -> None:
    as_superuser("UPDATE test_responses SET position = position + 10 WHERE position IN (2, 3)")
    as_superuser("UPDATE test_responses SET position = 15 - position WHERE position IN (12, 13)")
    assert {(2, "question"), (2, "theta")} <= found(replay(session.pk))


def test_it_finds_an_answer_too_many(session: TestSession) -> None:
    as_superuser(
        "INSERT INTO test_responses (session_id, position, question_id, answer, score, is_correct, theta, "
        "standard_error, answered_at, link) "
        "SELECT session_id, 5, (SELECT min(id) FROM questions WHERE id NOT IN (SELECT question_id FROM "
        "test_responses)), answer, score, is_correct, theta, standard_error, answered_at, link "
        "FROM test_responses WHERE position = 4"
    )
    assert {(5, "theta"), (None, "questions_answered")} <= found(replay(session.pk))


def test_it_finds_an_answer_after_the_end(api: APIClient, start: Start, pool: QuestionPool) -> None:
    started = start()
    take_test(api, started)
    as_superuser(
        "UPDATE test_sessions SET plan_id = plan_id"
    )  # the test is over: no trigger minds a superuser
    plan = TestSession.objects.get().plan
    as_superuser(
        """UPDATE test_plans SET rules = '{"max_questions": 3}' WHERE id = %s""",
        plan.pk,
    )
    changed = replay(UUID(started["session_id"]))
    assert (4, "stop") in found(changed)
    assert (3, "stop") not in found(changed)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ("theta = '{9}'", "theta"),
        ("standard_error = '{0.1}'", "standard_error"),
        ("questions_answered = 5", "questions_answered"),
        ("correct_responses = 4", "correct_responses"),
        ("current_position = (current_position + 1) % 40", "current_position"),
        ("end_reason = 'length'", "end_reason"),
    ],
)
def test_it_finds_what_was_changed_in_a_session(session: TestSession, change: str, field: str) -> None:
    as_superuser(f"UPDATE test_sessions SET {change}".replace("%", "%%"))
    assert found(replay(session.pk)) == {(None, field)}


@pytest.mark.parametrize(
    ("status", "reason", "fields"),
    [
        ("completed", "length", {"status", "end_reason", "current_position"}),
        ("ended", "length", {"end_reason"}),
        ("expired", "", {"end_reason"}),
    ],
)
def test_it_finds_an_end_that_was_none(
    session: TestSession, status: str, reason: str, fields: set[str]
) -> None:
    as_superuser(
        "UPDATE test_sessions "
        "SET status = %s, end_reason = %s, current_position = NULL, completed_at = now()",
        status,
        reason,
    )
    assert found(replay(session.pk)) == {(None, field) for field in fields}


@pytest.mark.parametrize("status", ["active", "expired"])
def test_it_finds_that_a_completed_test_was_opened_again(
    api: APIClient, start: Start, pool: QuestionPool, status: str
) -> None:
    started = start()
    take_test(api, started)
    running = status == "active"
    as_superuser(
        "UPDATE test_sessions SET status = %s, current_position = %s, completed_at = %s",
        status,
        0 if running else None,
        None if running else "2026-01-01T00:00:00Z",
    )
    fields = {"status", "current_position"} if running else {"status"}
    assert found(replay(UUID(started["session_id"]))) == {(None, field) for field in fields}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("seed = seed + 1", "question"),
        ("prior_mean = '{1}'", "theta"),
        ("prior_sd = '{0.5}'", "theta"),
    ],
)
def test_it_finds_another_beginning(session: TestSession, change: str, expected: str) -> None:
    # Of forty questions another seed draws the same one now and then, but not four times over.
    as_superuser(f"UPDATE test_sessions SET {change}")
    assert expected in {field for _, field in found(replay(session.pk))}


def test_it_finds_a_prior_that_the_rules_do_not_bring(start: Start, pool: QuestionPool) -> None:
    prior = {"name": "normal", "mean": [-1.0], "covariance": [[1.0]]}
    started = start(end_criteria=None, rules={"prior": prior})
    assert replay(UUID(started["session_id"])).is_identical
    as_superuser("UPDATE test_sessions SET prior_mean = '{0}'")
    assert found(replay(UUID(started["session_id"]))) == {(None, "prior_mean")}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("difficulty = difficulty + 1", (1, "theta")),
        ("option_scores = '{1,1,1,1}'", (2, "score")),
    ],
)
def test_it_finds_another_pool(session: TestSession, change: str, expected: tuple[int, str]) -> None:
    as_superuser(f"UPDATE questions SET {change}")
    assert expected in found(replay(session.pk))


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("UPDATE test_sessions SET prior_sd = '{0}'", "positive definite"),
        ("""UPDATE test_plans SET rules = '{"strategy": {"name": "mine"}}'""", "/strategy"),
        ("UPDATE questions SET model = 'GRM'", "guessing"),
    ],
)
def test_it_says_what_nobody_can_compute_with(session: TestSession, sql: str, message: str) -> None:
    as_superuser(sql)
    changed = replay(session.pk)
    (difference,) = changed.differences
    assert message in str(difference.recomputed)
    assert changed.broken_off == "Nothing could be recomputed."


@pytest.mark.usefixtures("pool")
def test_it_reads_again_when_an_answer_comes_in_between(api: APIClient, start: Start) -> None:
    started = start()
    answered: list[dict[str, Any]] = []

    def between(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if "test_responses" in sql and not answered:
            answered.append(started)
            answer_questions(api, started, 1)
        return execute(sql, *rest)

    with connection.execute_wrapper(between):
        again = replay(UUID(started["session_id"]))
    assert again.differences == ()
    assert len(again.steps) == 2
