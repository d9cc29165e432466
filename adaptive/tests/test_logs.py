"""What is in a line of the log, and what never is."""

import io
import json
import logging
import logging.config
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import structlog
import time_machine
from django.conf import LazySettings
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from adaptive.celery import app
from adaptive.logs import logging_config, tell
from adaptive.tasks import record_beat_tick
from embedded.processes import running, wait_until
from sessions_app import log_fields
from sessions_app.administration import cleanup
from sessions_app.api import reports
from sessions_app.conftest import browser_of, client_with, database_down, submit
from sessions_app.models import Student, TestSession
from sessions_app.tests.factories import make_token, pool_document, question

__all__ = ["database_down"]  # a fixture

STUDENT, NAME = "zz-student-4711", "Ada-Lovelace-Quux"
KEY, ANSWER, REQUEST_ID = "key-of-a-retry-8832", "the answer is plumbum", "from-the-proxy.0815"


class Log(io.StringIO):
    """All that was logged, as it would be in production with LOG_LEVEL=DEBUG."""

    def lines(self, **fields: Any) -> list[dict[str, Any]]:
        """Those that have these fields; every line is JSON."""
        every = [json.loads(line) for line in self.getvalue().splitlines()]
        return [line for line in every if fields.items() <= line.items()]


@pytest.fixture
def log(settings: LazySettings) -> Iterator[Log]:
    config, written = logging_config("production", "DEBUG"), Log()
    config["handlers"]["console"]["stream"] = written
    logging.config.dictConfig(config)
    yield written
    logging.config.dictConfig(logging_config("test", "INFO"))


@pytest.fixture
def api_token(db: None) -> str:
    return make_token()


@pytest.fixture
def api(api_token: str) -> APIClient:
    return client_with(f"Token {api_token}")


@pytest.fixture
def pool_id(api: APIClient) -> str:
    options = [ANSWER, "argentum", "ferrum", "aurum"]
    questions = [question(i, [1.0], options=options, correct_answer=ANSWER) for i in range(20)]
    body = api.post("/api/questions/upload", pool_document(questions, name="Metals")).json()
    return str(body["question_pool_id"])


def started(api: APIClient, pool_id: str, **headers: str) -> dict[str, Any]:
    body = {
        "student_id": STUDENT,
        "question_pool_id": pool_id,
        "end_criteria": {"type": "fixed_length", "max_questions": 2, "min_questions": 1},
    }
    reply = api.post("/api/test/start", body, headers=headers)
    assert reply.status_code == 200, reply.json()
    begun: dict[str, Any] = reply.json()
    return begun


def test_it_gives_every_request_one_line_with_its_ids(api: APIClient, pool_id: str, log: Log) -> None:
    begun = started(api, pool_id)
    replies = [
        submit(browser_of(begun), begun, begun["next_question"]["id"], 0),
        submit(api, begun, begun["next_question"]["id"], 0),
        api.get(f"/api/test/status/{begun['session_id']}"),
        api.post(f"/api/test/end/{begun['session_id']}"),
    ]
    assert [reply.status_code for reply in replies] == [200, 409, 200, 200]
    lines = log.lines(event="request")
    assert [line["route"] for line in lines] == [
        "api/test/start",
        "api/test/submit",
        "api/test/submit",
        "api/test/status/<str:session_id>",
        "api/test/end/<str:session_id>",
    ]
    assert {line["session_id"] for line in lines} == {begun["session_id"]}
    assert [line["request_id"] for line in lines[1:]] == [reply["X-Request-ID"] for reply in replies]
    assert len({line["request_id"] for line in lines}) == 5
    client_id = TestSession.objects.get(pk=begun["session_id"]).client_id
    assert [line.get("client_id") for line in lines] == [client_id, None, *[client_id] * 3]
    assert [line["status"] for line in lines] == [200, 200, 409, 200, 200]
    assert lines[2]["code"] == "already_submitted"
    assert all(line["duration_ms"] > 0 and line["method"] in {"GET", "POST"} for line in lines)


@pytest.mark.parametrize("environment", ["production", "test"])
def test_it_tells_a_line_as_any_logger_does(environment: str) -> None:
    config, written = logging_config(environment, "INFO"), Log()
    config["handlers"]["console"]["stream"] = written
    logging.config.dictConfig(config)
    fields = {"status": 200, "route": 'api/"ä"\n', "duration_ms": 1.5, "client_id": None, "at": uuid4()}
    try:
        with (
            log_fields.within(request_id=REQUEST_ID, session_id="s"),
            time_machine.travel("2026-01-01T10:00:30.25Z", tick=False),
        ):
            structlog.get_logger("adaptive.tests").info("request", **fields)
            tell(logging.getLogger("adaptive.tests"), "request", **fields)
        logging.getLogger("adaptive.tests").setLevel("WARNING")
        tell(logging.getLogger("adaptive.tests"), "request", **fields)
    finally:
        logging.getLogger("adaptive.tests").setLevel("NOTSET")
        logging.config.dictConfig(logging_config("test", "INFO"))
    first, second = written.getvalue().splitlines()
    assert first == second
    assert REQUEST_ID in first


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [
        (REQUEST_ID, True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("short", False),
        ("with blank and more", False),
        ('quo"te-and-more', False),
        ("line\x85break-and-more", False),
    ],
)
def test_it_keeps_a_request_id_that_is_well_formed(
    client: Client, db: None, given: str, is_kept: bool
) -> None:
    reply = client.get("/api/pools", headers={"X-Request-ID": given})
    assert (reply["X-Request-ID"] == given) == is_kept
    assert re.fullmatch(r"[A-Za-z0-9._-]{8,64}", reply["X-Request-ID"])


def test_it_forgets_the_ids_of_the_request_before(api: APIClient, pool_id: str, log: Log) -> None:
    started(api, pool_id)
    api.get("/api/pools")
    assert "session_id" in log.lines(route="api/test/start")[0]
    assert "session_id" not in log.lines(route="api/pools")[0]


def test_it_tells_an_outage_in_one_line(
    api: APIClient, log: Log, database_down: Callable[[], AbstractContextManager[None]]
) -> None:
    with database_down():
        assert api.get("/api/pools").status_code == 503
    (line,) = log.lines()
    assert (line["status"], line["code"], line["level"]) == (503, "database_unavailable", "warning")
    assert line["cause"] == "OperationalError"


def test_it_tells_an_unforeseen_error_in_one_line_without_what_it_said(
    api: APIClient, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise KeyError(NAME) from ValueError(ANSWER)

    monkeypatch.setattr(reports.HistoryView, "get", broken)
    api.raise_request_exception = False
    assert api.get(f"/api/student/{STUDENT}/history").status_code == 500
    (line,) = log.lines()
    assert (line["status"], line["level"]) == (500, "error")
    assert line["exception"].endswith("builtins.KeyError")
    assert "builtins.ValueError" in line["exception"]
    assert 'test_logs.py", line' in line["exception"]
    assert not {STUDENT, NAME, ANSWER} & found_in(log)


def test_it_names_the_constraint_of_a_refused_row_and_not_the_row(db: None, log: Log) -> None:
    Student.objects.create(external_id=STUDENT)
    try:
        with transaction.atomic():
            Student.objects.create(external_id=STUDENT)
    except IntegrityError:
        logging.getLogger("somebody.else").exception("it failed")
    (line,) = log.lines()
    assert "SQLSTATE 23505, student_once" in line["exception"]
    assert not {STUDENT} & found_in(log)


def found_in(log: Log) -> set[str]:
    """Which of the words that must not be there are there, however JSON would write them."""
    said = log.getvalue()
    return {word for word in (STUDENT, NAME, KEY, ANSWER, "plumbum") if word in said}


def test_it_never_logs_who_answered_what(
    api: APIClient,
    api_token: str,
    client: Client,
    pool_id: str,
    log: Log,
    admin_client: Client,
    database_down: Callable[[], AbstractContextManager[None]],
) -> None:
    """The whole API, with names in every place where a client can put one, and every kind of refusal."""
    begun = started(api, pool_id, **{"Idempotency-Key": KEY})
    started(api, pool_id, **{"Idempotency-Key": KEY})
    session, token, browser = begun["session_id"], begun["session_token"], browser_of(begun)
    first = begun["next_question"]["id"]
    statuses = set()

    def sent(reply: Any) -> Any:
        statuses.add(reply.status_code)
        return reply

    after = sent(submit(browser, begun, first, ANSWER, key=KEY, student_id=STUDENT)).json()
    sent(submit(browser, begun, first, ANSWER, key=KEY))
    sent(submit(browser, begun, first, "argentum", key=KEY))
    sent(submit(browser, begun, first, ANSWER))
    sent(submit(browser, begun, after["next_question"]["id"], f"{ANSWER}, or so"))
    sent(submit(browser, begun, after["next_question"]["id"], 0, student_id=NAME))
    sent(submit(browser, begun, NAME, ANSWER))
    sent(browser.post("/api/test/submit", {"session_id": NAME, NAME: ANSWER}))
    sent(browser.post("/api/test/submit", f'{{"{NAME}": "{ANSWER}', content_type="application/json"))
    sent(submit(browser, begun, after["next_question"]["id"], ANSWER))
    sent(browser.get(f"/api/test/status/{session}?student_id={STUDENT}"))
    sent(browser.get(f"/api/test/status/{NAME}?student_id={NAME}"))
    sent(api.post(f"/api/test/end/{session}", {"student_id": STUDENT}))
    for part in ("proficiency", "history", "progress"):
        sent(api.get(f"/api/student/{STUDENT}/{part}"))
        sent(api.get(f"/api/student/{NAME}/{part}"))
        sent(browser.get(f"/api/student/{STUDENT}/{part}"))
        sent(client.get(f"/api/student/{STUDENT}/{part}"))
    for address in (
        f"/api/sessions?student_id={STUDENT}",
        f"/api/sessions?pool={NAME}",
        f"/api/sessions/{session}/responses",
        f"/api/questions/{pool_id}/{NAME}",
        f"/api/{NAME}",
        f"/{NAME}?{STUDENT}={ANSWER}",
        f"/static/{NAME}",
        "/api/debug/redis/stats",
        "/health",
        "/metrics",
    ):
        sent(api.get(address))
    sent(client.get(f"/api/student/{STUDENT}/history", headers={"Authorization": f"Session {token}{NAME}"}))
    sent(client.get("/health", headers={"Host": f"{NAME}.example.org"}))
    sent(client.generic(NAME, "/api/pools"))
    sent(client.post(f"/admin/{NAME}", {NAME: ANSWER}))
    sent(Client(enforce_csrf_checks=True).post("/desk/log-in", {"username": NAME, "password": ANSWER}))
    sent(admin_client.get(f"/admin/sessions_app/student/?q={STUDENT}"))
    sent(admin_client.get(f"/admin/sessions_app/testsession/{session}/change/"))
    sent(api.post("/api/sessions/cleanup", {"inactivity_minutes": 30}))
    cleanup.end_inactive(now=timezone.now() + timedelta(days=1))
    with database_down():
        sent(submit(browser, begun, first, ANSWER, key=KEY))
        sent(api.get(f"/api/student/{STUDENT}/history"))
    assert {200, 400, 401, 403, 404, 409, 503} <= statuses
    assert len(log.lines(event="request")) > 30
    assert not found_in(log)
    assert api_token not in log.getvalue()
    assert token not in log.getvalue()


def test_it_logs_no_library_below_info(log: Log) -> None:
    logging.getLogger("django.db.backends").debug(ANSWER)
    logging.getLogger("some.library").debug(ANSWER)
    logging.getLogger("some.library").info("harmless")
    logging.getLogger("sessions_app.sitting.hot_state").debug("our own")
    assert [line["event"] for line in log.lines()] == ["harmless", "our own"]


def test_it_is_readable_in_development() -> None:
    code = (
        "import logging, logging.config, sys; from adaptive.logs import logging_config\n"
        "logging.config.dictConfig(logging_config('development', 'INFO'))\n"
        "try: int('twelve')\n"
        "except ValueError: logging.getLogger('sessions_app').exception('it failed')\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr
    assert re.search(r"\[error\s*\] it failed\s+\[sessions_app\]", said)
    assert "invalid literal for int() with base 10: 'twelve'" in said


# --- The worker ---------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_it_passes_the_request_id_on_to_the_worker(tmp_path: Path, settings: LazySettings) -> None:
    """A real worker, from the queue that this process sent to."""
    environment = {
        **os.environ,
        "ADAPTIVE_ENVIRONMENT": "production",
        "SECRET_KEY": "k" * 64,
        "AUDIT_KEY": "a" * 64,
        "ALLOWED_HOSTS": "localhost",
        "BEHIND_TLS_PROXY": "true",
        "REDIS_URL": settings.REDIS_URL,
    }
    queue = f"of-this-test-{uuid4()}"
    with log_fields.within(request_id=REQUEST_ID):
        app.send_task("adaptive.tasks.nobody_knows", args=[NAME], queue=queue)
        sent = record_beat_tick.apply_async(queue=queue)
    command = [sys.executable, "-m", "celery", "-A", "adaptive", "worker", "--pool", "solo", "-Q", queue]
    path = tmp_path / "log"
    with (
        path.open("w") as output,
        running(command, env=environment, stdout=output, stderr=output) as worker,
    ):
        assert wait_until(lambda: '"state"' in path.read_text(), worker), path.read_text()
    said = path.read_text()
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    (line,) = [line for line in lines if line["event"] == "task"]
    assert (line["task"], line["state"]) == ("adaptive.tasks.record_beat_tick", "SUCCESS")
    assert (line["task_id"], line["request_id"]) == (sent.id, REQUEST_ID)
    assert any("unregistered task" in line["event"] for line in lines)
    assert NAME not in said
