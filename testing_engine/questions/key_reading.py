"""Scoring rules → the keys that they were compiled from, where they say no more than keys can.

What `keys` compiles, this reads back, and proves it: the keys found are compiled again and must give the same
rules.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from testing_engine.questions.interactions import Interaction
from testing_engine.questions.keys import Key, rules_of_keys
from testing_engine.questions.program import Program, ProgramError, Variable
from testing_engine.questions.telling_answers import TooManyAnswers


class Keys(NamedTuple):
    """A key a response variable, and whether only everything together earns something."""

    of: dict[str, Key]
    all_or_nothing: bool


def keys_of(program: Program, interactions: Sequence[Interaction]) -> Keys | None:
    """The keys; None where the rules say more than keys can."""
    if program.steps or program.telling:
        return None
    try:
        found = _all_or_nothing(program) or _summed(program)
        again = rules_of_keys(interactions, found.of, all_or_nothing=found.all_or_nothing)
    except (_Unread, ProgramError, TooManyAnswers, KeyError, TypeError, ValueError, IndexError):
        return None
    return found if (again.variables, again.score) == (program.variables, program.score) else None


class _Unread(Exception):
    """Rules that no key compiles to."""


def _summed(program: Program) -> Keys:
    score = program.score
    is_sum = score["op"] == "sum" and len(program.variables) > 1
    terms = score["of"] if is_sum else [score]
    return Keys(dict(_key_in(term, program.variables) for term in terms), all_or_nothing=False)


def _all_or_nothing(program: Program) -> Keys | None:
    score = program.score
    if score["op"] != "if" or score["of"][0]["op"] != "and":
        return None
    parts = [condition["of"][0] for condition in score["of"][0]["of"]]
    return Keys(dict(_key_in(part, program.variables) for part in parts), all_or_nothing=True)


def _key_in(term: Mapping[str, Any], variables: Mapping[str, Variable]) -> tuple[str, Key]:
    match term["op"]:
        case "product":
            part, weight = term["of"]
            name, fields = _mapping_in(part, variables)
            return name, Key(**fields, weight=weight["value"])
        case "if":
            condition, full, _ = term["of"]
            name, fields = _condition_in(condition)
            return name, Key(**fields, weight=full["value"])
        case _:
            name, fields = _mapping_in(term, variables)
            return name, Key(**fields)


def _condition_in(condition: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    name = condition["of"][0]["name"]
    match condition["op"]:
        case "match" | "stringMatch":
            value = condition["of"][1]["value"]
            return name, {"correct": tuple(value) if isinstance(value, list) else value}
        case "patternMatch":
            how = {"pattern": condition["pattern"], "case_sensitive": condition["case_sensitive"]}
            return name, how
        case "equal":
            by = {"tolerance": condition["by"][0], "relative": condition["tolerance"] == "relative"}
            return name, {"number": condition["of"][1]["value"], **by}
    raise _Unread


def _mapping_in(term: Mapping[str, Any], variables: Mapping[str, Variable]) -> tuple[str, dict[str, Any]]:
    if term["op"] != "mapResponse":
        raise _Unread
    name, entries = term["of"][0]["name"], term["entries"]
    worths = {entry["key"]: entry["value"] for entry in entries}
    fields: dict[str, Any] = {"default": term["default"]}
    if term["lower"] != 0.0:
        fields["lower"] = term["lower"]
    if "upper" in term:
        fields["upper"] = term["upper"]
    if variables[name].base_type != "string":
        return name, {"mapping": worths, **fields}
    return name, {"texts": worths, "case_sensitive": entries[0]["case_sensitive"], **fields}
