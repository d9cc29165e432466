"""Expressions of responseProcessing → expressions of scoring rules."""

from collections.abc import Callable, Mapping
from typing import Any

from testing_engine.interchange.markup import Element
from testing_engine.interchange.qti.declarations import (
    NOTHING,
    Declared,
    Expression,
    NotTaken,
    attribute_number,
    attribute_whole,
    constant,
    is_true,
    mapping_node,
    scalar,
)
from testing_engine.sentences import say

# Operators that are called alike on both sides and have no attribute that counts.
_ALIKE = {
    *(
        "multiple",
        "ordered",
        "containerSize",
        "isNull",
        "member",
        "contains",
        "delete",
        "and",
        "or",
        "not",
        "match",
    ),
    *(
        "lt",
        "gt",
        "lte",
        "gte",
        "sum",
        "subtract",
        "product",
        "divide",
        "power",
        "integerDivide",
        "integerModulus",
    ),
    *("truncate", "round", "integerToFloat", "min", "max", "gcd", "lcm"),
}
CONSTANTS = {"pi": 3.141592653589793, "e": 2.718281828459045}
_ROUNDING = {"decimalPlaces": "decimalPlaces", "significantFigures": "significantFigures"}
UNSCORABLE = {
    "random": say("chance"),
    "randomInteger": say("chance"),
    "randomFloat": say("chance"),
    "customOperator": say("a program of its maker's"),
    "mapResponsePoint": say("places in a picture"),
    "inside": say("places in a picture"),
    "durationLT": say("the time that was taken"),
    "durationGTE": say("the time that was taken"),
    "repeat": say("a repeated computation"),
    "fieldValue": say("records"),
    "testVariables": say("values of the test"),
    "outcomeMaximum": say("values of the test"),
    "outcomeMinimum": say("values of the test"),
    "numberCorrect": say("values of the test"),
}


class Reading:
    """Translates expressions. `now` is what each outcome variable stands for at this place."""

    def __init__(
        self, responses: Mapping[str, Declared], outcomes: Mapping[str, Declared], asked: frozenset[str]
    ):
        self.responses = responses
        self.outcomes = outcomes
        self._asked = asked

    def expression(self, element: Element, now: Mapping[str, Expression]) -> Expression:
        """Raises `NotTaken`."""
        name = element.name
        if name in UNSCORABLE:
            raise NotTaken(
                element,
                say("{name}: scoring by {unscorable} is not taken", name=name, unscorable=UNSCORABLE[name]),
            )
        if (leaf := self._leaf(element, now)) is not None:
            return leaf
        return operation(element, [self.expression(child, now) for child in element.elements()])

    def _leaf(self, element: Element, now: Mapping[str, Expression]) -> Expression | None:
        name = element.get("identifier")
        match element.name:
            case "baseValue":
                return constant(scalar(element, element.text, element.get("baseType")))
            case "null":
                return NOTHING
            case "mathConstant":
                return constant(CONSTANTS.get(element.get("name")))
            case "variable":
                return self._variable(element, name, now)
            case "correct":
                return self._response(element, name).correct or NOTHING
            case "default":
                declared = self.responses.get(name) or self.outcomes.get(name)
                return declared.default if declared and declared.default else NOTHING
            case "mapResponse":
                declared = self._response(element, name)
                return mapping_node(self.given(name), declared, element)
        return None

    def given(self, name: str) -> Expression:
        """What the student answered; nothing for a variable for which no interaction asks."""
        return {"op": "variable", "name": name} if name in self._asked else NOTHING

    def _response(self, element: Element, name: str) -> Declared:
        declared = self.responses.get(name)
        if declared is None:
            raise NotTaken(
                element,
                say(
                    "{element}: no response variable is called {name}",
                    element=element.name,
                    name=repr(name),
                ),
            )
        return declared

    def _variable(self, element: Element, name: str, now: Mapping[str, Expression]) -> Expression:
        if name in self.responses:
            return self.given(name)
        if name in now:
            return now[name]
        if name == "numAttempts":
            return constant(1)
        if name == "completionStatus":
            return constant("completed")
        raise NotTaken(element, say("no variable that can be taken is called {name}", name=repr(name)))


def _tolerance(element: Element) -> Mapping[str, Any]:
    mode = element.get("toleranceMode", "exact") or "exact"
    if mode == "exact":
        return {}
    parts = element.get("tolerance").split()
    try:
        by = [float(part) for part in parts] or [0.0]
    except ValueError as error:
        raise NotTaken(
            element,
            say(
                "equal has tolerance={tolerance}, which is no number",
                tolerance=repr(element.get("tolerance")[:50]),
            ),
        ) from error
    found: dict[str, Any] = {"tolerance": mode, "by": [by[0], by[-1]]}
    for option, name in (("include_lower", "includeLowerBound"), ("include_upper", "includeUpperBound")):
        found[option] = is_true(element, name, otherwise=True)
    return found


def _rounding(element: Element) -> Mapping[str, Any]:
    mode = element.get("roundingMode", "significantFigures") or "significantFigures"
    if mode not in _ROUNDING:
        raise NotTaken(
            element,
            say(
                "{element} rounds by {mode}, which is not known",
                element=element.name,
                mode=repr(mode),
            ),
        )
    return {"figures": attribute_whole(element, "figures"), "rounding": mode}


def _string_match(element: Element) -> Mapping[str, Any]:
    return {
        "case_sensitive": is_true(element, "caseSensitive", otherwise=True),
        "substring": is_true(element, "substring"),
    }


_OPTIONS: dict[str, Callable[[Element], Mapping[str, Any]]] = {
    "anyN": lambda e: {"min": attribute_whole(e, "min"), "max": attribute_whole(e, "max")},
    "index": lambda e: {"n": attribute_whole(e, "n")},
    "equal": _tolerance,
    "equalRounded": _rounding,
    "roundTo": _rounding,
    "stringMatch": _string_match,
    "substring": lambda e: {"case_sensitive": is_true(e, "caseSensitive", otherwise=True)},
    "patternMatch": lambda e: {"pattern": e.attributes.get("pattern", "")},
    "mathOperator": lambda e: {"name": e.get("name")},
    "statsOperator": lambda e: {"name": e.get("name")},
}


def operation(element: Element, operands: list[Expression]) -> Expression:
    """An operator with its attributes. Raises `NotTaken` where it is none that is known."""
    name = element.name
    if name in UNSCORABLE:
        raise NotTaken(
            element, say("{name} is not taken: it needs {unscorable}", name=name, unscorable=UNSCORABLE[name])
        )
    if name in _ALIKE:
        return {"op": name, "of": operands}
    options = _OPTIONS.get(name)
    if options is None:
        raise NotTaken(element, say("the operator {name} is not known", name=name))
    if name == "equal":
        operands = [*reversed(operands)]  # the range lies around QTI's first operand, and around our second
    return {"op": name, "of": operands, **options(element)}


def looked_up(value: Expression, table: Element, base_type: str) -> Expression:
    """lookupOutcomeValue: the target of the row that fits, as conditions in the table's order."""
    default = table.get("defaultValue")
    found = constant(scalar(table, default, base_type)) if default else NOTHING
    for row in reversed(table.elements("matchTableEntry", "interpolationTableEntry")):
        target = constant(scalar(row, row.get("targetValue"), base_type))
        bound = constant(attribute_number(row, "sourceValue"))
        is_match = row.name == "matchTableEntry" or not is_true(row, "includeBoundary", otherwise=True)
        fits: Expression = {"op": "gte", "of": [value, bound]}
        if row.name == "matchTableEntry":
            fits = {"op": "equal", "of": [value, bound]}
        elif is_match:
            fits = {"op": "gt", "of": [value, bound]}
        found = {"op": "if", "of": [fits, target, found]}
    return found
