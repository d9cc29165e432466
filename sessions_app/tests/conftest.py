"""A client for each kind of caller."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from sessions_app.tests.factories import make_pool, make_token
from testing_engine.models import QuestionPool


def client_with(authorization: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=authorization)
    return client


@pytest.fixture
def pool(db: None) -> QuestionPool:
    return make_pool()


@pytest.fixture
def api(db: None) -> APIClient:
    """An API client that may do everything, but is no superuser."""
    return client_with(f"Token {make_token()}")


@pytest.fixture
def start(api: APIClient) -> Callable[..., dict[str, Any]]:
    """Start a test; by default of 5 questions, of a student called s1."""

    def start(**fields: Any) -> dict[str, Any]:
        body = {"student_id": "s1", "end_criteria": {"type": "fixed_length", "max_questions": 5}, **fields}
        response = api.post("/api/test/start", body)
        assert response.status_code == 200, response.json()
        started: dict[str, Any] = response.json()
        return started

    return start
