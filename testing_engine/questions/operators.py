"""The operators of scoring expressions, each a total function of values.

None is a value that is not there. `strict` operators are None where an operand is, and where an operand is of
another kind or the result is no number; `and`, `or` and `anyN` are three-valued, as in QTI's response
processing.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, pstdev, pvariance, stdev, variance
from typing import Any, NamedTuple, TypeAlias

import re2

from testing_engine.questions.answers import folded
from testing_engine.sentences import Said, say

Scalar: TypeAlias = bool | int | float | str
Value: TypeAlias = Scalar | tuple[Scalar, ...] | None

LONGEST_PATTERN = 500


class Operator(NamedTuple):
    """`make` builds the function of the operands' values from the node; it takes `least` to `most`."""

    least: int
    most: int
    make: Callable[[Mapping[str, Any]], Callable[..., Value]]
    options: frozenset[str] = frozenset()


# What operators do with None: `_strict` ones are None where one operand is.


def _strict(function: Callable[..., Value]) -> Callable[[Mapping[str, Any]], Callable[..., Value]]:
    def guarded(*operands: Value) -> Value:
        if any(operand is None for operand in operands):
            return None
        try:
            return function(*operands)
        except (TypeError, ValueError, ZeroDivisionError, OverflowError):
            return None  # operands of another kind, or no number: nothing

    return lambda _: guarded


def _plain(function: Callable[..., Value]) -> Callable[[Mapping[str, Any]], Callable[..., Value]]:
    return lambda _: function


def members_of(value: Value) -> tuple[Scalar, ...]:
    """A container's members; a single value is a container of one, None is empty."""
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def _numbers(*operands: Value) -> list[float]:
    numbers = [member for operand in operands for member in members_of(operand)]
    if any(isinstance(number, bool | str) for number in numbers):
        raise TypeError("no number")
    return numbers  # type: ignore[return-value]


def _number(value: Value) -> float:
    (number,) = _numbers(value)
    return number


def _and(*operands: Value) -> Value:
    if any(operand is False for operand in operands):
        return False
    return True if all(operand is True for operand in operands) else None


def _or(*operands: Value) -> Value:
    if any(operand is True for operand in operands):
        return True
    return False if all(operand is False for operand in operands) else None


def _any_n(node: Mapping[str, Any]) -> Callable[..., Value]:
    least, most = int(node["min"]), int(node["max"])

    def function(*operands: Value) -> Value:
        true = sum(operand is True for operand in operands)
        unknown = sum(operand is None for operand in operands)
        if true > most or true + unknown < least:
            return False
        return True if true >= least and true + unknown <= most else None

    return function


def _same(first: Value, second: Value) -> Value:
    """Equal kind and equal value; numbers by value, containers member by member."""
    one, other = members_of(first), members_of(second)
    if len(one) != len(other):
        return False
    return all(
        isinstance(a, bool) == isinstance(b, bool) and isinstance(a, str) == isinstance(b, str) and a == b
        for a, b in zip(one, other, strict=True)
    )


def _contains(container: Value, part: Value) -> Value:
    """Whether every member of `part` is in `container`, as often."""
    rest = list(members_of(container))
    for member in members_of(part):
        if member not in rest:
            return False
        rest.remove(member)
    return True


def _map_response(node: Mapping[str, Any]) -> Callable[..., Value]:
    """The sum of what the mapping gives each different member, within bounds (QTI's mapResponse)."""
    sensitive = {
        _key(e["key"], True): float(e["value"]) for e in node["entries"] if e.get("case_sensitive", True)
    }
    folded_ones = {
        _key(e["key"], False): float(e["value"]) for e in node["entries"] if not e.get("case_sensitive", True)
    }
    default = float(node.get("default", 0.0))
    lower, upper = node.get("lower"), node.get("upper")

    def worth(member: Scalar) -> float:
        exact = sensitive.get(_key(member, True))
        return exact if exact is not None else folded_ones.get(_key(member, False), default)

    def function(value: Value) -> Value:
        members = dict.fromkeys(members_of(value))
        total = math.fsum(map(worth, members)) if members else 0.0
        if lower is not None:
            total = max(total, float(lower))
        return total if upper is None else min(total, float(upper))

    return function


def _key(value: Scalar, case_sensitive: bool) -> Scalar:
    return folded(value, case_sensitive=case_sensitive) if isinstance(value, str) else value


def _equal(node: Mapping[str, Any]) -> Callable[..., Value]:
    """Numbers that are equal: exactly, within an absolute tolerance, or within one in per cent of the second
    (QTI's equal has them the other way round).
    """
    mode = node.get("tolerance", "exact")
    if mode not in ("exact", "absolute", "relative"):
        raise Said(say("tolerance {mode} is unknown", mode=repr(mode)))
    below, above = (float(each) for each in node.get("by", [0.0, 0.0]))
    include_lower, include_upper = node.get("include_lower", True), node.get("include_upper", True)

    def function(first: Value, second: Value) -> Value:
        value, target = _number(first), _number(second)
        if mode == "exact":
            return value == target
        lower, upper = (
            (target - below, target + above)
            if mode == "absolute"
            else tuple(sorted((target * (1 - below / 100), target * (1 + above / 100))))
        )
        slack = 1e-12 * max(1.0, abs(target))  # 0.1 + 0.2 within 0 of 0.3
        over = value >= lower - slack if include_lower else value > lower + slack
        return over and (value <= upper + slack if include_upper else value < upper - slack)

    return _strict(function)(node)


def _rounded(value: float, node: Mapping[str, Any]) -> float:
    figures, mode = int(node["figures"]), node.get("rounding", "significantFigures")
    if not 0 <= figures <= 15:
        raise Said(say("figures must be 0 to 15"))
    if mode == "significantFigures":
        if value == 0:
            return 0.0
        figures -= math.floor(math.log10(abs(value))) + 1
    scale = 10.0**figures
    return math.floor(value * scale + 0.5) / scale


def _round_to(node: Mapping[str, Any]) -> Callable[..., Value]:
    _rounded(1.0, node)
    return _strict(lambda value: _rounded(_number(value), node))(node)


def _equal_rounded(node: Mapping[str, Any]) -> Callable[..., Value]:
    _rounded(1.0, node)
    return _strict(lambda a, b: _rounded(_number(a), node) == _rounded(_number(b), node))(node)


def _string_match(node: Mapping[str, Any]) -> Callable[..., Value]:
    sensitive, substring = bool(node.get("case_sensitive", True)), bool(node.get("substring", False))

    def function(first: str, second: str) -> Value:
        one, other = (folded(text, case_sensitive=sensitive) for text in (first, second))
        return other in one if substring else one == other

    return _strict(function)(node)


def _substring(node: Mapping[str, Any]) -> Callable[..., Value]:
    """Whether the first text is part of the second."""
    sensitive = bool(node.get("case_sensitive", True))
    return _strict(
        lambda part, whole: folded(part, case_sensitive=sensitive) in folded(whole, case_sensitive=sensitive)
    )(node)


def _pattern_match(node: Mapping[str, Any]) -> Callable[..., Value]:
    """The whole text against a pattern. RE2 takes time linear in the text, whatever the pattern."""
    pattern = node["pattern"]
    if not isinstance(pattern, str) or len(pattern) > LONGEST_PATTERN:
        raise Said(say("a pattern is a text of at most {most} signs", most=LONGEST_PATTERN))
    options = re2.Options()
    options.max_mem = 1 << 20
    options.log_errors = False
    options.case_sensitive = bool(node.get("case_sensitive", True))
    compiled = re2.compile(pattern, options)
    return _strict(lambda text: compiled.fullmatch(text) is not None)(node)


def _index(node: Mapping[str, Any]) -> Callable[..., Value]:
    n = int(node["n"])
    return _strict(lambda value: members_of(value)[n - 1] if 1 <= n <= len(members_of(value)) else None)(node)


def _lookup(node: Mapping[str, Any]) -> Callable[..., Value]:
    """The value of the first row whose bound the number does not exceed (`up_to`), else `default`."""
    rows = [(float(row["up_to"]), bool(row.get("inclusive", True)), row["value"]) for row in node["table"]]
    default = node.get("default")

    def function(value: Value) -> Value:
        number = _number(value)
        for bound, inclusive, found in rows:
            if number < bound or (inclusive and number == bound):
                return found  # type: ignore[no-any-return]
        return default

    return _strict(function)(node)


def _delete(value: Value, container: Value) -> Value:
    (member,) = members_of(value)
    return tuple(each for each in members_of(container) if each != member) or None


def _gcd(*operands: Value) -> Value:
    return math.gcd(*[int(number) for number in _numbers(*operands)])


def _lcm(*operands: Value) -> Value:
    return math.lcm(*[int(number) for number in _numbers(*operands)])


def _container(ordered: bool) -> Callable[[Mapping[str, Any]], Callable[..., Value]]:
    def function(*operands: Value) -> Value:
        members = [member for operand in operands for member in members_of(operand)]
        if not members:
            return None
        return tuple(members) if ordered else sort_unordered(members)

    return lambda _: function


def sort_unordered(members: Sequence[Scalar]) -> tuple[Scalar, ...]:
    """One order for what has none, so that equal containers compare equal."""
    return tuple(sorted(members, key=lambda member: (isinstance(member, str), member)))


MATHEMATICS: dict[str, Callable[..., float]] = {
    **{
        name: getattr(math, name)
        for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan")
    },
    **{name: getattr(math, name) for name in ("atan2", "exp", "log10", "floor", "ceil", "fabs")},
    "ln": math.log,
    "abs": math.fabs,
    "signum": lambda x: float((x > 0) - (x < 0)),
    "toDegrees": math.degrees,
    "toRadians": math.radians,
    "sec": lambda x: 1 / math.cos(x),
    "csc": lambda x: 1 / math.sin(x),
    "cot": lambda x: 1 / math.tan(x),
}
STATISTICS: dict[str, Callable[..., float]] = {
    "mean": fmean,
    "sampleVariance": variance,
    "sampleSD": stdev,
    "popVariance": pvariance,
    "popSD": pstdev,
}


def _mathematics(node: Mapping[str, Any]) -> Callable[..., Value]:
    function = MATHEMATICS[node["name"]]
    return _strict(lambda *operands: function(*_numbers(*operands)))(node)


def _statistics(node: Mapping[str, Any]) -> Callable[..., Value]:
    function = STATISTICS[node["name"]]
    return _strict(lambda value: function(_numbers(value)))(node)


def _compared(compare: Callable[[float, float], bool]) -> Callable[[Mapping[str, Any]], Callable[..., Value]]:
    return _strict(lambda a, b: compare(_number(a), _number(b)))


def _divide_whole(a: Value, b: Value) -> Value:
    return math.floor(_number(a) / _number(b))


def _remainder(a: Value, b: Value) -> Value:
    return _number(a) - _number(b) * math.floor(_number(a) / _number(b))


MANY = 500
OPERATORS: dict[str, Operator] = {
    # containers
    "multiple": Operator(0, MANY, _container(ordered=False)),
    "ordered": Operator(0, MANY, _container(ordered=True)),
    "containerSize": Operator(1, 1, _plain(lambda value: len(members_of(value)))),
    "isNull": Operator(1, 1, _plain(lambda value: value is None or value == ())),
    "index": Operator(1, 1, _index, frozenset({"n"})),
    "member": Operator(2, 2, _strict(lambda value, container: _contains(container, value))),
    "contains": Operator(2, 2, _strict(_contains)),
    "delete": Operator(2, 2, _strict(_delete)),
    # truth
    "and": Operator(1, MANY, _plain(_and)),
    "or": Operator(1, MANY, _plain(_or)),
    "not": Operator(1, 1, _strict(lambda value: value is False)),
    "anyN": Operator(1, MANY, _any_n, frozenset({"min", "max"})),
    # comparison
    "match": Operator(2, 2, _strict(_same)),
    "equal": Operator(2, 2, _equal, frozenset({"tolerance", "by", "include_lower", "include_upper"})),
    "equalRounded": Operator(2, 2, _equal_rounded, frozenset({"figures", "rounding"})),
    "lt": Operator(2, 2, _compared(lambda a, b: a < b)),
    "gt": Operator(2, 2, _compared(lambda a, b: a > b)),
    "lte": Operator(2, 2, _compared(lambda a, b: a <= b)),
    "gte": Operator(2, 2, _compared(lambda a, b: a >= b)),
    "stringMatch": Operator(2, 2, _string_match, frozenset({"case_sensitive", "substring"})),
    "substring": Operator(2, 2, _substring, frozenset({"case_sensitive"})),
    "patternMatch": Operator(1, 1, _pattern_match, frozenset({"pattern", "case_sensitive"})),
    # score
    "mapResponse": Operator(1, 1, _map_response, frozenset({"entries", "default", "lower", "upper"})),
    "lookup": Operator(1, 1, _lookup, frozenset({"table", "default"})),
    # arithmetic
    "sum": Operator(1, MANY, _strict(lambda *values: math.fsum(_numbers(*values)))),
    "subtract": Operator(2, 2, _strict(lambda a, b: _number(a) - _number(b))),
    "product": Operator(1, MANY, _strict(lambda *values: math.prod(map(float, _numbers(*values))))),
    "divide": Operator(2, 2, _strict(lambda a, b: _number(a) / _number(b))),
    "power": Operator(2, 2, _strict(lambda a, b: math.pow(_number(a), _number(b)))),
    "integerDivide": Operator(2, 2, _strict(_divide_whole)),
    "integerModulus": Operator(2, 2, _strict(_remainder)),
    "truncate": Operator(1, 1, _strict(lambda value: math.trunc(_number(value)))),
    "round": Operator(1, 1, _strict(lambda value: math.floor(_number(value) + 0.5))),
    "roundTo": Operator(1, 1, _round_to, frozenset({"figures", "rounding"})),
    "integerToFloat": Operator(1, 1, _strict(lambda value: float(_number(value)))),
    "min": Operator(1, MANY, _strict(lambda *values: min(_numbers(*values)))),
    "max": Operator(1, MANY, _strict(lambda *values: max(_numbers(*values)))),
    "gcd": Operator(1, MANY, _strict(_gcd)),
    "lcm": Operator(1, MANY, _strict(_lcm)),
    "mathOperator": Operator(1, 2, _mathematics, frozenset({"name"})),
    "statsOperator": Operator(1, 1, _statistics, frozenset({"name"})),
}
