"""A 0/1 program with many columns and few rows, as test assembly poses it.

    maximise  values · z   subject to   lower ≤ matrix z ≤ upper,   z ∈ {0, 1}

1. The linear relaxation, on promising columns and then on those that its prices find too cheap (column
   generation), so that a large pool costs little more than a small one. An integral solution is the answer.
2. Its few fractions rounded, repaired and improved by exchanges of two columns: good enough if its value is
   within the tolerance of the relaxation's, which no solution can exceed.
3. Else branch and bound, by HiGHS (Huangfu & Hall 2018). A column whose reduced cost exceeds the gap between
   the relaxation and a known solution is the same in every better solution. So the few others suffice.

Everything here is a function of its arguments: no clock limits the work, no call remembers another.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
import scipy
from scipy.sparse import csc_array

from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray

TOLERANCE = 1e-7  # HiGHS's own, of feasibility and optimality
FRACTION = 1e-6  # what is nearer to 0 or 1 is integral
SHORTFALL_PRICE = 10.0  # per unit by which a row is missed while columns are being found; values are about 1
FIRST_GAP = 0.02  # of reduced costs, where nothing better is known
SMALL_COEFFICIENTS = (0.03, 0.1, 0.2, 0.4)  # quantiles up to which columns are looked at
MOST_FRACTIONS = 6  # whose roundings are all tried
AT_ONCE = 16  # rows that exchanges look at together
EXCHANGED = 100  # columns of smallest reduced cost that exchanges look at
OUT_OF_NODES = 1  # `milp`'s status
MOST_NODES = 300  # of branch and bound: a limit that, unlike a clock, is the same every time


@dataclass(frozen=True, eq=False)
class Relaxed:
    bound: float
    z: FloatArray  # (U,)
    reduced: FloatArray  # (U,) reduced costs: what a column adds beyond what its rows are worth


@dataclass(frozen=True, eq=False)
class Program:
    """Values should be scaled to about [0, 1], and each row so that its largest coefficient is 1."""

    values: FloatArray  # (U,)
    matrix: csc_array  # (C, U)
    lower: FloatArray  # (C,)
    upper: FloatArray  # (C,)

    def solve(self, length: int, tolerance: float, beside: float) -> IntArray | None:
        """The columns that are 1; None if there is no solution.

        Their sum of values, with what is there `beside` them, may be short of the largest by the share
        `tolerance`. `length` says how many columns to expect.
        """
        if not len(self.values):
            return np.arange(0) if (self.lower <= 0).all() and (self.upper >= 0).all() else None
        relaxed = self._relaxation(length)
        if relaxed is None:
            return None
        if (np.minimum(relaxed.z, 1 - relaxed.z) < FRACTION).all():
            return np.flatnonzero(relaxed.z > 0.5)
        near = Exchange(self.values, self._columns, self.lower, self.upper, relaxed).best()
        if near is None:
            return self._branch_and_bound(relaxed, FIRST_GAP)
        loss = relaxed.bound - float(self.values[near].sum())
        if loss <= max(tolerance * (beside + relaxed.bound), TOLERANCE):
            return near
        found = self._branch_and_bound(relaxed, loss)
        if found is None or float(self.values[found].sum()) < relaxed.bound - loss:  # out of nodes
            return near
        return found

    def _columns(self, columns: IntArray) -> FloatArray:
        return np.asarray(self.matrix[:, columns].toarray())

    def _relaxation(self, length: int) -> Relaxed | None:
        columns = self._promising(length)
        while True:
            solved = self._linear(columns, elastic=True)
            if solved is None:  # misses a row at this price, or cannot but miss it
                columns = np.arange(len(self.values))
                solved = self._linear(columns, elastic=False)
                if solved is None:
                    return None
            wanted = solved.reduced > TOLERANCE
            wanted[columns] = False
            if not wanted.any():
                return solved
            order = np.argsort(-solved.reduced[wanted], kind="stable")
            columns = np.union1d(columns, np.flatnonzero(wanted)[order[: 4 * length]])

    def _promising(self, length: int) -> IntArray:
        """The columns of largest value: overall, in every row, and among the smallest coefficients of rows
        that
        have many different ones."""
        if len(self.values) <= 4 * length:
            return np.arange(len(self.values))
        length = max(length, 15)
        order = np.argsort(-self.values, kind="stable")
        chosen = [order[: 2 * length]]
        rows = self.matrix[:, order].tocsr()
        for low, high in pairwise(rows.indptr.tolist()):
            own, coefficients = rows.indices[low:high], rows.data[low:high]
            chosen.append(order[np.sort(own)[: max(length // 4, 4)]])
            if len(own) > 4 * length and coefficients.min() < coefficients.max():
                limits = np.quantile(coefficients, SMALL_COEFFICIENTS)
                chosen += [order[np.sort(own[coefficients <= limit])[:length]] for limit in limits]
        return np.unique(np.concatenate(chosen))

    def _linear(self, columns: IntArray, elastic: bool) -> Relaxed | None:
        """The relaxation over some columns, with reduced costs of all.

        An elastic one may miss rows at a price, and so has prices for the columns that are lacking; None if
        it misses one although no column is wanted.
        """
        equal = self.lower == self.upper
        above, below = np.isfinite(self.upper) & ~equal, np.isfinite(self.lower) & ~equal
        part = self.matrix[:, columns].toarray()
        one_sided, two_sided = np.concatenate([part[above], -part[below]]), part[equal]
        costs = -self.values[columns]
        if elastic:
            m, e = len(one_sided), len(two_sided)
            one_sided = np.hstack([one_sided, -np.eye(m), np.zeros((m, 2 * e))])
            two_sided = np.hstack([two_sided, np.zeros((e, m)), np.eye(e), -np.eye(e)])
            costs = np.concatenate([costs, np.full(m + 2 * e, SHORTFALL_PRICE)])
        solved = scipy.optimize.linprog(
            costs,
            A_ub=one_sided,
            b_ub=np.concatenate([self.upper[above], -self.lower[below]]),
            A_eq=two_sided,
            b_eq=self.upper[equal],
            bounds=[(0.0, 1.0)] * len(columns) + [(0.0, None)] * (len(costs) - len(columns)),
            method="highs-ds",
        )
        if solved.x is None or solved.fun is None or solved.status != 0:
            return None
        prices = np.zeros(len(self.lower))
        prices[above] = solved.ineqlin.marginals[: np.count_nonzero(above)]
        prices[below] -= solved.ineqlin.marginals[np.count_nonzero(above) :]
        prices[equal] = solved.eqlin.marginals
        reduced = self.values + self.matrix.T @ prices
        missed = float(solved.x[len(columns) :].sum())
        lacking = reduced > TOLERANCE
        lacking[columns] = False
        if missed > TOLERANCE and not lacking.any():
            return None
        z = np.zeros(len(self.values))
        z[columns] = solved.x[: len(columns)]
        return Relaxed(-float(solved.fun), z, reduced)

    def _branch_and_bound(self, relaxed: Relaxed, gap: float) -> IntArray | None:
        """`gap` is a guess of what the best solution lacks to the bound."""
        while True:
            open_columns = np.abs(relaxed.reduced) <= gap
            kept = np.flatnonzero(~open_columns & (relaxed.z > 0.5))
            found, is_out_of_nodes = self._integral(np.flatnonzero(open_columns), kept)
            if is_out_of_nodes:
                return found
            loss = np.inf if found is None else relaxed.bound - float(self.values[found].sum())
            if loss <= gap or open_columns.all():
                return found
            gap = loss + TOLERANCE if np.isfinite(loss) else 4 * gap if gap < 1 else np.inf

    def _integral(self, columns: IntArray, kept: IntArray) -> tuple[IntArray | None, bool]:
        """The best solution that has the columns `kept`, some of `columns` and no others, and whether the
        nodes ran out before it was proven."""
        done = self.matrix[:, kept].sum(axis=1)
        solved = scipy.optimize.milp(
            -self.values[columns],
            integrality=np.ones(len(columns), dtype=np.intp),
            bounds=scipy.optimize.Bounds(0, 1),
            # Sparse: of a dense matrix SciPy makes Python's warnings errors while it looks, in all threads.
            constraints=scipy.optimize.LinearConstraint(
                csc_array(self.matrix[:, columns].toarray()), self.lower - done, self.upper - done
            ),
            options={"mip_rel_gap": 0.0, "node_limit": MOST_NODES},
        )
        found = None if solved.x is None else np.union1d(kept, columns[solved.x > 0.5])
        return found, solved.status == OUT_OF_NODES


class Exchange:
    """Integral solutions near a relaxed one."""

    def __init__(
        self,
        values: FloatArray,  # (U,)
        columns: Callable[[IntArray], FloatArray],  # (C, n) of some columns (n,)
        lower: FloatArray,  # (C,)
        upper: FloatArray,
        relaxed: Relaxed,
    ) -> None:
        self.values = values
        self.lower, self.upper = lower - TOLERANCE, upper + TOLERANCE
        self.fractions = np.flatnonzero(np.minimum(relaxed.z, 1 - relaxed.z) >= FRACTION)
        self.start = relaxed.z > 0.5
        nearest = np.argsort(np.abs(relaxed.reduced), kind="stable")[:EXCHANGED]
        self.near = np.union1d(np.union1d(nearest, self.fractions), np.flatnonzero(self.start))
        self.columns = columns(self.near)  # (C, near), all that is ever 1 among them
        self.near_values = self.values[self.near]
        self.counts = np.flatnonzero((self.columns == 1).all(axis=1))  # rows that no exchange changes

    def best(self) -> IntArray | None:
        """The best that is found, None if nothing is."""
        if len(self.fractions) > MOST_FRACTIONS:
            return None
        best: tuple[float, BoolArray] | None = None
        for rounding in product((False, True), repeat=len(self.fractions)):
            z = self.start.copy()
            z[self.fractions] = rounding
            for found in (self._feasible(z[self.near]), self._exchanged(z[self.near])):
                if found is not None and (best is None or found[0] > best[0]):
                    best = found
        while best is not None:
            better = self._exchanged(best[1])
            if better is None or better[0] <= best[0] + TOLERANCE:
                return self.near[best[1]]
            best = better
        return None

    def _feasible(self, z: BoolArray) -> tuple[float, BoolArray] | None:
        activity = self.columns @ z
        if (activity < self.lower).any() or (activity > self.upper).any():
            return None
        return float(self.near_values @ z), z

    def _exchanged(self, z: BoolArray) -> tuple[float, BoolArray] | None:
        """The best feasible solution that takes one column out and another in."""
        out, into = np.flatnonzero(z), np.flatnonzero(~z)
        if not out.size or not into.size:
            return None
        whole = self.columns @ z
        for row in self.counts.tolist():
            if not self.lower[row] <= whole[row] <= self.upper[row]:
                return None
        activity, added = whole[:, None] - self.columns[:, out], self.columns[:, into]
        fits = np.ones((len(out), len(into)), dtype=bool)
        rows = self._in_the_way(activity, added)
        for some in (rows[first : first + AT_ONCE] for first in range(0, len(rows), AT_ONCE)):
            changed = activity[some][:, :, None] + added[some][:, None, :]
            is_kept = changed >= self.lower[some][:, None, None]
            is_kept &= changed <= self.upper[some][:, None, None]
            fits &= np.logical_and.reduce(is_kept)
        gains = np.where(fits, self.near_values[into] - self.near_values[out][:, None], -np.inf)
        place = int(gains.argmax())
        gain = float(gains.flat[place])
        if gain == -np.inf:
            return None
        better = z.copy()
        better[out[place // len(into)]] = False
        better[into[place % len(into)]] = True
        return float(self.near_values @ better), better

    def _in_the_way(self, activity: FloatArray, added: FloatArray) -> IntArray:
        """The rows that some exchange could break: activity (C, out), and what columns (C, into) add."""
        most = activity.max(axis=1) + added.max(axis=1)
        least = activity.min(axis=1) + added.min(axis=1)
        return np.flatnonzero((most > self.upper) | (least < self.lower)).astype(np.intp)
