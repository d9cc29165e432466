"""The rules of a named test as simple fields, or as JSON for experts; and as sentences."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.psychometrics.stopping import Classification, Precision

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
    given: dict[str, Any] = {name: cleaned.get(FIELDS[name]) for name in _USED[stopping]}
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
    fields: dict[str, Any] = {"stopping": EXPERT}
    with suppress(RulesError):
        known = CatRules.from_json(dict(rules))
        fields = _simple_fields(known)
        if rules_of(fields) == known:
            return fields
    return {"stopping": EXPERT, "rules": json.dumps(rules, indent=2)}


def _simple_fields(rules: CatRules) -> dict[str, Any]:
    stop = rules.stop[0] if rules.stop else None
    kinds: dict[type, str] = {
        Precision: "precision",
        Classification: "classification",
        type(None): "fixed_length",
    }
    return {
        "stopping": kinds.get(type(stop), EXPERT),
        "max_questions": rules.max_questions,
        "min_questions": rules.min_questions,
        "target_error": getattr(stop, "standard_error", None),
        "sure_enough": getattr(stop, "probability", None),
        "cuts": list(getattr(stop, "cuts", ())),
    }


def sentences(rules: Mapping[str, Any]) -> list[str]:
    """What the rules say, for people; whatever has no sentence is shown as JSON."""
    try:
        known = CatRules.from_json(dict(rules))
    except RulesError as error:
        return [f"This version does not understand these rules: {error}"]
    most, least = known.max_questions, max(known.min_questions, 1)
    said = [f"{most} questions." if least == most else f"{least} to {most} questions."]
    for stop, encoded in zip(known.stop, known.to_json().get("stop", []), strict=True):
        if isinstance(stop, Precision) and stop == Precision(stop.standard_error):
            said.append(f"Stops when every standard error is at most {stop.standard_error}.")
        elif isinstance(stop, Classification):
            cuts = ", ".join(f"{cut:g}" for cut in stop.cuts)
            said.append(f"Stops when the level, cut at {cuts}, is {stop.probability:.0%} sure.")
        else:
            said.append(f"Stops by {json.dumps(encoded)}.")
    shown = {"max_questions", "min_questions", "stop"}
    return said + [f"{name}: {json.dumps(value)}" for name, value in rules.items() if name not in shown]
