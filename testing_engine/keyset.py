"""Pages of a list by where the page before ended, so that the ten-thousandth costs what the first does.

A list is in the order of columns that are never null, on which PostgreSQL has an index, and last of its key.
A place in it is their values in one row, as text that goes into an address and that nobody needs to read.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import F, Model, Q, QuerySet

LONGEST = 2000  # characters of a place
SECOND = "second."  # of a place in the second of two lists; no place of one has a dot
Row = TypeVar("Row", bound=Model)


class NoSuchPlace(ValueError):
    """A place that no page of such a list can have told."""


@dataclass(frozen=True)
class KeysetPage(Generic[Row]):
    """Rows in order. `before` and `after`: what asks for the pages beside it, "" where there is none."""

    rows: tuple[Row, ...]
    before: str
    after: str


def keyset_page(found: QuerySet[Row], size: int, *, after: str = "", before: str = "") -> KeysetPage[Row]:
    """The `size` rows after a place or before one, or the first. Raises `NoSuchPlace`."""
    keys = _Keys(found)
    if before:
        rows = list(keys.beyond(before, is_backwards=True)[: size + 1])
        kept = tuple(reversed(rows[:size]))
        return KeysetPage(kept, keys.place(kept[:1], is_there=len(rows) > size), keys.place(kept[-1:]))
    rows = list((keys.beyond(after) if after else keys.found)[: size + 1])
    kept = tuple(rows[:size])
    return KeysetPage(
        kept, keys.place(kept[:1], is_there=bool(after)), keys.place(kept[-1:], is_there=len(rows) > size)
    )


def page_or_first(found: QuerySet[Row], size: int, *, after: str = "", before: str = "") -> KeysetPage[Row]:
    """The same; the first page for a place that somebody typed into an address."""
    try:
        return keyset_page(found, size, after=after, before=before)
    except NoSuchPlace:
        return keyset_page(found, size)


@dataclass(frozen=True)
class PageOfTwo(Generic[Row]):
    """Rows of two lists that follow each other as one. `begins`: the second one's first row is here, or would
    be. `after`: what asks for the next page, "" where there is none."""

    first: tuple[Row, ...]
    second: tuple[Row, ...]
    begins: bool
    after: str


def page_of_two(first: QuerySet[Row], second: QuerySet[Row], size: int, *, after: str = "") -> PageOfTwo[Row]:
    """The `size` rows after a place in either, or the first; those for a place that nobody told."""
    if after.startswith(SECOND):
        place = after.removeprefix(SECOND)
        page = page_or_first(second, size, after=place)
        return PageOfTwo((), page.rows, not place, page.after and SECOND + page.after)
    page = page_or_first(first, size, after=after)
    if page.after:
        return PageOfTwo(page.rows, (), False, page.after)
    left = size - len(page.rows)
    if not left:
        return PageOfTwo(page.rows, (), False, SECOND if second.exists() else "")
    rest = page_or_first(second, left)
    return PageOfTwo(page.rows, rest.rows, True, rest.after and SECOND + rest.after)


class _Keys(Generic[Row]):
    """The columns by which a list is in order, each annotated under a name of its own."""

    def __init__(self, found: QuerySet[Row]) -> None:
        order = [str(name) for name in found.query.order_by or found.model._meta.ordering or ()]
        if order[-1:] not in (["pk"], ["id"]):  # then rows that are alike in the others have an order, too
            order.append("pk")
            found = found.order_by(*order)
        self.names = [f"key_{number}" for number in range(len(order))]
        self.falls = [name.startswith("-") for name in order]
        columns = (F(name.removeprefix("-")) for name in order)
        self.found: QuerySet[Row] = found.annotate(**dict(zip(self.names, columns, strict=True)))

    def place(self, row: tuple[Row, ...], *, is_there: bool = True) -> str:
        """Of the one row, where something lies beyond it."""
        if not row or not is_there:
            return ""
        values = [getattr(row[0], name) for name in self.names]
        texts = [value.isoformat() if isinstance(value, datetime) else str(value) for value in values]
        return urlsafe_b64encode(json.dumps(texts).encode()).decode().rstrip("=")

    def beyond(self, place: str, *, is_backwards: bool = False) -> QuerySet[Row]:
        """The rows after the place; or those before it, the nearest first.

        The first column alone bounds what is read: PostgreSQL does not see that in the condition on all.
        """
        values = self._values(place)
        sides = ["lt" if falls != is_backwards else "gt" for falls in self.falls]
        beyond, level = Q(), Q()
        for name, side, value in zip(self.names, sides, values, strict=True):
            beyond |= level & Q((f"{name}__{side}", value))
            level &= Q((name, value))
        rows = self.found.filter(Q((f"{self.names[0]}__{sides[0]}e", values[0])), beyond)
        return rows.reverse() if is_backwards else rows

    def _values(self, place: str) -> list[Any]:
        try:
            texts = json.loads(urlsafe_b64decode(place[:LONGEST] + "=" * (-len(place) % 4)))
            return [self._value(name, text) for name, text in zip(self.names, texts, strict=True)]
        except (ValueError, TypeError, ValidationError) as error:  # base64's error is a ValueError
            raise NoSuchPlace(place) from error

    def _value(self, name: str, text: Any) -> Any:
        if not isinstance(text, str) or "\x00" in text:
            raise NoSuchPlace(text)
        field = self.found.query.annotations[name].output_field
        value = datetime.fromisoformat(text) if "DateTime" in type(field).__name__ else field.to_python(text)
        if isinstance(value, datetime) and value.tzinfo is None:
            raise NoSuchPlace(text)
        return value
