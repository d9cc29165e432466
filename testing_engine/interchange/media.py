"""Media that the texts of an imported question name, `![words](media:NAME)`, or hold in an address."""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_NAMED = re.compile(r"(!\[(?:(?!!\[)[^\]\n])*\]\()media:([^()\s]+?)((?:\?plays=[1-9]\d?)?\))")
_IN_THE_TEXT = re.compile(r"data:image/(png|jpeg|gif|webp);base64,(.*)", re.DOTALL)
TEXT_FIELDS = ("content", "passage", "options", "interactions")
DEEPEST = 12  # of lists and objects inside each other; no question's texts lie deeper


def media_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The names, each once, in the order in which they stand."""
    names: dict[str, None] = {}
    for text in texts_of(row):
        names.update(dict.fromkeys(found[2] for found in _NAMED.finditer(text)))
    return tuple(names)


def texts_of(row: Mapping[str, Any]) -> Iterator[str]:
    """All texts of a question in which media may stand."""
    for field in TEXT_FIELDS:
        yield from _texts(row.get(field))


def picture_in(address: str) -> tuple[str, bytes] | None:
    """(kind, content) of the picture that an address itself holds; None: it holds none, or a broken one."""
    found = _IN_THE_TEXT.fullmatch(address)
    content = None if found is None else from_base64(found[2])
    return None if found is None or content is None else (found[1], content)


def from_base64(text: str) -> bytes | None:
    """The bytes, however the lines are broken; None where the text is no Base64."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def name_by_content(kind: str, content: bytes) -> str:
    """For what has no name of its own."""
    return f"{hashlib.sha256(content).hexdigest()[:16]}.{kind}"


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
