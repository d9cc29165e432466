"""A page by its number enters the list at an hour before it: the tests before that are counted already."""

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
from sessions_app.counting import folding
from sessions_app.models import HourCount, TestSession
from sessions_app.reporting import results
from testing_engine.models import QuestionPool

EVERY = timedelta(minutes=17)
HOW = "active", "completed", "completed", "ended", "completed", "expired", "completed"
SIZE = 3


@pytest.fixture
def ids(start: Start, pool: QuestionPool, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Thirty tests as they are listed, some running between those that are over; half of these were counted
    before the others came."""
    monkeypatch.setattr(pagination, "DEEP", 1)
    start()
    one = TestSession.objects.get()
    values = {field.attname: getattr(one, field.attname) for field in TestSession._meta.fields}
    for number in range(29, 0, -1):
        status = HOW[number % len(HOW)]
        if number == 15:
            folding.fold()
        over: dict[str, Any] = {"status": status, "completed_at": one.started_at, "current_position": None}
        own = {"id": uuid.uuid4(), "started_at": one.started_at - number * EVERY}
        TestSession.objects.create(**{**values, **own, **(over if status != "active" else {})})
    return [str(pk) for pk in TestSession.objects.order_by("-started_at").values_list("pk", flat=True)]


def on_pages(api: APIClient, query: str = "") -> tuple[list[str], list[int]]:
    """The ids on all pages, and how many rows each passed over."""
    found, passed_over = [], []
    address: str | None = f"/api/sessions?page_size={SIZE}&page=1{query}"
    while address:
        with CaptureQueriesContext(connection) as sent:
            body = api.get(address).json()
        found += [row["session_id"] for row in body["results"]]
        ends = [re.search(r" OFFSET (\d+)$", each["sql"]) for each in sent]
        passed_over.append(sum(int(end[1]) for end in ends if end))
        address = body["next"]
    return found, passed_over


def test_pages_are_the_list_whoever_runs_and_whatever_is_counted(api: APIClient, ids: list[str]) -> None:
    found, passed_over = on_pages(api)
    assert found == ids
    # Four tests begin in an hour, at the most, and five run. From the list's nearer end: twelve.
    assert max(passed_over) <= 4 + 5


@pytest.mark.parametrize("status", TestSession.OVER)
def test_so_are_those_of_a_status_and_of_a_pool(
    api: APIClient, ids: list[str], pool: QuestionPool, status: str
) -> None:
    these = [pk for pk in ids if TestSession.objects.get(pk=pk).status == status]
    found, passed_over = on_pages(api, f"&status={status}&pool={pool.pk}")
    assert found == these
    assert max(passed_over) <= 4  # of an hour


def test_where_counts_are_of_another_list_nothing_is_left_out(api: APIClient, ids: list[str]) -> None:
    folding.fold()
    HourCount.objects.filter(hour=HourCount.objects.order_by("hour").values("hour")[:1]).delete()
    found, _ = on_pages(api)
    assert found == ids
    everything = {"student_id": None, "status": None, "pool": None}
    assert results.sessions_from(20, len(ids), **everything)[1] == 0
