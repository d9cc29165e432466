"""responseProcessing → a program of scoring rules, by executing it symbolically.

Every setOutcomeValue makes a step with a name of its own (SCORE.1, SCORE.2, …); a condition makes a step that
each later value refers to. What a rule cannot be taken for stands as such in the values that depend on it, so
that a trick with feedback refuses no item whose score does not depend on it.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from testing_engine.interchange.markup import Element
from testing_engine.interchange.qti.declarations import (
    NOTHING,
    Declared,
    Expression,
    NotTaken,
    constant,
    mapping_node,
    only_operand,
    outcome_default,
)
from testing_engine.interchange.qti.expressions import Reading, looked_up
from testing_engine.questions.program import MOST_TELLING, Program, Variable
from testing_engine.sentences import Said, Sentence, reason_of, say

SCORE = "SCORE"
_IMPOSSIBLE = "impossible"  # stands for what cannot be taken, with the reason
MOST_STEPS = 1_000

Outcomes = dict[str, Expression]


def program_of(
    item: Element,
    responses: Mapping[str, Declared],
    outcomes: Mapping[str, Declared],
    variables: Mapping[str, Variable],
) -> tuple[Program, list[Sentence]]:
    """The rules, and what was lost. Raises `NotTaken`."""
    reading = Reading(responses, outcomes, frozenset(variables))
    processing = item.first("responseProcessing")
    losses: list[Sentence] = []
    template = "" if processing is None else _last_part(processing.get("template"))
    has_rules = processing is not None and bool(processing.elements())
    if processing is not None and has_rules and template not in _TEMPLATES:
        score, steps = _Execution(reading).run(processing)
    elif processing is not None and template:
        score, steps = _by_template(processing, template, reading, variables), []
    else:
        losses.append(say("It has no rules for scoring: right is what it declares as correct."))
        score, steps = _as_declared(item, reading, variables), []
    needed = tuple(_needed(score, steps, item))
    return Program(dict(variables), score, needed, telling=_telling(responses, variables)), losses


def _telling(
    responses: Mapping[str, Declared], variables: Mapping[str, Variable]
) -> dict[str, tuple[float, ...]]:
    """Numbers declared right: rules that compute with what is typed need not name them."""
    return {
        name: tuple(map(float, responses[name].correct_members[:MOST_TELLING]))
        for name, variable in variables.items()
        if variable.base_type in ("integer", "float") and responses[name].correct_members
    }


# --- Templates ---


def _last_part(template: str) -> str:
    last = template.rstrip("/").rpartition("/")[2]
    return last.removesuffix(".xml").lower()


_TEMPLATES = {
    "match_correct": "match",
    "cc2_match": "match",
    "cc2_match_basic": "match",
    "map_response": "map",
    "cc2_map_response": "map",
}


def _by_template(
    where: Element, template: str, reading: Reading, variables: Mapping[str, Variable]
) -> Expression:
    kind = _TEMPLATES.get(template)
    if kind is None:
        raise NotTaken(where, say("the template {template} is not taken", template=template))
    name = "RESPONSE" if "RESPONSE" in variables else next(iter(variables))
    declared = reading.responses[name]
    if kind == "map":
        return mapping_node(reading.given(name), declared, where)
    if declared.correct is None:
        raise NotTaken(declared.element, say("{name} declares no correct response", name=name))
    return _one_if({"op": "match", "of": [reading.given(name), declared.correct]})


def _as_declared(item: Element, reading: Reading, variables: Mapping[str, Variable]) -> Expression:
    conditions: list[Expression] = []
    for name in variables:
        declared = reading.responses[name]
        if declared.correct is None:
            raise NotTaken(
                item, say("it has no rules for scoring, and {name} declares no correct response", name=name)
            )
        conditions.append({"op": "match", "of": [reading.given(name), declared.correct]})
    return _one_if({"op": "and", "of": conditions})


def _one_if(condition: Expression) -> Expression:
    return {"op": "if", "of": [condition, constant(1.0), constant(0.0)]}


# --- Explicit rules ---


class _Execution:
    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._steps: list[tuple[str, Expression]] = []
        self._values: dict[str, Expression] = {}
        self._numbers: dict[str, count[int]] = {}

    def run(self, processing: Element) -> tuple[Expression, list[tuple[str, Expression]]]:
        start = {name: outcome_default(each) for name, each in self._reading.outcomes.items()}
        after, _ = self._rules(processing.elements(), start)
        if SCORE not in after:
            raise NotTaken(processing, say("its rules set no outcome {score}", score=SCORE))
        return after[SCORE], self._steps

    def _rules(self, rules: Sequence[Element], now: Outcomes) -> tuple[Outcomes, Expression | None]:
        """The outcomes after the rules, and the condition on which they were left early (None: never)."""
        for index, rule in enumerate(rules):
            match rule.name:
                case "setOutcomeValue" | "lookupOutcomeValue":
                    now = self._set(rule, now)
                case "responseCondition":
                    now, left = self._condition(rule, now)
                    if left is not None:
                        return self._unless(left, now, rules[index + 1 :])
                case "responseProcessingFragment":
                    now, left = self._rules([*rule.elements(), *rules[index + 1 :]], now)
                    return now, left
                case "exitResponse":
                    return now, constant(True)
                case _:
                    raise NotTaken(rule, say("the rule {element} is not known", element=rule.name))
        return now, None

    def _unless(
        self, left: Expression, now: Outcomes, rest: Sequence[Element]
    ) -> tuple[Outcomes, Expression | None]:
        """What follows a condition that may leave the rules."""
        after, left_later = self._rules(rest, dict(now))
        merged = self._merged(left, now, after)
        if left_later is None:
            return merged, left
        return merged, self._step("exit", {"op": "if", "of": [left, constant(True), left_later]})

    def _set(self, rule: Element, now: Outcomes) -> Outcomes:
        name = rule.get("identifier")
        try:
            value = self._reading.expression(only_operand(rule), now)
            if rule.name == "lookupOutcomeValue":
                declared = self._reading.outcomes.get(name)
                if declared is None or declared.table is None:
                    raise NotTaken(rule, say("{name} declares no table to look up", name=name))
                value = looked_up(self._step("looked", value), declared.table, declared.base_type)
        except NotTaken as reason:
            return {**now, name: {"op": _IMPOSSIBLE, "why": reason_of(reason)}}
        return {**now, name: self._step(name, value)}

    def _condition(self, rule: Element, now: Outcomes) -> tuple[Outcomes, Expression | None]:
        return self._branches(rule.elements(), now)

    def _branches(self, branches: Sequence[Element], now: Outcomes) -> tuple[Outcomes, Expression | None]:
        if not branches:
            return now, None
        branch, others = branches[0], branches[1:]
        if branch.name == "responseElse":
            return self._rules(branch.elements(), dict(now))
        if branch.name not in ("responseIf", "responseElseIf"):
            raise NotTaken(branch, say("the rule {element} is not known", element=branch.name))
        parts = branch.elements()
        if not parts:
            raise NotTaken(branch, say("{element} has no condition", element=branch.name))
        try:
            condition = self._step("if", self._reading.expression(parts[0], now))
        except NotTaken as reason:
            condition = {"op": _IMPOSSIBLE, "why": reason_of(reason)}
        then, left_then = self._rules(parts[1:], dict(now))
        otherwise, left_otherwise = self._branches(others, dict(now))
        merged = self._merged(condition, then, otherwise)
        if left_then is None and left_otherwise is None:
            return merged, None
        never = constant(False)
        left = {"op": "if", "of": [condition, left_then or never, left_otherwise or never]}
        return merged, self._step("exit", left)

    def _merged(self, condition: Expression, then: Outcomes, otherwise: Outcomes) -> Outcomes:
        merged: Outcomes = {}
        for name in {**then, **otherwise}:
            first, second = then.get(name, NOTHING), otherwise.get(name, NOTHING)
            same = first is second or first == second
            merged[name] = first if same else self._either(name, condition, first, second)
        return merged

    def _either(self, name: str, condition: Expression, first: Expression, second: Expression) -> Expression:
        """The one or the other. Where both add to the same, what is added is the one or the other: so a score
        that grows by conditions stays a sum, whose terms can be looked at one by one.
        """
        ones, others = self._terms(first), self._terms(second)
        common = next((term for term in ones if term in others), None)
        if common is None or len(ones) + len(others) < 3:
            return self._step(name, {"op": "if", "of": [condition, first, second]})
        added = {"op": "if", "of": [condition, _rest(ones, common), _rest(others, common)]}
        return self._step(name, {"op": "sum", "of": [common, added]})

    def _terms(self, value: Expression) -> list[Expression]:
        if value["op"] == "variable":
            value_of_step = self._values.get(value["name"], value)
            return list(value_of_step["of"]) if value_of_step["op"] == "sum" else [value]
        return [value]

    def _step(self, name: str, value: Expression) -> Expression:
        """A name for the value, so that it is computed once; constants and names need none."""
        if value["op"] in ("value", "variable", _IMPOSSIBLE):
            return value
        if len(self._steps) >= MOST_STEPS:
            raise NotTaken(self._any_element(), say("its rules need more than {most} steps", most=MOST_STEPS))
        number = self._numbers.setdefault(name, count(1))
        step = f"{name}.{next(number)}"
        while step in self._reading.responses:
            step = f"{name}.{next(number)}"
        self._steps.append((step, value))
        self._values[step] = value
        return {"op": "variable", "name": step}

    def _any_element(self) -> Element:
        return next(iter({**self._reading.responses, **self._reading.outcomes}.values())).element


def _rest(terms: Sequence[Expression], common: Expression) -> Expression:
    """The sum of the terms without one that is `common`."""
    rest = list(terms)
    rest.remove(common)
    if not rest:
        return constant(0.0)
    return rest[0] if len(rest) == 1 else {"op": "sum", "of": rest}


def _needed(
    score: Expression, steps: Sequence[tuple[str, Expression]], item: Element
) -> Iterator[tuple[str, Expression]]:
    """The steps on which the score depends, in order. Raises `NotTaken` if one of them cannot be taken."""
    by_name = dict(steps)
    needed: set[str] = set()
    waiting: list[Any] = [score]
    while waiting:
        node = waiting.pop()
        if node["op"] == _IMPOSSIBLE:
            raise Reason(node["why"])
        waiting += node.get("of", ())
        name = node.get("name")
        if node["op"] == "variable" and name in by_name and name not in needed:
            needed.add(name)
            waiting.append(by_name[name])
    return iter([(name, value) for name, value in steps if name in needed])


class Reason(NotTaken):
    """What cannot be taken, as it was said where it was found."""

    def __init__(self, why: Sentence) -> None:
        Said.__init__(self, why)
