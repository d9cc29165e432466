"""JSON whose objects give every field once. Python's reader keeps the last of two, and says nothing."""

import json
from collections import Counter, deque
from typing import Any

from testing_engine.sentences import Said, say


class RepeatedFieldError(Said):
    """`name`: the field that an object gives twice."""

    def __init__(self, name: str) -> None:
        super().__init__(say("the field {name} is there twice in one object", name=repr(name)))
        self.name = name


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these fields, as `object_pairs_hook` of `json`. Raises `RepeatedFieldError`."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise RepeatedFieldError(next(name for name in names if names.count(name) > 1))
    return found


class _Pairs(list[tuple[str, Any]]):
    """An object's fields as they were given."""


def repeated_fields(text: str) -> list[str]:
    """JSON pointers (RFC 6901) to every field that is given more than once, outer ones first."""
    found: dict[str, None] = {}
    waiting: deque[tuple[str, Any]] = deque([("", json.loads(text, object_pairs_hook=_Pairs))])
    while waiting:  # not by recursion: a text may be as deep as the reader allows
        place, value = waiting.popleft()
        if isinstance(value, _Pairs):
            names = Counter(name for name, _ in value)
            for name, inner in value:
                own = f"{place}/{name.replace('~', '~0').replace('/', '~1')}"
                if names[name] > 1:
                    found[own] = None
                waiting.append((own, inner))
        elif isinstance(value, list):
            waiting.extend((f"{place}/{index}", inner) for index, inner in enumerate(value))
    return list(found)
