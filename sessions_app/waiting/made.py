"""What long work makes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from testing_engine.sentences import Sentence

CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


@dataclass(frozen=True)
class Made:
    """A file that comes in parts, and how many rows are in each; `total` of all, if that is known before.
    `outcome`: what there is to say of it beside.
    """

    file_name: str
    media_type: str
    parts: Iterable[tuple[bytes, int]]
    total: int | None = None
    outcome: Sentence | None = None


def line_by_line(lines: Iterable[str]) -> Iterator[tuple[bytes, int]]:
    """Each line is a row."""
    return ((line.encode(), 1) for line in lines)
