"""The OpenAPI schema: every operation documents its problems, and shows examples."""

from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample
from rest_framework.parsers import MultiPartParser

from sessions_app import replies
from sessions_app.api import permissions, structs
from sessions_app.api.documentation.endpoint import Endpoint
from sessions_app.api.parsers import StrictJsonParser
from sessions_app.api.renderers import ProblemRenderer
from sessions_app.api.serializers import StrictBody

Direction = Literal["request", "response"]

PROBLEMS = {
    "400": "Malformed JSON, missing or invalid fields, or unknown parameters: all of them are listed.",
    "401": "No credentials, or bad ones.",
    "403": "Not allowed, or another student's id.",
    "404": "No such thing, or not the caller's.",
    "409": "Double submission, not the current question, not active any more, or in progress.",
    "410": "It was here, and is not any more; the detail says why, or which file has it.",
    "413": "The body is too large.",
    "415": "The body is no form (multipart/form-data).",
    "429": "Over the rate limit; see Retry-After.",
    "503": "PostgreSQL cannot be reached; nothing was changed. See Retry-After.",
}
ALWAYS = ("400", "401", "403", "429", "503")


class ApiSchema(AutoSchema):
    """Says what `view.documentation` says, and adds the problems that every view can answer."""

    @property
    def _endpoint(self) -> Endpoint:
        said = self.view.documentation  # type: ignore[attr-defined]  # every view of ours has it
        endpoint: Endpoint = said if isinstance(said, Endpoint) else said[self.method]
        return endpoint

    def get_operation_id(self) -> str:
        return self._endpoint.id

    def get_tags(self) -> list[str]:
        return [self._endpoint.tag]

    def get_summary(self) -> str:
        return self._endpoint.summary

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        return self._endpoint.description

    def get_override_parameters(self) -> list[Any]:
        return list(self._endpoint.parameters)

    def get_request_serializer(self) -> Any:
        return self._endpoint.request

    def get_response_serializers(self) -> Any:
        return self._endpoint.reply

    def get_examples(self) -> list[OpenApiExample]:
        return list(self._endpoint.examples)

    def _get_response_bodies(self, direction: Direction = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        problem = structs.reference(self, replies.Problem, "response")
        statuses = {*ALWAYS, *self._endpoint.problems}
        if self.method in ("POST", "PUT", "PATCH"):
            statuses.add("413")
            if not self._reads_json:  # which takes a body for JSON whatever its type says
                statuses.add("415")
        for status in sorted(statuses):
            bodies[status] = {
                "description": PROBLEMS[status],
                "content": {ProblemRenderer.media_type: {"schema": problem}},
            }
        return bodies

    def get_auth(self) -> list[dict[str, list[str]]]:
        """Either token where a session's own is enough; spectacular would ask for both at once."""
        super().get_auth()  # names the schemes
        if not self.view.authentication_classes:
            return []
        is_open_to_students = permissions.HoldsOrOwnSession in self.view.permission_classes
        names = ["ApiToken", "SessionToken"] if is_open_to_students else ["ApiToken"]
        return [{name: []} for name in names]

    def _map_basic_serializer(self, serializer: Any, direction: Direction) -> Any:
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]  # its types are few
        return {**schema, "additionalProperties": False} if isinstance(serializer, StrictBody) else schema

    def map_parsers(self) -> list[str]:
        forms = [p.media_type for p in self.view.parser_classes if issubclass(p, MultiPartParser)]
        return [*forms, "application/json"] if self._reads_json else forms

    @property
    def _reads_json(self) -> bool:
        return any(issubclass(parser, StrictJsonParser) for parser in self.view.parser_classes)
