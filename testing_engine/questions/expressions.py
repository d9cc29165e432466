"""Small pure expressions over a student's answer: what authoring and import compile scoring rules to.

An expression is plain data: `{"op": "match", "of": [{"op": "variable", "name": "RESPONSE"}, …]}`. Its value
is None (nothing, as where a variable has no answer), a truth value, a number, a text, or a tuple of texts or
numbers (an unordered one is sorted). Evaluation is total and deterministic: no clock, no chance, no loop;
what cannot be computed (a division by zero, a number out of bounds) is None. As in QTI's response processing,
None spreads, and `and` and `or` are three-valued.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import re2

from testing_engine.questions.operators import OPERATORS, Value
from testing_engine.sentences import Said, Sentence, reason_of, say

Environment: TypeAlias = Mapping[str, Value]
Evaluate: TypeAlias = Callable[[Environment], Value]

MOST_NODES = 4_000
DEEPEST = 60
LARGEST = 1e15  # numbers beyond it are None, so that no arithmetic grows without bound


class ExpressionError(Said):
    """No expression. `pointer`: where (JSON pointer)."""

    def __init__(self, pointer: str, message: Sentence) -> None:
        super().__init__(message)
        self.pointer = pointer


def compile_expression(node: object, names: frozenset[str]) -> Evaluate:
    """Plain data → a function; raises `ExpressionError`. `names`: the variables that there are."""
    return _Compiler(names).compile(node, "", 0)


class _Compiler:
    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
        self.nodes = 0

    def compile(self, node: object, pointer: str, depth: int) -> Evaluate:
        self.nodes += 1
        if self.nodes > MOST_NODES or depth > DEEPEST:
            raise ExpressionError(
                pointer,
                say(
                    "Has more than {most} parts, or is deeper than {deepest}.",
                    most=MOST_NODES,
                    deepest=DEEPEST,
                ),
            )
        if not isinstance(node, Mapping) or not isinstance(node.get("op"), str):
            raise ExpressionError(pointer, say("Must be an object with an “op”."))
        op = node["op"]
        if op == "value":
            return self._value(node, pointer)
        if op == "variable":
            return self._variable(node, pointer)
        operands = node.get("of", [])
        if not isinstance(operands, list):
            raise ExpressionError(f"{pointer}/of", say("Must be a list."))
        compiled = [self.compile(each, f"{pointer}/of/{i}", depth + 1) for i, each in enumerate(operands)]
        if op == "if":
            return _choice_of(compiled, pointer)
        operator = OPERATORS.get(op)
        if operator is None:
            raise ExpressionError(f"{pointer}/op", say("There is no operator {op}.", op=repr(op)))
        if not operator.least <= len(compiled) <= operator.most:
            raise ExpressionError(
                f"{pointer}/of",
                say(
                    "{op} takes {least} to {most} operands.", op=op, least=operator.least, most=operator.most
                ),
            )
        if unknown := set(node) - {"op", "of"} - operator.options:
            raise ExpressionError(
                pointer, say("{op} has no {unknown}.", op=op, unknown=", ".join(sorted(map(str, unknown))))
            )
        try:
            function = operator.make(node)
        except (KeyError, TypeError, ValueError, re2.error) as error:
            raise ExpressionError(pointer, say("{op}: {error}", op=op, error=reason_of(error))) from error
        return _applied(function, compiled)

    def _value(self, node: Mapping[str, Any], pointer: str) -> Evaluate:
        value = node.get("value")
        constant = tuple(value) if isinstance(value, list) else value
        members = constant if isinstance(constant, tuple) else (constant,)
        if not all(member is None or isinstance(member, bool | int | float | str) for member in members):
            raise ExpressionError(
                f"{pointer}/value", say("Must be a text, a number, true, false, null or a list of them.")
            )
        bounded = _bounded(constant)
        return lambda _: bounded

    def _variable(self, node: Mapping[str, Any], pointer: str) -> Evaluate:
        name = node.get("name")
        if name not in self.names:
            raise ExpressionError(f"{pointer}/name", say("There is no variable {name}.", name=repr(name)))
        return lambda environment: environment.get(name)


def _choice_of(compiled: Sequence[Evaluate], pointer: str) -> Evaluate:
    """condition, then, else: only the branch that counts is looked at."""
    if len(compiled) != 3:
        raise ExpressionError(f"{pointer}/of", say("if takes 3 operands."))
    condition, then, otherwise = compiled
    return lambda environment: then(environment) if condition(environment) is True else otherwise(environment)


def _applied(function: Callable[..., Value], operands: Sequence[Evaluate]) -> Evaluate:
    return lambda environment: _bounded(function(*[operand(environment) for operand in operands]))


def _bounded(value: Any) -> Value:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value if abs(value) <= LARGEST else None  # NaN compares false
    return value  # type: ignore[no-any-return]
