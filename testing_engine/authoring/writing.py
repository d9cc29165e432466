"""A sheet → a row of a pool document, which `interchange.questions` then checks as it checks every other.

What is wrong is noted at its field of the form. Numbers that are none are noted and left out.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from testing_engine.authoring.numbers import read, read_list, read_whole
from testing_engine.authoring.part_keys import key_of
from testing_engine.authoring.problems import Problems
from testing_engine.authoring.shares import right_pairs
from testing_engine.authoring.sheet import (
    LISTS,
    NUMBER,
    NUMBERS,
    OWN,
    RATING,
    RULES,
    SEVERAL,
    SHARE,
    WITH_PAIRS,
    WITHOUT_ROWS,
    Part,
    Row,
    Sheet,
    place_of,
)
from testing_engine.sentences import say

NOT_A_NUMBER = say("This is no number.")
NOT_WHOLE = say("This is no whole number.")


def row_of(sheet: Sheet, problems: Problems, scoring: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The row. `scoring`: the stored rules, where no key was changed; they go as they are."""
    row: dict[str, Any] = {"id": sheet.id.strip(), "content": sheet.content}
    if sheet.passage.strip():
        row["passage"] = sheet.passage
    row |= _labels(sheet) | _parameters(sheet, problems)
    row["concepts"] = _concepts(sheet, problems)
    if not sheet.content.strip():
        problems.add("content", say("Write what is asked."))
    if not sheet.parts:
        problems.add("", say("Add a kind of answer below the text."))
        return row
    for index, part in enumerate(sheet.parts):
        _check_rows(part, f"part-{index}", problems)
    return row | (_plain(sheet, problems) if is_plain(sheet) else _interactions(sheet, problems, scoring))


def is_plain(sheet: Sheet) -> bool:
    """Whether it is stored as options: one choice of one or a rating scale, and nothing beside it."""
    if len(sheet.parts) != 1:
        return False
    (part,) = sheet.parts
    if part.type == RATING:
        return True
    is_bare = not part.prompt.strip() and place_of(part) not in sheet.content
    is_right_or_wrong = part.credit not in (SHARE, OWN, RULES)
    has_one_right = sum(row.right for row in part.rows) <= 1
    return sheet.is_plain and part.type == "choice" and is_bare and is_right_or_wrong and has_one_right


def _labels(sheet: Sheet) -> dict[str, Any]:
    groups = [" ".join(line.split()) for line in sheet.enemy_groups.splitlines()]
    return {
        "area": " ".join(sheet.area.split()),
        "question_set": " ".join(sheet.question_set.split()),
        "enemy_groups": [group for group in groups if group],
    }


def _parameters(sheet: Sheet, problems: Problems) -> dict[str, Any]:
    """What is left empty is left out, so that it is what it usually is."""
    found: dict[str, Any] = {"model": sheet.model} if sheet.model else {}
    for name in NUMBERS:
        if (text := getattr(sheet, name).strip()) and _number(text, name, problems) is not None:
            found[name] = read(text)
    for name in LISTS:
        values = read_list(getattr(sheet, name))
        if values is None:
            problems.add(name, say("These are no numbers with blanks between them."))
        elif values:
            found[name] = values
    return found


def _concepts(sheet: Sheet, problems: Problems) -> list[float]:
    weights = [
        _number(text or "0", f"concept-{index}", problems) for index, text in enumerate(sheet.concepts)
    ]
    if not any(weights):
        problems.add("concept-0", say("Say what the question measures."))
    return [weight or 0.0 for weight in weights]


def _number(text: str, where: str, problems: Problems) -> float | None:
    if (value := read(text)) is None:
        problems.add(where, NOT_A_NUMBER)
    return value


def _whole(text: str, where: str, problems: Problems) -> int:
    if (value := read_whole(text or "0")) is None:
        problems.add(where, NOT_WHOLE)
    return value or 0


def _check_rows(part: Part, where: str, problems: Problems) -> None:
    """Empty and equal texts, at their own field. What the kind does not show is nobody's mistake."""
    shown = [] if part.type in WITHOUT_ROWS else part.rows
    for kind, rows in (("row", shown), ("target", part.targets if part.type == "match" else [])):
        seen: set[str] = set()
        for index, row in enumerate(rows):
            text = " ".join(row.text.split())
            if not text and part.type == "textEntry":
                continue  # a line that accepts nothing
            if not text:
                problems.add(f"{where}-{kind}-{index}-text", say("Write a text here, or remove the line."))
            elif text in seen and part.type != "hottext":
                problems.add(f"{where}-{kind}-{index}-text", say("The same stands above."))
            seen.add(text)


def _plain(sheet: Sheet, problems: Problems) -> dict[str, Any]:
    (part,) = sheet.parts
    fixed = [index for index, row in enumerate(part.rows) if row.fixed]
    found: dict[str, Any] = {"options": [row.text for row in part.rows]}
    if fixed:
        found["fixed_options"] = fixed
    if len(part.rows) < 2:
        problems.add("part-0", say("There must be two answers to choose from, at least."))
    if part.type == "choice":
        if not any(row.right for row in part.rows):
            problems.add("part-0", say("Tick the right answer."))
        return {**found, "option_scores": [int(row.right) for row in part.rows]}
    scores = [_whole(row.worth, f"part-0-row-{i}-worth", problems) for i, row in enumerate(part.rows)]
    found["option_scores"] = scores
    steps = max(scores, default=0)
    if set(scores) != set(range(steps + 1)) or steps < 1:
        problems.add("part-0", say("The points must begin at 0 and leave no step out: 0, 1, 2 …"))
    elif not sheet.model and steps > 1:
        found |= {"model": "GRM", "thresholds": [step - (steps - 1) / 2 for step in range(steps)]}
    return found


def _interactions(sheet: Sheet, problems: Problems, scoring: Mapping[str, Any] | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "interactions": [asked_of(part, f"part-{i}", problems) for i, part in enumerate(sheet.parts)]
    }
    for index, part in enumerate(sheet.parts):
        if part.type == RATING:
            problems.add(f"part-{index}", say("A rating scale stands alone: no other answers beside it."))
    if scoring is not None:
        return {**found, "scoring": scoring}
    found["key"] = {
        part.response: key_of(part, f"part-{index}", problems) for index, part in enumerate(sheet.parts)
    }
    if sheet.all_or_nothing:
        found["all_or_nothing"] = True
    return found


def asked_of(part: Part, where: str, problems: Problems) -> dict[str, Any]:
    """The interaction, as `questions.interactions` reads it."""
    kind = {SEVERAL: "choice", NUMBER: "textEntry", RATING: "choice"}.get(part.type, part.type)
    asked: dict[str, Any] = {"type": kind, "response": part.response.strip(), "prompt": part.prompt}
    given = part.fields
    if part.type not in ("textEntry", NUMBER, "slider", "hottext"):
        asked["shuffle"] = bool(given["shuffle"])
    if part.type in ("textEntry", NUMBER):
        asked |= _typed(part, where, problems)
    elif part.type == "slider":
        asked |= {"base_type": "float" if given["base_type"] == "float" else "integer"}
        asked |= {
            name: _number(given[name], f"{where}-{name}", problems) or 0
            for name in ("lower", "upper", "step")
        }
    elif part.type in WITH_PAIRS:
        asked |= _pairs(part, where, problems)
    else:
        asked["choices"] = _choices(part)
        asked["min_choices"] = _whole(given["least"], f"{where}-least", problems)
        if part.type != "inlineChoice":
            is_one = part.type == "choice"
            asked["max_choices"] = 1 if is_one else _whole(given["most"], f"{where}-most", problems)
    return asked


def _choices(part: Part) -> list[dict[str, Any]]:
    return [{"id": row.id, "content": row.text, "fixed": row.fixed} for row in _shown(part)]


def _shown(part: Part) -> list[Row]:
    """Things to put in order are typed in the right one; they are not shown so."""
    if part.type != "order" or any(row.place.strip() for row in part.rows):
        return part.rows
    mixed = part.rows[1::2] + part.rows[::2]
    return mixed if len(mixed) > 2 else list(reversed(part.rows))


def _typed(part: Part, where: str, problems: Problems) -> dict[str, Any]:
    given = part.fields
    found: dict[str, Any] = {
        "base_type": "string" if part.type == "textEntry" else given["base_type"],
        "max_length": _whole(given["max_length"], f"{where}-max_length", problems),
        "placeholder": given["placeholder"],
    }
    if found["base_type"] not in ("string", "integer"):
        found["base_type"] = "float"
    if given["expected_length"].strip():
        found["expected_length"] = _whole(given["expected_length"], f"{where}-expected_length", problems)
    return found


def _pairs(part: Part, where: str, problems: Problems) -> dict[str, Any]:
    found: dict[str, Any] = {
        "min_associations": _whole(part.fields["least"], f"{where}-least", problems),
        "max_associations": _whole(part.fields["most"], f"{where}-most", problems),
    }
    # What is ticked for two may be used by two, or nobody could answer rightly.
    used = Counter(end for pair in right_pairs(part) for end in pair.split(" "))
    rows = _associables(part.rows, f"{where}-row", problems, used)
    if part.type == "match":
        found["sources"] = rows
        found["targets"] = _associables(part.targets, f"{where}-target", problems, used)
    else:
        found["choices"] = rows
    if part.type == "gapMatch":
        found["gaps"] = [{"id": gap.id} for gap in part.targets]
    return found


def _associables(
    rows: list[Row], where: str, problems: Problems, used: Mapping[str, int]
) -> list[dict[str, Any]]:
    most = [_whole(row.most, f"{where}-{index}-most", problems) for index, row in enumerate(rows)]
    return [
        {
            "id": row.id,
            "content": row.text,
            "fixed": row.fixed,
            "match_max": most[index] and max(most[index], used.get(row.id, 0)),
            "match_min": _whole(row.least, f"{where}-{index}-least", problems),
        }
        for index, row in enumerate(rows)
    ]
