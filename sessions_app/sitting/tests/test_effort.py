"""Answers that come too fast: by the service's own clock, by thresholds that a test began with."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from sessions_app.conftest import answer_questions, browser_of, submit
from sessions_app.measurement.asking import Asked
from sessions_app.measurement.collecting import collect
from sessions_app.models import PoolThresholds, TestSession
from sessions_app.reporting.session_path import path_of
from sessions_app.review.replay import replay
from sessions_app.review.verification import verify
from sessions_app.sitting import hot_state
from sessions_app.tests.factories import make_named_test
from testing_engine.models import QuestionPool
from testing_engine.revisions import load_plan, load_revision

RULES = {"max_questions": 6, "effort": {"seconds": 3}}


def answers_after(client: APIClient, started: dict[str, Any], clock: Any, *seconds: float) -> dict[str, Any]:
    """So many right answers, each so long after its question; returns the last reply."""
    reply = started
    for each in seconds:
        clock.shift(timedelta(seconds=each))
        reply = answer_questions(client, started, 1, question=reply["next_question"])
    return reply


def test_rapid_answers_say_nothing_of_ability(pool: QuestionPool, api: APIClient, clock: Any) -> None:
    make_named_test(pool, rules=RULES)
    started = api.post("/api/test/start", {"student_id": "s1", "test": "algebra"}).json()
    student = browser_of(started)
    reply = answers_after(student, started, clock, 20, 2.9, 3)
    told = [reply]
    hot_state.forget([UUID(started["session_id"])])
    clock.shift(timedelta(seconds=1))  # "I don't know" is no guess, however fast
    reply = submit(student, started, reply["next_question"]["id"], None).json()
    told += [reply, answers_after(student, {**started, **reply}, clock, 0.5, 30)]
    session = TestSession.objects.get()
    answers = list(session.responses.all())
    assert [answer.position for answer in answers if answer.is_rapid] == [2, 5]
    assert (session.rapid_answers, session.questions_answered, session.correct_responses) == (2, 6, 5)
    for rapid in (1, 4):
        assert answers[rapid].theta == answers[rapid - 1].theta
        assert answers[rapid].standard_error == answers[rapid - 1].standard_error
    assert answers[3].theta[0] < answers[2].theta[0]
    assert (replay(session.pk).is_identical, verify().breaks) == (True, [])
    # Whoever reads results is told; the student is not.
    (row,) = api.get("/api/sessions").json()["results"]
    assert (row["rapid_answers"], row["response_time_effort"]) == (2, round(4 / 6, 6))
    listed = api.get(f"/api/sessions/{session.pk}/responses").json()["results"]
    assert [each["position"] for each in listed if each.get("is_rapid")] == [2, 5]
    told.append(student.get(f"/api/test/result/{session.pk}").json())
    assert not any(word in json.dumps(told) for word in ("rapid", "effort", "fast"))
    explained = replay(session.pk).steps[2].given
    assert explained is not None
    assert explained.is_rapid
    admin = Client()
    admin.force_login(User.objects.create_superuser("admin"))
    results = reverse("admin:sessions_app_namedtest_show_results", args=[session.named_test_id])
    assert "2 too fast to count" in admin.get(results).content.decode()
    page = reverse("admin:sessions_app_testsession_change", args=[session.pk])
    assert "2 (response time effort 0.67)" in admin.get(page).content.decode()
    assert path_of(session).outcomes == ("right", "not scored", "right", "wrong", "not scored", "right")
    # A calibration takes what the ability took.
    bank = load_revision(session.revision_id)
    assert collect(Asked(), bank, [session.pk]).responses.n_answers == 4


def test_an_introduction_is_no_time_for_the_question(pool: QuestionPool, api: APIClient, clock: Any) -> None:
    make_named_test(pool, rules=RULES, introduction="Bring a pencil.", time_limit_minutes=20)
    started = api.post("/api/test/start", {"student_id": "s1", "test": "algebra"}).json()
    clock.shift(timedelta(minutes=5))
    browser_of(started).post(f"/api/test/begin/{started['session_id']}", {})
    answers_after(browser_of(started), started, clock, 2)
    session = TestSession.objects.get()
    assert session.rapid_answers == 1
    assert session.theta == pytest.approx([0], abs=1e-12)
    assert replay(session.pk).is_identical


def test_thresholds_are_those_that_a_test_began_with(pool: QuestionPool, api: APIClient, clock: Any) -> None:
    rules = {"max_questions": 6, "effort": {"by_question": True, "seconds": 2}}
    test = make_named_test(pool, rules=rules)
    slow = {"seconds": 9.5, "found": "normative", "n": 300, "usual": 95.0}
    fixed = {"seconds": 3.0, "found": "fixed", "n": 9, "usual": 8.0}
    assert pool.current_revision_id is not None
    bank = load_revision(pool.current_revision_id)
    first = bank.external_ids[0]
    kept = PoolThresholds.objects.create(pool=pool, method={}, found={}, answers=0)
    kept.found = {key: slow for key in bank.external_ids if key != first} | {first: fixed, "gone": slow}
    kept.save()
    started = api.post("/api/test/start", {"student_id": "s1", "test": test.name}).json()
    effort = load_plan(TestSession.objects.get().plan_id).rules.effort
    assert effort is not None
    assert (effort.threshold(0), effort.threshold(1)) == (2, 9.5)
    PoolThresholds.objects.update(found={})
    answers_after(browser_of(started), started, clock, 9, 10)
    session = TestSession.objects.get()
    is_first = started["next_question"]["id"] == first
    assert session.rapid_answers == (0 if is_first else 1)
    assert replay(session.pk).is_identical


@pytest.mark.parametrize("column", ["is_rapid", "rapid_answers", "answered_at"])
def test_tampering_with_a_time_shows(pool: QuestionPool, api: APIClient, clock: Any, column: str) -> None:
    make_named_test(pool, rules=RULES)
    started = api.post("/api/test/start", {"student_id": "s1", "test": "algebra"}).json()
    answers_after(api, started, clock, 10, 1, 10)
    change = {
        "is_rapid": "UPDATE test_responses SET is_rapid = NOT is_rapid WHERE position = 3",
        "rapid_answers": "UPDATE test_sessions SET rapid_answers = 0",
        "answered_at": "UPDATE test_responses SET answered_at = answered_at + interval '5 s' "
        "WHERE position = 2",
    }
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(change[column])
    assert [broken.where for broken in verify().breaks] == [f"session {started['session_id']}"]
    differing = {difference.field for difference in replay(UUID(started["session_id"])).differences}
    assert {"is_rapid", "rapid_answers"} & differing


def test_thresholds_from_recorded_times(
    pool: QuestionPool, api: APIClient, clock: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    make_named_test(pool, rules={"max_questions": 2}, attempts_allowed=20)
    for _ in range(3):
        started = api.post("/api/test/start", {"student_id": "s1", "test": "algebra"}).json()
        answers_after(api, started, clock, 40, 20)
    asked = [
        answer.question.external_id
        for answer in TestSession.objects.order_by("started_at")[0].responses.select_related("question")
    ]
    call_command("rapid_thresholds", str(pool.pk), "--fewest", "3", "--dry-run")
    assert not PoolThresholds.objects.exists()
    call_command("rapid_thresholds", str(pool.pk), "--fewest", "3", "--share", "0.15")
    kept = PoolThresholds.objects.get()
    assert kept.answers == 6
    assert kept.found[asked[0]] == {"seconds": 6.0, "found": "normative", "n": 3, "usual": 40.0}
    assert set(kept.seconds_of_questions) <= {each for each in kept.found if kept.found[each]["n"] >= 3}
    assert f"{asked[0]},6,normative,3" in capsys.readouterr().out
