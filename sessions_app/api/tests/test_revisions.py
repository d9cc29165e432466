"""A pool's revisions over the API, and what each of them changed."""

import pytest
from rest_framework.test import APIClient

from sessions_app.tests.factories import make_pool
from testing_engine.models import QuestionPool
from testing_engine.pools import revise_fields
from testing_engine.versions import archive_question, restore_question


@pytest.fixture
def pool(db: None) -> QuestionPool:
    pool = make_pool(questions=4)
    revise_fields(pool, 1, {"q1": {"area": "b"}, "q3": {"area": "b"}})
    archive_question(pool, "q0")
    restore_question(pool, "q0")
    return pool


def test_each_says_what_it_changed(api: APIClient, pool: QuestionPool) -> None:
    address = f"/api/v1/pools/{pool.pk}/revisions"
    told = [api.get(f"{address}/{number}").json() for number in (1, 2, 3, 4)]
    assert [(each["added"], each["changed"], each["archived"]) for each in told] == [
        (["q0", "q1", "q2", "q3"], [], []),
        ([], ["q1", "q3"], []),
        ([], [], ["q0"]),
        (["q0"], [], []),
    ]
    assert [(each["number"], each["question_count"], each["is_newest"]) for each in told] == [
        (1, 4, False),
        (2, 4, False),
        (3, 3, False),
        (4, 4, True),
    ]
    assert told[-1]["content_hash"] == api.get(f"/api/v1/pools/{pool.pk}").json()["content_hash"]


def test_they_come_by_places_the_newest_first(api: APIClient, pool: QuestionPool) -> None:
    page = api.get(f"/api/v1/pools/{pool.pk}/revisions?page_size=3").json()
    rest = api.get(page["next"]).json()
    assert [each["number"] for each in (*page["results"], *rest["results"])] == [4, 3, 2, 1]


@pytest.mark.parametrize("number", ["0", "5", "-1", "²", "x", "9" * 40, "newest"])
def test_what_is_no_revision_is_not_found(api: APIClient, pool: QuestionPool, number: str) -> None:
    reply = api.get(f"/api/v1/pools/{pool.pk}/revisions/{number}")
    assert (reply.status_code, reply.json()["code"]) == (404, "revision_not_found")
