"""Replies on the wire: the text of each is what it always was."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from rest_framework.renderers import JSONRenderer
from rest_framework.test import APIClient

from sessions_app import replies
from sessions_app.conftest import Start, answer_questions, submit, take_test
from sessions_app.replies.values import Ability
from testing_engine.models import QuestionPool


def as_rest_framework_writes(text: bytes) -> bytes:
    """The same values in the same order, written by REST framework's own encoder."""
    written: bytes = JSONRenderer().render(json.loads(text))
    return written


def test_every_reply_is_written_as_rest_framework_would(
    api: APIClient, start: Start, pool: QuestionPool
) -> None:
    started = start()
    answer_questions(api, started, 1)
    over = start(student_id="s2")
    take_test(api, over)
    session, student = over["session_id"], "s2"
    received = [
        api.get(f"/api/test/status/{started['session_id']}?render=html"),
        submit(api, started, "nothing of that id", 0),
        submit(api, started, "nothing of that id", [0]),
        api.get(f"/api/test/status/{session}"),
        api.get(f"/api/test/result/{session}"),
        api.get(f"/api/sessions/{session}/responses"),
        api.get("/api/sessions"),
        api.get(f"/api/student/{student}/history"),
        api.get(f"/api/student/{student}/progress"),
        api.get(f"/api/student/{student}/proficiency"),
        api.get(f"/api/student/{student}/export"),
        api.get(f"/api/pools/{pool.pk}/questions"),
        api.get("/api/debug/redis/stats"),
    ]
    for reply in received:
        assert reply.content == as_rest_framework_writes(reply.content), reply.content.decode()


def test_a_reply_may_be_asked_for_indented(api: APIClient, start: Start, pool: QuestionPool) -> None:
    address = f"/api/test/status/{start()['session_id']}"
    reply = api.get(address, headers={"Accept": "application/json; indent=4"})
    assert reply.content.decode() == json.dumps(reply.json(), indent=4, ensure_ascii=False)


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (datetime(2026, 11, 22, 10, 0, 0, 120_000, tzinfo=UTC), "2026-11-22T10:00:00.120000Z"),
        (datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC), "2026-11-22T10:00:00Z"),
    ],
)
def test_times_and_ids_are_texts(time: datetime, text: str) -> None:
    token = replies.RenewedToken(session_id=UUID(int=10), session_token="x")
    assert replies.encode(token) == (
        b'{"session_id":"00000000-0000-0000-0000-00000000000a","session_token":"x"}'
    )
    refused = replies.Problem("about:blank", "Conflict", 409, "Not yet.", "test_not_open", opens_at=time)
    assert json.loads(replies.encode(refused))["opens_at"] == text


def test_what_is_unset_is_left_out_and_null_is_not() -> None:
    refused = replies.Problem("about:blank", "Conflict", 409, "No.", "no", current_question_id=None)
    assert replies.encode(refused).endswith(b'"code":"no","current_question_id":null}')


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-05, 5e-324, 2.0**70, -0.0])
def test_numbers_come_back_bit_for_bit(value: float) -> None:
    back = json.loads(replies.encode(Ability([value], [])))["theta"][0]
    assert back.hex() == value.hex()


def test_line_ends_that_old_javascript_does_not_know_are_escaped() -> None:
    text = "one\u2028two\u2029three – θ"
    written = replies.encode(replies.RenewedToken(session_id=UUID(int=0), session_token=text))
    assert "one\\u2028two\\u2029three – θ".encode() in written
    assert json.loads(written)["session_token"] == text
