"""The exceptions of the API. `problems` turns them into responses.

Apart from it, because REST framework loads parsers before it can load an exception handler.
"""

from collections.abc import Sequence
from typing import Any

from rest_framework import exceptions, status

AUTH_HEADER = "Token"  # what a 401 asks for
RETRY_AFTER_BUSY = 1  # seconds
RETRY_AFTER_OUTAGE = 5
RETRY_AFTER_LOOK = 5
RETRY_AFTER_RATE_LIMIT = 30


class Problem(exceptions.APIException):
    """An error with a stable code. `pointer` names the field of the body that is wrong."""

    def __init__(
        self,
        status_code: int,
        code: str,
        detail: str,
        *,
        pointer: str | None = None,
        wait: int | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(detail, code)
        self.status_code = status_code
        self.pointer = pointer
        self.wait = wait
        self.extra = extra or {}
        self.auth_header: str | None = None


class InvalidBody(Problem):
    """A body with several things wrong: (JSON pointer, message) each."""

    def __init__(self, problems: Sequence[tuple[str, str]], code: str = "invalid") -> None:
        super().__init__(status.HTTP_400_BAD_REQUEST, code, "The request has invalid fields.")
        self.problems = problems


def pointer_part(name: str) -> str:
    """A name as part of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
