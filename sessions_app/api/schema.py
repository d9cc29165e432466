"""The OpenAPI schema: every operation documents its problems, and shows examples."""

from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema

from sessions_app import replies
from sessions_app.api import permissions, structs
from sessions_app.api.renderers import ProblemRenderer

Direction = Literal["request", "response"]

PROBLEMS = {
    "400": "Malformed JSON, or missing or invalid fields: all of them are listed.",
    "401": "No credentials, or bad ones.",
    "403": "Not allowed, or another student's id.",
    "404": "No such thing, or not the caller's.",
    "409": "Double submission, not the current question, not active any more, or in progress.",
    "413": "The body is too large.",
    "429": "Over the rate limit; see Retry-After.",
    "503": "PostgreSQL cannot be reached; nothing was changed. See Retry-After.",
}
ALWAYS = ("401", "403", "429", "503")


class ApiSchema(AutoSchema):
    """Adds the problems that a view can answer: the general ones, and those in `view.problems`."""

    def _get_response_bodies(self, direction: Direction = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        problem = structs.reference(self, replies.Problem, "response")
        statuses = {*ALWAYS, *getattr(self.view, "problems", ())}
        if self.method == "POST":
            statuses |= {"400", "413"}
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

    def map_parsers(self) -> list[str]:
        return ["application/json"]
