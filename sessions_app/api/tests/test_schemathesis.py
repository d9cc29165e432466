"""Requests made from the OpenAPI schema, by callers of every kind: the schema is true, and nothing breaks.

`make fuzz EXAMPLES=500` tries more of them.
"""

import copy
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from django.conf import LazySettings
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from knox.models import AuthToken
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from sessions_app.conftest import answer_questions, client_with, undone
from sessions_app.sitting.tokens import make_session_token
from sessions_app.tests.documented import DOCUMENT
from sessions_app.tests.factories import ApiClientFactory, make_pool, make_token

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "3"))


def committed() -> dict[str, dict[str, Any]]:
    """The operations of the committed schema, by the name that schemathesis gives them."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    }


def without_credentials() -> dict[str, Any]:
    """The schema without the credentials, which are ours to vary, and true to how lists are paged."""
    document: dict[str, Any] = copy.deepcopy(DOCUMENT)
    del document["components"]["securitySchemes"]
    for methods in document["paths"].values():
        for operation in methods.values():
            operation.pop("security", None)
            for parameter in operation.get("parameters", []):
                if parameter["name"] in LENIENT:
                    parameter["schema"] = {}
    return document


# What is no size of a page is taken for the usual one, and an empty page for the first.
LENIENT = ("page", "page_size", "after", "before")
COMMITTED = committed()
LOADED: Any = schemathesis.openapi.from_dict(without_credentials()).get_all_operations()
OPERATIONS: dict[str, Any] = {found.ok().label: found.ok() for found in LOADED}
CLOSED = [label for label, operation in COMMITTED.items() if operation.get("security")]
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.allow_header_conformance,
    checks.negative_data_rejection,  # the last: it is left out where blanks stand for an empty object
]


@dataclass(frozen=True)
class World:
    """A pool and a test that is running, and the ids that a request may name."""

    token: str
    started: dict[str, Any]
    ids: dict[str, list[str]]

    @property
    def session_token(self) -> str:
        return str(self.started["session_token"])


@pytest.fixture
def world(db: None, settings: LazySettings) -> Iterator[World]:
    for limit in ("CLIENT", "SESSION", "STUDENT", "STUDENT_STARTS"):
        setattr(settings, f"RATE_LIMIT_{limit}_PER_MINUTE", 1_000_000)
    pool, token = make_pool(questions=6), make_token()
    client = client_with(f"Token {token}")
    started = client.post("/api/v1/test/start", {"student_id": "s1"}).json()
    shown = answer_questions(client, started, 1)["next_question"]["id"]
    ids = {
        "session_id": [started["session_id"]],
        "question_id": [shown, "q0"],
        "student_id": ["s1"],
        "pool_id": [str(pool.pk)],
        "question_pool_id": [str(pool.pk)],
    }
    # The requests stay inside the test's transaction, as those of Django's own test client do.
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield World(token, started, ids)
    for signal in signals:
        signal.connect(close_old_connections)


def _expired(world: World) -> str:
    return f"Token {make_token(expiry=timedelta(seconds=-1))}"


def _revoked(world: World) -> str:
    token = make_token()
    AuthToken.objects.filter(token_key=token[: len(AuthToken.objects.earliest("created").token_key)]).delete()
    return f"Token {token}"


def _superuser(world: World) -> str:
    _, token = AuthToken.objects.create(ApiClientFactory.create(is_superuser=True))
    return f"Token {token}"


def _old_session(world: World) -> str:
    started_at = timezone.now() - timedelta(days=365)
    return f"Session {make_session_token(UUID(world.started['session_id']), started_at)}"


LET_IN: dict[str, Callable[[World], str]] = {
    "the owner": lambda world: f"Token {world.token}",
    "a superuser": _superuser,
    # One of each kind: `test_access` tries every endpoint with every permission.
    "who delivers": lambda world: f"Token {make_token(['deliver_tests'])}",
    "who reports": lambda world: f"Token {make_token(['report_results'])}",
    "a session's token": lambda world: f"Session {world.session_token}",
}
MOST_TRIED = ("the owner", "a session's token")  # the others are mostly told that they may not
REFUSED: dict[str, Callable[[World], str]] = {
    "nobody": lambda world: "",
    "an expired token": _expired,
    "a revoked token": _revoked,
    "an expired session's token": _old_session,
    "a tampered session's token": lambda world: f"Session {world.session_token[:-1]}",
    "a wrong scheme": lambda world: f"Bearer {world.token}",
}


def _made_real(case: Case[Any], world: World, chosen: dict[str, int]) -> Case[Any]:
    """The request, with some of its ids those of things that exist."""
    for part in (case.path_parameters, case.query, case.body):
        for name, index in chosen.items():
            if isinstance(part, dict) and name in part and index < len(world.ids[name]):
                part[name] = world.ids[name][index]
    return case


def _try(
    label: str, world: World, authorizations: dict[str, str], examples: int, mode: GenerationMode
) -> dict[str, set[int]]:
    """Let everybody who is named send the same requests, so many; returns the statuses of their replies."""
    django, statuses = get_wsgi_application(), {name: set[int]() for name in authorizations}

    def of(authorization: str) -> Callable[..., Any]:
        def application(environ: dict[str, Any], start_response: Any) -> Any:
            # Set here, because schemathesis makes up, and leaves out, credentials of its own.
            return django({**environ, "HTTP_AUTHORIZATION": authorization}, start_response)

        return application

    indices = st.fixed_dictionaries({name: st.integers(0, 2) for name in world.ids})

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=OPERATIONS[label].as_strategy(generation_mode=mode), chosen=indices)
    def attempt(case: Case[Any], chosen: dict[str, int]) -> None:
        request = _made_real(case, world, chosen) if mode is GenerationMode.POSITIVE else case
        is_blank = isinstance(case.body, bytes) and not case.body.strip()  # taken for an empty object
        for name, authorization in authorizations.items():
            reply = request.call(app=of(authorization), base_url="http://testserver")
            statuses[name].add(reply.status_code)
            case.validate_response(reply, checks=CHECKS[:-1] if is_blank else CHECKS)
            assert reply.headers["cache-control"] == ["no-store"]
            if reply.status_code in (429, 503):
                assert int(reply.headers["retry-after"][0]) > 0

    attempt()
    return statuses


def _can_be_wrong(label: str) -> bool:
    """Whether a request can break the schema: any text is a good address, and a good plain text."""
    operation = COMMITTED[label]
    texts = [{"type": "string"}, {}]
    values = [p for p in operation.get("parameters", []) if p["in"] != "path" and p["name"] not in LENIENT]
    return "requestBody" in operation or any(value["schema"] not in texts for value in values)


@pytest.mark.parametrize("label", OPERATIONS)
def test_the_schema_is_true(label: str, world: World, subtests: pytest.Subtests) -> None:
    for name, caller in LET_IN.items():
        with subtests.test(name), undone():
            caller_alone = {name: caller(world)}
            for mode in GenerationMode if _can_be_wrong(label) else [GenerationMode.POSITIVE]:
                examples = EXAMPLES if name in MOST_TRIED else -(-EXAMPLES // 3)
                assert 401 not in _try(label, world, caller_alone, examples, mode)[name]


@pytest.mark.parametrize("label", CLOSED)
def test_nobody_else_gets_in(label: str, world: World) -> None:
    everybody = {name: caller(world) for name, caller in REFUSED.items()}
    statuses = _try(label, world, everybody, 1, GenerationMode.POSITIVE)
    assert statuses == {name: {401} for name in REFUSED}


def test_an_invitation_alone_needs_no_credentials() -> None:
    """An invitation is itself what opens it: `test_invitations`."""
    opened = {f"POST /api/v1/invitations/{name}" for name in ("join", "read", "start")}
    assert set(COMMITTED) - set(CLOSED) == opened
