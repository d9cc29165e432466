"""Pool files: JSON as the API takes it, or a table with one question a row.

Columns of a table are the fields of a question. `options` are separated by `|`, as are other lists
(`thresholds`, `option_scores`, …); blanks around a `|` mean nothing. Each column named `concept:NAME` is a
column of the Q-matrix. Where a row says yes under `guarded`, its texts have the apostrophes of an export.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from testing_engine.interchange.cells import unguarded
from testing_engine.interchange.json_objects import RepeatedFieldError, once
from testing_engine.interchange.states import LIST_FIELDS, NUMBER_FIELDS
from testing_engine.interchange.tables import Row, Table, TableRefused, number_in, place, read_table
from testing_engine.rendering import spans
from testing_engine.sentences import Said, Sentence, reason_of, say, together

SEPARATOR = "|"
CONCEPT_PREFIX = "concept:"
NUMBER_LISTS = (*LIST_FIELDS, "option_scores", "fixed_options")
TEXT_LISTS = ("options", "enemy_groups")
# A column of our own export: where it says yes, texts have an apostrophe before what a spreadsheet would run.
GUARDED, YES = "guarded", "yes"
TABLE_SUFFIXES = (".csv", ".tsv", ".tab", ".xlsx")
TEXT_SUFFIX = ".txt"  # what spreadsheets call a table with tabs; JSON if it begins like JSON


class UnreadableFile(Said):
    """The file is neither JSON nor a table of this kind."""


@dataclass(frozen=True)
class PoolFile:
    """`document` is what `parse_pool` validates. `lines`: of a table, where each question begins."""

    document: Mapping[str, Any]
    lines: tuple[int, ...] = ()
    concept_columns: tuple[str, ...] = ()
    header_line: int = 1

    def place_of(self, pointer: str) -> str:
        """Where in the file a JSON pointer of a problem lies, as its author sees the file."""
        parts = pointer.split("/")[1:]
        if self.lines and parts[0] == "questions" and len(parts) > 1:
            line = self.lines[int(parts[1])]
            return place(line, self._column(parts[2], parts[3:]) if len(parts) > 2 else None)
        if self.lines and parts[0] == "concept_names":
            return place(self.header_line, self._column("concepts", parts[1:]))
        return pointer

    def _column(self, field: str, rest: Sequence[str]) -> str:
        if field != "concepts":
            return field
        return self.concept_columns[int(rest[0])] if rest else CONCEPT_PREFIX + "…"


def read_pool_file(path: Path) -> PoolFile:
    """Raises `UnreadableFile`, with every place that is wrong."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(
            say("{name} cannot be read: {error}", name=path.name, error=reason_of(error))
        ) from error
    is_text = path.suffix.lower() == TEXT_SUFFIX and not begins_like_json(content)
    if path.suffix.lower() in TABLE_SUFFIXES or is_text:
        return read_pool_table(content, path.name)
    return read_pool_json(content, path.name)


def read_pool_json(content: bytes, name: str) -> PoolFile:
    """A pool document. Raises `UnreadableFile`."""
    return PoolFile(_from_json(content, name))


def read_pool_table(content: bytes, name: str, *, needs_concepts: bool = True) -> PoolFile:
    """A table with one question a row. `needs_concepts`: it must say what each question measures.

    Raises `UnreadableFile`, with every place that is wrong.
    """
    try:
        return _from_table(read_table(content), needs_concepts)
    except TableRefused as refused:
        listed = together(refused.problems, by="\n  ")
        raise UnreadableFile(
            say("{name} cannot be read as it is:\n  {problems}", name=name, problems=listed)
        ) from refused


def begins_like_json(content: bytes) -> bool:
    return content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def _from_json(content: bytes, name: str) -> Mapping[str, Any]:
    try:
        document = json.loads(content.decode("utf-8-sig"), object_pairs_hook=once)
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            say("{name} cannot be read: it is not UTF-8 (byte {place}).", name=name, place=error.start)
        ) from error
    except json.JSONDecodeError as error:
        where = {"line": error.lineno, "column": error.colno}
        raise UnreadableFile(
            say("{name} is no JSON: line {line}, column {column}.", name=name, **where)
        ) from error
    except RepeatedFieldError as error:
        raise UnreadableFile(say("{name} is no JSON: {error}", name=name, error=error.sentence)) from error
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(say("{name} is no JSON that can be taken.", name=name)) from error
    if isinstance(document, list):  # an export of questions alone
        return {"questions": document}
    if not isinstance(document, dict):
        raise UnreadableFile(say("{name} holds neither an object nor a list.", name=name))
    return document


def _from_table(table: Table, needs_concepts: bool) -> PoolFile:
    columns = tuple(name for name in table.header if name.startswith(CONCEPT_PREFIX))
    if not columns and (needs_concepts or "content" not in table.header):
        seen = ", ".join(table.header[:10]) or "nothing"
        wanted = f"{CONCEPT_PREFIX}NAME" if needs_concepts else "content"
        missing = say("{place}: no column is named {wanted}.", place=place(table.line), wanted=wanted)
        raise TableRefused(
            [say("{missing} The first row names the columns; it has {seen}.", missing=missing, seen=seen)]
        )
    table = replace(table, rows=tuple(map(_as_typed, table.rows)))
    problems = [problem for row in table.rows if (problem := _cut_formula(row))]
    if problems:
        raise TableRefused(problems)
    return PoolFile(
        document={
            "concept_names": [
                (unguarded(name) if GUARDED in table.header else name).removeprefix(CONCEPT_PREFIX)
                for name in columns
            ],
            "questions": [_question(row.cells, columns, table.separator) for row in table.rows],
        },
        lines=tuple(row.line for row in table.rows),
        concept_columns=columns,
        header_line=table.line,
    )


def _as_typed(row: Row) -> Row:
    """The row without the apostrophes of an export."""
    cells = dict(row.cells)
    if cells.pop(GUARDED, "").strip().lower() != YES:
        return Row(row.line, cells)
    return Row(row.line, {name: unguarded(cell) for name, cell in cells.items()})


def _cut_formula(row: Row) -> Sentence | None:
    """A `|` inside a formula or code would cut it in two options, which nobody meant."""
    cell = row.cells.get("options", "")
    for span in spans(cell) if SEPARATOR in cell else ():
        if SEPARATOR in span:
            return say(
                "{place}: a | stands inside “{formula}”, and | separates options. "
                "In a formula write \\vert or \\mid; or upload the pool as JSON.",
                place=place(row.line, "options"),
                formula=span,
            )
    return None


def _question(cells: Mapping[str, str], columns: Sequence[str], separator: str) -> dict[str, Any]:
    """Empty cells are left out, so that the defaults hold."""
    question: dict[str, Any] = {}
    if columns:
        question["concepts"] = [number_in(cells[name].strip() or "0", separator) for name in columns]
    for field, cell in cells.items():
        if not cell.strip() or field.startswith(CONCEPT_PREFIX):
            continue
        if field in NUMBER_FIELDS:
            question[field] = number_in(cell, separator)
        elif field in NUMBER_LISTS:
            question[field] = [number_in(part, separator) for part in cell.split(SEPARATOR)]
        elif field in TEXT_LISTS:
            question[field] = [part.strip() for part in cell.split(SEPARATOR)]
        else:
            question[field] = cell.strip() if field == "correct_answer" else cell
    return question
