"""What an earlier test found: when it helps to choose, when it counts in a score, and who says so."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from sessions_app.conftest import Start, is_even, submit, take_test
from sessions_app.models import NamedTest, StudentProficiency, TestResponse, TestSession
from sessions_app.reporting.report import report_of_session
from sessions_app.review.replay import replay
from sessions_app.review.tests.test_verify_audit import as_superuser, broken, verified
from sessions_app.sitting.decisions import score_rests_on
from sessions_app.sitting.result_specs import USUAL
from sessions_app.tests.factories import make_named_test, make_pool
from testing_engine.models import QuestionPool, Scale
from testing_engine.psychometrics.ability.prior_rules import StandardNormal
from testing_engine.psychometrics.engine import TestSoFar, next_step
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import load_plan, load_revision

SAME_QUESTIONS = {"start": {"name": "questions", "items": list(range(10))}, "max_questions": 10}
EARLIER = {"strong": lambda answered: True, "weak": lambda answered: False}  # of one earlier test


def take(api: APIClient, student: str, test: str, is_right: Callable[[int], bool] = is_even) -> TestSession:
    """A student's whole named test."""
    started = api.post("/api/test/start", {"student_id": student, "test": test}).json()
    take_test(api, started, is_right=is_right)
    return TestSession.objects.select_related("plan").get(pk=started["session_id"])


@pytest.fixture
def exam_pool(api: APIClient, start: Start) -> QuestionPool:
    """Students `strong` and `weak` took a test of a pool, `new` did not. An exam draws from a second pool,
    whose concept has the same name."""
    earlier = make_pool(scale="Grade 9")
    for student, is_right in EARLIER.items():
        take_test(api, start(student_id=student, question_pool_id=str(earlier.pk)), is_right=is_right)
    return make_pool()


@pytest.mark.parametrize("scale", ["", "Grade 9"])
def test_the_same_answers_to_the_same_questions_get_the_same_score(
    api: APIClient, exam_pool: QuestionPool, scale: str
) -> None:
    """Whatever other tests found of the students: of a pool of another scale, or of the very same."""
    if scale:
        QuestionPool.objects.update(scale=Scale.objects.get(name=scale))
    make_named_test(exam_pool, "exam", rules=SAME_QUESTIONS)
    sessions = [take(api, student, "exam") for student in ("strong", "weak", "new")]
    assert len({tuple(session.theta) for session in sessions}) == 1
    assert len({tuple(session.standard_error) for session in sessions}) == 1
    assert {score_rests_on(session) for session in sessions} == {"answers_only"}


def test_started_without_a_name_another_scale_decides_nothing(
    api: APIClient, start: Start, exam_pool: QuestionPool
) -> None:
    found = set()
    for student in ("strong", "weak", "new"):
        begun = start(student_id=student, rules=SAME_QUESTIONS, end_criteria=None)
        assert begun["initial_proficiency"] == [0.5]
        found.add(take_test(api, begun, is_right=is_even)[-1]["ability"]["theta"][0])
    assert len(found) == 1


@pytest.fixture
def practised(api: APIClient, start: Start) -> QuestionPool:
    """A pool from which `strong` and `weak` took a test."""
    pool = make_pool()
    for student, is_right in EARLIER.items():
        take_test(api, start(student_id=student), is_right=is_right)
    return pool


def test_earlier_results_help_to_choose_and_the_score_is_computed_without(
    api: APIClient, practised: QuestionPool
) -> None:
    make_named_test(practised, earlier_results="choose", rules={"max_questions": 8})
    bank = load_revision(practised.current_revision_id or 0).bank
    first = {}
    for student in ("strong", "weak", "new"):
        session = take(api, student, "algebra")
        responses = list(session.responses.order_by("position"))
        items = [load_revision(session.revision_id).positions_by_key[r.question_id] for r in responses]
        first[student] = bank.intercepts[items[0]] / bank.slopes[items[0], 0]
        scores = [response.score for response in responses]
        for answered, response in enumerate(responses, start=1):
            alone = next_step(
                TestSoFar(bank, CatRules(), None, 0, items[:answered], scores[:answered])
            ).ability
            assert response.theta == alone.theta.tolist()
            assert response.standard_error == alone.standard_error.tolist()
        assert session.theta == responses[-1].theta
        assert score_rests_on(session) == "answers_only"
        assert (session.prior_mean == [0.0]) == (student == "new")
    assert first["strong"] < first["new"] < first["weak"]  # intercepts: the strong begin with harder ones


def test_earlier_results_do_not_end_a_test_that_is_scored_alone(
    api: APIClient, practised: QuestionPool
) -> None:
    """Everybody's score is as precise as the test says."""
    stop = [{"name": "precision", "standard_error": 0.6}]
    make_named_test(practised, earlier_results="choose", rules={"stop": stop, "max_questions": 30})
    session = take(api, "strong", "algebra")
    assert session.end_reason == "precision"
    assert session.standard_error[0] <= 0.6
    before_last = session.responses.order_by("-position")[1]
    assert before_last.standard_error[0] > 0.6


def test_earlier_results_count_where_the_test_asks_for_it(api: APIClient, practised: QuestionPool) -> None:
    rules = {**SAME_QUESTIONS, "max_questions": 3}
    make_named_test(practised, earlier_results="score", rules=rules)
    strong, weak, new = (take(api, student, "algebra") for student in ("strong", "weak", "new"))
    assert strong.theta[0] > new.theta[0] > weak.theta[0]
    assert [score_rests_on(session) for session in (strong, weak, new)] == [
        "earlier_results",
        "earlier_results",
        "answers_only",  # there were none
    ]


@pytest.mark.parametrize("earlier_results", ["choose", "score"])
def test_a_prior_in_the_rules_goes_first(
    api: APIClient, practised: QuestionPool, earlier_results: str
) -> None:
    prior = {"name": "normal", "mean": [0.7], "covariance": [[0.5]]}
    rules = {**SAME_QUESTIONS, "prior": prior}
    make_named_test(practised, earlier_results=earlier_results, rules=rules)
    sessions = [take(api, student, "algebra") for student in ("strong", "weak")]
    assert len({tuple(session.theta) for session in sessions}) == 1
    assert sessions[0].prior_mean == pytest.approx([0.7], abs=1e-6)
    assert {score_rests_on(session) for session in sessions} == {"answers_only"}


@pytest.mark.parametrize("concepts", [1, 3])
@pytest.mark.parametrize("earlier_results", NamedTest.EarlierResults.values)
def test_replay_and_the_chain_agree(
    api: APIClient, start: Start, earlier_results: str, concepts: int
) -> None:
    pool = make_pool(40, concepts)
    take_test(api, start(student_id="s1"), is_right=is_even)
    make_named_test(
        pool,
        earlier_results=earlier_results,
        vary_first_questions=True,
        shuffle_options=True,
        rules={"max_questions": 6, "min_questions": 6},
    )
    started = api.post("/api/test/start", {"student_id": "s1", "test": "algebra"}).json()
    reply = started
    for _ in range(5):
        get_redis_connection("default").flushdb()  # each answer on a state rebuilt from the rows
        reply = submit(api, started, reply["next_question"]["id"], 1).json()
    again = replay(UUID(started["session_id"]), candidates=3)
    assert again.is_identical, again.differences
    assert all(step.why is not None for step in again.steps)
    assert "all as they were written" in verified()


@pytest.mark.parametrize("column", ["is_scored_alone", "shuffles_options"])
def test_the_chain_vouches_for_how_a_test_was_given(
    api: APIClient, practised: QuestionPool, column: str
) -> None:
    make_named_test(practised, earlier_results="choose", shuffle_options=True)
    session = take(api, "strong", "algebra")
    as_superuser(f"UPDATE test_sessions SET {column} = NOT {column} WHERE id = '{session.pk}'")
    assert "the event “started” is not what was written" in broken()


@pytest.mark.parametrize("table", ["test_sessions", "test_responses"])
def test_the_chain_and_replay_vouch_for_the_overall_score(api: APIClient, start: Start, table: str) -> None:
    make_pool(40, concepts=3)
    started = start()
    take_test(api, started)
    where = "id" if table == "test_sessions" else "position = 5 AND session_id"
    as_superuser(
        f"UPDATE {table} SET overall_theta = overall_theta + 1 WHERE {where} = '{started['session_id']}'"
    )
    assert "overall_theta" in broken() or "answer 5 is not what was written" in broken()
    differing = {difference.field for difference in replay(UUID(started["session_id"])).differences}
    assert differing == {"overall_theta"}


def test_a_change_of_how_a_test_was_given_is_refused(api: APIClient, practised: QuestionPool) -> None:
    make_named_test(practised)
    api.post("/api/test/start", {"student_id": "s1", "test": "algebra"})
    with pytest.raises(Exception, match="never change"):
        TestSession.objects.filter(status="active").update(is_scored_alone=True)


# --- Several concepts -------------------------------------------------------------------------------------


def test_the_correlation_of_the_scale_is_frozen_in_the_plan(api: APIClient, start: Start) -> None:
    pool = make_pool(40, concepts=3)
    first = TestSession.objects.get(pk=start()["session_id"])
    Scale.objects.filter(pk=pool.scale_id).update(correlation=0.6)
    second = TestSession.objects.get(pk=start(student_id="s2")["session_id"])
    Scale.objects.filter(pk=pool.scale_id).update(correlation=0.0)
    third = TestSession.objects.get(pk=start(student_id="s3")["session_id"])
    priors = [load_plan(session.plan_id).rules.prior for session in (first, second, third)]
    assert priors == [StandardNormal(0.3), StandardNormal(0.6), None]
    assert {session.overall_error for session in (first, second, third)} == {None}  # no question was answered


def test_a_plan_from_before_scales_keeps_independent_abilities(api: APIClient, start: Start) -> None:
    """Its rules have no prior, as those of every session that began before."""
    pool = make_pool(40, concepts=2)
    Scale.objects.filter(pk=pool.scale_id).update(correlation=0.0)
    started = start()
    Scale.objects.filter(pk=pool.scale_id).update(correlation=0.6)
    take_test(api, started, is_right=is_even)
    assert replay(UUID(started["session_id"])).is_identical
    session = TestSession.objects.get()
    responses = list(session.responses.order_by("position"))
    revision = load_revision(session.revision_id)
    items = [revision.positions_by_key[response.question_id] for response in responses]
    plain = next_step(
        TestSoFar(revision.bank, CatRules(), None, 0, items, [r.score for r in responses])
    ).ability
    assert session.theta == pytest.approx(plain.theta.tolist())


def test_the_overall_score_is_stored_with_every_answer(api: APIClient, start: Start) -> None:
    make_pool(40, concepts=3)
    take_test(api, start(), is_right=is_even)
    session = TestSession.objects.get()
    last = session.responses.order_by("position").last()
    assert last is not None
    assert (session.overall_theta, session.overall_error) == (last.overall_theta, last.overall_error)
    assert session.overall_theta == pytest.approx(sum(session.theta) / 3)
    errors = [each**2 for each in session.standard_error]
    assert session.overall_error is not None
    assert sum(errors) ** 0.5 / 3 < session.overall_error < max(session.standard_error)  # they correlate
    report = report_of_session(session, USUAL, [True] * 3)
    assert report.whole is not None
    assert report.whole.error == session.overall_error


def test_one_concept_has_no_overall_score(api: APIClient, start: Start, pool: QuestionPool) -> None:
    take_test(api, start())
    assert TestSession.objects.get().overall_theta is None
    assert set(TestResponse.objects.values_list("overall_theta", "overall_error")) == {(None, None)}


def test_answers_of_earlier_versions_have_no_overall_score_to_compare(api: APIClient, start: Start) -> None:
    make_pool(40, concepts=3)
    started = start()
    take_test(api, started)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in ("test_sessions", "test_responses"):
            cursor.execute(f"UPDATE {table} SET overall_theta = NULL, overall_error = NULL")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    assert replay(UUID(started["session_id"])).is_identical


# --- Scales -----------------------------------------------------------------------------------------------


def test_what_is_known_stands_on_the_scale_of_the_pool(api: APIClient, start: Start) -> None:
    first, second = make_pool(), make_pool()
    assert first.scale_id != second.scale_id
    for pool in (first, second):
        take_test(api, start(question_pool_id=str(pool.pk)))
    rows: Any = StudentProficiency.objects.values_list("scale_id", "concept_name")
    assert set(rows) == {(first.scale_id, "Math"), (second.scale_id, "Math")}
