"""The rules of a named test as simple fields, or as JSON for experts; and as sentences."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from testing_engine.psychometrics.effort import Effort
from testing_engine.psychometrics.pauses import Pauses
from testing_engine.psychometrics.pilots import Pilots
from testing_engine.psychometrics.rules import CatRules, QuestionSets, RulesError
from testing_engine.psychometrics.stopping import Classification, Precision

EXPERT = "expert"
COUNT_ALL, BY_SECONDS, BY_QUESTION = "", "seconds", "by_question"
EFFORT = {
    COUNT_ALL: "count, however fast they came",
    BY_SECONDS: "that came in less than the seconds below are quick guesses: left out of θ",
    BY_QUESTION: "that came in less than the pool's own time for the question are left out of θ",
}
# Orders of tests without an ability, which end by their length alone.
WITHOUT_ABILITY = ("linear", "random")
STOPPING = {
    "fixed_length": "after a fixed number of questions",
    "precision": "when the standard error is small enough",
    "classification": "when the level is sure enough",
    "linear": "after a fixed number of questions in the pool's order, with points in place of an ability",
    "random": "after a fixed number of questions drawn at random, with points in place of an ability",
    EXPERT: "by rules as JSON, for experts",
}
# Questions of a set one after the other: what the form's tick stands for.
TOGETHER = (QuestionSets(),)
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
    "linear": ("max_questions",),
    "random": ("max_questions",),
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
    eligibility = TOGETHER if cleaned.get("sets_together") else ()
    pauses = pauses_of(cleaned.get("pauses"), cleaned.get("pause_minutes"))
    if stopping in WITHOUT_ABILITY:
        in_order = CatRules.from_json({"selection": stopping, **given})
        return replace(in_order, eligibility=eligibility, pauses=pauses)
    if stopping == "fixed_length":
        given["min_questions"] = given["max_questions"]
    pilots, effort = _pilots_of(cleaned), _effort_of(cleaned)
    try:
        rules = CatRules.from_end_criteria(type=stopping, **given)
        return replace(rules, pilots=pilots, effort=effort, eligibility=eligibility, pauses=pauses)
    except RulesError as error:
        problems = [(FIELDS.get(place.split("/")[1], "stopping"), text) for place, text in error.problems]
        raise RulesError(problems) from None


def pauses_of(times: int | None, minutes: int | None) -> Pauses | None:
    """How the clock may be stopped; no number, or 0, is not at all. Raises `RulesError`, with the fields."""
    if not times:
        return None
    given = {"times": times} | ({} if minutes is None else {"minutes": minutes})
    try:
        return CatRules.from_json({"pauses": given}).pauses
    except RulesError as error:
        names = {"/pauses/times": "pauses", "/pauses/minutes": "pause_minutes"}
        raise RulesError([(names.get(place, "pauses"), text) for place, text in error.problems]) from None


def _pilots_of(cleaned: Mapping[str, Any]) -> Pilots | None:
    """What a sitting tries out; no number, or 0, is nothing."""
    count, quota = cleaned.get("pilots"), cleaned.get("pilot_quota")
    if not count:
        return None
    given = {"count": count} | ({"quota": quota} if quota else {})
    try:
        return CatRules.from_json({"pilots": given}).pilots
    except RulesError as error:
        names = {"/pilots/count": "pilots", "/pilots/quota": "pilot_quota"}
        raise RulesError([(names.get(place, "pilots"), text) for place, text in error.problems]) from None


def _effort_of(cleaned: Mapping[str, Any]) -> Effort | None:
    """Which answers come too fast to count."""
    how, seconds = cleaned.get("effort") or COUNT_ALL, cleaned.get("rapid_seconds")
    if how == COUNT_ALL:
        return None
    given = {"by_question": how == BY_QUESTION} | ({} if seconds is None else {"seconds": seconds})
    try:
        return CatRules.from_json({"effort": given}).effort
    except RulesError as error:
        raise RulesError([("rapid_seconds", text) for _, text in error.problems]) from None


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
    in_order = rules.selection if rules.selection in WITHOUT_ABILITY else None
    pilots = rules.pilots or Pilots(count=1)
    effort = rules.effort or Effort()
    how = COUNT_ALL if rules.effort is None else BY_QUESTION if effort.by_question else BY_SECONDS
    pauses = rules.pauses or Pauses()
    return {
        "effort": how,
        "rapid_seconds": effort.seconds,
        "stopping": in_order or kinds.get(type(stop), EXPERT),
        "sets_together": rules.eligibility == TOGETHER,
        "pilots": rules.pilots and pilots.count,
        "pilot_quota": pilots.quota,
        "pauses": rules.pauses and pauses.times,
        "pause_minutes": pauses.minutes,
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
    if not known.stop:  # nothing else ends it
        least = most
    said = [f"{most} questions." if least == most else f"{least} to {most} questions."]
    for stop, encoded in zip(known.stop, known.to_json().get("stop", []), strict=True):
        if isinstance(stop, Precision) and stop == Precision(stop.standard_error):
            said.append(f"Stops when every standard error is at most {stop.standard_error}.")
        elif isinstance(stop, Classification):
            cuts = ", ".join(f"{cut:g}" for cut in stop.cuts)
            said.append(f"Stops when the level, cut at {cuts}, is {stop.probability:.0%} sure.")
        else:
            said.append(f"Stops by {json.dumps(encoded)}.")
    if known.selection in WITHOUT_ABILITY:
        order = "in the pool's order" if known.selection == "linear" else "at random"
        said.append(f"Questions come {order}; the result is points and percent.")
    if known.eligibility == TOGETHER:
        said.append("Questions of a set come one after the other.")
    if known.pilots is not None:
        count, quota = known.pilots.count, known.pilots.quota
        said.append(
            f"Beside these, tries out {count} that are not calibrated, until each has {quota} answers."
        )
    if known.effort is not None:
        own = "the pool's time for the question, else in " if known.effort.by_question else ""
        said.append(
            f"An answer in less than {own}{known.effort.seconds:g} seconds is a quick guess: θ leaves it out."
        )
    if known.pauses is not None:
        times, minutes = known.pauses.times, known.pauses.minutes
        said.append(f"May be paused, {times} times at most, for {minutes} minutes in all: the clock stops.")
    shown = {"max_questions", "min_questions", "stop", "selection", "pilots", "pauses"}
    shown |= {"effort"} if known.effort is not None and not known.effort.items else set()
    shown |= {"eligibility"} if known.eligibility == TOGETHER else set()
    return said + [f"{name}: {json.dumps(value)}" for name, value in rules.items() if name not in shown]
