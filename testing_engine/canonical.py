"""Plain data as it is hashed: what PostgreSQL's jsonb gives back, so that a hash holds for what is read."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

MOST_ZEROS = 12  # whose signs are tried


def as_stored(value: Any) -> Any:
    """As jsonb gives it back: zero has no sign, and a large number no exponent."""
    if isinstance(value, dict):
        return {name: as_stored(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_stored(each) for each in value]
    if isinstance(value, float):
        return int(value) if abs(value) >= 1e16 else value + 0.0  # −0.0 + 0.0 is 0.0
    return value


def hash_of(value: Any) -> str:
    """SHA-256 over plain data, as canonical JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def former_spellings(value: Any) -> Iterator[Any]:
    """What may have been hashed before `as_stored` was there: large numbers as floats, and any of the zeros
    with a minus sign."""
    floats = _with_large_floats(value)
    yield floats
    zeros = list(_zeros(floats))
    if len(zeros) <= MOST_ZEROS:
        for signs in product((0.0, -0.0), repeat=len(zeros)):
            yield _with_zeros(floats, dict(zip(zeros, signs, strict=True)))


def _with_large_floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_large_floats(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_large_floats(each) for each in value]
    is_large = isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1e16
    return float(value) if is_large else value


def _zeros(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where floats are zero."""
    if isinstance(value, dict | list):
        for name, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _zeros(each, (*path, name))
    elif isinstance(value, float) and value == 0.0:
        yield path


def _with_zeros(value: Any, signed: Mapping[tuple[Any, ...], float], path: tuple[Any, ...] = ()) -> Any:
    if isinstance(value, dict):
        return {name: _with_zeros(each, signed, (*path, name)) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_zeros(each, signed, (*path, index)) for index, each in enumerate(value)]
    return signed.get(path, value)
