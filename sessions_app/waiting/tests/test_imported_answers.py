"""POST /api/v1/pools/{id}/responses with in_background: a worker takes the file, and its report waits."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app.conftest import client_with
from sessions_app.long_work import files
from sessions_app.models import ImportedSitting, JobPiece, LongJob, ResponseImport
from sessions_app.tests.factories import make_pool, make_token, question
from sessions_app.waiting import running
from testing_engine.models import QuestionPool

GOOD = b"person,q0,q1\na,1,0\nb,0,1\nc,1,\n"
BAD = b"person,q0,q1\na,1,0\nb,7,1\n"


@pytest.fixture
def pool(db: None) -> QuestionPool:
    return make_pool([question(i, [1.0]) for i in range(2)])


@pytest.fixture
def api(pool: QuestionPool) -> APIClient:
    return client_with(f"Token {make_token(['author_pools'])}")


def ask(
    api: APIClient, pool: QuestionPool, content: bytes = GOOD, key: str | None = None, **more: Any
) -> Any:
    body = {"file": SimpleUploadedFile("paper.csv", content), "in_background": True, **more}
    headers = {} if key is None else {"Idempotency-Key": key}
    return api.post(f"/api/v1/pools/{pool.pk}/responses", body, format="multipart", headers=headers)


def done(api: APIClient, asked: Any) -> dict[str, Any]:
    assert asked.status_code == 202, asked.json()
    running.run(LongJob.objects.get(pk=asked.json()["job_id"]).pk)
    told: dict[str, Any] = api.get(f"/api/v1/jobs/{asked.json()['job_id']}").json()
    return told


def report(api: APIClient, told: dict[str, Any]) -> dict[str, Any]:
    reply = api.get(f"/api/v1/jobs/{told['job_id']}/file")
    found: dict[str, Any] = json.loads(b"".join(reply.streaming_content))  # type: ignore[attr-defined]
    return found


def test_the_report_is_what_a_request_would_have_got(
    api: APIClient, pool: QuestionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PIECE", 10)
    told = done(api, ask(api, pool))
    assert (told["state"], told["outcome"]) == ("done", "5 answers of 3 persons are kept.")
    assert told["total"] == 5  # lines, with the one that ends the file
    assert ImportedSitting.objects.count() == 3
    by_worker = report(api, told)
    at_once = ask(api, pool, in_background=False).json()
    assert at_once == by_worker | {"is_repeat": True}
    again = done(api, ask(api, pool))
    assert again["outcome"] == "This file had been imported before. Nothing was changed."
    assert ResponseImport.objects.count() == 1


def test_a_look_stores_nothing_and_tells_all(api: APIClient, pool: QuestionPool) -> None:
    told = done(api, ask(api, pool, BAD, dry_run=True))
    assert told["outcome"] == "2 answers of 1 persons can be kept. Nothing was stored."
    assert report(api, told)["problem_count"] == 1
    assert not ResponseImport.objects.exists()


def test_a_bad_file_fails_and_says_where(api: APIClient, pool: QuestionPool) -> None:
    told = done(api, ask(api, pool, BAD))
    assert told["state"] == "failed"
    assert "Line 3, column q0" in told["error"]
    assert not ResponseImport.objects.exists()


def test_a_key_asks_once_for_one_file(api: APIClient, pool: QuestionPool) -> None:
    first, second = ask(api, pool, key="k"), ask(api, pool, key="k")
    assert first.json()["job_id"] == second.json()["job_id"]
    assert ask(api, pool, GOOD + b"d,1,1\n", key="k").status_code == 409
    assert done(api, first)["state"] == "done"


def test_an_attempt_that_broke_off_leaves_the_file_to_the_next(
    api: APIClient, pool: QuestionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ask(api, pool)

    def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as broken:
        broken.setattr(files, "keep", die)
        with pytest.raises(SystemExit):
            running.run(LongJob.objects.get().pk)
    LongJob.objects.update(state="queued")
    assert done(api, asked)["state"] == "done"
    assert ResponseImport.objects.count() == 1


def test_where_a_student_was_erased_meanwhile_it_is_to_be_brought_again(
    api: APIClient, pool: QuestionPool
) -> None:
    asked = ask(api, pool)
    files.forget_students(timezone.now())
    assert not JobPiece.objects.exists()
    assert done(api, asked)["error"] == "The file is gone: a student was erased meanwhile. Bring it again."
