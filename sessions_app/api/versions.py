"""Under which beginnings the API's addresses stand. docs/INTEGRATION.md says what a version promises."""

from collections.abc import Iterable
from typing import Any

CURRENT = "api/v1/"
UNVERSIONED = "api/"  # as they were before there were versions: they mean the same as those of v1, and stay
ROOTS = (CURRENT, UNVERSIONED)


def only_current(endpoints: Iterable[tuple[str, Any, Any, Any]]) -> list[tuple[str, Any, Any, Any]]:
    """What the OpenAPI document describes: each address once, by its version (hook of drf-spectacular)."""
    return [each for each in endpoints if each[0].startswith(f"/{CURRENT}")]
