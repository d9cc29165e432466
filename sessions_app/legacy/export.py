"""An export: a folder with one JSON array a table."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sessions_app.legacy.report import TABLES, TableReport
from sessions_app.legacy.values import BadValue, identifier
from testing_engine.interchange.json_objects import once

T = TypeVar("T")


class UnreadableExport(ValueError):
    """The folder or a file in it cannot be read as an export."""


@dataclass(frozen=True)
class Export:
    """`tables`: the rows of each table that was exported, as they stood."""

    tables: dict[str, list[Any]]

    def __getitem__(self, table: str) -> list[Any]:
        return self.tables.get(table, [])


class Row:
    """One row, read by column. `notes`: what was left out of it."""

    def __init__(self, raw: object, label: str) -> None:
        if not isinstance(raw, dict):
            raise BadValue("is no JSON object")
        self.raw: dict[str, object] = raw
        self.label = label
        self.notes: list[str] = []

    def required(self, column: str, read: Callable[[object], T]) -> T:
        value = self.checked(column, read)
        if value is None:
            raise BadValue(f"{column} is missing")
        return value

    def checked(self, column: str, read: Callable[[object], T]) -> T | None:
        """None where it is missing."""
        value = self.raw.get(column)
        if value is None or value == "":
            return None
        try:
            return read(value)
        except BadValue as error:
            raise BadValue(f"{column} {error}") from error

    def optional(self, column: str, read: Callable[[object], T]) -> T | None:
        """None, and a note, where it cannot be used: too little to lose the row for it."""
        try:
            return self.checked(column, read)
        except BadValue as error:
            self.notes.append(f"{error}: left out")
            return None


def read_export(folder: Path) -> Export:
    """All tables that are there; raises `UnreadableExport`."""
    if not folder.is_dir():
        raise UnreadableExport(f"There is no folder {folder}.")
    found = {name: folder / f"{name}.json" for name in TABLES}
    tables = {name: _rows(path) for name, path in found.items() if path.exists()}
    if not tables:
        raise UnreadableExport(f"{folder} holds none of {', '.join(path.name for path in found.values())}.")
    return Export(tables)


def _rows(path: Path) -> list[Any]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=once)
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableExport(f"{path.name} is no readable JSON: {error}") from error
    if not isinstance(rows, list):
        raise UnreadableExport(f"{path.name} holds no JSON array.")
    return rows


def readable(rows: list[Any], read: Callable[[Row], T], table: TableReport) -> Iterator[T]:
    """The rows that `read` takes; the others are reported."""
    for index, raw in enumerate(rows):
        label = _label(raw, index)
        try:
            row = Row(raw, label)
            value = read(row)
        except BadValue as error:
            table.refuse(label, str(error))
            continue
        for note in row.notes:
            table.note(label, note)
        yield value


def _label(raw: object, index: int) -> str:
    """The row's own id, or where it stands in the file."""
    try:
        return identifier(raw.get("id")) if isinstance(raw, dict) else f"row {index}"
    except BadValue:
        return f"row {index}"
