"""Typed numbers that can make a difference to a score: the bounds of every comparison, and what lies between.

Where the rules compute with what is typed (x² = 9), the bounds are where the two sides of a comparison meet.
They are looked for from a grid of small whole numbers and of powers of ten: where the difference changes its
sign, and where it only touches zero. So no number is given that does not exist; but a meeting far from the
grid, or one of several within two of its points, may be missed, unless the rules name it in `telling`.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

COMPARISONS = ("match", "equal", "equalRounded", "lt", "gt", "lte", "gte")
LARGEST_WHOLE = 120  # of the grid's whole numbers, either way
FEWER_WHOLE = 12  # where several numbers are typed that count together
MOST_MEETINGS = 400
_HALVINGS = 80
_DECIMALS = (0, 1, 2, 3, 6, 9)

Node = Mapping[str, Any]
Difference = Callable[[float], float | None]  # None: there is none for this number


@dataclass
class Constants:
    """What the rules compare with."""

    texts: set[str] = field(default_factory=set)
    numbers: set[float] = field(default_factory=set)
    tolerances: list[tuple[float, float, bool]] = field(default_factory=list)  # below, above, relative

    @classmethod
    def of(cls, nodes: Iterable[Node]) -> "Constants":
        found = cls()
        for node in nodes:
            members = node.get("value") if node.get("op") == "value" else None
            found._add(members if isinstance(members, list | tuple) else [members])
            found._add([entry["key"] for entry in node.get("entries", ())])
            found._add([row["up_to"] for row in node.get("table", ())])
            if node.get("op") == "equal":
                below, above = node.get("by", (0.0, 0.0))
                found.tolerances.append((float(below), float(above), node.get("tolerance") == "relative"))
            if node.get("op") in ("roundTo", "equalRounded", "round"):
                step = 10.0 ** -int(node.get("figures", 0))
                found.tolerances.append((step / 2, step / 2, False))
        return found

    def _add(self, members: Iterable[Any]) -> None:
        for member in members:
            if isinstance(member, str):
                self.texts.add(member)
            elif isinstance(member, int | float) and not isinstance(member, bool):
                self.numbers.add(float(member))

    def bounds(self) -> set[float]:
        """Every number that is compared with, and the ends of its tolerances."""
        bounds = set(self.numbers)
        for number in self.numbers:
            for below, above, is_relative in self.tolerances:
                scale = abs(number) / 100 if is_relative else 1.0
                bounds |= {number - below * scale, number + above * scale}
        return bounds


def around(bounds: Iterable[float]) -> list[float]:
    """Every bound, its neighbours, and a number between each two bounds and beyond all; rising."""
    rising = sorted(set(bounds)) or [0.0]
    between = [(low + high) / 2 for low, high in pairwise(rising)]
    beside = [math.nextafter(bound, side) for bound in rising for side in (-math.inf, math.inf)]
    beside += [bound + sign * max(1e-9, abs(bound) * 1e-9) for bound in rising for sign in (-1, 1)]
    return sorted({*rising, *between, *beside, rising[0] - 1.0, rising[-1] + 1.0})


def grid(constants: Constants, *, is_small: bool = False) -> list[float]:
    """Numbers from which meetings are looked for: whole ones, constants, and if not `is_small` large and tiny
    ones.
    """
    most = FEWER_WHOLE if is_small else LARGEST_WHOLE
    found = {float(whole) for whole in range(-most, most + 1)}
    found |= {sign * number for number in constants.numbers for sign in (-1.0, 1.0)}
    if not is_small:
        magnitudes = [factor * 10.0**power for power in range(-6, 13) for factor in (1.0, 2.0, 5.0)]
        found |= {sign * magnitude for magnitude in magnitudes for sign in (-1.0, 1.0)}
        found |= {math.sqrt(number) for number in constants.numbers if number > 0}
    return sorted(found)


def differences(node: Node) -> Iterator[dict[str, Any]]:
    """Of a comparison, expressions that are 0 where its outcome can change."""
    if node.get("op") not in COMPARISONS or len(node.get("of", ())) != 2:
        return
    left, right = node["of"]
    yield _difference(left, right)
    if node["op"] == "equal" and node.get("tolerance", "exact") != "exact":
        for sign, by in zip((-1.0, 1.0), node.get("by", (0.0, 0.0)), strict=False):
            if not by:
                continue
            if node["tolerance"] == "relative":
                moved = {"op": "product", "of": [right, _constant(1.0 + sign * by / 100)]}
            else:
                moved = {"op": "sum", "of": [right, _constant(sign * by)]}
            yield _difference(left, moved)
    if node["op"] == "equalRounded":
        step = 10.0 ** -int(node.get("figures", 0))
        for sign in (-0.5, 0.5):
            yield _difference(left, {"op": "sum", "of": [right, _constant(sign * step)]})


def meetings(difference: Difference, points: Sequence[float]) -> list[float]:
    """Numbers at which the difference is 0 or changes its sign, as exactly as numbers are, and rounded ones
    beside them.
    """
    values = [(point, value) for point in points if (value := difference(point)) is not None]
    found = [point for point, value in values if value == 0.0]
    for (low, below), (high, above) in pairwise(values):
        if below * above < 0:
            found += _crossing(difference, low, high, below)
    for (low, a), (middle, b), (high, c) in zip(values, values[1:], values[2:], strict=False):
        is_lowest = abs(b) <= min(abs(a), abs(c)) and abs(b) < max(abs(a), abs(c))
        if is_lowest and a * b > 0 and b * c > 0:
            found += _touching(difference, low, high, middle)
    rounded = (round(number, decimals) for number in found for decimals in _DECIMALS)
    return sorted({*found, *rounded})[:MOST_MEETINGS]


def _crossing(difference: Difference, low: float, high: float, at_low: float) -> list[float]:
    """By halving: the two neighbours between which the sign changes."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        value = difference(middle)
        if value is None or middle in (low, high):
            break
        if value == 0.0:
            return [middle]
        low, high = (middle, high) if value * at_low > 0 else (low, middle)
    return [low, high]


def _touching(difference: Difference, low: float, high: float, middle: float) -> list[float]:
    """The number between two where the difference is nearest to 0, by thirds."""
    for _ in range(_HALVINGS):
        first, second = low + (high - low) / 3, high - (high - low) / 3
        one, other = difference(first), difference(second)
        if one is None or other is None:
            break
        low, high = (low, second) if abs(one) <= abs(other) else (first, high)
        middle = (low + high) / 2
    return [middle]


def _difference(left: Any, right: Any) -> dict[str, Any]:
    return {"op": "subtract", "of": [left, right]}


def _constant(value: float) -> dict[str, Any]:
    return {"op": "value", "value": value}
