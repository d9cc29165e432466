"""The protocol's JSON → plain values.

Lenient where known clients are: capitals, numbers as texts, "" for nothing.
"""

import base64
import binascii
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sessions_app.cat_api.errors import CatRefused, refuse

# Result variables by which known clients give a score and its maximum, in capitals.
SCORE, MAXIMUM = "SCORE", "MAXSCORE"
FINAL = "FINAL"
MOST_RESULTS = 1000


@dataclass(frozen=True)
class ItemScore:
    """What an item earned; `most`: what it can, where the client says so."""

    identifier: str
    score: float
    most: float | None
    sequence: int | None
    pointer: str


def decoded(text: object, field: str) -> bytes:
    """Base64, as the protocol carries what it does not look into."""
    if not isinstance(text, str) or not text:
        raise refuse(field, "must be Base64, and must not be empty")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise refuse(field, "is not Base64") from error


def item_scores(body: Mapping[str, Any]) -> list[ItemScore]:
    """Of each item the newest final result, in the order in which they came; raises `CatRefused`."""
    result = body.get("assessmentResult")
    if not isinstance(result, Mapping):
        raise refuse("assessmentResult", "must be an object")
    rows = result.get("itemResult") or []
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise refuse("assessmentResult/itemResult", "must be a list")
    if len(rows) > MOST_RESULTS:
        raise refuse("assessmentResult/itemResult", f"has more than {MOST_RESULTS} results")
    newest: dict[str, tuple[str, ItemScore]] = {}
    problems: list[tuple[str, str]] = []
    for index, row in enumerate(rows):
        pointer = f"assessmentResult/itemResult/{index}"
        try:
            if isinstance(row, Mapping) and not _is_final(row):
                continue
            found = _item_score(row, pointer)
        except CatRefused as refused:
            problems += refused.problems
            continue
        stamp = str(row.get("datestamp") or "")
        if found.identifier not in newest or newest[found.identifier][0] <= stamp:
            newest[found.identifier] = (stamp, found)
    if problems:
        raise CatRefused(problems)
    return [found for _, found in newest.values()]


def _is_final(row: Mapping[str, Any]) -> bool:
    return str(row.get("sessionStatus") or FINAL).upper() == FINAL


def _item_score(row: object, pointer: str) -> ItemScore:
    if not isinstance(row, Mapping):
        raise refuse(pointer, "must be an object")
    identifier = row.get("identifier")
    if not isinstance(identifier, str) or not identifier:
        raise refuse(f"{pointer}/identifier", "must be a text that is not empty")
    variables = row.get("outcomeVariables") or []
    if not isinstance(variables, Sequence) or not all(isinstance(each, Mapping) for each in variables):
        raise refuse(f"{pointer}/outcomeVariables", "must be a list of objects")
    by_name = {str(each.get("identifier")).upper(): each for each in variables}
    where = f"{pointer}/outcomeVariables"
    if SCORE not in by_name:
        raise refuse(where, f"{identifier} has no outcome variable {SCORE}")
    score = _number(by_name[SCORE].get("value"), f"{where}/{SCORE}")
    most: float | None = None
    if by_name[SCORE].get("normalMaximum") is not None:
        most = _number(by_name[SCORE]["normalMaximum"], f"{where}/{SCORE}/normalMaximum")
    elif MAXIMUM in by_name:
        most = _number(by_name[MAXIMUM].get("value"), f"{where}/{MAXIMUM}")
    if most is not None and most <= 0:
        raise refuse(f"{where}/{SCORE}", "its maximum must be above 0")
    sequence = row.get("sequenceIndex")
    return ItemScore(identifier, score, most, sequence if isinstance(sequence, int) else None, pointer)


def _number(value: object, pointer: str) -> float:
    """A number, its text, or the first of a list of `{"value": …}`."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = value[0] if len(value) == 1 else None
    if isinstance(value, Mapping):
        value = value.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise refuse(pointer, "must have one value, a number")
    try:
        number = float(value)
    except ValueError as error:
        raise refuse(
            pointer, f"{value[:50]!r} is no number" if isinstance(value, str) else "is no number"
        ) from error
    if not math.isfinite(number):
        raise refuse(pointer, "must be a finite number")
    return number


def prior_data(body: Mapping[str, Any]) -> dict[str, str]:
    """Key and value of each entry; a later one of the same key counts."""
    rows = body.get("priorData") or []
    if not isinstance(rows, Sequence) or not all(isinstance(row, Mapping) for row in rows):
        raise refuse("priorData", "must be a list of objects")
    return {str(row.get("key")): str(row.get("value")) for row in rows}
