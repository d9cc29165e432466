"""Imports in the background: asked for over the API, carried out by the task, looked at meanwhile."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from rest_framework.test import APIClient

from sessions_app import tasks
from sessions_app.administration import pool_imports
from sessions_app.api.tests.test_import import csv_file, send
from sessions_app.conftest import client_with
from sessions_app.long_work import jobs
from sessions_app.models import PoolImport
from sessions_app.tests.factories import make_pool, make_token, pool_document
from testing_engine import pools
from testing_engine.models import QuestionPool

State = PoolImport.State


def ask(api: APIClient, file: Any = None, key: str | None = None, **fields: Any) -> dict[str, Any]:
    reply = send(api, file or csv_file(), key, in_background="true", **fields)
    assert reply.status_code == 202, reply.json()
    found: dict[str, Any] = reply.json()
    return found


def status(api: APIClient, import_id: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/api/pools/imports/{import_id}").json()
    return found


def test_it_ends_with_the_same_report_as_an_import_at_once(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ask(api, name="Later")
    assert (asked["state"], asked["looked_at"], asked["questions"], asked["report"]) == (
        "queued",
        0,
        None,
        None,
    )
    seen: list[dict[str, Any]] = []
    publish = pools.publish_pool

    def look_and_publish(*args: Any, **options: Any) -> Any:
        seen.append(status(api, asked["import_id"]))
        return publish(*args, **options)

    monkeypatch.setattr(pools, "publish_pool", look_and_publish)
    tasks.import_questions(asked["import_id"])
    assert [(each["state"], each["looked_at"], each["questions"]) for each in seen] == [("running", 4, 4)]
    done = status(api, asked["import_id"])
    at_once = send(api, csv_file(), name="Later").json()
    assert done["state"] == "done"
    assert done["report"] == {**at_once, "question_pool_id": done["report"]["question_pool_id"]}
    assert QuestionPool.objects.filter(pk=done["report"]["question_pool_id"], name="Later").exists()
    tasks.import_questions(asked["import_id"])  # what is over stays as it is
    assert status(api, asked["import_id"]) == done
    assert PoolImport.objects.get().content is None


def test_a_dry_run_in_the_background_stores_no_pool(api: APIClient) -> None:
    asked = ask(api, dry_run="true")
    tasks.import_questions(asked["import_id"])
    report = status(api, asked["import_id"])["report"]
    assert (report["question_pool_id"], report["taken"], report["refused"]) == (None, 2, 2)
    assert not QuestionPool.objects.exists()


def test_the_same_key_is_the_same_import(api: APIClient) -> None:
    first = ask(api, key="k1")
    assert ask(api, key="k1") == first
    other = send(api, csv_file("id,content\n"), "k1", in_background="true")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    tasks.import_questions(first["import_id"])
    done = ask(api, key="k1")
    assert done["state"] == "done"
    assert send(api, csv_file(), "k1").json() == done["report"]  # nor does it matter how it was asked for
    assert QuestionPool.objects.count() == 1


def test_what_cannot_be_read_fails_by_field_and_is_kept(api: APIClient) -> None:
    asked = ask(api, SimpleUploadedFile("a.json", b"{"))
    tasks.import_questions(asked["import_id"])
    failed = status(api, asked["import_id"])
    assert (failed["state"], failed["report"]) == ("failed", None)
    assert [each["pointer"] for each in failed["errors"]] == ["/file"]
    assert api.get("/api/pools/imports/none").json()["code"] == "import_not_found"
    for _ in range(pool_imports.MOST_OPEN):
        ask(api)
    reply = send(api, csv_file(), in_background="true")
    assert (reply.status_code, reply.json()["code"]) == (409, "too_many_imports")


def test_nobody_else_reads_what_became_of_it(api: APIClient) -> None:
    """The report quotes the file, and with it answers that are right."""
    asked = ask(api)
    other = client_with(f"Token {make_token(['author_pools'])}")
    reply = other.get(f"/api/pools/imports/{asked['import_id']}")
    assert (reply.status_code, reply.json()["code"]) == (404, "import_not_found")


@pytest.mark.parametrize("sign", ["\\u0000", "\\ud800"])
def test_signs_that_cannot_be_stored_are_reported(api: APIClient, sign: str) -> None:
    """At once and in the background: the questions beside them are taken, and it ends."""
    rows = pool_document(2)["questions"]
    bad = {**rows[1], "id": "bad SIGN", "correct_answer": "none SIGN"}
    content = json.dumps([{**rows[0], "extra SIGN": 1}, bad]).replace("SIGN", sign).encode()
    at_once = send(api, SimpleUploadedFile("a.json", content))
    assert at_once.status_code == 200, at_once.json()
    assert [(row["id"], row["outcome"]) for row in at_once.json()["report"]] == [
        ("q0", "taken_with_loss"),
        ("bad \ufffd", "refused"),
    ]
    asked = ask(api, SimpleUploadedFile("a.json", content))
    tasks.import_questions(asked["import_id"])
    done = status(api, asked["import_id"])
    assert (done["state"], done["report"]["report"]) == ("done", at_once.json()["report"])


def test_what_was_lost_is_sent_again_and_what_was_done_twice_is_one_pool(api: APIClient) -> None:
    sent: list[UUID] = []
    rows = PoolImport.objects.filter(pk=ask(api)["import_id"])
    assert pool_imports.take_up(timezone.now(), sent.append) == (0, 0)
    assert pool_imports.take_up(timezone.now() + timedelta(minutes=3), sent.append) == (1, 0)
    content = bytes(rows.get().content or b"")
    tasks.import_questions(str(sent[0]))
    later = timezone.now() + jobs.SILENT_AFTER + timedelta(seconds=1)
    rows.update(state=State.RUNNING, content=content)  # its worker died after the pool was published
    assert pool_imports.take_up(later, sent.append) == (1, 0)
    tasks.import_questions(str(sent[1]))
    assert (rows.get().state, rows.get().attempt) == (State.DONE, 2)
    assert QuestionPool.objects.count() == 1
    rows.update(state=State.RUNNING, content=content, attempt=3)
    assert pool_imports.take_up(later, sent.append) == (0, 1)
    assert rows.get().state == State.FAILED


def cancelled(api: APIClient, asked: dict[str, Any]) -> Any:
    return api.post(f"/api/pools/imports/{asked['import_id']}/cancel")


def test_what_waits_is_cancelled_at_once(api: APIClient) -> None:
    asked = ask(api)
    for _ in range(2):
        assert cancelled(api, asked).json()["state"] == "cancelled"
    tasks.import_questions(asked["import_id"])
    pool_imports.take_up(timezone.now() + timedelta(days=1), lambda _: None)
    assert (PoolImport.objects.get().state, PoolImport.objects.get().content) == (State.CANCELLED, None)
    assert not QuestionPool.objects.exists()
    over = ask(api)
    tasks.import_questions(over["import_id"])
    refused = cancelled(api, over)
    assert (refused.status_code, refused.json()["code"]) == (409, "job_state")


def test_what_runs_is_cancelled_and_nothing_of_it_is_there(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ask(api)
    heed = jobs.heed

    def meanwhile(row: PoolImport) -> None:
        assert cancelled(api, asked).json()["state"] == "running"
        heed(row)

    monkeypatch.setattr(jobs, "heed", meanwhile)
    tasks.import_questions(asked["import_id"])
    assert status(api, asked["import_id"])["state"] == "cancelled"
    assert not QuestionPool.objects.exists()


def test_what_a_dead_worker_left_is_not_done_again_where_nobody_wants_it(api: APIClient) -> None:
    asked = ask(api)
    jobs.claim(PoolImport, UUID(asked["import_id"]), timezone.now())
    assert cancelled(api, asked).json()["state"] == "running"
    later = timezone.now() + jobs.SILENT_AFTER + timedelta(seconds=1)
    assert pool_imports.take_up(later, lambda _: None) == (0, 1)
    assert status(api, asked["import_id"])["state"] == "cancelled"


def test_questions_come_into_a_pool_once_though_a_worker_dies_after_them(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_pool(1)
    asked = ask(api, question_pool_id=str(pool.pk))

    def die(_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as broken:
        broken.setattr(pool_imports, "_plain", die)
        with pytest.raises(SystemExit):
            tasks.import_questions(asked["import_id"])
    PoolImport.objects.update(state=State.QUEUED)
    tasks.import_questions(asked["import_id"])
    report = status(api, asked["import_id"])["report"]
    assert (report["question_pool_id"], report["taken"], report["revision"]) == (str(pool.pk), 2, 2)
