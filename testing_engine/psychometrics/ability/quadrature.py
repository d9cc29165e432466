"""Grids on the ability scale, and what a bank's answers are worth on them.

A smooth density that vanishes at both ends is best integrated by the plain trapezoid rule: with step h its
error falls like exp(−2π w/h), where the density is analytic in a strip of half-width w (Trefethen &
Weideman 2014). A normal density of standard deviation s gives exp(−2π² s²/h²), answers whose log odds have
slope a give w = π/a. The default step 0.1 leaves about 1e-9 for s ≥ 0.13 and a ≤ 9.5. Steeper questions
halve it, and a narrower posterior is integrated again on a grid of its own (see `ability`). Densities cut
off at bounds take Gauss–Legendre nodes.
"""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
from scipy.special import eval_legendre, sici

from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray, IntArray

TABLE_ENTRIES = 4_000_000  # of a table over a whole bank that is kept: 32 MB
KEPT_TABLES = 3  # of a kind, because anyone may ask for a grid of their own


@dataclass(frozen=True)
class Quadrature:
    """`points` nodes on [lower, upper]. "sum" is the trapezoid rule without halving the ends, as in mirt."""

    lower: float
    upper: float
    points: int
    rule: Literal["trapezoid", "sum", "gauss-legendre"] = "trapezoid"

    @property
    def step(self) -> float:
        """Distance of neighbouring nodes (in the middle, where Gauss–Legendre nodes are farthest apart)."""
        if self.rule != "gauss-legendre":
            return (self.upper - self.lower) / (self.points - 1)
        return np.pi / 2 * (self.upper - self.lower) / self.points

    @cached_property
    def nodes(self) -> FloatArray:
        """(G,)"""
        if self.rule != "gauss-legendre":
            return _frozen(np.linspace(self.lower, self.upper, self.points))
        return _frozen(self._scaled(_gauss_legendre(self.points)[0]))

    @cached_property
    def weights(self) -> FloatArray:
        """(G,) so that ∫ f ≈ Σ weights · f(nodes)."""
        if self.rule != "gauss-legendre":
            weights = np.full(self.points, self.step)
            weights[[0, -1]] /= 2 if self.rule == "trapezoid" else 1
            return _frozen(weights)
        return _frozen(_gauss_legendre(self.points)[1] * (self.upper - self.lower) / 2)

    @cached_property
    def moments(self) -> FloatArray:
        """(G, 3): weights × (1, θ, θ²)."""
        return _frozen(self.weights[:, None] * self.nodes[:, None] ** np.arange(3))

    def below(self, cut: float) -> FloatArray:
        """(G,) so that ∫ of f up to `cut` ≈ Σ below · f(nodes), as accurate as the whole integral.

        Integrates the interpolant up to the cut: sinc functions on the even grid (Stenger 1993), Legendre
        polynomials on theirs. For several cuts of one f on the latter see `legendre`.
        """
        if cut <= self.lower or cut >= self.upper:
            return self.weights * (cut >= self.upper)
        if self.rule != "gauss-legendre":
            return self.weights * (0.5 + sici(np.pi * (cut - self.nodes) / self.step)[0] / np.pi)
        result: FloatArray = self.weights * (self._rises(cut) @ self._polynomials()) / 2
        return result

    def legendre(self, values: FloatArray) -> FloatArray:
        """(G,) Σ weights · f · P_k for each k: f's Legendre coefficients up to (2k + 1) / (upper − lower).

        Takes G² steps, once for however many cuts.
        """
        return np.asarray(self._polynomials() @ (self.weights * values))

    def below_by(self, moments: FloatArray, cut: float) -> float:
        """∫ of f up to `cut`, from `legendre` of f."""
        if cut <= self.lower or cut >= self.upper:
            return float(moments[0]) if cut >= self.upper else 0.0
        return float(self._rises(cut) @ moments) / 2

    def _rises(self, cut: float) -> FloatArray:
        """(G,) (2k + 1) ∫ P_k from −1 to x, which is P_{k+1}(x) − P_{k−1}(x), for x at the cut."""
        end = 2 * (cut - self.lower) / (self.upper - self.lower) - 1
        at_end = eval_legendre(np.arange(self.points + 1), end)
        return np.concatenate([[end + 1], at_end[2:] - at_end[:-2]])

    def _polynomials(self) -> FloatArray:
        """(G, G) P_k at each node, by Bonnet's recursion. Not kept: a wide grid's would fill 8 MB."""
        x = _gauss_legendre(self.points)[0]
        values = np.empty((self.points, self.points))
        values[0], values[1:2] = 1.0, x
        for k in range(1, self.points - 1):
            values[k + 1] = ((2 * k + 1) * x * values[k] - k * values[k - 1]) / (k + 1)
        return values

    def _scaled(self, x: FloatArray) -> FloatArray:
        return self.lower + (self.upper - self.lower) * (x + 1) / 2


class AnswerTable:
    """log P of every answer at every node of a grid, for a one-dimensional bank.

    A question is entered when it is first answered, so that nobody waits for questions that nobody has seen:
    a pool takes what its used questions take, categories × nodes × 8 bytes each. Two threads that meet here
    enter the same numbers twice.
    """

    def __init__(self, bank: ItemBank, quadrature: Quadrature) -> None:
        self.bank = bank
        self.theta = quadrature.nodes[:, None]
        self.rows: dict[int, FloatArray] = {}
        self.entries: FloatArray | None = None  # (N, K, G) of small pools, where reading many is faster
        shape = (bank.n_items, bank.most_categories, quadrature.points)
        if math.prod(shape) <= TABLE_ENTRIES:
            self.entries = np.empty(shape)  # memory that nothing was written to is not taken
            self.by_answer = self.entries.reshape(-1, quadrature.points)
            self.is_entered = np.zeros(bank.n_items, dtype=bool)

    @property
    def whole(self) -> FloatArray | None:
        """(N, K, G) with every question entered; None where that would be too large."""
        if self.entries is not None:
            self._enter(self.entries, np.arange(self.bank.n_items))
        return self.entries

    def log_likelihood(self, items: IntArray, scores: IntArray) -> FloatArray:
        """(G,) Σ log P of the answers."""
        if self.entries is not None:
            self._enter(self.entries, items)
            rows = self.by_answer.take(items * self.bank.most_categories + scores, axis=0)
            return np.asarray(np.add.reduce(rows))
        total = np.zeros(len(self.theta))
        for item, score in zip(items.tolist(), scores.tolist(), strict=True):
            total += self._row(item)[score]
        return total

    def _enter(self, entries: FloatArray, items: IntArray) -> None:
        known = self.is_entered[items]
        if known.all():
            return
        new = np.unique(items[~known])
        entries[new] = self.bank.log_probabilities(self.theta, new).swapaxes(0, 1)
        self.is_entered[new] = True  # last, for a thread that reads without waiting

    def _row(self, item: int) -> FloatArray:
        """(K, G)"""
        try:
            return self.rows[item]
        except KeyError:
            log_p = self.bank.log_probabilities(self.theta, np.array([item]))[:, 0]
            return self.rows.setdefault(item, _frozen(np.ascontiguousarray(log_p)))


@lru_cache(maxsize=64)
def _gauss_legendre(points: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights on [−1, 1]. Finding them takes the cube of their number."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    return _frozen(nodes), _frozen(weights)


def answer_table(bank: ItemBank, quadrature: Quadrature) -> AnswerTable:
    """The bank's own table on this grid."""
    return bank.derived(("answers", quadrature), lambda: AnswerTable(bank, quadrature), keep=KEPT_TABLES)


def _frozen(array: FloatArray) -> FloatArray:
    array.setflags(write=False)
    return array
