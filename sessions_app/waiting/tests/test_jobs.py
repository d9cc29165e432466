"""Long work over REST: asked for, done by a worker, looked at, fetched; and what may go wrong meanwhile."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from celery import Celery
from django.conf import LazySettings
from django.contrib.auth.models import Permission
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from embedded.processes import wait_until
from organisations.acting import acting_for
from organisations.models import Organisation
from sessions_app.api.tests.test_without_parameters import partial_question
from sessions_app.conftest import Reply, client_with, pointers
from sessions_app.long_work import files, jobs, sending
from sessions_app.measurement.importing import import_responses
from sessions_app.models import ApiClient, JobPiece, LongJob
from sessions_app.tests.factories import make_named_test, make_pool, make_token
from sessions_app.waiting import queue, running
from testing_engine.interchange.imported import Upload
from testing_engine.models import QuestionPool

RESULTS = "/api/v1/tests/algebra/results"


@pytest.fixture
def test_with_answers(api: APIClient, pool: QuestionPool) -> None:
    """Two students of the named test `algebra`, one answer each."""
    make_named_test(pool)
    for student in ("alice", "bob"):
        started = api.post("/api/test/start", {"student_id": student, "test": "algebra"}).json()
        asked = {"question_id": started["next_question"]["id"], "response": 0}
        api.post("/api/test/submit", {"session_id": started["session_id"], **asked})


pytestmark = pytest.mark.usefixtures("test_with_answers")


def ask(api: APIClient, address: str = RESULTS, key: str | None = None, **body: Any) -> Reply:
    headers = {} if key is None else {"Idempotency-Key": key}
    return api.post(address, body or {"rows": "answers", "format": "csv"}, headers=headers)


def done(api: APIClient, **body: Any) -> dict[str, Any]:
    """A job that a worker has done."""
    asked = ask(api, **body).json()
    running.run(LongJob.objects.get(pk=asked["job_id"]).pk)
    told: dict[str, Any] = api.get(f"/api/v1/jobs/{asked['job_id']}").json()
    return told


def fetched(api: APIClient, job_id: str) -> Reply:
    return api.get(f"/api/v1/jobs/{job_id}/file")


def content(reply: Reply) -> bytes:
    assert reply.status_code == 200, reply.content
    return b"".join(reply.streaming_content)


def test_the_file_is_what_a_request_would_have_got(
    api: APIClient, monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    monkeypatch.setattr(files, "PIECE", 100)
    for rows, form in product(("sessions", "answers", "dictionary"), ("csv", "json")):
        with subtests.test(rows=rows, form=form):
            told = done(api, rows=rows, format=form)
            assert (told["state"], told["progress"], told["error"]) == ("done", 1.0, "")
            assert told["file"]["name"] == f"algebra-{rows}.{form}"
            reply = fetched(api, told["job_id"])
            whole = content(reply)
            assert JobPiece.objects.filter(job=told["job_id"]).count() == -(-len(whole) // 100)
            assert len(whole) == told["file"]["size"] == int(reply["Content-Length"])
            assert reply["Cache-Control"] == "no-store"
            at_once = api.get(f"{RESULTS}?rows={rows}&format={form}")
            assert whole == content(at_once)
            assert reply["Content-Type"] == at_once["Content-Type"]


def test_it_says_where_it_stands(api: APIClient) -> None:
    reply = ask(api)
    asked = reply.json()
    assert (reply.status_code, reply["Location"]) == (202, f"/api/v1/jobs/{asked['job_id']}")
    assert (asked["kind"], asked["state"], asked["file"]) == ("results", "queued", None)
    refused = fetched(api, asked["job_id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "job_without_file")
    assert refused.json()["state"] == "queued"
    assert [each["job_id"] for each in api.get("/api/v1/jobs").json()["results"]] == [asked["job_id"]]


def test_it_tells_how_many_rows_came(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "BEAT_EVERY", 0.0)
    job_id = LongJob.objects.get(pk=ask(api).json()["job_id"]).pk
    seen: list[tuple[int | None, int | None]] = []
    beat = jobs.beat

    def told(job: Any, stage: str, progress: float, now: Any) -> None:
        beat(job, stage, progress, now)
        found = api.get(f"/api/v1/jobs/{job_id}").json()
        seen.append((found["done"], found["total"]))

    monkeypatch.setattr(jobs, "beat", told)
    running.run(job_id)
    assert seen == [(None, None), (1, 2), (2, 2), (2, 2)]  # the header is a line, too


def test_the_other_kinds(api: APIClient, pool: QuestionPool) -> None:
    import_responses(pool, Upload("answers.csv", b"person,q0,q1\nalice,1,0\n"))
    address = f"/api/v1/pools/{pool.pk}"
    for where, body, at_once in (
        ("responses/matrix", {"students": True}, "responses/matrix?students=true"),
        ("export", {"format": "csv"}, "export?format=csv"),
    ):
        told = done(api, address=f"{address}/{where}", **body)
        assert told["state"] == "done", told
        expected = api.get(f"{address}/{at_once}")
        found = fetched(api, told["job_id"])
        assert content(found) == (content(expected) if expected.streaming else expected.content)
        assert found["Content-Disposition"] == expected["Content-Disposition"]


def test_what_cannot_be_made_says_why(api: APIClient, pool: QuestionPool) -> None:
    nobodys = f"/api/v1/pools/{make_pool(2, name='Nobody').pk}/responses/matrix"
    told = done(api, address=nobodys, delivered=True)
    assert (told["state"], told["file"]) == ("failed", None)
    assert "answer" in told["error"]
    assert pointers(ask(api, nobodys, delivered=False)) == ["/imports"]
    assert pointers(ask(api, f"/api/v1/pools/{pool.pk}/export", format="word")) == ["/format"]
    assert pointers(ask(api, rows="answers", colour="red")) == ["/colour"]
    assert ask(api, "/api/v1/tests/nothing/results").status_code == 404


def test_questions_that_do_not_fit_are_left_out_only_where_somebody_says_so(api: APIClient) -> None:
    pool = make_pool([partial_question()])
    assert api.get(f"/api/v1/pools/{pool.pk}/export?format=csv").status_code == 409
    told = done(api, address=f"/api/v1/pools/{pool.pk}/export", format="csv")
    assert told["state"] == "failed"
    assert told["error"] == "Questions do not fit this format, and nobody said to leave them out."
    told = done(api, address=f"/api/v1/pools/{pool.pk}/export", format="csv", incomplete=True)
    assert told["state"] == "done"
    assert "1 do not fit this format" in told["outcome"]


def test_asked_twice_it_is_one(api: APIClient) -> None:
    first = ask(api, key="k1").json()
    assert ask(api, key="k1").json() == first
    reused = ask(api, key="k1", rows="sessions")
    assert (reused.status_code, reused.json()["code"]) == (409, "idempotency_key_reused")
    keyless = ask(api).json()
    assert keyless["job_id"] == ask(api).json()["job_id"] == first["job_id"]
    running.run(LongJob.objects.get().pk)
    assert ask(api, key="k1").json()["state"] == "done"
    assert ask(api).json()["job_id"] != first["job_id"]  # over: a newer file is wanted


def test_an_account_has_so_many_at_once(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "MOST_OPEN", 2)
    for key in ("a", "b"):
        assert ask(api, key=key).status_code == 202
    refused = ask(api, key="c")
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_jobs")
    assert ask(api, key="a").status_code == 202


def test_it_is_cancelled_while_it_waits_and_while_it_runs(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = ask(api).json()["job_id"]
    for _ in range(2):
        assert api.post(f"/api/v1/jobs/{waiting}/cancel").json()["state"] == "cancelled"
    running.run(LongJob.objects.get(pk=waiting).pk)
    assert fetched(api, waiting).json()["state"] == "cancelled"

    monkeypatch.setattr(jobs, "BEAT_EVERY", 0.0)
    at_work = LongJob.objects.get(pk=ask(api).json()["job_id"])
    keep = files.keep

    def cancelled_meanwhile(job: LongJob, blocks: Iterator[bytes]) -> int:
        assert api.post(f"/api/v1/jobs/{job.pk}/cancel").json()["state"] == "running"
        return keep(job, blocks)

    with monkeypatch.context() as patched:
        patched.setattr(files, "keep", cancelled_meanwhile)
        running.run(at_work.pk)
    assert api.get(f"/api/v1/jobs/{at_work.pk}").json()["state"] == "cancelled"
    assert not JobPiece.objects.exists()
    over = done(api, rows="dictionary")["job_id"]
    refused = api.post(f"/api/v1/jobs/{over}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "job_state")


def test_what_is_too_large_is_refused(api: APIClient, settings: LazySettings) -> None:
    settings.JOB_FILE_MAX_BYTES = 100
    told = done(api)
    assert (told["state"], told["error"]) == (
        "failed",
        "The file would be larger than may be kept. Ask for a part of it.",
    )
    assert not JobPiece.objects.exists()


def test_a_file_is_gone_after_a_while(api: APIClient, settings: LazySettings) -> None:
    job_id = done(api)["job_id"]
    later = timezone.now() + timedelta(hours=settings.JOB_FILE_HOURS, minutes=1)
    assert files.forget(timezone.now()) == 0
    assert JobPiece.objects.exists()
    LongJob.objects.update(expires_at=timezone.now())  # whether or not the beat has been there
    gone = fetched(api, job_id)
    assert (gone.status_code, gone.json()["code"]) == (410, "job_file_gone")
    assert "Ask for it again" in gone.json()["detail"]
    files.forget(later)
    assert not JobPiece.objects.exists()
    assert fetched(api, job_id).status_code == 410
    assert files.forget(later + timedelta(days=settings.JOB_ROW_DAYS)) == 1
    assert fetched(api, job_id).status_code == 404


def test_erasing_a_student_takes_files_that_tell_of_students(api: APIClient, pool: QuestionPool) -> None:
    kept = done(api, address=f"/api/v1/pools/{pool.pk}/export", format="json")["job_id"]
    gone = done(api)
    assert b"alice" in content(fetched(api, gone["job_id"]))
    half_made = LongJob.objects.get(pk=ask(api, key="again").json()["job_id"])
    at_work = jobs.claim(LongJob, half_made.pk, timezone.now())
    assert at_work is not None
    files.keep(at_work, [b"alice"])
    assert api.post("/api/v1/student/alice/erase", {"student_id": "alice"}).status_code == 200
    assert fetched(api, gone["job_id"]).status_code == 410
    assert fetched(api, kept).status_code == 200
    with pytest.raises(jobs.Superseded):  # who had read the name
        jobs.finish(at_work, LongJob.State.DONE, timezone.now())
    assert not [each for each in JobPiece.objects.all() if b"alice" in bytes(each.content)]
    running.run(half_made.pk)
    again = content(fetched(api, str(half_made.pk)))
    assert b"alice" not in again
    assert b"bob" in again


def test_only_who_asked_may_see(api: APIClient) -> None:
    job_id = done(api)["job_id"]
    colleague = client_with(f"Token {make_token(['report_results'])}")
    assert colleague.get("/api/v1/jobs").json()["count"] == 0
    author = client_with(f"Token {make_token(['author_pools', 'export_pools'])}")
    with acting_for(Organisation.objects.create(slug="other", name="Other").pk):
        stranger = client_with(f"Token {make_token()}")
    for client in (colleague, author, stranger):
        for reply in (
            client.get(f"/api/v1/jobs/{job_id}"),
            fetched(client, job_id),
            client.post(f"/api/v1/jobs/{job_id}/cancel"),
        ):
            assert (reply.status_code, reply.json()["code"]) == (404, "job_not_found")
    assert api.get(f"/api/v1/jobs/{uuid4()}").status_code == 404
    assert api.get("/api/v1/jobs/nothing").status_code == 404
    assert ask(author).status_code == 403
    assert client_with(None).get(f"/api/v1/jobs/{job_id}").status_code == 401
    report = Permission.objects.get(codename="report_results")
    ApiClient.objects.get(pk=LongJob.objects.get().by_id or 0).user_permissions.remove(report)
    assert api.get("/api/v1/jobs").json()["count"] == 0
    assert fetched(api, job_id).status_code == 404


def test_while_the_broker_is_away_it_waits_and_is_sent_later(
    api: APIClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job = LongJob.objects.get(pk=ask(api).json()["job_id"])
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:1/0")  # which Celery looks at first
    nowhere = Celery(set_as_current=False)
    monkeypatch.setattr(sending, "current_app", nowhere)
    queue.send_job(job.pk)
    assert "the broker is away" in caplog.text
    sent: list[Any] = []
    now = timezone.now()
    assert queue.take_up(now, sent.append) == (0, 0)
    assert queue.take_up(now + jobs.WAITING_AFTER + timedelta(seconds=1), sent.append) == (1, 0)
    assert sent == [job.pk]


DIES = """
import sys, time, uuid
import django
django.setup()
from django.db import connections
connections.settings["default"]["NAME"] = sys.argv[1]
from sessions_app.long_work import files, pulse
from sessions_app.waiting import running
files.PIECE, pulse.EVERY = 50, 0.1
def slowly(pieces):
    for number, piece in enumerate(pieces):
        if number == 2:
            time.sleep(600)
        yield piece
whole = files._in_pieces
files._in_pieces = lambda blocks: slowly(whole(blocks))
running.run(uuid.UUID(sys.argv[2]))
"""


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_worker_left_is_made_again(api: APIClient) -> None:
    """A process of its own, killed when two pieces are written and it tells nothing any more, though it
    lives; the file is the same as without.
    """
    job_id = ask(api).json()["job_id"]
    database = str(connection.settings_dict["NAME"])
    worker = subprocess.Popen([sys.executable, "-c", DIES, database, job_id])
    try:
        assert wait_until(lambda: JobPiece.objects.count() == 2, worker)
        then = timezone.now()
        assert wait_until(lambda: LongJob.objects.filter(heartbeat_at__gt=then).exists(), worker)
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    sent: list[Any] = []
    assert queue.take_up(timezone.now(), sent.append) == (0, 0)  # it may live
    LongJob.objects.update(heartbeat_at=timezone.now() - jobs.SILENT_AFTER - timedelta(seconds=1))
    assert queue.take_up(timezone.now(), sent.append) == (1, 0)
    running.run(sent[0])
    told = api.get(f"/api/v1/jobs/{job_id}").json()
    assert told["state"] == "done"
    assert LongJob.objects.get().attempt == 2
    assert content(fetched(api, job_id)) == content(api.get(f"{RESULTS}?rows=answers&format=csv"))
    assert JobPiece.objects.count() == 1  # nothing of the dead one's
    assert json.loads(json.dumps(told))["done"] == told["total"] == 2
