"""Scoring expressions: each operator by hand, three-valued truth, and that nothing they are given breaks
them.
"""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testing_engine.questions.expressions import (
    DEEPEST,
    ExpressionError,
    compile_expression,
)
from testing_engine.questions.operators import OPERATORS, Value

ENVIRONMENT: dict[str, Value] = {
    "nothing": None,
    "three": 3,
    "half": 0.5,
    "word": "  Größe  ",
    "list": ("A", "B"),
    "yes": True,
}


def evaluated(op: str, *operands: Any, **options: Any) -> Value:
    nodes = [each if isinstance(each, dict) else {"op": "value", "value": each} for each in operands]
    node = {"op": op, "of": nodes, **options}
    return compile_expression(node, frozenset(ENVIRONMENT))(ENVIRONMENT)


def named(name: str) -> dict[str, Any]:
    return {"op": "variable", "name": name}


@pytest.mark.parametrize(
    ("op", "operands", "options", "wanted"),
    [
        ("match", ["A", "A"], {}, True),
        ("match", [["A", "B"], ["A", "B"]], {}, True),
        ("match", [["A"], "A"], {}, True),
        ("match", [True, 1], {}, False),
        ("match", [None, "A"], {}, None),
        ("isNull", [None], {}, True),
        ("isNull", [""], {}, False),
        ("containerSize", [None], {}, 0),
        ("containerSize", [["A", "B"]], {}, 2),
        ("member", ["B", ["A", "B"]], {}, True),
        ("contains", [["A", "B", "C"], ["C", "A"]], {}, True),
        ("contains", [["A"], ["A", "A"]], {}, False),
        ("delete", ["A", ["A", "B", "A"]], {}, ("B",)),
        ("delete", ["A", ["A"]], {}, None),
        ("index", [["A", "B"]], {"n": 2}, "B"),
        ("index", [["A", "B"]], {"n": 3}, None),
        ("multiple", ["B", "A"], {}, ("A", "B")),
        ("ordered", ["B", "A"], {}, ("B", "A")),
        ("multiple", [None], {}, None),
        ("and", [True, None], {}, None),
        ("and", [False, None], {}, False),
        ("or", [True, None], {}, True),
        ("or", [False, None], {}, None),
        ("not", [None], {}, None),
        ("not", [False], {}, True),
        ("anyN", [True, False, None], {"min": 1, "max": 2}, True),
        ("anyN", [True, None], {"min": 2, "max": 2}, None),
        ("anyN", [False, None], {"min": 2, "max": 2}, False),
        ("equal", [0.30000000000000004, 0.3], {"tolerance": "absolute", "by": [0, 0]}, True),
        ("equal", [9.7, 9.8], {"tolerance": "absolute", "by": [0.1, 0.1]}, True),
        ("equal", [9.7, 9.8], {"tolerance": "absolute", "by": [0.1, 0.1], "include_lower": False}, False),
        ("equal", [-99, -100], {"tolerance": "relative", "by": [1, 1]}, True),
        ("equal", [-98, -100], {"tolerance": "relative", "by": [1, 1]}, False),
        ("equalRounded", [3.14159, 3.1], {"figures": 2}, True),
        ("equalRounded", [2.449, 2.4], {"figures": 1, "rounding": "decimalPlaces"}, True),
        ("roundTo", [1234.5], {"figures": 2}, 1200.0),
        ("roundTo", [0.0], {"figures": 2}, 0.0),
        ("stringMatch", ["GRÖSSE", named("word")], {"case_sensitive": False}, True),
        ("stringMatch", ["Größe", named("word")], {}, True),
        ("stringMatch", ["a  b", "a b"], {}, True),
        ("substring", ["röß", named("word")], {}, True),
        ("patternMatch", ["abc"], {"pattern": "[a-c]+"}, True),
        ("patternMatch", ["abcd"], {"pattern": "[a-c]+"}, False),
        ("mapResponse", [["A", "A", "B"]], {"entries": [{"key": "A", "value": 2}], "default": -1}, 1.0),
        ("mapResponse", [None], {"entries": [], "default": -1, "lower": 0}, 0.0),
        ("mapResponse", [["A"]], {"entries": [{"key": "A", "value": 9}], "upper": 3}, 3.0),
        ("lookup", [2], {"table": [{"up_to": 1, "value": 0}, {"up_to": 2, "value": 5}], "default": 9}, 5),
        ("lookup", [2], {"table": [{"up_to": 2, "inclusive": False, "value": 5}], "default": 9}, 9),
        ("sum", [1, 2, [3, 4]], {}, 10.0),
        ("sum", [1, None], {}, None),
        ("sum", [1, "2"], {}, None),
        ("divide", [1, 0], {}, None),
        ("power", [10, 300], {}, None),
        ("integerDivide", [-7, 2], {}, -4),
        ("integerModulus", [-7, 2], {}, 1),
        ("round", [6.5], {}, 7),
        ("truncate", [-6.9], {}, -6),
        ("gcd", [12, 18], {}, 6),
        ("lcm", [4, 6], {}, 12),
        ("mathOperator", [0.0], {"name": "ln"}, None),
        ("mathOperator", [math.pi], {"name": "cos"}, -1.0),
        ("statsOperator", [[1, 2, 3]], {"name": "mean"}, 2.0),
    ],
)
def test_it_computes(op: str, operands: list[Any], options: dict[str, Any], wanted: Value) -> None:
    value = evaluated(op, *operands, **options)
    assert value == (pytest.approx(wanted) if isinstance(wanted, float) else wanted)
    assert isinstance(value, bool) == isinstance(wanted, bool)


def test_it_takes_one_branch_only() -> None:
    assert evaluated("if", None, 1, 2) == 2
    assert evaluated("if", named("yes"), 1, {"op": "divide", "of": [named("three"), named("nothing")]}) == 1


@pytest.mark.parametrize(
    ("node", "pointer"),
    [
        ({"op": "eval", "of": []}, "/op"),
        ({"op": "sum", "of": [{"op": "variable", "name": "x"}]}, "/of/0/name"),
        ({"op": "not", "of": []}, "/of"),
        ({"op": "sum", "of": [{"op": "value", "value": {}}]}, "/of/0/value"),
        ({"op": "match", "of": [{"op": "value", "value": 1}] * 2, "surprise": 1}, ""),
        ({"op": "patternMatch", "of": [{"op": "value", "value": "a"}], "pattern": "(a"}, ""),
        ([], ""),
    ],
)
def test_it_refuses_and_says_where(node: object, pointer: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        compile_expression(node, frozenset())
    assert refused.value.pointer == pointer


def test_it_bounds_depth() -> None:
    node: dict[str, Any] = {"op": "value", "value": 1}
    for _ in range(DEEPEST + 1):
        node = {"op": "sum", "of": [node]}
    with pytest.raises(ExpressionError):
        compile_expression(node, frozenset())


def test_a_pattern_made_to_explode_takes_no_time() -> None:
    assert evaluated("patternMatch", "a" * 2000 + "!", pattern="(a+)+") is False


OPTIONS: dict[str, dict[str, Any]] = {
    "index": {"n": 1},
    "anyN": {"min": 1, "max": 2},
    "roundTo": {"figures": 3},
    "equalRounded": {"figures": 3},
    "mapResponse": {"entries": [{"key": "A", "value": 1}]},
    "lookup": {"table": [{"up_to": 1, "value": 0}]},
    "mathOperator": {"name": "tan"},
    "statsOperator": {"name": "sampleSD"},
    "patternMatch": {"pattern": "a*"},
}
SCALARS = (
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(-1e15, 1e15) | st.text(max_size=5)
)
VALUES = SCALARS | st.lists(st.sampled_from(["A", "B", 1, 2.5]), max_size=4)


@settings(max_examples=300)
@given(op=st.sampled_from(sorted(OPERATORS)), operands=st.lists(VALUES, min_size=3, max_size=3))
def test_every_operator_is_total_and_repeatable(op: str, operands: list[Any]) -> None:
    number = max(OPERATORS[op].least, min(OPERATORS[op].most, 3))
    first = evaluated(op, *operands[:number], **OPTIONS.get(op, {}))
    assert first is None or isinstance(first, bool | int | float | str | tuple)
    if isinstance(first, float):
        assert math.isfinite(first)
    assert evaluated(op, *operands[:number], **OPTIONS.get(op, {})) == first
