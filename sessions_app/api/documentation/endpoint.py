"""The words about one endpoint, as data."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework.serializers import Serializer


@dataclass(frozen=True)
class Endpoint:
    """An operation of the OpenAPI document.

    `reply` is a struct of `sessions_app.replies`, or what else drf-spectacular takes for one. `problems`: the
    statuses that it can answer beside those of every endpoint.
    """

    id: str
    tag: str
    summary: str
    reply: Any
    examples: tuple[OpenApiExample, ...]
    description: str = ""
    request: type[Serializer[Any]] | None = None
    parameters: tuple[OpenApiParameter | type[Serializer[Any]], ...] = ()
    problems: tuple[str, ...] = ()

    @cached_property
    def query(self) -> frozenset[str]:
        """The parameters that its query may have, but for those by which a list is paged."""
        names: set[str] = set()
        for each in self.parameters:
            if not isinstance(each, OpenApiParameter):
                names |= set(each().fields)
            elif each.location == OpenApiParameter.QUERY:
                names.add(each.name)
        return frozenset(names)


def asked(name: str, value: Any, media_type: str = "application/json") -> OpenApiExample:
    """An example of a request."""
    return OpenApiExample(name, value, request_only=True, media_type=media_type)


def replied(name: str, value: Any, media_type: str = "application/json", status: int = 200) -> OpenApiExample:
    """An example of a reply."""
    return OpenApiExample(name, value, response_only=True, media_type=media_type, status_codes=[str(status)])
