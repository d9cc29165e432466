"""A web process kills itself after each step of each path; then somebody tries again."""

import os
import re
import textwrap
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django_redis import get_redis_connection

from chaos.crash_points import PATHS, Served, serve
from chaos.undisturbed import Known, Undisturbed, take
from chaos.wire import Reply, Request
from sessions_app.conftest import client_with, kept_database
from sessions_app.models import StudentProficiency, TestSession
from sessions_app.sitting.thousandths import plain
from sessions_app.tests.factories import make_pool, make_token
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import load_revision

# The seed that the server draws decides the questions: an undisturbed run needs it, and nothing else.
RULES = {
    "strategy": {"name": "randomesque", "count": 5},
    "max_questions": 3,
    "pauses": {"times": 1, "minutes": 60},
}
ANSWERED_BEFORE = {
    "answer": 1,
    "answer without state": 1,
    "last answer": 2,
    "repeated answer": 1,
    "end": 1,
    "pause": 1,
    "continue": 1,
}


@dataclass(frozen=True)
class Installation:
    client: str  # its Authorization
    database: str


@pytest.fixture(scope="module")
def transactional_db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with kept_database(django_db_blocker):
        yield


@pytest.fixture(scope="module")
def installation(transactional_db: None) -> Installation:
    make_pool(questions=30, concepts=2)
    installation = Installation(f"Token {make_token()}", connection.settings_dict["NAME"])
    ask(go_to("last answer", installation).request)  # what is done once in an installation is done
    return installation


def option_of(question_id: str) -> int | None:
    """What the student answers; None: "I don't know"."""
    return (None, 0, 1, 2, 3)[int(question_id.removeprefix("q")) % 5]


def ask(request: Request) -> Reply:
    """Of this process, which has other connections."""
    headers = {} if request.key is None else {"Idempotency-Key": request.key}
    response = client_with(request.authorization).post(request.path, request.body, headers=headers)
    return Reply(response.status_code, response.json())


def ask_until_free(request: Request, how: Callable[[Request], Reply] = ask) -> Reply:
    """The dead process may still hold the lock: then its time passes here, without the waiting."""
    reply = how(request)
    if reply.code == "submission_in_progress":
        redis = get_redis_connection("default")
        for lock in redis.keys(f"lock:{{{request.body['session_id']}}}:*" if request.body else ""):
            assert 0 < redis.ttl(lock) <= 5
            redis.delete(lock)
        reply = how(request)
    return reply


# --- A path up to the request that is going to be disturbed -------------------------------------------------


@dataclass(frozen=True)
class Disturbed:
    """`request` is what a web process dies of, the last of `path`; `started` is None where it starts."""

    path: str
    student_id: str
    request: Request
    started: dict[str, Any] | None = None

    @property
    def session(self) -> TestSession:
        assert self.started is not None
        return TestSession.objects.get(pk=self.started["session_id"])

    def undisturbed(self, quits_after: int | None = None) -> Undisturbed:
        session = self.session
        rules = CatRules.from_json(RULES)
        revision = load_revision(session.revision_id)
        return take(revision, rules, Known({}), session.seed, option_of, quits_after)


def answer_to(started: dict[str, Any], question_id: str) -> Request:
    body = {
        "session_id": started["session_id"],
        "question_id": question_id,
        "response": option_of(question_id),
    }
    return Request(
        "/api/test/submit", f"Session {started['session_token']}", body, key=f"key of {question_id}"[7:]
    )


def go_to(path: str, installation: Installation) -> Disturbed:
    student_id = f"student-{uuid.uuid4()}"
    body = {"student_id": student_id, "rules": RULES}
    start = Request("/api/test/start", installation.client, body, key=student_id)
    if path == "start":
        return Disturbed(path, student_id, start)
    started = reply = ask(start).body
    for _ in range(ANSWERED_BEFORE[path]):
        reply = ask(answer_to(started, reply["next_question"]["id"])).body
    request = answer_to(started, reply["next_question"]["id"])
    if path == "answer without state":
        get_redis_connection("default").flushdb()
    if path == "repeated answer":
        ask(request)
    if path in ("pause", "continue"):
        pause, go_on = (
            Request(f"/api/v1/test/{started['session_id']}/{what}", request.authorization, {}, key=what)
            for what in ("pause", "continue")
        )
        request = pause
        if path == "continue":
            ask(pause)
            request = go_on
    if path == "end":
        request = Request(f"/api/test/end/{started['session_id']}", request.authorization, {})
    return Disturbed(path, student_id, request, started)


# --- Trying again -------------------------------------------------------------------------------------------


def with_the_key(disturbed: Disturbed, installation: Installation) -> Reply:
    return ask_until_free(disturbed.request)


def without_a_key(disturbed: Disturbed, installation: Installation) -> Reply:
    return ask_until_free(replace(disturbed.request, key=None))


def by_another(disturbed: Disturbed, installation: Installation) -> Reply:
    """The school's system instead of the student's browser, over a web process that knows nothing yet."""

    def elsewhere(request: Request) -> Reply:
        reply = serve(request, installation.database).reply
        assert reply is not None
        return reply

    return ask_until_free(replace(disturbed.request, authorization=installation.client), elsewhere)


def after_a_flush(disturbed: Disturbed, installation: Installation) -> Reply:
    get_redis_connection("default").flushdb()
    reply = ask(disturbed.request)
    assert reply.code != "submission_in_progress"
    return reply


RETRIES = (with_the_key, without_a_key, by_another, after_a_flush)


# --- What must come of it -----------------------------------------------------------------------------------


def assert_undisturbed(disturbed: Disturbed, reply: Reply) -> None:
    """The reply, then the rest of the test, and every row."""
    match disturbed.path:
        case "start":
            assert reply.status == 200, reply
            disturbed = replace(disturbed, started=reply.body)
            question_id = reply.body["next_question"]["id"]
            assert question_id == disturbed.undisturbed().first_question_id
            assert TestSession.objects.filter(idempotency_key=disturbed.request.key).count() <= 1
        case "end":
            assert_ended(disturbed, reply)
            return
        case "pause":
            assert (reply.status, reply.body["next_question"]) == (200, None), reply
            go_on = replace(disturbed.request, path=disturbed.request.path.replace("pause", "continue"))
            question_id = ask(replace(go_on, key="continue")).body["next_question"]["id"]
        case "continue":
            assert (reply.status, reply.body["paused"]) == (200, None), reply
            question_id = reply.body["next_question"]["id"]
        case path:
            question_id = assert_answered(disturbed, reply, ANSWERED_BEFORE[path])
    while question_id is not None:
        assert disturbed.started is not None
        said = ask(answer_to(disturbed.started, question_id))
        assert said.status == 200, said
        question_id = (said.body.get("next_question") or {}).get("id")
    assert_stored(disturbed, disturbed.undisturbed())
    kinds = list(disturbed.session.events.order_by("pk").values_list("kind", flat=True))
    was_paused = disturbed.path in ("pause", "continue")
    assert kinds == ["started", *(["paused", "continued"] if was_paused else []), "completed"]


def assert_answered(disturbed: Disturbed, reply: Reply, before: int) -> str | None:
    """Returns the next question."""
    expected = disturbed.undisturbed().answers[before]
    if reply.status == 200:
        ability = {
            "theta": [plain(theta) for theta in expected.theta],
            "standard_error": expected.standard_error,
        }
        assert reply.body["ability"] == ability
        shown = reply.body.get("next_question")
        assert (shown and shown["id"]) == expected.next_question_id
    else:
        assert reply.code == "already_submitted", reply
        assert reply.body["current_question_id"] == expected.next_question_id
    return expected.next_question_id


def assert_ended(disturbed: Disturbed, reply: Reply) -> None:
    expected = disturbed.undisturbed(quits_after=1)
    assert (reply.status, reply.body["status"], reply.body["total_questions"]) == (200, "ended", 1)
    assert reply.body["ability"]["theta"] == [plain(theta) for theta in expected.answers[-1].theta]
    assert_stored(disturbed, expected)
    assert ask(disturbed.request) == reply


def assert_stored(disturbed: Disturbed, expected: Undisturbed) -> None:
    """Once, in order, and every number to its last bit; and what Redis may still hold fools nobody."""
    session = disturbed.session
    last = expected.answers[-1]
    revision = load_revision(session.revision_id)
    ids = revision.positions_by_key
    stored = [
        (row.position, revision.external_ids[ids[row.question_id]], row.answer, row.score, *_ability(row))
        for row in session.responses.order_by("position")
    ]
    assert stored == [
        (number, answer.question_id, answer.option, answer.score, *_ability(answer))
        for number, answer in enumerate(expected.answers, start=1)
    ]
    assert session.status == ("ended" if disturbed.path == "end" else "completed")
    assert (session.theta, session.standard_error) == (last.theta, last.standard_error)
    assert session.questions_answered == len(expected.answers)
    known = StudentProficiency.objects.filter(student=session.student_id).order_by("concept_name")
    by_name = sorted(zip(revision.concept_names, last.theta, last.standard_error, strict=True))
    assert [(row.concept_name, row.theta, row.standard_error) for row in known] == by_name
    told = client_with(disturbed.request.authorization).get(f"/api/test/status/{session.pk}").json()
    assert (told["status"], told["ability"]["theta"]) == (
        session.status,
        [plain(theta) for theta in last.theta],
    )


def _ability(of: Any) -> tuple[list[float], list[float]]:
    return of.theta, of.standard_error


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A sixth of the crash points, drawn anew for each run, with each way to try again in turn.

    `--deep`: every one, with all of them.
    """
    if "retry" not in metafunc.fixturenames:
        return
    points = [(path, step) for path, steps in PATHS.items() for step in steps]
    run = int(os.environ.get("PYTEST_XDIST_TESTRUNUID", "0"), 16)  # the same for all workers of a run
    every, first = (1, 0) if metafunc.config.getoption("--deep") else (most := 6 * len(RETRIES), run % most)
    tried = [
        pytest.param(path, step, retry, id=f"{path}-{step}-{retry.__name__}")
        for number, (path, step) in enumerate(points)
        for offset, retry in enumerate(RETRIES)
        if (number + offset) % every == first
    ]
    metafunc.parametrize(("path", "step", "retry"), tried)


def test_it_survives_a_kill_after(
    path: str, step: str, retry: Callable[[Disturbed, Installation], Reply], installation: Installation
) -> None:
    disturbed = go_to(path, installation)
    served = serve(disturbed.request, installation.database, die_after=step)
    assert served == Served(None), f"it lived to the end: {served.steps}"
    assert_undisturbed(disturbed, retry(disturbed, installation))


@pytest.mark.parametrize("path", PATHS)
def test_every_step_has_a_crash_point(path: str, installation: Installation) -> None:
    served = serve(go_to(path, installation).request, installation.database)
    assert served.reply is not None
    assert served.reply.status == 200, served.reply
    unnumbered = ", ".join(re.sub(r" \(\d+\)$", "", step) for step in served.steps)
    assert served.steps == PATHS[path], f"""
The steps of this path have changed. If they should, put these into chaos/crash_points.txt and their number
into docs/TRUST.md; each is then tried.

{textwrap.fill(unnumbered, 105)}
"""


def test_every_crash_point_is_in_the_docs() -> None:
    trust = (Path(__file__).resolve().parents[2] / "docs" / "TRUST.md").read_text()
    for path, steps in PATHS.items():
        assert f"| {path} | {len(steps)} |" in trust
