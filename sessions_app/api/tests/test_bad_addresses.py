"""Wild ids, pages and filters in addresses: a 404 or a 400 that names the filter, never a 500."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from sessions_app.conftest import Start, pointers
from sessions_app.tests.factories import make_pool


@pytest.fixture
def started(start: Start) -> dict[str, Any]:
    make_pool(questions=8, concepts=2)
    return start()


@pytest.mark.parametrize(
    "address",
    [
        "/api/test/status/{}",
        "/api/pools/{}",
        "/api/pools/{}/questions",
        "/api/questions/{}/q0",
        "/api/sessions/{}/responses",
        "/api/student/{}/proficiency",
        "/api/student/{}/history",
        "/api/student/{}/progress",
    ],
)
@pytest.mark.parametrize("wild", ["%00", "%ff%fe", "%ED%A0%80", "17", "x" * 5000, "💥", "%0A", "'; --", "%s"])
def test_it_finds_nothing_at_wild_addresses(
    api: APIClient, started: dict[str, Any], address: str, wild: str
) -> None:
    response = api.get(address.format(wild))
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=x", "page=1e9", "page=" + "9" * 5000, "page=%00", "page=99"]
)
@pytest.mark.parametrize("address", ["/api/pools", "/api/sessions", "/api/student/s1/history"])
def test_it_has_no_such_page(api: APIClient, started: dict[str, Any], address: str, query: str) -> None:
    assert api.get(f"{address}?{query}").status_code == 404


@pytest.mark.parametrize("size", ["0", "-1", "x", "9" * 5000, "%00", "1e3"])
def test_it_falls_back_to_a_sensible_page_size(api: APIClient, started: dict[str, Any], size: str) -> None:
    assert api.get(f"/api/sessions?page_size={size}").status_code == 200


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("status=running", "/status"),
        ("status=%00", "/status"),
        ("pool=17", "/pool"),
        ("pool=%00", "/pool"),
        ("student_id=%00", "/student_id"),
        ("student_id=" + "x" * 201, "/student_id"),
    ],
)
def test_it_names_the_bad_filter(api: APIClient, started: dict[str, Any], query: str, pointer: str) -> None:
    assert pointers(api.get(f"/api/sessions?{query}")) == [pointer]
