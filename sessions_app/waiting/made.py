"""What long work makes, and to whom it tells how far it is."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.conf import settings

from testing_engine.sentences import Sentence

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
}
WRITING, SIMULATING = "writing", "simulating"  # what is being done


@dataclass(frozen=True)
class Asking:
    """When it was asked for, by which account, and what that one brought: read when it is asked for."""

    at: datetime
    by_id: int | None
    brought: Callable[[], bytes]


def are_many(questions: int) -> bool:
    """Whether so many are more than a request writes to a file, changes, copies or draws."""
    return questions > int(settings.QUESTIONS_AT_ONCE)


class Progress(Protocol):
    """Told by whoever makes something; may end it by raising."""

    def expect(self, rows: int) -> None:
        """So many there will be."""

    def add(self, rows: int) -> None:
        """So many more are done."""

    def reach(self, share: float, stage: str = WRITING) -> None:
        """So much of the whole is done, where it has no rows."""


@dataclass(frozen=True)
class Made:
    """A file that comes in parts, and how many rows are in each. `outcome`: what there is to say of it."""

    file_name: str
    media_type: str
    parts: Iterable[tuple[bytes, int]]
    outcome: Sentence | None = None


def line_by_line(lines: Iterable[str]) -> Iterator[tuple[bytes, int]]:
    """Each line is a row."""
    return ((line.encode(), 1) for line in lines)
