"""Media that the texts of an imported question name: `![words](media:NAME)`."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_NAMED = re.compile(r"(!\[(?:(?!!\[)[^\]\n])*\]\()media:([^()\s]+?)((?:\?plays=[1-9]\d?)?\))")
TEXT_FIELDS = ("content", "passage", "options", "interactions")
DEEPEST = 12  # of lists and objects inside each other; no question's texts lie deeper


def media_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The names, each once, in the order in which they stand."""
    names: dict[str, None] = {}
    for field in TEXT_FIELDS:
        for text in _texts(row.get(field)):
            names.update(dict.fromkeys(found[2] for found in _NAMED.finditer(text)))
    return tuple(names)


def with_addresses(row: Mapping[str, Any], addresses: Mapping[str, str]) -> Mapping[str, Any]:
    """The row with each medium's address in the place of its name."""

    def replaced(text: str) -> str:
        return _NAMED.sub(lambda found: f"{found[1]}{addresses[found[2]]}{found[3]}", text)

    if not addresses:
        return row
    return {key: _mapped(value, replaced) if key in TEXT_FIELDS else value for key, value in row.items()}


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple | Mapping) and depth < DEEPEST:
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each, depth + 1)


def _mapped(value: Any, change: Callable[[str], str], depth: int = 0) -> Any:
    if isinstance(value, str):
        return change(value)
    if depth >= DEEPEST or not isinstance(value, list | tuple | Mapping):
        return value
    if isinstance(value, Mapping):
        return {key: _mapped(each, change, depth + 1) for key, each in value.items()}
    return [_mapped(each, change, depth + 1) for each in value]
