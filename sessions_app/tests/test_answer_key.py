"""The answer key never leaves the server: not in a reply, an error, Redis or a log line."""

import json
import logging
from typing import Any
from uuid import UUID

import msgspec
import pytest
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from sessions_app.hot_state import read_state
from sessions_app.tests.conftest import Start, pointers, submit
from sessions_app.tests.factories import make_pool, question, right_answer

WORDS = (b"correct_answer", b"option_scores", b"is_correct")


@pytest.fixture
def keyed(db: None) -> None:
    """Questions whose right option alone is marked, so that it can be found wherever it goes."""
    rows = [
        question(i, [1], options=["one", "two", "three", "four"], correct_answer="three") for i in range(8)
    ]
    make_pool(questions=rows)


def holds(text: bytes) -> list[bytes]:
    return [word for word in WORDS if word in text]


def stored_values() -> list[bytes]:
    redis = get_redis_connection("default")
    return [redis.get(key) for key in redis.keys("*") if redis.type(key) == b"string"]


@pytest.mark.usefixtures("keyed")
def test_it_stays_out_of_replies_and_redis(api: APIClient, start: Start) -> None:
    started = start()
    shown, contents = started["next_question"], []
    session_id = started["session_id"]
    while shown is not None:
        assert set(shown) == {"id", "content", "options", "concepts"}
        assert shown["options"] == ["one", "two", "three", "four"]  # in the author's order
        for wrong in ("five", 9, {"a": 1}):
            refused = submit(api, started, shown["id"], wrong)  # type: ignore[arg-type]
            assert pointers(refused) == ["/response"]
            assert b"three" not in refused.content
        reply = submit(api, started, shown["id"], 2)
        again = submit(api, started, shown["id"], 1)
        assert again.status_code == 409
        contents += [reply.content, again.content, api.get(f"/api/test/status/{session_id}").content]
        assert not any(holds(value) for value in stored_values())
        shown = reply.json().get("next_question")
    contents.append(api.post(f"/api/test/end/{session_id}").content)
    assert not any(holds(content) for content in contents)


@pytest.mark.usefixtures("keyed")
def test_it_stays_out_of_what_authors_read(api: APIClient) -> None:
    (pool,) = api.get("/api/pools").json()["results"]
    pool_id = pool["question_pool_id"]
    for address in (
        "/api/pools",
        f"/api/pools/{pool_id}",
        f"/api/pools/{pool_id}/questions",
        f"/api/questions/{pool_id}/q0",
    ):
        response = api.get(address)
        assert response.status_code == 200
        assert not holds(response.content)


@pytest.mark.usefixtures("keyed")
def test_it_leaves_redis_with_positions_and_numbers_alone(api: APIClient, start: Start) -> None:
    """Of the answers Redis holds the scores, and neither the chosen option nor its text."""
    started = start()
    submit(api, started, started["next_question"]["id"], 2)
    packed = get_redis_connection("default").get(f"session:{started['session_id']}:state")
    state = read_state(UUID(started["session_id"]))
    assert state is not None
    assert state.item_scores == [1]
    for text in (b"three", b"s1", b"Math", b"Question"):
        assert text not in packed
    for key in get_redis_connection("default").keys("question:*"):
        cached: list[Any] = msgspec.msgpack.decode(get_redis_connection("default").get(key))
        assert cached[2:] == [["one", "two", "three", "four"], [1.0]]
        assert len(cached) == 4


@pytest.mark.usefixtures("keyed")
def test_it_stays_out_of_the_log(api: APIClient, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="sessions_app"):
        started = start()
        submit(api, started, started["next_question"]["id"], "three")
        submit(api, started, started["next_question"]["id"], "five")
    assert "three" not in caplog.text
    assert "s1" not in caplog.text


def test_it_stays_out_of_the_documentation_of_replies(client: Any, db: None) -> None:
    schema = client.get("/api/schema?format=json").json()
    for path in schema["paths"].values():
        for operation in path.values():
            replies = json.dumps(operation["responses"]).encode()
            assert b"correct_answer" not in replies
            assert b"option_scores" not in replies


def test_it_can_be_found_by_these_tests() -> None:
    """The factories' key is where the tests look for it."""
    row = question(6, [1])
    assert row["options"][right_answer("q6")] == row["correct_answer"]
