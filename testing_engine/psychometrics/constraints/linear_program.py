"""Linear programs by the HiGHS that SciPy brings, without what `linprog` does around it.

`linprog` looks at its arguments again and again, asks HiGHS for the kind of every option, and copies the
bounds' prices in a loop: for programs of a hundred columns that is ten times HiGHS's own work. Here SciPy's
binding is called as `linprog` calls it, with the same numbers in the same order, so that the same solution
comes back to the last bit; a test holds both together. A SciPy without that binding is asked by `linprog`.
"""

import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import scipy

from testing_engine.psychometrics.constraints.rows import Part, Places
from testing_engine.psychometrics.items.response import FloatArray

FEASIBLE = 10 * np.sqrt(1e-9)  # by how much `linprog` lets a solution miss a bound or a row


@cache
def bound_highs() -> Any:
    """SciPy's binding, which takes long to load, and most processes solve nothing by it."""
    try:
        from scipy.optimize._highspy import _core
    except ImportError:  # another SciPy keeps it elsewhere
        return None
    return _core


@dataclass(frozen=True, eq=False)
class LinearSolution:
    x: FloatArray  # (n,)
    value: float
    prices: FloatArray  # (r,) of the rows; of those ≤ at most 0


def minimised(
    cost: FloatArray,  # (n,)
    rows: Part,  # (r, n)
    upper: FloatArray,  # (n,) of x, whose lower bounds are 0
) -> LinearSolution | None:
    """min cost · x subject to these rows; None where there is no solution.

    By the dual simplex method, without presolving.
    """
    highs = bound_highs()
    if highs is None:
        return _by_linprog(cost, rows, upper)
    solver = _kept.solver()
    failed = highs.HighsStatus.kError
    continuous = np.zeros(len(cost), dtype=np.int32)
    if passed(solver, cost, rows, upper, continuous) == failed or solver.run() == failed:
        return None
    if solver.getModelStatus() != highs.HighsModelStatus.kOptimal:
        return None
    solution = solver.getSolution()
    x, slack = np.array(solution.col_value), rows.high - solution.row_value
    beside = max(float((-x).max(initial=0.0)), float((x - upper).max(initial=0.0)))
    over, off = -slack[: rows.above], np.abs(slack[rows.above :])
    if max(beside, float(over.max(initial=0.0)), float(off.max(initial=0.0))) > FEASIBLE:
        return None
    value = float(solver.getInfo().objective_function_value)
    return LinearSolution(x, value, np.array(solution.row_dual))


def passed(solver: Any, cost: FloatArray, rows: Part, upper: FloatArray, whole: Places) -> Any:
    """The whole program in one call; `whole` (n,): 1 where x must be a whole number, else 0.

    HiGHS's own object would take every array number by number.
    """
    highs, (count, columns) = bound_highs(), rows.shape
    return solver.passModel(
        columns,
        count,
        len(rows.value),
        int(highs.MatrixFormat.kColwise),
        int(highs.ObjSense.kMinimize),
        0.0,
        cost,
        np.zeros(columns),
        upper,
        rows.low,
        rows.high,
        rows.start,
        rows.row,
        rows.value,
        whole,
    )


class _Kept(threading.local):
    """Each thread's own solver: making one takes a sixth of a program's time. Whatever it solved before goes
    with the next `passModel`, so that it solves as a new one does, to the last bit; a test sees to that."""

    _solver: Any = None

    def solver(self) -> Any:
        if self._solver is None:
            self._solver = bound_highs()._Highs()
            self._solver.passOptions(_options())
        return self._solver


_kept = _Kept()


@cache
def _options() -> Any:
    """As `linprog(method="highs-ds", options={"presolve": False})` sets them."""
    highs = bound_highs()
    options = highs.HighsOptions()
    options.presolve, options.solver = "off", "simplex"
    options.simplex_strategy = highs.simplex_constants.SimplexStrategy.kSimplexStrategyDual
    options.highs_debug_level = highs.HighsDebugLevel.kHighsDebugLevelNone
    options.log_to_console = options.output_flag = False
    return options


def _by_linprog(cost: FloatArray, rows: Part, upper: FloatArray) -> LinearSolution | None:
    matrix = rows.matrix().tocsr()
    solved = scipy.optimize.linprog(  # type: ignore[call-overload]  # its stubs know no sparse matrices
        cost,
        A_ub=matrix[: rows.above],
        b_ub=rows.high[: rows.above],
        A_eq=matrix[rows.above :],
        b_eq=rows.high[rows.above :],
        bounds=np.column_stack([np.zeros(len(upper)), upper]),
        method="highs-ds",
        options={"presolve": False},  # takes longer than it saves, with so few columns
    )
    if solved.x is None or solved.fun is None or solved.status != 0:
        return None
    prices = np.concatenate([solved.ineqlin.marginals, solved.eqlin.marginals])
    return LinearSolution(solved.x, float(solved.fun), prices)
