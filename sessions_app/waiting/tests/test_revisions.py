"""Revisions that change many questions are made by a worker: over REST, and what may go wrong meanwhile."""

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from embedded.processes import wait_until
from sessions_app.conftest import Reply, pointers
from sessions_app.long_work import jobs
from sessions_app.measurement import gate
from sessions_app.models import Calibration, GateCheck, LongJob
from sessions_app.tasks import do_long_job
from sessions_app.tests.factories import make_pool
from sessions_app.waiting import queue, revisions
from testing_engine import pools, publication
from testing_engine.models import ParameterSource, PoolRevision, Question, QuestionPool

COUNT = 4
TABLE = "item,a,b\n" + "".join(f"q{i},1.5,{i / 4}\n" for i in range(COUNT))
READ = {"source": "plain", "choices": {"scaling": "1"}, "revision": 1}


@pytest.fixture(autouse=True)
def _few_are_many(settings: LazySettings) -> None:
    settings.QUESTIONS_AT_ONCE = COUNT - 1


@pytest.fixture
def small(db: None) -> QuestionPool:
    return make_pool(COUNT)


def send(api: APIClient, pool: QuestionPool, key: str | None = None, **fields: Any) -> Reply:
    headers = {} if key is None else {"Idempotency-Key": key}
    return api.post(
        f"/api/v1/pools/{pool.pk}/parameters", {"table": TABLE, **READ, **fields}, headers=headers
    )


def done(api: APIClient, asked: Reply) -> dict[str, Any]:
    """By the task that a worker runs."""
    assert asked.status_code == 202, asked.json()
    assert asked["Location"] == f"/api/v1/jobs/{asked.json()['job_id']}"
    do_long_job(asked.json()["job_id"])
    return where(api, asked)


def where(api: APIClient, asked: Reply) -> dict[str, Any]:
    told: dict[str, Any] = api.get(f"/api/v1/jobs/{asked.json()['job_id']}").json()
    return told


def made(api: APIClient, told: dict[str, Any]) -> dict[str, Any]:
    reply = api.get(f"/api/v1/jobs/{told['job_id']}/file")
    found: dict[str, Any] = json.loads(b"".join(reply.streaming_content))  # type: ignore[attr-defined]
    return found


def test_a_table_for_many_questions_is_a_workers(api: APIClient, small: QuestionPool) -> None:
    asked = send(api, small)
    assert (asked.json()["kind"], PoolRevision.objects.count()) == ("parameters", 1)
    told = done(api, asked)
    assert (told["state"], told["progress"]) == ("done", 1.0)
    assert told["outcome"] == "4 questions are changed, with revision 2."
    assert made(api, told) == {"question_pool_id": str(small.pk), "revision": 2, "questions_changed": 4}
    newest = pools.read_pool(small.pk)
    found = [question.difficulty for question in pools.newest_questions(newest)]
    assert found == [0, 0.25, 0.5, 0.75]
    assert ParameterSource.objects.get().made_by == str(LongJob.objects.get().by_id)


def test_asked_again_it_is_one_revision(api: APIClient, small: QuestionPool) -> None:
    first, second = send(api, small, key="k"), send(api, small, key="k")
    assert first.json() == second.json()
    assert send(api, small).json()["job_id"] == first.json()["job_id"]  # while it is not over
    other = send(api, small, key="k", table=TABLE + "q77,1,0\n")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert done(api, first)["state"] == "done"
    assert send(api, small, key="k").json()["state"] == "done"
    again = done(api, send(api, small))  # without a key, later: the same publication all the same
    assert made(api, again)["revision"] == 2
    assert PoolRevision.objects.count() == 2


def test_few_questions_are_changed_at_once(api: APIClient, small: QuestionPool) -> None:
    few = "".join(TABLE.splitlines(keepends=True)[:COUNT])
    reply = send(api, small, table=few)
    assert (reply.status_code, reply.json()["revision"], reply.json()["changed"]) == (200, 2, 3)
    assert not LongJob.objects.exists()


def test_what_is_wrong_is_said_at_once_or_by_the_job(api: APIClient, small: QuestionPool) -> None:
    assert pointers(send(api, small, table="nothing")) == ["/table"]
    assert pointers(send(api, small, choices={})) == ["/choices/scaling"]
    few = "".join(TABLE.splitlines(keepends=True)[:2])
    assert send(api, small, table=few).status_code == 200
    told = done(api, send(api, small, key="late"))
    assert (told["state"], told["outcome"]) == ("failed", "")
    assert told["error"] == "Somebody changed the pool meanwhile. Look again, then publish."
    assert PoolRevision.objects.count() == 2


def test_it_is_cancelled_before_the_revision_is_there_or_not_at_all(
    api: APIClient, small: QuestionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "BEAT_EVERY", 0.0)
    cancel = "/api/v1/jobs/{}/cancel"
    asked = send(api, small)
    stored = publication.publish_next

    def meanwhile(*args: Any) -> Any:
        api.post(cancel.format(asked.json()["job_id"]))
        return stored(*args)

    with monkeypatch.context() as patched:  # the last word before the revision was told: it is there
        patched.setattr(pools, "publish_next", meanwhile)
        assert done(api, asked)["state"] == "done"
    assert PoolRevision.objects.count() == 2

    body: dict[str, Any] = {"table": TABLE.replace("1.5", "1.25"), "revision": 2}
    asked = send(api, small, **body)
    changed = pools.next_versions

    def before(*args: Any) -> Any:
        api.post(cancel.format(asked.json()["job_id"]))
        return changed(*args)

    with monkeypatch.context() as patched:
        patched.setattr(pools, "next_versions", before)
        assert done(api, asked)["state"] == "cancelled"
    assert (PoolRevision.objects.count(), Question.objects.count()) == (2, 2 * COUNT)


def test_a_change_of_many_is_safe_to_repeat(api: APIClient, small: QuestionPool) -> None:
    ids = revisions.as_content([f"q{i}" for i in range(COUNT)])
    wanted = revisions.Change.of(small.pk, 1, ids, "area", "numbers", "")
    for revision, changed in ((2, 4), (2, 0)):
        job = queue.ask(wanted, None, small.organisation_id, send=lambda _: None, content=ids)
        do_long_job(str(job.pk))
        job.refresh_from_db()
        assert job.state == LongJob.State.DONE
        assert job.worker is not None
        told = json.loads(bytes(job.pieces.get(worker=job.worker).content))
        assert (told["revision"], told["questions_changed"]) == (revision, changed)


def test_what_a_calibration_proposes_for_many(api: APIClient, small: QuestionPool) -> None:
    calibration = proposed(small)
    address = f"/api/v1/pools/{small.pk}/calibrations/{calibration.pk}/publish"
    told = done(api, api.post(address))
    assert (told["kind"], told["state"]) == ("proposal", "done")
    assert made(api, told) == {"question_pool_id": str(small.pk), "revision": 2, "questions_changed": 4}
    calibration.refresh_from_db()
    assert calibration.published_by_id == LongJob.objects.get().by_id
    again = api.post(address)  # it is there: told at once
    assert (again.status_code, again.json()["revision"]) == (200, 2)
    finding = {
        "code": "negative_slope",
        "item": None,
        "severity": "error",
        "sentence": "It did not converge.",
    }
    doubtful = proposed(small, finding)
    refused = api.post(f"/api/v1/pools/{small.pk}/calibrations/{doubtful.pk}/publish")
    assert (refused.status_code, refused.json()["code"]) == (409, "proposal_doubtful")


def test_a_long_look_at_what_the_pool_requires_is_a_workers(
    api: APIClient, small: QuestionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate.require(small, {"standard_error": 0.05, "students": 50}, None)
    few = TABLE.splitlines(keepends=True)[0] + "q0,1.5,0\n"
    assert send(api, small, table=few).json()["code"] == "gate_refused"  # a short look, at once
    monkeypatch.setattr(gate, "AT_ONCE", 0.0)
    monkeypatch.setattr(jobs, "BEAT_EVERY", 0.0)
    stages: list[str] = []
    beat = jobs.beat

    def beaten(job: LongJob, stage: str, *more: Any) -> None:
        stages.append(stage)
        beat(job, stage, *more)

    monkeypatch.setattr(jobs, "beat", beaten)
    told = done(api, send(api, small, table=few))
    assert told["state"] == "failed"
    assert told["error"].startswith("The pool’s requirements are not met.")
    assert {"writing", "simulating"} <= set(stages)
    told = done(api, send(api, small, table=few, override_reason="a pilot"))
    assert told["state"] == "done"
    assert GateCheck.objects.get().override_reason == "a pilot"


def test_a_named_test_is_opened_when_a_worker_has_looked(
    api: APIClient, small: QuestionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate.require(small, {"length": COUNT, "students": 50}, None)
    for name in ("quick", "slow"):
        made = api.post("/api/v1/tests", {"title": name, "question_pool_id": str(small.pk)})
        assert made.status_code == 200, made.json()
    assert api.post("/api/v1/tests/quick/open").status_code == 200
    at_once = GateCheck.objects.get().found
    monkeypatch.setattr(gate, "AT_ONCE", 0.0)
    address = "/api/v1/tests/slow/open"
    for _ in range(2):
        first = api.post(address)
        assert (first.status_code, first.json()["code"]) == (409, "gate_looks")
        assert first["Retry-After"] == "5"
    assert str(LongJob.objects.get().pk) == first.json()["job_id"]
    do_long_job(first.json()["job_id"])
    assert where(api, first)["state"] == "done"
    assert api.post(address).status_code == 200
    assert GateCheck.objects.get(test_name="slow").found == at_once  # to the last bit
    assert LongJob.objects.count() == 1


def test_an_import_into_a_pool_that_takes_long_to_look_at_is_a_workers(
    api: APIClient, small: QuestionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate.require(small, {"length": COUNT, "students": 50}, None)
    monkeypatch.setattr(gate, "AT_ONCE", 0.0)
    file = SimpleUploadedFile("one.csv", b"id,content,options,correct_answer\nnew,1 + 1?,1|2,2\n")
    body = {"file": file, "question_pool_id": str(small.pk)}
    reply = api.post("/api/v1/pools/import", body, format="multipart")
    assert (reply.status_code, reply.json()["state"]) == (202, "queued")


def proposed(pool: QuestionPool, *findings: dict[str, Any]) -> Calibration:
    """A calibration that is done, as its worker leaves it: another difficulty for every question."""
    new = {"difficulty": 0.75, "discrimination": 1.1}
    asked = {"new": new, "state": "operational", "new_state": "operational"}
    result = {"items": [{"id": f"q{i}", **asked} for i in range(COUNT)], "findings": list(findings)}
    revision_id = pools.read_pool(pool.pk).current_revision_id
    assert revision_id is not None
    return Calibration.objects.create(
        pool=pool, revision_id=revision_id, request={}, state="done", result=result
    )


DIES = """
import sys, time
import django
django.setup()
from django.db import connections
connections.settings["default"]["NAME"] = sys.argv[1]
from sessions_app.long_work import jobs, pulse
from sessions_app.tasks import do_long_job
from testing_engine import pools
pulse.EVERY = jobs.BEAT_EVERY = 0.05
pools.publish_next = lambda *_: time.sleep(600)  # inside the transaction, all new versions written
do_long_job(sys.argv[2])
"""


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_worker_left_is_taken_up(api: APIClient) -> None:
    """Killed in the midst of its transaction: how far it was is seen nevertheless, and of the revision there
    is nothing until another worker makes it.
    """
    small = make_pool(COUNT)
    asked = send(api, small)
    database = str(connection.settings_dict["NAME"])
    worker = subprocess.Popen([sys.executable, "-c", DIES, database, asked.json()["job_id"]])
    try:
        assert wait_until(lambda: where(api, asked)["progress"] == 1.0, worker)
        then = timezone.now()
        assert wait_until(lambda: LongJob.objects.filter(heartbeat_at__gt=then).exists(), worker)
        assert where(api, asked)["state"] == "running"
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    assert (PoolRevision.objects.count(), Question.objects.count()) == (1, COUNT)
    LongJob.objects.update(heartbeat_at=timezone.now() - 2 * jobs.SILENT_AFTER)
    sent: list[Any] = []
    assert queue.take_up(timezone.now(), sent.append) == (1, 0)
    do_long_job(str(sent[0]))
    assert where(api, asked)["state"] == "done"
    assert made(api, where(api, asked))["questions_changed"] == COUNT
    assert (PoolRevision.objects.count(), Question.objects.count()) == (2, 2 * COUNT)
