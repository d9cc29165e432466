"""The body of every error."""

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from sessions_app.replies.values import Reply, Status


class FieldProblem(Reply, frozen=True):
    pointer: Annotated[str, Meta(description="JSON pointer into the request body.")]
    detail: str
    code: str


class Problem(Reply, frozen=True):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem] | UnsetType = UNSET
    session_status: Status | UnsetType = UNSET
    current_question_id: str | UnsetType | None = UNSET
    opens_at: datetime | UnsetType | None = UNSET
    closes_at: datetime | UnsetType | None = UNSET
    released_at: datetime | UnsetType = UNSET
    session_token: str | UnsetType = UNSET
    revision: Annotated[int | UnsetType, Meta(description="The pool's newest.")] = UNSET
    calibration_id: str | UnsetType = UNSET
    simulation_id: str | UnsetType = UNSET
    state: str | UnsetType = UNSET
    job_id: str | UnsetType = UNSET
