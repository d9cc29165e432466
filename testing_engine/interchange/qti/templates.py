"""templateProcessing, carried out: from a source of chance → the values of one variant.

The work is bounded: so many tries until every constraint holds, so many expressions in all.
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from testing_engine.interchange.markup import Element
from testing_engine.interchange.qti.declarations import (
    Declared,
    NotTaken,
    attribute_number,
    attribute_whole,
    declarations_of,
    only_operand,
    scalar,
)
from testing_engine.interchange.qti.expressions import CONSTANTS, operation
from testing_engine.questions.expressions import ExpressionError, compile_expression
from testing_engine.questions.operators import Scalar, Value, members_of, sort_unordered
from testing_engine.sentences import reason_of, say, without_stop

MOST_TRIES = 100  # until all constraints hold; QTI asks for that many
MOST_WORK = 50_000  # expressions that are evaluated for one item's variants
MOST_REPEATS = 200
MOST_MEMBERS = 1_000  # of a container
# Attributes of expressions in which a template variable may stand for a number.
REFERRING = ("min", "max", "step", "n", "figures", "tolerance", "numberRepeats")


class ConstraintsUnmet(NotTaken):
    """No values were found that fulfil the constraints."""


class _Again(Exception):
    """A constraint does not hold."""


class _Exit(Exception):
    """exitTemplate."""


@dataclass
class Drawn:
    """The values of one variant: template variables, and what responses and outcomes are set to."""

    declared: Mapping[str, Declared]
    values: dict[str, Value] = field(default_factory=dict)
    correct: dict[str, Value] = field(default_factory=dict)
    defaults: dict[str, Value] = field(default_factory=dict)


class Template:
    """An item's template, from which values are drawn as often as wanted. Raises `NotTaken`."""

    def __init__(self, item: Element) -> None:
        self._item = item
        self._declared = declarations_of(item, "templateDeclaration")
        self._responses = declarations_of(item, "responseDeclaration")
        self._outcomes = declarations_of(item, "outcomeDeclaration")
        self._processing = item.first("templateProcessing")
        self._work = 0
        self._drawn = Drawn(self._declared)
        self._chance = random.Random(0)  # noqa: S311  # variants are to be drawn again from the same seed

    def draw(self, seed: str) -> Drawn:
        """The same for the same seed, on every machine. Raises `NotTaken`, `ConstraintsUnmet`."""
        self._chance = random.Random(seed)  # noqa: S311
        rules = self._processing.elements() if self._processing is not None else []
        for _ in range(MOST_TRIES):
            self._drawn = Drawn(self._declared, {name: _default(d) for name, d in self._declared.items()})
            try:
                self._run(rules)
            except _Again:
                continue
            except _Exit:
                pass
            return self._drawn
        assert self._processing is not None
        raise ConstraintsUnmet(
            self._processing, say("in {most} tries its constraints were not met", most=MOST_TRIES)
        )

    # --- Rules ---

    def _run(self, rules: Sequence[Element]) -> None:
        for rule in rules:
            match rule.name:
                case "setTemplateValue":
                    declared = self._known(rule, self._declared)
                    self._drawn.values[declared.name] = self._value_for(declared, rule)
                case "setCorrectResponse":
                    declared = self._known(rule, self._responses)
                    self._drawn.correct[declared.name] = self._value_for(declared, rule)
                case "setDefaultValue":
                    declared = self._known(rule, {**self._responses, **self._outcomes})
                    self._drawn.defaults[declared.name] = self._value_for(declared, rule)
                case "templateCondition":
                    self._branch(rule.elements())
                case "templateConstraint":
                    if self._evaluate(only_operand(rule)) is not True:
                        raise _Again
                case "exitTemplate":
                    raise _Exit
                case _:
                    raise NotTaken(rule, say("the rule {element} is not known", element=rule.name))

    def _branch(self, branches: Sequence[Element]) -> None:
        for branch in branches:
            parts = branch.elements()
            if branch.name == "templateElse":
                return self._run(parts)
            if branch.name not in ("templateIf", "templateElseIf") or not parts:
                raise NotTaken(branch, say("{element} is no branch with a condition", element=branch.name))
            if self._evaluate(parts[0]) is True:
                return self._run(parts[1:])
        return None

    def _known(self, rule: Element, declared: Mapping[str, Declared]) -> Declared:
        name = rule.get("identifier")
        if name not in declared:
            raise NotTaken(
                rule,
                say(
                    "{element}: no variable {name} is declared that it could set",
                    element=rule.name,
                    name=repr(name),
                ),
            )
        return declared[name]

    def _value_for(self, declared: Declared, rule: Element) -> Value:
        return _of_type(declared, self._evaluate(only_operand(rule)), rule)

    # --- Expressions ---

    def _evaluate(self, element: Element) -> Value:
        self._work += 1
        if self._work > MOST_WORK:
            raise NotTaken(element, say("its template needs more than {most} steps", most=MOST_WORK))
        if leaf := _LEAVES.get(element.name):
            return leaf(self, self._resolved(element))
        if element.name == "repeat":
            return self._repeated(element)
        operands = [self._evaluate(child) for child in element.elements()]
        if element.name == "random":
            return self._one_of(element, operands)
        plain = [{"op": "value", "value": _plain(each)} for each in operands]
        node = operation(self._resolved(element), plain)
        try:
            value = compile_expression(node, frozenset())({})
        except ExpressionError as error:
            raise NotTaken(
                element,
                say("{element}: {error}", element=element.name, error=without_stop(reason_of(error))),
            ) from error
        if len(members_of(value)) > MOST_MEMBERS:
            raise NotTaken(
                element,
                say(
                    "{element} gives more than {most} values",
                    element=element.name,
                    most=MOST_MEMBERS,
                ),
            )
        return value

    def _resolved(self, element: Element) -> Element:
        """With numbers in the place of template variables in its attributes."""
        return resolved(element, self._drawn.values)

    def _one_of(self, element: Element, operands: Sequence[Value]) -> Value:
        members = [member for operand in operands for member in members_of(operand)]
        return members[self._below(len(members), element)] if members else None

    def _below(self, count: int, where: Element) -> int:
        if not 0 < count <= 10**12:
            raise NotTaken(where, say("{element} has no range to draw from", element=where.name))
        return int(self._chance.random() * count)  # `random` alone gives the same on every Python

    def _random_integer(self, element: Element) -> Value:
        lower, upper = attribute_whole(element, "min", 0), attribute_whole(element, "max")
        step = attribute_whole(element, "step", 1)
        if step < 1:
            raise NotTaken(element, say("randomInteger has the step {step}", step=step))
        return lower + step * self._below((upper - lower) // step + 1, element)

    def _random_float(self, element: Element) -> Value:
        lower, upper = attribute_number(element, "min", 0.0), attribute_number(element, "max")
        if upper < lower or not math.isfinite(upper - lower):
            raise NotTaken(element, say("randomFloat has no range to draw from"))
        return lower + (upper - lower) * self._chance.random()

    def _repeated(self, element: Element) -> Value:
        times = attribute_whole(self._resolved(element), "numberRepeats")
        if not 0 <= times <= MOST_REPEATS:
            raise NotTaken(element, say("repeat does so more than {most} times", most=MOST_REPEATS))
        children = element.elements()
        found = (self._evaluate(child) for _ in range(times) for child in children)
        return tuple(member for value in found for member in members_of(value)) or None

    def _base_value(self, element: Element) -> Value:
        return scalar(element, element.text, element.get("baseType"))

    def _variable(self, element: Element) -> Value:
        name = element.get("identifier")
        if name not in self._declared:
            raise NotTaken(element, say("no template variable is called {name}", name=repr(name)))
        return self._drawn.values[name]

    def _correct(self, element: Element) -> Value:
        declared = self._known(element, self._responses)
        if declared.name in self._drawn.correct:
            return self._drawn.correct[declared.name]
        return _of_node(declared.correct)

    def _default(self, element: Element) -> Value:
        known = self._known(element, {**self._declared, **self._responses, **self._outcomes})
        return self._drawn.defaults.get(known.name, _default(known))


_LEAVES: Mapping[str, Callable[[Template, Element], Value]] = {
    "baseValue": Template._base_value,
    "null": lambda *_: None,
    "mathConstant": lambda _, element: CONSTANTS.get(element.get("name")),
    "variable": Template._variable,
    "correct": Template._correct,
    "default": Template._default,
    "randomInteger": Template._random_integer,
    "randomFloat": Template._random_float,
}


def resolved(element: Element, values: Mapping[str, Value]) -> Element:
    """With numbers in the place of template variables in attributes that may name one: as `n="N"`."""
    found = {}
    for name in REFERRING:
        said = element.get(name).strip("{}")
        parts = [_shown(values[part]) if part in values else part for part in said.split()]
        if said and parts != said.split():
            found[name] = " ".join(parts)
    return replace(element, attributes={**element.attributes, **found}) if found else element


def _shown(value: Value) -> str:
    return "" if value is None else str(value)


def _plain(value: Value) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _default(declared: Declared) -> Value:
    return _of_node(declared.default)


def _of_node(node: Mapping[str, Any] | None) -> Value:
    value = node["value"] if node else None
    return tuple(value) if isinstance(value, list) else value


def _of_type(declared: Declared, value: Value, where: Element) -> Value:
    """The value as its variable holds it. Raises `NotTaken` where it is of another kind."""
    members = tuple(_member(declared, member, where) for member in members_of(value))
    if not members:
        return None
    match declared.cardinality:
        case "single" if len(members) == 1:
            return members[0]
        case "multiple":
            return sort_unordered(members)
        case "ordered":
            return members
    raise NotTaken(
        where,
        say(
            "{name} is {cardinality}, and is given {members} values",
            name=declared.name,
            cardinality=declared.cardinality,
            members=len(members),
        ),
    )


def _member(declared: Declared, member: Scalar, where: Element) -> Scalar:
    is_number = isinstance(member, int | float) and not isinstance(member, bool)
    match declared.base_type:
        case "integer" if is_number and float(member) == int(member):
            return int(member)
        case "float" if is_number:
            return float(member)
        case "boolean" if isinstance(member, bool):
            return member
        case "identifier" | "string" | "pair" | "directedPair" if isinstance(member, str):
            return member
    raise NotTaken(
        where,
        say(
            "{name} is {base_type}, and is given {member}",
            name=declared.name,
            base_type=declared.base_type,
            member=repr(str(member)[:40]),
        ),
    )
