"""Frozen values that a step makes many of.

A frozen dataclass sets its fields one by one through `object.__setattr__`, which for the ten fields of a
state takes longer than an exponential of a hundred numbers. `quickly_made` puts them into the object's
dictionary instead; nothing else differs, and a field can still not be set twice.
"""

from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

T = TypeVar("T")


def quickly_made(cls: type[T]) -> type[T]:
    """A frozen dataclass, given above, whose defaults are values, and whose `__init__` is the usual one."""
    parts: tuple[Field[Any], ...] = fields(cls)  # type: ignore[arg-type]  # of a dataclass only
    names = [part.name for part in parts]
    given: dict[str, Any] = {f"_{part.name}": part.default for part in parts if part.default is not MISSING}
    heads = [f"{name}=_{name}" if f"_{name}" in given else name for name in names]
    lines = [f"def __init__(self, {', '.join(heads)}):", " own = self.__dict__"]
    lines += [f" own[{name!r}] = {name}" for name in names]
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    made: dict[str, Any] = {}
    exec("\n".join(lines), given, made)  # noqa: S102  # as dataclasses do; names of fields only
    made["__init__"].__qualname__ = f"{cls.__qualname__}.__init__"
    cls.__init__ = made["__init__"]  # type: ignore[method-assign]
    return cls
