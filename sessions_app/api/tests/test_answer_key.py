"""The answer key never leaves the server: not in a reply, an error, Redis or a log line."""

import json
import logging
from typing import Any
from uuid import UUID

import msgspec
import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from sessions_app.conftest import Start, pointers, submit
from sessions_app.sitting.hot_state import read_state
from sessions_app.tests.factories import make_pool, question, right_answer
from testing_engine.models import Question

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
        assert set(shown) == {"id", "content", "options", "concepts", "interactions", "passage"}
        assert shown["options"] == ["one", "two", "three", "four"]  # in the author's order
        for wrong, where in (("five", "/response"), (9, "/response"), ({"a": 1}, "/response/a")):
            refused = submit(api, started, shown["id"], wrong)
            assert pointers(refused) == [where]
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
    packed = get_redis_connection("default").get(f"session:{{{started['session_id']}}}:state")
    state = read_state(UUID(started["session_id"]))
    assert state is not None
    assert state.item_scores == [1]
    for text in (b"three", b"s1", b"Math", b"Question"):
        assert text not in packed
    for key in get_redis_connection("default").keys("question:*"):
        cached: list[Any] = msgspec.msgpack.decode(get_redis_connection("default").get(key))
        assert cached[2:] == [["one", "two", "three", "four"], [1.0], [], "", *cached[6:]]
        assert len(cached) <= 7


@pytest.mark.usefixtures("keyed")
def test_it_stays_out_of_the_log(api: APIClient, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="sessions_app"):
        started = start()
        submit(api, started, started["next_question"]["id"], "three")
        submit(api, started, started["next_question"]["id"], "five")
    assert "three" not in caplog.text
    assert "s1" not in caplog.text


@pytest.mark.usefixtures("keyed")
def test_it_stays_out_of_errors_and_caches(api: APIClient, start: Start, client: Client) -> None:
    """Of every status that a caller can provoke; and of what the cache holds behind them."""
    started = start()
    question_id, session_id = started["next_question"]["id"], started["session_id"]
    (pool,) = api.get("/api/pools").json()["results"]
    body = {"session_id": session_id, "question_id": question_id, "response": 0}
    replies = [
        api.post("/api/test/submit", {**body, "response": "thre"}),
        api.post("/api/test/submit", {**body, "question_id": "nothing"}),
        api.post("/api/test/submit", {**body, "student_id": "another"}),
        api.post("/api/test/submit", {}),
        client.post("/api/test/submit", body),
        api.post("/api/test/start", {"student_id": "s1", "rules": {"stop": [{"name": "nothing"}]}}),
        api.post("/api/test/start", {"student_id": "s1", "concept_names": ["a", "b", "c"]}),
        api.get(f"/api/questions/{pool['question_pool_id']}/nothing"),
        api.delete("/api/pools"),
        submit(api, started, question_id, 2),
        submit(api, started, question_id, 2),
    ]
    assert {reply.status_code for reply in replies} == {200, 400, 401, 403, 404, 405, 409}
    for reply in replies:
        assert not holds(reply.content)
        if reply.status_code != 200:  # the next question shows all its options
            assert b"three" not in reply.content
    assert not any(holds(value) for value in stored_values())


@pytest.mark.usefixtures("keyed")
def test_the_admin_shows_it_to_nobody_who_may_not_view_questions(client: Client, start: Start) -> None:
    started = start()
    looker = User.objects.create_user("looker", is_staff=True)
    looker.user_permissions.set(Permission.objects.filter(codename__in=["view_testsession", "view_student"]))
    client.force_login(looker)
    for address in (
        "/admin/",
        "/admin/testing_engine/question/",
        f"/admin/testing_engine/question/{Question.objects.first().pk}/change/",  # type: ignore[union-attr]
        "/admin/autocomplete/?app_label=sessions_app&model_name=testresponse&field_name=question&term=q",
        "/admin/sessions_app/testsession/",
        f"/admin/sessions_app/testsession/{started['session_id']}/change/",
    ):
        reply = client.get(address)
        assert b"three" not in reply.content
        assert b"option_scores" not in reply.content


def test_it_stays_out_of_the_documentation_of_replies(client: Any, db: None) -> None:
    schema = client.get("/api/schema?format=json").json()
    empty = "/api/v1/pools/template"  # a table to fill in has a column for the key, and made-up rows
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            replies = json.dumps(operation["responses"]).encode()
            assert path == empty or b"correct_answer" not in replies
            assert b"option_scores" not in replies


def test_it_can_be_found_by_these_tests() -> None:
    """The factories' key is where the tests look for it."""
    row = question(6, [1])
    assert row["options"][right_answer("q6")] == row["correct_answer"]
