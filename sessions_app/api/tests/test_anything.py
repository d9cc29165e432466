"""Random JSON at every POST endpoint: never a 500."""

import json
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from sessions_app.conftest import Reply, Start
from sessions_app.tests.factories import make_pool

POSTS = ("/api/questions/upload", "/api/test/start", "/api/test/submit", "/api/sessions/cleanup")
SURROGATE, NUL = "\ud800", "a\x00b"


def post_raw(client: APIClient, address: str, body: bytes) -> Reply:
    return client.generic("POST", address, body, content_type="application/json")  # type: ignore[arg-type]


def post_json(client: APIClient, address: str, document: Any) -> Reply:
    """Through Python's own lenient writer, which also writes NaN and lone surrogates."""
    return post_raw(client, address, json.dumps(document).encode())


@pytest.fixture
def started(api: APIClient, start: Start) -> dict[str, Any]:
    make_pool(questions=8, concepts=2)
    return start()


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=2**63, max_value=10**350)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from([NUL, SURROGATE, "s1", "q0", "Math", "precision", "2PL", "GRM", "0", ""])
)
FIELDS = st.sampled_from(
    [
        "student_id",
        "question_pool_id",
        "concept_names",
        "end_criteria",
        "rules",
        "type",
        "max_questions",
        "min_questions",
        "stop",
        "ability",
        "precision_threshold",
        "classification_threshold",
        "cut_scores",
        "session_id",
        "question_id",
        "response",
        "response_time_ms",
        "questions",
        "name",
        "id",
        "content",
        "options",
        "correct_answer",
        "concepts",
        "difficulty",
        "discrimination",
        "guessing",
        "slipping",
        "model",
        "thresholds",
        "option_scores",
        "category_slopes",
        "category_intercepts",
        "upper_asymptote",
        "inactivity_minutes",
    ]
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(FIELDS | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=20,
)
QUESTIONS = st.lists(
    st.fixed_dictionaries(
        {
            "id": SCALARS,
            "content": st.just("?"),
            "options": st.just(["a", "b"]),
            "concepts": st.just([1]) | ANYTHING,
        },
        optional={
            "correct_answer": st.just("a") | SCALARS,
            "difficulty": st.floats(allow_nan=False) | ANYTHING,
            "discrimination": st.floats(allow_nan=False) | ANYTHING,
            "guessing": st.floats(0, 1) | ANYTHING,
            "slipping": st.floats(0, 1) | ANYTHING,
            "thresholds": ANYTHING,
            "model": SCALARS,
        },
    )
    | ANYTHING,
    max_size=3,
)
PARTS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(
            ["EAP", "MAP", "MFI", "D", "best", "precision", "classification", "standard", "normal"]
        )
    },
    optional=dict.fromkeys(
        ("standard_error", "probability", "cuts", "mean", "covariance", "posterior"), ANYTHING
    ),
)
RULES = st.fixed_dictionaries(
    {},
    optional={
        "ability": PARTS | ANYTHING,
        "prior": PARTS | ANYTHING,
        "criterion": PARTS | ANYTHING,
        "strategy": PARTS | ANYTHING,
        "stop": st.lists(PARTS | ANYTHING, max_size=3) | ANYTHING,
        "eligibility": st.lists(ANYTHING, max_size=2) | ANYTHING,
        "min_questions": SCALARS,
        "max_questions": SCALARS,
    },
)
CRITERIA = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["fixed_length", "precision", "classification"]) | ANYTHING,
        "max_questions": SCALARS,
        "min_questions": SCALARS,
        "precision_threshold": SCALARS,
        "classification_threshold": SCALARS,
        "cut_scores": SCALARS | st.lists(SCALARS, max_size=3),
    },
)
BODIES = st.one_of(
    st.dictionaries(FIELDS | st.text(max_size=5), ANYTHING, max_size=8),
    st.fixed_dictionaries(
        {"student_id": st.just("s1")},
        optional={"rules": RULES | ANYTHING, "end_criteria": CRITERIA | ANYTHING},
    ),
    st.fixed_dictionaries({"questions": QUESTIONS}, optional={"name": ANYTHING, "concept_names": ANYTHING}),
)


@given(document=BODIES, address=st.sampled_from(POSTS))
@hypothesis_settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_it_survives_anything(api: APIClient, started: dict[str, Any], address: str, document: Any) -> None:
    if "session_id" in document:
        document["session_id"] = started["session_id"]
    response = post_json(api, address, document)
    assert response.status_code in (200, 400, 404, 409)
    connection.check_constraints()


@given(response=ANYTHING, question_id=st.sampled_from(["q0", "q1", "q7"]) | SCALARS)
@hypothesis_settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_it_survives_any_answer(
    api: APIClient, started: dict[str, Any], question_id: Any, response: Any
) -> None:
    body = {"session_id": started["session_id"], "question_id": question_id, "response": response}
    assert post_json(api, "/api/test/submit", body).status_code in (200, 400, 404, 409)
