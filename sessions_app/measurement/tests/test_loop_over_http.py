"""The whole loop as everybody meets it: students answer over HTTP, a pilot is calibrated among the questions
that count, a question that drifted is found, a revision is published. What was told before stays as it was.
"""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import numpy as np
import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from sessions_app import tasks
from sessions_app.measurement.watches import nights
from sessions_app.models import SessionEvent, TestResponse, TestSession
from sessions_app.review.replay import replay
from sessions_app.tests.factories import make_named_test, make_token, question
from testing_engine.models import QuestionPool
from testing_engine.pools import current_questions

STUDENTS, STUDENTS_DEEP = 100, 500
COUNTING, LENGTH = 12, 6
DRIFTED, PILOT = "q5", f"q{COUNTING}"
TRUTH_OF_PILOT, HARDER = (1.6, 0.3), 1.5  # slope and difficulty; by how much the question drifted

THINKING = timedelta(seconds=20)

Send = Callable[..., Any]


def rows() -> list[dict[str, Any]]:
    difficulties = np.linspace(-1.4, 1.6, COUNTING)
    counted = [
        question(i, [1.0], guessing=0.0, difficulty=float(b), discrimination=1.5)
        for i, b in enumerate(difficulties)
    ]
    return [*counted, question(COUNTING, [1.0], guessing=0.0, state="not_calibrated")]


def truth() -> dict[str, tuple[float, float]]:
    """Slope and difficulty of each question as students meet it."""
    told = {row["id"]: (row["discrimination"], row["difficulty"]) for row in rows()}
    slope, difficulty = told[DRIFTED]
    return {**told, DRIFTED: (slope, difficulty + HARDER), PILOT: TRUTH_OF_PILOT}


@pytest.fixture
def send(live_server: LiveServer) -> Any:
    """As an API client, over a real connection."""
    headers = {"Authorization": f"Token {make_token()}"}
    with httpx.Client(base_url=live_server.url, headers=headers, timeout=60, trust_env=False) as client:

        def send(method: str, path: str, body: Any = None, **options: Any) -> Any:
            reply = client.request(method, path, json=body, **options)
            assert reply.status_code == 200, reply.text
            return reply.json()

        yield send


def take_test(
    send: Send,
    number: int,
    started: dict[str, Any],
    theta: float,
    until: int = 99,
    think: Callable[[], object] = lambda: None,
) -> dict[str, Any]:
    """To its end, or so many answers; each is right by the truth, and the same whenever it is asked."""
    chances, reply = np.random.default_rng((7, number)).random(COUNTING + 1), started
    browser = {"Authorization": f"Session {started['session_token']}"}
    while "next_question" in reply and until > 0:
        asked = reply["next_question"]["id"]
        slope, difficulty = truth()[asked]
        place = int(asked.removeprefix("q"))
        is_right = chances[place] < 1 / (1 + np.exp(-slope * (theta - difficulty)))
        right = place % 4
        body = {"session_id": started["session_id"], "question_id": asked}
        body["response"] = right if is_right else (right + 1) % 4
        think()
        reply, until = send("POST", "/api/test/submit", body, headers=browser), until - 1
    return reply


def calibrated(send: Send, pool_id: str, **asked: Any) -> dict[str, Any]:
    """Asked for over the API, computed by what the worker calls."""
    address = f"/api/pools/{pool_id}/calibrations"
    calibration_id = send("POST", address, asked)["calibration_id"]
    tasks.calibrate(calibration_id)
    found: dict[str, Any] = send("GET", f"{address}/{calibration_id}")
    assert found["error"] == ""
    return found


def told_of(send: Send, students: int) -> list[Any]:
    """What is said of every fifth student."""
    return [send("GET", f"/api/student/s{number}/proficiency") for number in range(0, students, 5)]


def everything() -> list[Any]:
    """All that is stored of tests and answers."""
    return [
        list(model.objects.order_by("pk").values()) for model in (TestSession, TestResponse, SessionEvent)
    ]


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_from_answers_over_http_to_a_revision_and_no_old_score_moves(
    send: Send, request: pytest.FixtureRequest
) -> None:
    students = STUDENTS_DEEP if request.config.getoption("--deep") else STUDENTS
    pool_id = send("POST", "/api/questions/upload", {"name": "Loop", "concept_names": ["Algebra"],
                                                     "questions": rows()})["question_pool_id"]  # fmt: skip
    rules = {"max_questions": LENGTH, "pilots": {"count": 1}}
    make_named_test(QuestionPool.objects.get(pk=pool_id), rules=rules)
    thetas = np.random.default_rng(7).normal(size=students + 1)

    def start(number: int) -> dict[str, Any]:
        begun: dict[str, Any] = send(
            "POST", "/api/test/start", {"student_id": f"s{number}", "test": "algebra"}
        )
        return begun

    begins = timezone.now() - students * (LENGTH + 2) * THINKING
    with time_machine.travel(begins) as clock:  # answers that took no time would be taken for guesses

        def think() -> None:
            clock.shift(THINKING)

        for number in range(students):
            reply = take_test(send, number, start(number), thetas[number], think=think)
            assert reply["status"] == "completed"
        open_one = start(students)
        in_the_middle = take_test(send, students, open_one, thetas[students], until=3, think=think)
    assert TestResponse.objects.filter(question__external_id=PILOT).count() >= students - 1
    results = told_of(send, students)
    stored = everything()

    tasks.watch_pool(pool_id)
    told = send("GET", f"/api/pools/{pool_id}/watch")
    alarms = [(each["kind"], each["question"]) for each in told["findings"] if each["severity"] == "alarm"]
    assert ("harder", DRIFTED) in alarms
    assert told["numbers"]["tests"] == students

    proposal = calibrated(send, pool_id, scale="anchors", estimate=[PILOT, DRIFTED])
    new = {item["id"]: item for item in proposal["result"]["items"] if item["new"] is not None}
    assert set(new) == {PILOT, DRIFTED}
    for item, (_, difficulty) in truth().items():
        if item in new:
            error = new[item]["errors"]["difficulty"]
            assert abs(new[item]["new"]["difficulty"] - difficulty) < 4.5 * error
    assert new[PILOT]["errors"]["difficulty"] < 0.35
    assert new[PILOT]["new_state"] in ("provisional", "operational")
    assert proposal["shift"]["sessions"] == students
    assert everything() == stored

    address = f"/api/pools/{pool_id}/calibrations/{proposal['calibration_id']}/publish"
    assert send("POST", address, {})["revision"] == 2

    assert everything() == stored
    assert told_of(send, students) == results
    assert take_test(send, students, {**open_one, **in_the_middle}, thetas[students])["status"] == "completed"
    for session in TestSession.objects.all():
        assert session.revision.number == 1
        assert replay(session.pk).is_identical
    call_command("verify_audit", stdout=(said := io.StringIO()))
    assert f"Checked {students + 1} sessions" in said.getvalue()

    next_night = timezone.now() + timedelta(days=1)  # against the new parameters
    nights.watch_pool(QuestionPool.objects.get(pk=pool_id), next_night)
    later = send("GET", f"/api/pools/{pool_id}/watch")
    assert ("harder", DRIFTED) in [
        (each["kind"], each["question"]) for each in later["findings"] if each["change"] == "gone"
    ]

    after = take_test(send, students + 1, start(students + 1), 0.0)
    assert after["status"] == "completed"
    newest = TestSession.objects.get(student__external_id=f"s{students + 1}")
    assert newest.revision.number == 2
    assert newest.pilots_answered == 0  # the pilot counts now
    pool = QuestionPool.objects.get(pk=pool_id)
    assert {each.external_id: each.state for each in current_questions(pool)}[PILOT] == new[PILOT][
        "new_state"
    ]
