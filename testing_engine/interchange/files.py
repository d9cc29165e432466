"""Pool files: JSON as the API takes it, or CSV with one question a row.

CSV columns are the fields of a question. `options` are separated by `|`. Each column named `concept:NAME`
is a column of the Q-matrix; other lists (`thresholds`, `option_scores`, …) are separated by `|` too.
"""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SEPARATOR = "|"
CONCEPT_PREFIX = "concept:"
NUMBERS = ("difficulty", "discrimination", "guessing", "slipping", "upper_asymptote")
NUMBER_LISTS = ("thresholds", "category_slopes", "category_intercepts", "option_scores")
TEXT_LISTS = ("options", "enemy_groups")


class UnreadableFile(ValueError):
    """The file is neither JSON nor CSV of this kind."""


def read_pool_file(path: Path) -> Mapping[str, Any]:
    """The document that `parse_pool` validates."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{path.name} cannot be read: {error}") from error
    if path.suffix.lower() != ".csv":
        return _from_json(text, path.name)
    try:
        return _from_csv(text)
    except csv.Error as error:
        raise UnreadableFile(f"{path.name} is no CSV: {error}") from error


def _from_json(text: str, name: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"{name} is no JSON: {error}") from error
    if isinstance(document, list):  # an export of questions alone
        return {"questions": document}
    if not isinstance(document, dict):
        raise UnreadableFile(f"{name} holds neither an object nor a list.")
    return document


def _from_csv(text: str) -> Mapping[str, Any]:
    rows = csv.DictReader(text.splitlines(keepends=True))
    columns = [name for name in rows.fieldnames or [] if name.startswith(CONCEPT_PREFIX)]
    if not columns:
        raise UnreadableFile(f"The CSV file has no column named {CONCEPT_PREFIX}NAME.")
    return {
        "concept_names": [name.removeprefix(CONCEPT_PREFIX) for name in columns],
        "questions": [_question(row, columns) for row in rows],
    }


def _question(row: Mapping[str, str | None], columns: list[str]) -> dict[str, Any]:
    """Empty cells are left out, so that the defaults hold."""
    question: dict[str, Any] = {"concepts": [_number(row[name] or "0") for name in columns]}
    for field, cell in row.items():
        if not cell or field in columns or not isinstance(field, str):
            continue
        if field in NUMBERS:
            question[field] = _number(cell)
        elif field in NUMBER_LISTS:
            question[field] = [_number(part) for part in cell.split(SEPARATOR)]
        elif field in TEXT_LISTS:
            question[field] = [part.strip() for part in cell.split(SEPARATOR)]
        else:
            question[field] = cell
    return question


def _number(cell: str) -> float | int | str:
    """A number; what is none stays a text, and validation names it."""
    try:
        value = float(cell)
    except ValueError:
        return cell
    return int(value) if value.is_integer() else value
