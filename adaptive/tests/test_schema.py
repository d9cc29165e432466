"""docs/openapi.yaml is what the code says."""

import json
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from openapi_spec_validator import validate

from sessions_app.tests.documented import DOCUMENT, OPENAPI
from testing_engine.rules_schema import rules_schema

NOTHING_TO_SAY = (  # but who, if one wants
    *("/api/v1/test/end/{session_id}", "/api/v1/test/begin/{session_id}"),
    *("/api/v1/test/{session_id}/pause", "/api/v1/test/{session_id}/continue"),
)


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    generated: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return generated


def test_it_is_what_is_committed(schema: dict[str, Any]) -> None:
    rendered = OpenApiYamlRenderer().render(schema, renderer_context={})  # type: ignore[no-untyped-call]
    assert rendered.decode() == OPENAPI.read_text(), "run `make schema` and commit docs/openapi.yaml"


def test_it_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    validate(DOCUMENT)


def test_the_rules_schema_is_what_is_committed_and_served(client: Client) -> None:
    committed = json.loads(OPENAPI.with_name("rules.schema.json").read_text())
    assert committed == json.loads(json.dumps(rules_schema())), "run `make schema`"
    assert client.get("/api/rules/schema").json() == committed


def test_every_operation_has_an_example_of_its_reply(schema: dict[str, Any]) -> None:
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            status, good = next(each for each in operation["responses"].items() if each[0].startswith("2"))
            shown = [reply for reply in good.get("content", {}).values() if reply.get("examples")]
            assert shown or status == "204", f"{method.upper()} {path} shows no reply"
            if "requestBody" in operation and path not in NOTHING_TO_SAY:
                for request in operation["requestBody"]["content"].values():
                    assert request.get("examples"), f"{method.upper()} {path} shows no request"


def test_no_example_holds_a_key_but_the_upload(schema: dict[str, Any]) -> None:
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            if path == "/api/v1/pools/template":  # a table to fill in, with keys of its own questions
                continue
            assert "correct_answer" not in str(operation["responses"])
            assert path == "/api/v1/questions/upload" or "correct_answer" not in str(operation)


def test_generators_of_clients_can_use_it(schema: dict[str, Any]) -> None:
    """No default makes a field required, no class has a member of its name, and unions are told apart."""
    components: dict[str, Any] = schema["components"]["schemas"]
    for name, component in components.items():
        for field, said in component.get("properties", {}).items():
            assert "default" not in said, f"{name}.{field}"
            assert "".join(part.capitalize() for part in field.split("_")) != name
        for reference in component.get("discriminator", {}).get("mapping", {}).values():
            told_by = component["discriminator"]["propertyName"]
            assert told_by in components[reference.rpartition("/")[2]]["properties"]
    replied = schema["paths"]["/api/v1/test/submit"]["post"]["responses"]["200"]["content"]
    submitted = replied["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert set(components[submitted]["discriminator"]["mapping"]) == {
        "continue",
        "completed",
        "ended",
        "expired",
    }
