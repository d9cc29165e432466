"""What earns what in one part of a sheet → a key of `questions.keys`."""

import re
from typing import Any

import re2

from testing_engine.authoring.numbers import read, read_whole
from testing_engine.authoring.problems import Problems
from testing_engine.authoring.shares import right_pairs, share_of_choices, share_of_pairs
from testing_engine.authoring.sheet import NUMBER, OWN, RULES, SHARE, TAKES_ONE, WITH_PAIRS, Part
from testing_engine.sentences import say

TICK = say("Tick the right answer.")
TICK_RIGHT = say("Tick the right answers.")
SAY_PAIRS = say("Say what belongs together.")


def key_of(part: Part, where: str, problems: Problems) -> dict[str, Any]:
    """The key, with its weight. What is missing is noted."""
    if part.credit == RULES:
        problems.add(
            f"{where}-credit",
            say("These rules came with the question and fit it no more. Choose here how it is scored."),
        )
        return {"correct": "?"}
    if part.type in (NUMBER, "slider"):
        key = _number(part, where, problems)
    elif part.type == "textEntry":
        key = _text(part, where, problems)
    elif part.type == "order":
        key = {"correct": _order(part, where, problems)}
    elif part.type in WITH_PAIRS:
        key = _pairs(part, where, problems)
    else:
        key = _choices(part, where, problems)
    weight = _read(part.fields["weight"] or "1", f"{where}-weight", problems)
    return key if weight == 1 else {**key, "weight": weight}


def _read(text: str, where: str, problems: Problems) -> float:
    value = read(text)
    if value is None:
        problems.add(where, say("This is no number."))
    return value or 0.0


def _choices(part: Part, where: str, problems: Problems) -> dict[str, Any]:
    right = [row.id for row in part.rows if row.right]
    if len(part.rows) < 2 and part.type != "hottext":
        problems.add(where, say("There must be two answers to choose from, at least."))
    takes_one = part.type in TAKES_ONE or (part.type == "hottext" and part.fields["most"].strip() == "1")
    if part.credit == OWN:
        worths = {
            row.id: _read(row.worth, f"{where}-row-{index}-worth", problems)
            for index, row in enumerate(part.rows)
            if row.worth.strip()
        }
        if not any(worth > 0 for worth in worths.values()):
            problems.add(where, say("Say what the answers are worth: one of them more than 0."))
        return {"mapping": worths, **_bounds(part, where, problems)}
    if not right:
        problems.add(where, TICK if takes_one else TICK_RIGHT)
    if part.credit == SHARE and not takes_one:
        worths, default = share_of_choices(part)
        return {"mapping": worths, "default": default}
    if not takes_one:
        return {"correct": right}
    return (
        {"correct": right[0] if right else "?"} if len(right) < 2 else {"mapping": dict.fromkeys(right, 1.0)}
    )


def _bounds(part: Part, where: str, problems: Problems) -> dict[str, Any]:
    names = {"key_default": "default", "key_lower": "lower", "key_upper": "upper"}
    return {
        name: _read(part.fields[field], f"{where}-{field}", problems)
        for field, name in names.items()
        if part.fields[field].strip()
    }


def _number(part: Part, where: str, problems: Problems) -> dict[str, Any]:
    if not part.fields["number"].strip():
        problems.add(f"{where}-number", say("Write the right number."))
        return {"number": 0}
    key: dict[str, Any] = {"number": _read(part.fields["number"], f"{where}-number", problems)}
    key["tolerance"] = _read(part.fields["tolerance"] or "0", f"{where}-tolerance", problems)
    if part.fields["relative"]:
        key["relative"] = True
    return key


def _text(part: Part, where: str, problems: Problems) -> dict[str, Any]:
    how = {"case_sensitive": True} if part.fields["case_sensitive"] else {}
    if pattern := part.fields["pattern"]:
        try:
            re2.compile(pattern)
        except re2.error:
            problems.add(f"{where}-pattern", say("This is no pattern."))
        return {"pattern": pattern, **how}
    texts = {
        row.text: _read(row.worth or "1", f"{where}-row-{index}-worth", problems)
        for index, row in enumerate(part.rows)
        if row.text.strip()
    }
    if not any(worth > 0 for worth in (*texts.values(), read(part.fields["key_default"]) or 0)):
        problems.add(where, say("Write an answer that is right, with more than 0 points."))
    return {"texts": texts, **how, **_bounds(part, where, problems)}


def _order(part: Part, where: str, problems: Problems) -> list[str]:
    """Ids in the right order: by the places that are given, else as they are typed."""
    if len(part.rows) < 2:
        problems.add(where, say("There must be two things to put in order, at least."))
    if not any(row.place.strip() for row in part.rows):
        return [row.id for row in part.rows]
    placed: list[tuple[int, str]] = []
    for index, row in enumerate(part.rows):
        if not row.place.strip():
            continue
        place = read_whole(row.place)
        if place is None or place in [other for other, _ in placed]:
            problems.add(f"{where}-row-{index}-place", say("Give every place once: 1, 2, 3 …"))
        else:
            placed.append((place, row.id))
    return [row_id for _, row_id in sorted(placed)]


_WORTH = re.compile(r"(\S+)\s+(\S+)\s*=\s*(\S+)")


def _pairs(part: Part, where: str, problems: Problems) -> dict[str, Any]:
    pairs = right_pairs(part)
    if part.credit == OWN:
        return {"mapping": _worths(part, where, problems), **_bounds(part, where, problems)}
    if not pairs:
        problems.add(where, SAY_PAIRS)
    if part.credit == SHARE:
        worths, default = share_of_pairs(part)
        return {"mapping": worths, **({"default": default} if default else {})}
    return {"correct": pairs}


def _worths(part: Part, where: str, problems: Problems) -> dict[str, float]:
    known = {row.id for row in (*part.rows, *part.targets)}
    worths: dict[str, float] = {}
    for line in filter(str.strip, part.fields["worths"].splitlines()):
        found = _WORTH.fullmatch(line.strip())
        value = read(found[3]) if found else None
        if found is None or value is None or not {found[1], found[2]} <= known:
            problems.add(
                f"{where}-worths",
                say("Not understood: “{line}”. Write as “A 1 = 0.5”.", line=line[:60]),
            )
        else:
            worths[f"{found[1]} {found[2]}"] = value
    if not worths:
        problems.add(f"{where}-worths", say("Say what the pairs are worth, a line each: “A 1 = 0.5”."))
    return worths
