"""Lists by places: each page begins where the one before ended, however far, whatever came meanwhile."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from sessions_app.api import pagination
from sessions_app.conftest import Start
from sessions_app.models import TestSession
from sessions_app.reporting import results
from testing_engine.keyset import keyset_page
from testing_engine.models import QuestionPool


@pytest.fixture
def sessions(start: Start, pool: QuestionPool) -> list[str]:
    """Ids of twelve, as they are listed; several began at the same moment."""
    start()
    one = TestSession.objects.get()
    values = {field.attname: getattr(one, field.attname) for field in TestSession._meta.fields}
    for number in range(11):
        began = one.started_at - timedelta(microseconds=number // 4)
        TestSession.objects.create(**{**values, "id": uuid.uuid4(), "started_at": began})
    in_order = sorted(TestSession.objects.all(), key=lambda each: (-each.started_at.timestamp(), each.pk.int))
    return [str(each.pk) for each in in_order]


def walk(api: APIClient, address: str, way: str) -> tuple[list[list[str]], str]:
    """The ids on each page from there on, and the last page's address."""
    pages = []
    while True:
        body = api.get(address).json()
        assert body["count"] == 12
        pages.append([row["session_id"] for row in body["results"]])
        if not body[way]:
            return pages, address
        address = body[way]


def test_it_goes_there_and_back(api: APIClient, sessions: list[str]) -> None:
    there, last = walk(api, "/api/sessions?page_size=5", "next")
    assert there == [sessions[:5], sessions[5:10], sessions[10:]]
    back, _ = walk(api, last, "previous")
    assert back == [sessions[10:], sessions[5:10], sessions[:5]]


def test_a_new_test_moves_no_page(api: APIClient, sessions: list[str], start: Start) -> None:
    following = api.get("/api/sessions?page_size=5").json()["next"]
    start(student_id="somebody else")
    with CaptureQueriesContext(connection) as sent:
        body = api.get(following).json()
    assert ([row["session_id"] for row in body["results"]], body["count"]) == (sessions[5:10], 12)
    assert not [query for query in sent if "COUNT(" in query["sql"]]


@pytest.mark.parametrize("deep", [1, 500])
def test_pages_by_number_are_the_same(
    api: APIClient, sessions: list[str], deep: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the rows before a page are passed over by their keys."""
    monkeypatch.setattr(pagination, "DEEP", deep)
    with CaptureQueriesContext(connection) as sent:
        pages, _ = walk(api, "/api/sessions?page_size=4&page=1", "next")
    assert pages == [sessions[:4], sessions[4:8], sessions[8:]]
    passed_over = [query["sql"] for query in sent if re.search("OFFSET [1-9]", query["sql"])]
    assert all(("student" not in sql) == (deep == 1) for sql in passed_over)
    assert passed_over


def test_filters_stay_on_the_way(api: APIClient, sessions: list[str]) -> None:
    assert "status=active" in api.get("/api/sessions?page_size=5&status=active").json()["next"]


@pytest.mark.parametrize("way", ["after", "before"])
def test_what_is_no_place_is_no_page(api: APIClient, sessions: list[str], way: str) -> None:
    place = api.get("/api/sessions?page_size=5").json()["next"].partition("after=")[2].partition(".")[0]
    places = [
        place,
        f"{place}.x",
        f"{place}.-1",
        "x.1",
        "x",
        "%00",
        "WzFd",
        "W10",
        "WyIyMDI2LTAxLTAxIiwgIngiXQ",
        "9" * 5000,
        "%ff",
    ]
    for address in ("/api/sessions", "/api/pools", "/api/student/s1/history"):
        for place in places:
            assert api.get(f"{address}?{way}={place}").status_code == 404, (address, place)


@pytest.mark.parametrize("way", ["after", "before"])
def test_a_far_page_is_read_from_its_place_on(sessions: list[str], way: str) -> None:
    listed = results.sessions(student_id=None, status=None, pool=None)
    middle = keyset_page(listed, 5, after=keyset_page(listed, 5).after)
    place: dict[str, Any] = {way: getattr(middle, way)}
    with connection.cursor() as cursor, Explained() as explained:
        # A handful of rows: what PostgreSQL would do with millions, whatever it believes of so few.
        for other_way in ("seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin"):
            cursor.execute(f"SET LOCAL enable_{other_way} = off")
        keyset_page(listed, 5, **place)
    assert "sessions_newest_first" in explained.plan
    assert "Index Cond: (started_at " in explained.plan


class Explained:
    """The plan of the last query inside."""

    plan = ""

    def __enter__(self) -> "Explained":
        self.wrapper = connection.execute_wrapper(self)
        self.wrapper.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.wrapper.__exit__(*error)  # type: ignore[arg-type]

    def __call__(self, execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT"):
            execute(f"EXPLAIN {sql}", parameters, many, context)
            self.plan = "\n".join(line for (line,) in context["cursor"].fetchall())
        return execute(sql, parameters, many, context)
