"""GET /api/pools, /api/pools/{id}, /api/pools/{id}/questions, /api/questions/{pool}/{question_id}."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import ANY
from uuid import uuid4

import pytest
from django.utils.dateparse import parse_datetime
from rest_framework.test import APIClient

from sessions_app.conftest import pointers
from sessions_app.tests.factories import make_pool, pool_document, question
from testing_engine.interchange.questions import parse_pool
from testing_engine.models import QuestionPool
from testing_engine.versions import revise_question


def test_it_lists_pools_the_newest_first(api: APIClient) -> None:
    old, new = make_pool(name="Old"), make_pool(questions=3, concepts=2, name="New")
    body = api.get("/api/pools").json()
    assert (body["count"], body["next"], body["previous"]) == (2, None, None)
    assert [row["question_pool_id"] for row in body["results"]] == [str(new.pk), str(old.pk)]
    first = body["results"][0]
    assert parse_datetime(first.pop("created_at")) == new.created_at
    assert new.current_revision is not None
    assert first == {
        "question_pool_id": str(new.pk),
        "name": "New",
        "concept_names": ["Math", "Algebra"],
        "concept_count": 2,
        "question_count": 3,
        "revision": 1,
        "content_hash": ANY,
        "scale": f"New ({str(new.pk)[:8]})",
        "is_default": False,
    }
    # What it shows tells revisions apart and not the key, which the stored hash covers.
    assert first["content_hash"] != new.current_revision.content_hash


def test_it_pages_through_pools(api: APIClient) -> None:
    pools = [str(make_pool(questions=1).pk) for _ in range(5)]
    seen, address = [], "/api/pools?page_size=2"
    while address:
        body = api.get(address).json()
        assert body["count"] == 5
        seen += [row["question_pool_id"] for row in body["results"]]
        address = body["next"]
    assert seen == pools[::-1]


def test_it_lists_no_pool_where_there_is_none(api: APIClient) -> None:
    assert api.get("/api/pools").json() == {"count": 0, "next": None, "previous": None, "results": []}


def test_it_shows_one_pool_as_the_list_does(api: APIClient, pool: QuestionPool) -> None:
    (row,) = api.get("/api/pools").json()["results"]
    assert api.get(f"/api/pools/{pool.pk}").json() == row


def test_it_lists_questions_in_their_order(api: APIClient) -> None:
    pool = make_pool(questions=7)
    make_pool(questions=3)
    body = api.get(f"/api/pools/{pool.pk}/questions").json()
    assert body["count"] == 7
    assert [row["id"] for row in body["results"]] == [f"q{i}" for i in range(7)]


def test_it_shows_a_question_without_its_key(api: APIClient) -> None:
    rows = [question(0, [1, 0]), question(1, [0, 0.5], difficulty=-1.5, discrimination=1.2, guessing=0.1)]
    pool = make_pool(questions=rows, concept_names=["A", "B"])
    body = api.get(f"/api/questions/{pool.pk}/q1").json()
    expected = {
        "id": "q1",
        "version": 1,
        "content": "Question 1?",
        "options": [f"option {letter} of 1" for letter in "abcd"],
        "concepts": [0.0, 0.5],
        "model": "2PL",
        "difficulty": -1.5,
        "discrimination": 1.2,
        "guessing": 0.1,
        "upper_asymptote": 1.0,
        "thresholds": [],
        "category_slopes": [],
        "category_intercepts": [],
    }
    assert expected.items() <= body.items()
    assert not {"correct_answer", "option_scores"} & set(body)
    assert body == api.get(f"/api/pools/{pool.pk}/questions").json()["results"][1]


def test_it_pages_through_questions(api: APIClient) -> None:
    pool = make_pool(questions=60)
    body = api.get(f"/api/pools/{pool.pk}/questions").json()
    assert (body["count"], len(body["results"])) == (60, 50)
    rest = api.get(body["next"]).json()
    assert [row["id"] for row in rest["results"]] == [f"q{i}" for i in range(50, 60)]
    assert len(api.get(f"/api/pools/{pool.pk}/questions?page_size=10000").json()["results"]) == 60


def test_it_shows_the_newest_revision(api: APIClient) -> None:
    pool = make_pool(questions=3)
    changed = pool_document(questions=3)
    changed["questions"][1]["content"] = "Better?"
    revise_question(pool, parse_pool(changed).questions[1])
    assert api.get(f"/api/pools/{pool.pk}").json()["revision"] == 2
    body = api.get(f"/api/questions/{pool.pk}/q1").json()
    assert (body["content"], body["version"]) == ("Better?", 2)
    listed = api.get(f"/api/pools/{pool.pk}/questions").json()
    assert [row["content"] for row in listed["results"]] == ["Question 0?", "Better?", "Question 2?"]


@pytest.mark.parametrize(
    ("question_id", "quoted"),
    [
        ("a/b", "a/b"),
        ("ä ö", "%C3%A4%20%C3%B6"),
        ("50%", "50%25"),
        ("q?x#y", "q%3Fx%23y"),
        ("upload", "upload"),
    ],
)
def test_it_finds_any_question_id(api: APIClient, question_id: str, quoted: str) -> None:
    pool = make_pool(questions=[question(0, [1], id=question_id)])
    assert api.get(f"/api/questions/{pool.pk}/{quoted}").json()["id"] == question_id


def test_it_knows_no_other_pool(api: APIClient, pool: QuestionPool) -> None:
    for address in (
        f"/api/pools/{uuid4()}",
        f"/api/pools/{uuid4()}/questions",
        f"/api/questions/{uuid4()}/q0",
    ):
        response = api.get(address)
        assert (response.status_code, response.json()["code"]) == (404, "pool_not_found")


def test_it_knows_no_other_question(api: APIClient, pool: QuestionPool) -> None:
    for question_id in ("q40", "q", "Q1", "q1%00", "%00q1", "q1 "):
        response = api.get(f"/api/questions/{pool.pk}/{question_id}")
        assert (response.status_code, response.json()["code"]) == (404, "question_not_found"), question_id


def test_it_lists_in_few_queries(
    api: APIClient, django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    for _ in range(5):
        pool = make_pool(questions=20)
    with django_assert_max_num_queries(3):
        api.get("/api/pools")
    with django_assert_max_num_queries(4):
        api.get(f"/api/pools/{pool.pk}/questions")


def test_a_pool_is_made_the_default(api: APIClient) -> None:
    first, newest = make_pool(), make_pool(scale="Grade 9")
    for _ in range(2):
        reply = api.post(f"/api/pools/{first.pk}/default")
        assert (reply.status_code, reply.json()["is_default"]) == (200, True)
    pools = {row["question_pool_id"]: row for row in api.get("/api/pools").json()["results"]}
    assert [pools[str(pool.pk)]["is_default"] for pool in (first, newest)] == [True, False]
    assert pools[str(newest.pk)]["scale"] == "Grade 9"
    assert pools[str(first.pk)]["scale"] == f"A pool ({str(first.pk)[:8]})"
    assert api.post(f"/api/pools/{newest.pk}/default").json()["is_default"] is True
    assert api.get(f"/api/pools/{first.pk}").json()["is_default"] is False
    assert api.post("/api/pools/nothing/default").status_code == 404


@pytest.mark.parametrize("scale", [" blank", "x" * 201, 3, "a\u200bb"])
def test_a_name_of_a_scale_that_nobody_can_type_is_refused(api: APIClient, scale: Any) -> None:
    reply = api.post("/api/questions/upload", pool_document(scale=scale))
    assert pointers(reply) == ["/scale"]
    assert not QuestionPool.objects.exists()


@pytest.mark.parametrize("fixed", [[4], [-1], "3", [1.5], [True]])
def test_fixed_options_that_there_are_not_are_refused(api: APIClient, fixed: Any) -> None:
    reply = api.post("/api/questions/upload", pool_document([question(0, [1.0], fixed_options=fixed)]))
    assert pointers(reply) == ["/questions/0/fixed_options"]
