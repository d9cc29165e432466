"""Every address of v1 means what it means without a version; and no query asks for what nobody documented."""

from typing import Any

import pytest
from django.urls import resolve
from knox.models import AuthToken
from rest_framework.test import APIClient

from sessions_app.api.queries import CODE
from sessions_app.api.versions import CURRENT, ROOTS
from sessions_app.conftest import Start, client_with, pointers
from sessions_app.tests.documented import DOCUMENT
from sessions_app.tests.factories import ApiClientFactory

PATHS: dict[str, dict[str, Any]] = DOCUMENT["paths"]
OPERATIONS = [(method.upper(), path) for path, methods in PATHS.items() for method in methods]
NOBODY = "3b1f6c52-7a7e-4c1d-9a55-0c8f3c1f8a77"


def address_of(path: str) -> str:
    """With an id of nothing in place of each name."""
    return "/".join(NOBODY if part.startswith("{") else part for part in path.split("/"))


def without_version(address: str) -> str:
    return address.replace(f"/{CURRENT}", "/api/", 1)


def test_the_document_describes_the_newest_version_alone() -> None:
    assert ROOTS[0] == CURRENT
    assert all(path.startswith(f"/{CURRENT}") for path in PATHS)


@pytest.mark.parametrize("path", PATHS)
def test_both_addresses_lead_to_one_view(path: str) -> None:
    found, before = resolve(address_of(path)), resolve(without_version(address_of(path)))
    assert found.func.view_class is before.func.view_class  # type: ignore[attr-defined]
    assert found.kwargs == before.kwargs


def test_both_addresses_say_the_same_bytes(start: Start, api: APIClient, pool: Any) -> None:
    session_id = start()["session_id"]
    for path in (
        f"test/status/{session_id}",
        "pools",
        f"pools/{pool.pk}",
        "test/status/none",
        "rules/schema",
    ):
        found, before = api.get(f"/{CURRENT}{path}"), api.get(f"/api/{path}")
        assert found.content == before.content
        assert found.status_code == before.status_code
        names = found.headers.keys() - {"X-Request-ID"}
        assert {name: found[name] for name in names} == {name: before[name] for name in names}


def test_a_test_is_taken_under_v1(start: Start, api: APIClient, pool: Any) -> None:
    asked = {"student_id": "s1", "end_criteria": {"type": "fixed_length", "max_questions": 1}}
    started = api.post("/api/v1/test/start", asked).json()
    answer = {"session_id": started["session_id"], "question_id": started["next_question"]["id"]}
    over = api.post("/api/v1/test/submit", {**answer, "response": 0}).json()
    assert over["status"] == "completed"
    assert api.get(f"/api/v1/test/result/{started['session_id']}").json()["total_questions"] == 1


# --- Queries --------------------------------------------------------------------------------------------


@pytest.fixture
def anything(db: None) -> APIClient:
    """A caller who may do everything."""
    _, token = AuthToken.objects.create(ApiClientFactory.create(is_superuser=True))
    return client_with(f"Token {token}")


def test_every_address_refuses_an_unknown_parameter_by_its_name(anything: APIClient) -> None:
    for method, path in OPERATIONS:
        for address in (address_of(path), without_version(address_of(path))):
            reply = anything.generic(method, f"{address}?mispelt=1&a/b=2", "{}", "application/json")
            assert (reply.status_code, reply.json()["code"]) == (400, CODE), (method, address)
            assert pointers(reply) == ["/mispelt", "/a~1b"], (method, address)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_what_is_known_is_what_is_documented(method: str, path: str) -> None:
    told = PATHS[path][method.lower()].get("parameters", [])
    view: Any = resolve(address_of(path)).func.view_class()  # type: ignore[attr-defined]
    said = view.documentation
    endpoint = said[method] if isinstance(said, dict) else said
    assert view.known_parameters(endpoint, method) == {each["name"] for each in told if each["in"] == "query"}


def test_a_refusal_lists_what_there_is(anything: APIClient) -> None:
    reply = anything.get("/api/v1/sessions?student=ada")
    assert reply.json()["errors"][0]["detail"] == (
        "Is unknown here; there are: after, before, page, page_size, pool, status, student_id."
    )
    assert (
        anything.get("/api/v1/debug/redis/stats?x=").json()["errors"][0]["detail"] == "There are none here."
    )


def test_a_stranger_learns_nothing(db: None) -> None:
    assert client_with(None).get("/api/v1/pools?mispelt=1").status_code == 401


@pytest.mark.parametrize("name", ["schema", "rules/schema"])
def test_documents_refuse_them_too(client: Any, name: str) -> None:
    assert client.get(f"/api/v1/{name}?mispelt=1").json()["code"] == CODE


def test_a_method_that_there_is_not_says_so_first(anything: APIClient) -> None:
    assert anything.delete("/api/v1/pools?mispelt=1").status_code == 405
    assert anything.head("/api/v1/pools?mispelt=1").status_code == 400
