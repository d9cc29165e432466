"""Values as old exports hold them → ours. What cannot be used raises `BadValue`, whose message says why."""

import json
import math
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from testing_engine.interchange.names import (
    ID_LENGTH,
    NAME_LENGTH,
    identifier_in,
    is_storable,
    problem_of_identifier,
    problem_of_name,
    problem_of_words,
)

# Ids that are no UUID get one from here: the same one in every run.
NAMESPACE = uuid.UUID("6f1d7a52-3c0e-4b7e-9a56-1f0c9d6e2b84")

_UUID = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
_TRUTH = {
    "true": True,
    "t": True,
    "yes": True,
    "1": True,
    "false": False,
    "f": False,
    "no": False,
    "0": False,
}


class BadValue(ValueError):
    """A value, or a row, that cannot be taken."""


def identifier(value: object) -> str:
    found = text(ID_LENGTH)(value)
    if problem := problem_of_identifier(found):
        raise BadValue(f"this id {problem}")
    return found


def name(value: object) -> str:
    """Of a concept: what is found by it again."""
    found = text(NAME_LENGTH)(value)
    if problem := problem_of_name(found):
        raise BadValue(f"this name {problem}")
    return found


def canonical(legacy_id: str) -> str:
    """One spelling for each UUID; other ids stay as they are."""
    return str(uuid.UUID(legacy_id)) if _UUID.fullmatch(legacy_id) else legacy_id


def uuid_of(kind: str, legacy_id: str) -> uuid.UUID:
    """The id itself where it is a UUID, else one made from it."""
    if _UUID.fullmatch(legacy_id):
        return uuid.UUID(legacy_id)
    return uuid.uuid5(NAMESPACE, f"{kind}:{legacy_id}")


def text(longest: int) -> Callable[[object], str]:
    def read(value: object) -> str:
        value = identifier_in(value)  # a grade level, an id
        if not isinstance(value, str) or not 1 <= len(value.strip()) <= longest or not is_storable(value):
            raise BadValue(f"must be a text of 1 to {longest} characters")
        if problem := problem_of_words(value.strip(), longest):
            raise BadValue(f"this text {problem}")
        return value.strip()

    return read


def email(value: object) -> str:
    address = text(254)(value)
    try:
        validate_email(address)
    except ValidationError as error:
        raise BadValue("is no e-mail address") from error
    return address


def number(value: object) -> float:
    """A finite number, perhaps written as text."""
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            result = float(value)
        except (ValueError, OverflowError):
            result = math.nan
        if math.isfinite(result):
            return result
    raise BadValue("must be a finite number")


def count(value: object) -> int:
    """A whole number that fits a database integer."""
    result = number(value)
    if not result.is_integer() or not 0 <= result < 2**31:
        raise BadValue("must be a whole number from 0")
    return int(result)


def share(value: object) -> float:
    result = number(value)
    if not 0 <= result <= 1:
        raise BadValue("must be a number from 0 to 1")
    return result


def shares(value: object) -> list[float]:
    """Proficiencies, one a concept: a list, its JSON text, or a single number."""
    found = decoded(value)
    elements = found if isinstance(found, list) else [found]
    try:
        values = [share(element) for element in elements]
    except BadValue as error:
        raise BadValue("must be a list of numbers from 0 to 1") from error
    if not values:
        raise BadValue("must not be an empty list")
    return values


def truth(value: object) -> bool:
    """A boolean, 0 or 1, or the text of either."""
    if isinstance(value, bool | int | str):
        found = _TRUTH.get(str(value).strip().lower())
        if found is not None:
            return found
    raise BadValue("must be true or false")


def moment(value: object) -> datetime:
    """An ISO 8601 time; without a zone it is UTC."""
    if not isinstance(value, str):
        raise BadValue("must be a time as ISO 8601 text")
    try:
        found = datetime.fromisoformat(value.strip())
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadValue("must be a time as ISO 8601 text") from error
    if found.year < 1970:
        raise BadValue("must be a time from 1970 on")
    return found


def decoded(value: object) -> Any:
    """What a text holds as JSON or as a PostgreSQL array of numbers; anything else as it is."""
    if not isinstance(value, str):
        return value
    source = value.strip()
    if source.startswith("{") and ":" not in source:
        source = f"[{source[1:-1]}]"
    try:
        return json.loads(source)
    except (ValueError, RecursionError):
        return value
