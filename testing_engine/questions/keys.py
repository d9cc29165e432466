"""What an author says of right answers → scoring rules.

A key a response variable, each one of

    {"correct": "A"} or {"correct": ["A", "C"]}                      exactly this
    {"mapping": {"A": 1, "B": -0.5}, "default"?, "lower"?, "upper"?}  what each choice, pair or text is worth
    {"number": 9.81, "tolerance"?: 0.01, "relative"?: true}           a number, within (per cent, if relative)
    {"texts": {"Berlin": 1, "Berlin (DE)": 0.5}, "case_sensitive"?}   what is typed, blanks and case aside
    {"pattern": "[Bb]erlin.*", "case_sensitive"?}                     a pattern that the whole text must match

and a `weight` (1). The question's score is the sum of the parts' weighted scores, or with `all_or_nothing` 1
where every part has its full score, else 0.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from testing_engine.questions.attainable import attainable_scores
from testing_engine.questions.interactions import Interaction
from testing_engine.questions.program import (
    Program,
    ProgramError,
    Scoring,
    Variable,
    check_fits,
    variables_of,
)
from testing_engine.questions.telling_answers import TooManyAnswers
from testing_engine.sentences import say

MOST_MODELLED = (
    6  # categories that a response model is given; more cannot be told apart by a few hundred answers
)

Expression = dict[str, Any]


class Key(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The key of one response variable: one of the first five, and how it is meant."""

    correct: str | tuple[str, ...] | None = None
    mapping: dict[str, float] | None = None
    number: float | None = None
    texts: dict[str, float] | None = None
    pattern: str | None = None
    weight: float = 1.0
    default: float = 0.0
    lower: float | None = None
    upper: float | None = None
    tolerance: float = 0.0
    relative: bool = False
    case_sensitive: bool = False


def program_of_keys(
    interactions: Sequence[Interaction], keys: Mapping[str, Key], *, all_or_nothing: bool = False
) -> Program:
    """The rules, with their attainable scores as categories.

    Raises `ProgramError` where keys and interactions do not fit, `TooManyAnswers` where the scores are too
    many.
    """
    return with_categories(rules_of_keys(interactions, keys, all_or_nothing=all_or_nothing), interactions)


def rules_of_keys(
    interactions: Sequence[Interaction], keys: Mapping[str, Key], *, all_or_nothing: bool = False
) -> Program:
    """The same before its attainable scores are found. Raises as `program_of_keys`."""
    variables = variables_of(interactions)
    for name in variables:
        if name not in keys:
            raise ProgramError(f"/{name}", say("Has no key."))
    for name in keys:
        if name not in variables:
            raise ProgramError(f"/{name}", say("The question asks for no such response."))
    parts = {name: _score_of(name, keys[name], variables[name]) for name in variables}
    if all_or_nothing:
        return _all_or_nothing(variables, parts, interactions)
    weighted = [_weighted(part, keys[name].weight) for name, part in parts.items()]
    return Program(variables, weighted[0] if len(weighted) == 1 else {"op": "sum", "of": weighted})


def with_categories(program: Program, interactions: Sequence[Interaction]) -> Program:
    """The rules with all attainable scores as categories, checked.

    Raises `ProgramError` where every answer earns the same.
    """
    check_fits(program, interactions)
    scores = attainable_scores(program, interactions)
    if len(scores) < 2:
        raise ProgramError("/score", say("Every answer earns the same."))
    program = msgspec.structs.replace(program, categories=scores)
    Scoring(program)
    return program


def merged(program: Program, categories: Sequence[float]) -> Program:
    """The rules with fewer categories: each takes the scores from its own up to the next one's.

    Raises `ProgramError` where a category is no attainable score of the program, or the lowest is missing.
    """
    if not set(categories) <= set(program.categories) or program.categories[0] not in categories:
        raise ProgramError(
            "/categories", say("Must be some of the attainable scores, the lowest among them.")
        )
    made = msgspec.structs.replace(program, categories=tuple(sorted(categories)))
    Scoring(made)
    return made


def proposed_merge(scores: Sequence[float], most: int = MOST_MODELLED) -> tuple[float, ...]:
    """Few scores instead of many: the lowest, the full score, and between them about evenly spread ones."""
    if len(scores) <= most:
        return tuple(scores)
    lowest, full = scores[0], scores[-1]
    kept = {lowest, full}
    for step in range(1, most - 1):
        target = lowest + (full - lowest) * step / (most - 1)
        kept.add(min(scores, key=lambda score: (abs(score - target), score)))
    return tuple(sorted(kept))


def _score_of(name: str, key: Key, variable: Variable) -> Expression:
    """0 to 1, or what the mapping gives."""
    kinds = [
        kind
        for kind in ("correct", "mapping", "number", "texts", "pattern")
        if getattr(key, kind) is not None
    ]
    if len(kinds) != 1:
        raise ProgramError(f"/{name}", say("Must have one of correct, mapping, number, texts and pattern."))
    is_typed = variable.base_type in ("string", "integer", "float")
    given = {"op": "variable", "name": name}
    match kinds[0]:
        case "correct":
            return _one_if(_match(given, key.correct, variable, name))
        case "mapping" if not is_typed:
            return _mapped(given, key, key.mapping or {}, variable, sensitive=True)
        case "texts" if variable.base_type == "string":
            return _mapped(given, key, key.texts or {}, variable, sensitive=key.case_sensitive)
        case "pattern" if variable.base_type == "string":
            matches = {
                "op": "patternMatch",
                "of": [given],
                "pattern": key.pattern,
                "case_sensitive": key.case_sensitive,
            }
            return _one_if(matches)
        case "number" if variable.base_type in ("integer", "float"):
            by = [key.tolerance, key.tolerance]
            mode = "relative" if key.relative else "absolute"
            near = {"op": "equal", "of": [given, _value(key.number)], "tolerance": mode, "by": by}
            return _one_if(near)
        case kind:
            raise ProgramError(
                f"/{name}/{kind}",
                say("Does not fit an answer that is {base_type}.", base_type=variable.base_type),
            )


def _match(given: Expression, correct: Any, variable: Variable, name: str) -> Expression:
    members = [correct] if isinstance(correct, str) else list(correct)
    if variable.base_type == "pair":
        members = [" ".join(sorted(member.split(" "))) for member in members]
    if variable.base_type in ("integer", "float"):
        raise ProgramError(f"/{name}/correct", say("A number's key is “number”."))
    if variable.cardinality == "single":
        if len(members) != 1:
            raise ProgramError(f"/{name}/correct", say("Must be one: the question takes one."))
        if variable.base_type == "string":
            return {"op": "stringMatch", "of": [given, _value(members[0])], "case_sensitive": False}
        return {"op": "match", "of": [given, _value(members[0])]}
    if variable.cardinality == "multiple":
        members.sort()
    return {"op": "match", "of": [given, _value(members)]}


def _mapped(
    given: Expression, key: Key, worths: Mapping[str, float], variable: Variable, *, sensitive: bool
) -> Expression:
    def canonical(member: str) -> str:
        return " ".join(sorted(member.split(" "))) if variable.base_type == "pair" else member

    entries = [{"key": canonical(k), "value": v, "case_sensitive": sensitive} for k, v in worths.items()]
    mapping: Expression = {"op": "mapResponse", "of": [given], "entries": entries, "default": key.default}
    lower = 0.0 if key.lower is None else key.lower  # a guess costs no more than what was earned
    mapping["lower"] = lower
    if key.upper is not None:
        mapping["upper"] = key.upper
    return mapping


def _all_or_nothing(
    variables: dict[str, Variable], parts: Mapping[str, Expression], interactions: Sequence[Interaction]
) -> Program:
    conditions: list[Expression] = []
    for name, part in parts.items():
        alone = [each for each in interactions if each.response == name]
        full = attainable_scores(Program({name: variables[name]}, part), alone)[-1]
        conditions.append({"op": "gte", "of": [part, _value(full - 1e-9)]})
    return Program(variables, _one_if({"op": "and", "of": conditions}))


def _weighted(part: Expression, weight: float) -> Expression:
    if weight == 1.0:
        return part
    if part["op"] == "if":  # a constant each way: so it stays plain to see that the part is a number
        condition, full, nothing = part["of"]
        return {"op": "if", "of": [condition, _value(full["value"] * weight), nothing]}
    return {"op": "product", "of": [part, _value(weight)]}


def _one_if(condition: Expression) -> Expression:
    return {"op": "if", "of": [condition, _value(1.0), _value(0.0)]}


def _value(value: Any) -> Expression:
    return {"op": "value", "value": value}


__all__ = [
    "MOST_MODELLED",
    "Key",
    "TooManyAnswers",
    "merged",
    "program_of_keys",
    "proposed_merge",
    "rules_of_keys",
    "with_categories",
]
