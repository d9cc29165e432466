"""What QTI has no place for, in the manifest of a package of ours, under a namespace of our own.

Other programs pass over it (the manifest's schema lets any namespace stand there). The pool's concepts and
scale stand in the manifest's metadata, what is a question's own in its resource's: JSON, with the fields of a
pool document. a, b and c stay in the usage data, where others look for them.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from testing_engine.interchange.exported import PoolContents
from testing_engine.interchange.json_objects import once
from testing_engine.interchange.markup import Element
from testing_engine.interchange.qti.texts import Node, element_in
from testing_engine.psychometrics.items.states import NOT_CALIBRATED
from testing_engine.sentences import Sentence, say

NAMESPACE = "urn:adaptive-testing-service:pool:1"
POOL, QUESTION = "adaptivePool", "adaptiveQuestion"
LABELS = ("concepts", "area", "question_set", "enemy_groups")
MODEL = ("model", "upper_asymptote", "thresholds", "category_slopes", "category_intercepts", "state")
SAME = 1e-9  # of scores, which rules of QTI compute anew

UNREADABLE = say("What this service says of it in the manifest cannot be read.")
MISFIT = say("Its rules are other ones than those that its parameters are of; none are taken.")


@dataclass(frozen=True)
class OwnMetadata:
    """`pool`: of the whole. `questions`: by path of the item, None where it cannot be read."""

    pool: Mapping[str, Any] = field(default_factory=dict)
    questions: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)


# --- Out -------------------------------------------------------------------------------------------------


def pool_metadata(pool: PoolContents) -> Node:
    told = {"concept_names": list(pool.concept_names), "scale": pool.scale}
    return element_in(NAMESPACE, POOL, None, text=json.dumps(told))


def question_metadata(row: Mapping[str, Any], merged: Sequence[float] | None) -> Node:
    """`merged`: the scores that count, where some are counted as one."""
    told = {name: row[name] for name in LABELS if name in row}
    told |= {name: told.get(name, "") for name in ("area", "question_set")}  # none is said, too
    if row.get("state") != NOT_CALIBRATED:
        told |= {name: row[name] for name in MODEL if name in row}
    if merged is not None:
        told["categories"] = list(merged)
    return element_in(NAMESPACE, QUESTION, None, text=json.dumps(told))


# --- In --------------------------------------------------------------------------------------------------


def read_pool_metadata(manifest: Element) -> Mapping[str, Any]:
    """Concept names and scale; nothing where the package is not ours."""
    told = next((_object_in(each) for each in manifest.walk() if each.name == POOL), None) or {}
    names, scale = told.get("concept_names"), told.get("scale")
    found: dict[str, Any] = {}
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        found["concept_names"] = tuple(names)
    if isinstance(scale, str):
        found["scale"] = scale
    return found


def read_question_metadata(resource: Element) -> tuple[bool, Mapping[str, Any] | None]:
    """Whether the resource has any, and what it says; None where that cannot be read."""
    told = next((each for each in resource.walk() if each.name == QUESTION), None)
    return told is not None, None if told is None else _object_in(told)


def with_metadata(
    row: Mapping[str, Any], told: Mapping[str, Any], scores: Sequence[float]
) -> tuple[dict[str, Any], list[Sentence]]:
    """The row with what is said of it, and what of that is lost. `scores`: those that its rules can give.

    An item that was changed meanwhile, so that it gives other scores, keeps none of the old parameters.
    """
    made = {**row, **{name: told[name] for name in LABELS if name in told}}
    counted = _among(told.get("categories"), scores)
    model = {name: told[name] for name in MODEL if name in told}
    if counted is None or not _fits(model, len(counted)):
        for name in ("model", "discrimination", "difficulty", "guessing"):
            made.pop(name, None)
        return made, [MISFIT]
    made |= model
    if len(counted) < len(scores):
        made["categories"] = counted
    if "discrimination" in made and isinstance(concepts := made.get("concepts"), list) and len(concepts) > 1:
        length = math.sqrt(sum(weight**2 for weight in concepts if isinstance(weight, int | float)))
        made["discrimination"] = made["discrimination"] / length if length else made["discrimination"]
    return made, []


def _among(told: object, scores: Sequence[float]) -> list[float] | None:
    """The scores that count, as the rules give them; all where none are told; None where one is not there."""
    if told is None:
        return list(scores)
    if not isinstance(told, list) or not all(isinstance(each, int | float) for each in told):
        return None
    found = [next((score for score in scores if abs(score - each) <= SAME), None) for each in told]
    return None if None in found else [score for score in found if score is not None]


def _fits(model: Mapping[str, Any], categories: int) -> bool:
    """Whether parameters are of so many scores; a model of two says nothing of it."""
    thresholds, slopes = model.get("thresholds"), model.get("category_slopes")
    if isinstance(thresholds, list) and thresholds:
        return len(thresholds) + 1 == categories
    if isinstance(slopes, list) and slopes:
        return len(slopes) == categories
    return not model or categories == 2


def _object_in(element: Element) -> Mapping[str, Any] | None:
    try:
        told = json.loads(element.text, object_pairs_hook=once)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None
