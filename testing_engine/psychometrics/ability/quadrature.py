"""Grids on the ability scale, and what a bank's answers are worth on them.

A smooth density that vanishes at both ends is best integrated by the plain trapezoid rule: with step h its
error falls like exp(−2π w/h), where the density is analytic in a strip of half-width w (Trefethen &
Weideman 2014). Densities cut off at bounds take Gauss–Legendre nodes. Which grid a posterior gets: `grids`.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
from scipy.special import eval_legendre, sici

from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.kernels.columns import columns_of
from testing_engine.psychometrics.kernels.posteriors import answer_logs

TABLE_ENTRIES = 4_000_000  # of a table over a whole bank that is kept: 32 MB
FIRST_ROWS = 128  # of a table; when it is full, it gets
TIMES = 4  # as many, of which those not used yet take no memory
KEPT_TABLES = 3  # of a kind, because anyone may ask for a grid of their own
KEPT_ANSWERS = 8  # tables of given answers: two of each usual grid, one of each earlier, some of their own


@dataclass(frozen=True)
class Quadrature:
    """`points` nodes on [lower, upper]. "sum" is the trapezoid rule without halving the ends, as in mirt."""

    lower: float
    upper: float
    points: int
    rule: Literal["trapezoid", "sum", "gauss-legendre"] = "trapezoid"

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Kept, because every step looks something up by its grid. Of numbers alone: the same everywhere."""
        return hash((self.lower, self.upper, self.points))

    @cached_property
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

    @cached_property
    def alternating(self) -> FloatArray:
        """(G, 5): weights × (1, θ, θ²), and weights × (1, θ) with alternating signs."""
        signs = np.where(np.arange(self.points) % 2, -1.0, 1.0)[:, None]
        return _frozen(np.hstack([self.moments, signs * self.moments[:, :2]]))

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
    """log P of answers at every node of a grid, for a one-dimensional bank.

    A question's answers are entered when one of them is first given, so that nobody waits for questions that
    nobody has had: a pool takes what those take, categories × nodes × 8 bytes each. Threads read without
    waiting: a question's row is known only once its numbers are there.
    """

    def __init__(self, bank: ItemBank, quadrature: Quadrature, fill: "Fill | None" = None) -> None:
        """`fill` says log P of some questions' answers, where not NumPy's formulas do."""
        self.bank = bank
        self.nodes = quadrature.nodes
        self.fill = fill or fill_by_formulas
        self.row_of: dict[int, int] = {}  # by question: of its lowest category, those of the others follow
        self.entries = np.empty((FIRST_ROWS, quadrature.points))  # (rows, G), the last ones not used yet
        self._entering = threading.Lock()

    def log_likelihood(self, items: Sequence[int], scores: Sequence[int]) -> FloatArray:
        """(G,) Σ log P of the answers."""
        return np.asarray(np.add.reduce(self.rows(items, scores)))

    def rows(self, items: Sequence[int], scores: Sequence[int]) -> FloatArray:
        """(n, G) log P of each answer."""
        found = self.found(items, scores)
        return self.entries.take(found, 0) if found else self.entries[:0]

    def found(self, items: Sequence[int], scores: Sequence[int]) -> list[int]:
        """(n,) rows of the answers."""
        row_of = self.row_of
        try:
            return [row_of[item] + score for item, score in zip(items, scores, strict=True)]
        except KeyError:
            self._enter(items)
            return [row_of[item] + score for item, score in zip(items, scores, strict=True)]

    def _enter(self, items: Sequence[int]) -> None:
        """Those not known yet, all at once: one question takes most of the time that ten take."""
        with self._entering:
            missing = [item for item in dict.fromkeys(items) if item not in self.row_of]
            if not missing:
                return
            categories, nodes = self.bank.most_categories, self.entries.shape[1]
            start = categories * len(self.row_of)
            end = start + categories * len(missing)
            if end > len(self.entries):
                grown = np.empty((max(end, TIMES * len(self.entries)), nodes))
                grown[:start] = self.entries[:start]
                self.entries = grown
            into = self.entries[start:end].reshape(len(missing), categories, nodes)
            self.fill(self.bank, missing, self.nodes, into)
            self.row_of.update(zip(missing, range(start, end, categories), strict=True))


# Of a bank, questions (n,) and nodes (G,), log P of every answer into an array (n, K, G).
Fill = Callable[[ItemBank, Sequence[int], FloatArray, FloatArray], None]


def fill_by_formulas(bank: ItemBank, items: Sequence[int], nodes: FloatArray, into: FloatArray) -> None:
    into[:] = bank.answer_logs(items, nodes).swapaxes(0, 1)


def fill_by_kernel(bank: ItemBank, items: Sequence[int], nodes: FloatArray, into: FloatArray) -> None:
    """The same by compiled loops, whose last bits are others."""
    answer_logs(columns_of(bank), np.array(items, dtype=np.intp), nodes, into)


@lru_cache(maxsize=64)
def _gauss_legendre(points: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights on [−1, 1]. Finding them takes the cube of their number."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    return _frozen(nodes), _frozen(weights)


def answer_table(bank: ItemBank, quadrature: Quadrature) -> AnswerTable:
    """The bank's own table on this grid."""
    return bank.derived(("answers", quadrature), lambda: AnswerTable(bank, quadrature), keep=KEPT_ANSWERS)


def compiled_table(bank: ItemBank, quadrature: Quadrature) -> AnswerTable:
    """Its table by the kernel."""
    key = ("compiled answers", quadrature)
    return bank.derived(key, lambda: AnswerTable(bank, quadrature, fill_by_kernel), keep=KEPT_ANSWERS)


def _frozen(array: FloatArray) -> FloatArray:
    array.setflags(write=False)
    return array
