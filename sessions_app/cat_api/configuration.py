"""A section as it was posted → the pool that it draws from, the rules, and how far it looks ahead.

`sectionConfiguration` is Base64 of `{"version": 1, "pool": {"id": …} or {"items": […]}, "rules": {…},
"lookahead": 3}`. Items are questions of a pool document without anything to show: their identifiers and
parameters.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sessions_app.cat_api.errors import CatRefused, refuse
from sessions_app.cat_api.usage_data import FIELD as USAGE_DATA
from sessions_app.cat_api.usage_data import parameters_in
from sessions_app.cat_api.wire import decoded
from testing_engine.interchange.json_objects import RepeatedFieldError, once
from testing_engine.interchange.questions import PoolDraft, PoolRefused, parse_pool
from testing_engine.psychometrics.rules import CatRules, RulesError

FIELD = "sectionConfiguration"
FIELDS = ("version", "pool", "rules", "lookahead", "scaling")
LOOKAHEAD, MOST_AHEAD = 3, 20
MOST_ITEMS = 10_000
SAME = 1e-9  # of two spellings of one parameter
SHORT = {"a": "discrimination", "b": "difficulty", "c": "guessing", "d": "upper_asymptote"}


@dataclass(frozen=True)
class Manner:
    """How a section's sessions go."""

    rules: CatRules
    lookahead: int


@dataclass(frozen=True)
class Asked:
    """`pool_id` and perhaps the number of its revision, or a `draft` of items with parameters."""

    manner: Manner
    pool_id: UUID | None = None
    revision: int | None = None
    draft: PoolDraft | None = None


def read_section(content: Mapping[str, Any]) -> Asked:
    """What the section asks for; raises `CatRefused`, which names each field."""
    configuration = _configuration(content)
    problems = [
        (f"{FIELD}/{name}", f"is unknown; there are {', '.join(FIELDS)}")
        for name in configuration
        if name not in FIELDS
    ]
    if configuration.get("version", 1) != 1:
        problems.append((f"{FIELD}/version", "must be 1"))
    lookahead = configuration.get("lookahead", LOOKAHEAD)
    if not isinstance(lookahead, int) or isinstance(lookahead, bool) or not 0 <= lookahead <= MOST_AHEAD:
        problems.append((f"{FIELD}/lookahead", f"must be a whole number from 0 to {MOST_AHEAD}"))
    rules = CatRules()
    try:
        rules = _rules(configuration.get("rules"))
    except RulesError as error:
        problems += [(f"{FIELD}/rules{pointer}", message) for pointer, message in error.problems]
    pool = configuration.get("pool")
    if not isinstance(pool, Mapping) or ("id" in pool) == ("items" in pool):
        problems.append((f"{FIELD}/pool", 'must be {"id": …} or {"items": […]}'))
    if problems:
        raise CatRefused(problems)
    assert isinstance(pool, Mapping)
    manner = Manner(rules, lookahead)
    if "id" in pool:
        return Asked(manner, *_pool(pool))
    return Asked(manner, draft=_draft(pool["items"], configuration, content))


def _configuration(content: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        found = json.loads(decoded(content.get(FIELD), FIELD), object_pairs_hook=once)
    except RepeatedFieldError as error:
        raise refuse(FIELD, "names a field twice") from error
    except (ValueError, RecursionError) as error:
        raise refuse(FIELD, "is not JSON inside its Base64") from error
    if not isinstance(found, Mapping):
        raise refuse(FIELD, "must be a JSON object inside its Base64")
    return found


def _rules(given: object) -> CatRules:
    if given is None:
        return CatRules.from_end_criteria(
            type="precision",
            max_questions=20,
            precision_threshold=0.3,
            classification_threshold=0.8,
            cut_scores=[0.0],
        )
    if not isinstance(given, dict):
        raise RulesError([("", "must be an object")])
    return CatRules.from_json(given)


def _pool(pool: Mapping[str, Any]) -> tuple[UUID, int | None]:
    number = pool.get("revision")
    if number is not None and (not isinstance(number, int) or isinstance(number, bool) or number < 1):
        raise refuse(f"{FIELD}/pool/revision", "must be a whole number from 1 on")
    try:
        return UUID(str(pool["id"])), number
    except ValueError as error:
        raise refuse(f"{FIELD}/pool/id", "must be the id of a pool, a UUID") from error


def _draft(items: object, configuration: Mapping[str, Any], content: Mapping[str, Any]) -> PoolDraft:
    where = f"{FIELD}/pool/items"
    if not isinstance(items, list) or not items or len(items) > MOST_ITEMS:
        raise refuse(where, f"must be a list of 1 to {MOST_ITEMS} items")
    if not all(isinstance(item, dict) for item in items):
        raise refuse(where, "must be a list of objects")
    usage = _usage(content, configuration)
    rows = [_row(dict(item), usage, f"{where}/{index}") for index, item in enumerate(items)]
    try:
        return parse_pool({"questions": rows})
    except PoolRefused as error:
        at = "/questions"
        raise CatRefused(
            (where + pointer.removeprefix(at), message) for pointer, message in error.problems
        ) from error


def _usage(content: Mapping[str, Any], configuration: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Of the usage data, on the logit scale."""
    if not content.get(USAGE_DATA):
        return {}
    found = parameters_in(decoded(content[USAGE_DATA], USAGE_DATA))
    scaling = configuration.get("scaling")
    if found and (isinstance(scaling, bool) or scaling not in (1, 1.7, 1.702)):
        raise refuse(
            f"{FIELD}/scaling",
            f"must be 1, 1.7 or 1.702: what a slope of {USAGE_DATA} is multiplied with in the exponent",
        )
    for parameters in found.values():
        if "discrimination" in parameters:
            parameters["discrimination"] *= float(scaling)  # type: ignore[arg-type]
    return found


def _row(item: dict[str, Any], usage: Mapping[str, Mapping[str, float]], where: str) -> dict[str, Any]:
    """The item as a question of a pool document: what it can earn stands for what it shows."""
    row = {SHORT.get(name, name): value for name, value in item.items()}
    if len(row) != len(item):
        raise refuse(where, "gives a parameter by two names")
    for name, value in usage.get(str(row.get("id")), {}).items():
        own = row.setdefault(name, value)
        if not isinstance(own, int | float) or abs(own - value) > SAME:
            raise refuse(f"{where}/{name}", f"is {own} here and {value:g} in {USAGE_DATA}")
    steps = row.get("thresholds") or row.get("category_intercepts") or [0]
    categories = len(steps) + ("category_intercepts" not in row) if isinstance(steps, list) else 2
    scores = list(range(max(categories, 2)))
    row.setdefault("concepts", [1])
    return {
        **row,
        "content": str(row.get("id", "")),
        "options": [str(score) for score in scores],
        "option_scores": scores,
    }
