"""Options in an order of each session's own: what is shown, sent, stored and shown again."""

from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from sessions_app.administration import supervision
from sessions_app.administration.supervision import Supervisor
from sessions_app.conftest import Start, browser_of, submit, take_test
from sessions_app.models import TestResponse, TestSession
from sessions_app.sitting.shown import Showing
from sessions_app.tests.factories import make_named_test, make_pool, question, right_answer
from testing_engine.models import Question, QuestionPool
from testing_engine.revisions import load_revision

FIRST = {"start": {"name": "questions", "items": [0]}, "max_questions": 3}
OPTIONS = ["option a of {}", "option b of {}", "option c of {}", "option d of {}"]


@pytest.fixture
def shuffled(api: APIClient, pool: QuestionPool) -> dict[str, Any]:
    make_named_test(pool, shuffle_options=True)
    started: dict[str, Any] = api.post("/api/test/start", {"student_id": "s1", "test": "algebra"}).json()
    return started


def own(shown: dict[str, Any]) -> list[str]:
    """The options of a question as its author wrote them."""
    return [option.format(shown["id"].removeprefix("q")) for option in OPTIONS]


def test_an_index_means_the_option_as_it_was_shown(api: APIClient, shuffled: dict[str, Any]) -> None:
    reply, orders = shuffled, []
    for answered in range(5):
        shown = reply["next_question"]
        assert sorted(shown["options"]) == own(shown)
        orders.append(tuple(own(shown).index(option) for option in shown["options"]))
        right = shown["options"].index(own(shown)[right_answer(shown["id"])])
        reply = submit(api, shuffled, shown["id"], right).json()
        stored = TestResponse.objects.get(position=answered + 1)
        assert (stored.answer, stored.is_correct) == (right_answer(shown["id"]), True)
    assert reply["accuracy"] == 1.0
    assert any(order != (0, 1, 2, 3) for order in orders)


def test_a_text_means_the_option_of_that_text(api: APIClient, shuffled: dict[str, Any]) -> None:
    shown = shuffled["next_question"]
    submit(api, shuffled, shown["id"], own(shown)[2])
    assert TestResponse.objects.get().answer == 2


def test_dont_know_and_indices_out_of_range_stay_what_they_are(
    api: APIClient, shuffled: dict[str, Any]
) -> None:
    shown = shuffled["next_question"]
    assert submit(api, shuffled, shown["id"], 4).status_code == 400
    assert submit(api, shuffled, shown["id"], -1).status_code == 400
    assert submit(api, shuffled, shown["id"], None).status_code == 200
    assert TestResponse.objects.get().answer is None


@pytest.mark.parametrize("is_redis_empty", [False, True])
def test_the_order_is_the_same_wherever_the_question_is_shown(
    api: APIClient, shuffled: dict[str, Any], is_redis_empty: bool
) -> None:
    shown = submit(api, shuffled, shuffled["next_question"]["id"], 0).json()["next_question"]
    if is_redis_empty:
        get_redis_connection("default").flushdb()
    path = f"/api/test/status/{shuffled['session_id']}"
    for client in (api, browser_of(shuffled)):
        assert client.get(path).json()["next_question"] == shown
    html = api.get(path, {"render": "html"}).json()["next_question"]
    assert html["options"] == shown["options"]
    assert all(text in rendered for text, rendered in zip(html["options"], html["options_html"], strict=True))
    session = TestSession.objects.get()
    cleaned = supervision.end([session.pk], Supervisor(), now=session.last_activity)
    assert cleaned


def test_a_repeated_request_gets_the_same_reply(api: APIClient, pool: QuestionPool) -> None:
    make_named_test(pool, shuffle_options=True)
    body = {"student_id": "s1", "test": "algebra"}
    started = api.post("/api/test/start", body, headers={"Idempotency-Key": "start"}).json()
    question_id = started["next_question"]["id"]
    reply = submit(api, started, question_id, 1, key="answer").json()
    assert api.post("/api/test/start", body, headers={"Idempotency-Key": "start"}).json() == started
    for _ in range(2):
        assert submit(api, started, question_id, 1, key="answer").json() == reply
        get_redis_connection("default").flushdb()
    assert submit(api, started, question_id, 2, key="answer").json()["code"] == "idempotency_key_reused"


def test_every_student_has_an_order_of_their_own(pool: QuestionPool) -> None:
    """All orders of four options come, and each option stands in each place about equally often."""
    revision = load_revision(pool.current_revision_id or 0)
    orders = [tuple(Showing(revision, seed, True).order(7)) for seed in range(2400)]
    counts = Counter(orders)
    assert len(counts) == 24
    assert max(counts.values()) < 160  # 100 expected, standard deviation 10
    items = [tuple(Showing(revision, 5, True).order(item)) for item in range(40)]
    assert len(set(items)) > 5  # and not one order for the whole test


def test_the_order_of_a_seed_never_changes(pool: QuestionPool) -> None:
    """Computed by hand from SHA-256: what somebody saw years ago can still be told."""
    revision = load_revision(pool.current_revision_id or 0)
    assert Showing(revision, 12345, True).order(3) == [3, 2, 0, 1]
    assert Showing(revision, 12345, False).order(3) == [0, 1, 2, 3]


def test_fixed_options_keep_their_place(db: None) -> None:
    pool = make_pool([question(i, [1.0], fixed_options=[3, 1]) for i in range(10)])
    revision = load_revision(pool.current_revision_id or 0)
    orders = {tuple(Showing(revision, seed, True).order(0)) for seed in range(50)}
    assert orders == {(0, 1, 2, 3), (2, 1, 0, 3)}


def test_a_rating_scale_keeps_its_order(db: None) -> None:
    options = ["never", "sometimes", "always"]
    rating = {
        "id": "r",
        "content": "How often?",
        "options": options,
        "option_scores": [0, 1, 2],
        "concepts": [1],
        "model": "GRM",
        "thresholds": [-1, 1],
    }
    revision = load_revision(make_pool([rating]).current_revision_id or 0)
    assert {tuple(Showing(revision, seed, True).order(0)) for seed in range(30)} == {(0, 1, 2)}


def test_a_test_without_a_name_shows_questions_as_they_are(api: APIClient, start: Start) -> None:
    make_pool()
    replies = [start(), *take_test(api, start(student_id="s2"))]
    shown = [reply["next_question"] for reply in replies if "next_question" in reply]
    assert all(each["options"] == own(each) for each in shown)


def test_hashes_from_before_fixed_options_stay_what_they_are(pool: QuestionPool) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM questions WHERE fixed_options = '{}'")
        assert cursor.fetchone() == (Question.objects.count(),)
    assert pool.current_revision is not None
    assert pool.current_revision.content_hash == (
        "786ada9c5e315ba45538651451bdb704c2d388bc776fe3721035001cec85d7b1"
    )


@pytest.mark.parametrize("kind", ["choice", "order"])
def test_interactions_shuffle_where_their_author_lets_them(api: APIClient, kind: str) -> None:
    """Each choice keeps its id, and a fixed one its place; of one choice, an index means what was shown."""
    choices = [{"id": f"C{i}", "content": f"Choice {i}", "fixed": i == 5} for i in range(6)]
    correct = "C2" if kind == "choice" else [f"C{i}" for i in range(6)]
    asked = {"type": kind, "response": "RESPONSE", "choices": choices, "shuffle": True}
    row = {"id": "q", "content": "?", "concepts": [1], "interactions": [asked], "difficulty": 0}
    keyed = {**row, "key": {"RESPONSE": {"correct": correct}}}
    make_named_test(
        make_pool([keyed, *(question(i, [1.0]) for i in range(3))]), shuffle_options=True, rules=FIRST
    )
    orders = set()
    for student in range(8):
        body = {"student_id": f"s{student}", "test": "algebra"}
        started = api.post("/api/test/start", body).json()
        (shown,) = started["next_question"]["interactions"]
        ids = [choice["id"] for choice in shown["choices"]]
        assert sorted(ids) == [f"C{i}" for i in range(6)]
        assert ids[5] == "C5"
        assert {choice["id"]: choice["content"] for choice in shown["choices"]}["C3"] == "Choice 3"
        orders.add(tuple(ids))
        answer = ids.index("C2") if kind == "choice" else {"RESPONSE": correct}
        assert submit(api, started, "q", answer).status_code == 200
        stored = TestResponse.objects.get(session=started["session_id"])
        assert (stored.response, stored.is_correct) == ({"RESPONSE": correct}, True)
    assert len(orders) > 3
