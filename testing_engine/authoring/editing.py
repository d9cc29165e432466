"""What the buttons of a sheet do: add, remove and move parts and rows. Nothing that was typed is lost."""

from typing import Any

from testing_engine.authoring.sheet import (
    TYPES,
    Sheet,
    new_part,
    new_row,
    new_target,
    place_of,
    places_of,
    put_into_text,
)
from testing_engine.questions.interactions import MOST_CHOICES, MOST_INTERACTIONS


def edit(sheet: Sheet, button: str) -> str:
    """Do what the button says, in place. What means nothing does nothing.

    `add:TYPE`, `remove:PART`, `up:PART`; of rows `row:PART`, `remove-row:PART:ROW`,
    `up-row:PART:ROW`; the same of targets: `target:PART`, `remove-target:PART:ROW`. Returns where in the
    form one goes on, "" for where one was.
    """
    verb, *words = button.split(":")
    try:
        return str(_VERBS[verb](sheet, *words) or "")
    except (KeyError, IndexError, ValueError, TypeError):
        return ""


def _add(sheet: Sheet, part_type: str) -> str:
    if part_type not in TYPES or len(sheet.parts) >= MOST_INTERACTIONS:
        return ""
    part = new_part(sheet, part_type)
    sheet.parts.append(part)
    for place in places_of(part):
        put_into_text(sheet, place)
    return f"part-{len(sheet.parts) - 1}"


def _remove(sheet: Sheet, part: str) -> str:
    removed = sheet.parts.pop(_index(part))
    for place in [
        place_of(removed),
        *(place_of(removed, row.id) for row in (*removed.targets, *removed.rows)),
    ]:
        sheet.content = sheet.content.replace(place, "")
    return f"part-{max(_index(part) - 1, 0)}"


def _up(sheet: Sheet, part: str) -> str:
    _raise(sheet.parts, _index(part))
    return f"part-{max(_index(part) - 1, 0)}"


def _add_row(sheet: Sheet, part: str) -> str:
    changed = sheet.parts[_index(part)]
    if len(changed.rows) >= MOST_CHOICES:
        return ""
    row = new_row(changed)
    changed.rows.append(row)
    if changed.type == "rating":
        row.worth = str(len(changed.rows) - 1)
    if changed.type == "hottext":
        put_into_text(sheet, place_of(changed, row.id))
    return f"part-{part}-row-{len(changed.rows) - 1}-text"


def _add_target(sheet: Sheet, part: str) -> str:
    changed = sheet.parts[_index(part)]
    if len(changed.targets) >= MOST_CHOICES:
        return ""
    target = new_target(changed)
    changed.targets.append(target)
    if changed.type == "gapMatch":
        put_into_text(sheet, place_of(changed, target.id))
        return ""
    return f"part-{part}-target-{len(changed.targets) - 1}-text"


def _remove_row(sheet: Sheet, part: str, row: str) -> str:
    changed = sheet.parts[_index(part)]
    removed = changed.rows.pop(_index(row))
    for target in changed.targets:
        target.partners = tuple(each for each in target.partners if each != removed.id)
    if changed.type == "hottext":
        sheet.content = sheet.content.replace(place_of(changed, removed.id), removed.text)
    return f"part-{part}-row-{max(_index(row) - 1, 0)}-text"


def _remove_target(sheet: Sheet, part: str, row: str) -> None:
    changed = sheet.parts[_index(part)]
    removed = changed.targets.pop(_index(row))
    for each in changed.rows:
        each.partners = tuple(partner for partner in each.partners if partner != removed.id)
    if changed.type == "gapMatch":
        sheet.content = sheet.content.replace(place_of(changed, removed.id), "")


def _up_row(sheet: Sheet, part: str, row: str) -> str:
    _raise(sheet.parts[_index(part)].rows, _index(row))
    return f"part-{part}-row-{max(_index(row) - 1, 0)}-text"


def _index(text: str) -> int:
    number = int(text)
    if number < 0:
        raise IndexError
    return number


def _raise(members: list[Any], index: int) -> None:
    if index > 0:
        members[index - 1], members[index] = members[index], members[index - 1]


_VERBS: dict[str, Any] = {
    "add": _add,
    "remove": _remove,
    "up": _up,
    "row": _add_row,
    "remove-row": _remove_row,
    "up-row": _up_row,
    "target": _add_target,
    "remove-target": _remove_target,
}
