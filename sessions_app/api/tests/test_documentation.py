"""What the OpenAPI document says of endpoints, against what they do."""

from typing import Any

import msgspec
import pytest
from django.urls import URLPattern
from drf_spectacular.utils import PolymorphicProxySerializer

from sessions_app.api.documentation.endpoint import Endpoint
from sessions_app.api.urls import urlpatterns
from sessions_app.replies import Reply

DOCUMENTED: list[Endpoint | dict[str, Endpoint]] = [
    each.callback.view_class.documentation  # type: ignore[attr-defined]
    for each in urlpatterns
    if isinstance(each, URLPattern)
]
ENDPOINTS = [
    endpoint for said in DOCUMENTED for endpoint in ([said] if isinstance(said, Endpoint) else said.values())
]


def structs_in(reply: Any) -> tuple[Any, ...]:
    """The types of JSON replies."""
    match reply:
        case PolymorphicProxySerializer(serializers=structs):
            each = structs.values() if isinstance(structs, dict) else structs
            return tuple(found for kind in each for found in structs_in(kind))
        case dict() as by_kind:
            kinds = [kind for (_, media), kind in by_kind.items() if media == "application/json"]
            return tuple(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Reply))
    return (reply,)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.id)
def test_every_example_of_a_reply_is_one(endpoint: Endpoint) -> None:
    structs: tuple[type[Reply], ...] = structs_in(endpoint.reply)
    values = [
        each.value
        for each in endpoint.examples
        if each.response_only and each.media_type == "application/json"
    ]
    assert values or not structs
    for value in values if structs else ():  # a document of ours, as an exported pool, is no struct
        fits = [struct for struct in structs if set(value) <= set(struct.__struct_fields__)]
        assert fits, f"no reply of {endpoint.id} has these fields: {sorted(value)}"
        msgspec.convert(value, fits[0])  # raises where a field is missing or of another type


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.id)
def test_every_example_of_a_request_is_one(endpoint: Endpoint) -> None:
    for example in endpoint.examples:
        if example.request_only and example.media_type == "application/json":  # no file is JSON
            assert endpoint.request is not None
            endpoint.request(data=example.value).is_valid(raise_exception=True)


def test_no_two_endpoints_have_one_name() -> None:
    names = [endpoint.id for endpoint in ENDPOINTS]
    assert len(names) == len(set(names))
