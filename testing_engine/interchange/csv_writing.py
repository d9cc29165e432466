"""A pool as a table, a question a row, as `files.read_pool_table` takes it.

A table has options alone, and `|` separates them. What does not fit is left out by name.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from testing_engine.interchange.cells import safe_cell
from testing_engine.interchange.exported import (
    ExportedQuestion,
    PoolContents,
    Written,
    addresses_in,
    reported,
)
from testing_engine.interchange.files import (
    CONCEPT_PREFIX,
    GUARDED,
    NUMBER_LISTS,
    SEPARATOR,
    TEXT_LISTS,
    YES,
)
from testing_engine.psychometrics.items.states import NOT_CALIBRATED
from testing_engine.sentences import Sentence, say

PLACEHOLDERS = {"difficulty": 0, "discrimination": 1, "guessing": 0, "upper_asymptote": 1}
LONGEST_CELL = 131_072  # characters, as Python's reader of tables takes them; a spreadsheet takes fewer
COLUMNS = (
    *("id", "content", "options", "correct_answer", "option_scores", "fixed_options"),
    *("state", "model", "difficulty", "discrimination", "guessing", "upper_asymptote"),
    *("thresholds", "category_slopes", "category_intercepts"),
    *("area", "enemy_groups", "question_set", "passage"),
)


def write_csv(pool: PoolContents) -> Written:
    """Columns that no question needs are left out."""
    report: list[ExportedQuestion] = []
    rows: list[dict[str, Any]] = []
    names = pool.concept_names or _numbered(pool.rows)
    for row in pool.rows:
        if reasons := _what_does_not_fit(row):
            report.append(ExportedQuestion(str(row["id"]), "left_out", tuple(reasons)))
            continue
        rows.append(_cells(row, names))
        losses = [
            say("The table names {address} and does not hold it.", address=address)
            for address in addresses_in(row)
        ]
        if not pool.concept_names:
            losses.append(say("The pool names no concepts; the table numbers them."))
        report.append(reported(str(row["id"]), losses))
    made = io.StringIO(newline="")
    columns = [*COLUMNS, *(CONCEPT_PREFIX + name for name in names), GUARDED]
    needed = [name for name in columns if any(row.get(name) not in ("", None) for row in rows)]
    header = [safe_cell(name) for name in needed]
    if header != needed and GUARDED not in needed:
        needed, header = [*needed, GUARDED], [*header, GUARDED]
    csv.writer(made).writerow(header)
    csv.DictWriter(made, needed, restval="", extrasaction="ignore").writerows(rows)
    return Written(made.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8", "csv", tuple(report))


def _numbered(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    width = len(rows[0]["concepts"]) if rows else 1
    return tuple(f"Concept {number}" for number in range(1, width + 1))


def _what_does_not_fit(row: Mapping[str, Any]) -> list[Sentence]:
    reasons: list[Sentence] = []
    if row.get("interactions") is not None:
        reasons.append(say("A table has options alone, and the question has interactions."))
    for name in TEXT_LISTS:
        for text in row.get(name, ()):
            if SEPARATOR in text:
                reasons.append(
                    say(
                        "{name}: a {separator} separates what a cell lists, and {text} has one.",
                        name=name,
                        separator=SEPARATOR,
                        text=repr(text[:40]),
                    )
                )
            elif text != text.strip():
                reasons.append(
                    say(
                        "{name}: blanks around {text} mean nothing in a table.",
                        name=name,
                        text=repr(text.strip()[:40]),
                    )
                )
    if any(len(text) > LONGEST_CELL for text in (row["content"], row.get("passage", ""))):
        reasons.append(say("A cell holds at most {most} characters.", most=LONGEST_CELL))
    if sum(len(option) + 1 for option in row.get("options", ())) > LONGEST_CELL:
        reasons.append(say("options: a cell holds at most {most} characters.", most=LONGEST_CELL))
    return reasons


def _cells(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Numbers as numbers, exactly; texts so that no spreadsheet runs one, and a mark where one changed."""
    row = {name: value for name, value in row.items() if not _is_placeholder(row, name)}
    plain = {name: _cell(name, row[name]) for name in COLUMNS if name in row}
    if sorted(row.get("option_scores", ())) == [0] * (len(row.get("options", ())) - 1) + [1]:
        plain["correct_answer"] = row["options"][row["option_scores"].index(1)]
        del plain["option_scores"]
    safe = {name: safe_cell(value) for name, value in plain.items()}
    weights = zip(names, row["concepts"], strict=True)
    return {
        **safe,
        **{CONCEPT_PREFIX + name: weight for name, weight in weights},
        **({GUARDED: YES} if safe != plain else {}),
    }


def _is_placeholder(row: Mapping[str, Any], name: str) -> bool:
    """Whether it stands only for a parameter that the question does not have."""
    return row.get("state") == NOT_CALIBRATED and row[name] == PLACEHOLDERS.get(name)


def _cell(name: str, value: Any) -> Any:
    if name in NUMBER_LISTS or name in TEXT_LISTS:
        return SEPARATOR.join(map(str, value))
    return value
