"""The rules of a named test as simple fields, or as JSON for experts; and as sentences."""

import json
from collections.abc import Mapping
from typing import Any

from testing_engine.psychometrics.rules import CatRules, RulesError

EXPERT = "expert"
STOPPING = {
    "fixed_length": "after a fixed number of questions",
    "precision": "when the standard error is small enough",
    "classification": "when the level is sure enough",
    EXPERT: "by rules as JSON, for experts",
}
# What the simple form of the rules calls it → the form's field.
FIELDS = {
    "max_questions": "max_questions",
    "min_questions": "min_questions",
    "precision_threshold": "target_error",
    "classification_threshold": "sure_enough",
    "cut_scores": "cuts",
}
_USED = {
    "fixed_length": ("max_questions",),
    "precision": ("max_questions", "min_questions", "precision_threshold"),
    "classification": ("max_questions", "min_questions", "classification_threshold", "cut_scores"),
}


def rules_of(cleaned: Mapping[str, Any]) -> CatRules:
    """The rules that the form's fields say. Raises `RulesError` whose places are names of fields."""
    stopping = cleaned["stopping"]
    if stopping == EXPERT:
        try:
            return CatRules.from_json(cleaned.get("rules") or {})
        except RulesError as error:
            raise RulesError(
                [("rules", f"{place or '/'}: {text}") for place, text in error.problems]
            ) from None
    given = {name: cleaned.get(FIELDS[name]) for name in _USED[stopping]}
    missing = [FIELDS[name] for name, value in given.items() if value in (None, "", [])]
    if missing:
        raise RulesError([(name, "This is needed to stop so.") for name in missing])
    if stopping == "fixed_length":
        given["min_questions"] = given["max_questions"]
    try:
        return CatRules.from_end_criteria(type=stopping, **given)
    except RulesError as error:
        problems = [(FIELDS.get(place.split("/")[1], "stopping"), text) for place, text in error.problems]
        raise RulesError(problems) from None


def fields_of(rules: Mapping[str, Any]) -> dict[str, Any]:
    """The form's fields that say these rules: the simple ones where they can, else JSON."""
    expert = {"stopping": EXPERT, "rules": json.dumps(rules, indent=2)}
    stops = rules.get("stop") or [{}]
    if len(stops) > 1:
        return expert
    (stop,) = stops
    fields = {
        "stopping": stop.get("name", "fixed_length"),
        "max_questions": rules.get("max_questions", 20),
        "min_questions": rules.get("min_questions", 0),
        "target_error": stop.get("standard_error"),
        "sure_enough": stop.get("probability"),
        "cuts": stop.get("cuts"),
    }
    try:
        is_simple = rules_of(fields).to_json() == CatRules.from_json(dict(rules)).to_json()
    except (RulesError, KeyError):
        return expert
    return fields if is_simple else expert


def sentences(rules: Mapping[str, Any]) -> list[str]:
    """What the rules say, for people; whatever has no sentence is shown as JSON."""
    most, least = rules.get("max_questions", 20), rules.get("min_questions", 0)
    said = [f"{most} questions." if least == most else f"{max(least, 1)} to {most} questions."]
    for stop in rules.get("stop", []):
        if stop.get("name") == "precision":
            said.append(f"Stops when every standard error is at most {stop['standard_error']}.")
        elif stop.get("name") == "classification":
            cuts = ", ".join(map(str, stop.get("cuts", [])))
            said.append(f"Stops when the side of each cut ({cuts}) is {stop['probability']:.0%} sure.")
        else:
            said.append(f"Stops by {json.dumps(stop)}.")
    shown = {"max_questions", "min_questions", "stop"}
    said += [f"{name}: {json.dumps(value)}" for name, value in rules.items() if name not in shown]
    return said
