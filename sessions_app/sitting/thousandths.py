"""The one rounding of θ: to thousandths, halves up. What is compared with a cut and what people read is this.

An estimate carries dust of its arithmetic: the middle of the scale comes out as −8.6e−17, or as 6e−17. With
every cut and every θ rounded alike, students of equal θ have equal levels, and anybody can find the level
again from the θ that is written beside it. Multiply, add and round down are the same bits in Python and in
PostgreSQL, which `round` is not (it takes halves to even here, away from 0 there).
"""

import math
from collections.abc import Sequence
from typing import Any

from django.db.models import F, Q
from django.db.models.expressions import Combinable
from django.db.models.lookups import GreaterThanOrEqual, LessThan

DUST = 5e-10  # below it, a number is 0 that arithmetic did not hit


def thousandths(theta: float) -> int:
    """⌊1000 θ + ½⌋"""
    return math.floor(theta * 1000.0 + 0.5)


def told(theta: float) -> str:
    """θ as people read it: three digits behind the point, a true minus, and never −0."""
    whole = thousandths(theta)
    return f"{'−' if whole < 0 else ''}{abs(whole) / 1000:.3f}"


def plain(theta: float) -> float:
    """θ as programs read it: to the last bit, but neither −0.0 nor dust."""
    return 0.0 if abs(theta) < DUST else theta


def level_index(theta: float, cuts: Sequence[float]) -> int:
    """How many of the cuts θ reaches: 0 for the lowest level. A cut belongs to the level above it."""
    whole = thousandths(theta)
    return sum(thousandths(cut) <= whole for cut in cuts)


def in_level(theta: str | Combinable, cuts: Sequence[float], level: int) -> Q:
    """`level_index(theta, cuts) == level` of a column or an expression, in SQL; for cuts in order."""
    scaled: Any = (F(theta) if isinstance(theta, str) else theta) * 1000.0 + 0.5
    return _between(scaled, [float(thousandths(cut)) for cut in cuts], level)


def _between(scaled: Any, edges: Sequence[float], level: int) -> Q:
    condition = Q()
    if level > 0:
        condition &= Q(GreaterThanOrEqual(scaled, edges[level - 1]))
    if level < len(edges):
        condition &= Q(LessThan(scaled, edges[level]))
    return condition
