"""What every line of the log carries while one request or one task runs: its id, and what it is about.

One dictionary in one context variable: structlog's own way keeps a variable for each field, and goes
through all that there are to read them, twice for every request.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

from structlog.typing import EventDict

_NONE: Mapping[str, Any] = MappingProxyType({})
_fields: ContextVar[Mapping[str, Any]] = ContextVar("fields of the log", default=_NONE)


def begin(**fields: Any) -> None:
    """These alone from here on."""
    _fields.set(fields)


def add(**fields: Any) -> None:
    """These besides, until `end`."""
    _fields.set({**_fields.get(), **fields})


def end() -> None:
    _fields.set(_NONE)


def now() -> Mapping[str, Any]:
    return _fields.get()


@contextmanager
def within(**fields: Any) -> Iterator[None]:
    """These besides, inside."""
    before = _fields.set({**_fields.get(), **fields})
    try:
        yield
    finally:
        _fields.reset(before)


def merge(_: Any, __: str, event: EventDict) -> EventDict:
    """A processor of structlog's; what a line says itself goes before."""
    for name, value in _fields.get().items():
        event.setdefault(name, value)
    return event
