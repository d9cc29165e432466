"""Linear programs by the HiGHS that SciPy brings, without what `linprog` does around it.

`linprog` looks at its arguments again and again, asks HiGHS for the kind of every option, and copies the
bounds' prices in a loop: for programs of a hundred columns that is ten times HiGHS's own work. Here SciPy's
binding is called as `linprog` calls it, with the same numbers in the same order, so that the same solution
comes back to the last bit; a test holds both together. A SciPy without that binding is asked by `linprog`.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import scipy
from scipy.sparse import csc_array, csr_array, vstack

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
    above: FloatArray  # (R,) prices of the rows ≤, at most 0
    equal: FloatArray  # (Q,) prices of the rows =


def minimised(
    cost: FloatArray,  # (n,)
    above: csr_array,  # (R, n)
    most: FloatArray,  # (R,)
    equal: csr_array,  # (Q, n)
    exactly: FloatArray,  # (Q,)
    upper: FloatArray,  # (n,) of x, whose lower bounds are 0
) -> LinearSolution | None:
    """min cost · x subject to above x ≤ most, equal x = exactly; None where there is no solution.

    By the dual simplex method, without presolving.
    """
    highs = bound_highs()
    if highs is None:
        return _by_linprog(cost, above, most, equal, exactly, upper)
    lower = np.zeros(len(upper))
    rows = csc_array(vstack((above, equal), format="csr"))
    rhs = np.concatenate([most, exactly])
    solver = highs._Highs()
    solver.passOptions(_options())
    program = _program(cost, rows, np.concatenate([np.full(len(most), -np.inf), exactly]), rhs, lower, upper)
    failed = highs.HighsStatus.kError
    if solver.passModel(program) == failed or solver.run() == failed:
        return None
    if solver.getModelStatus() != highs.HighsModelStatus.kOptimal:
        return None
    solution = solver.getSolution()
    x, slack = np.array(solution.col_value), rhs - solution.row_value
    beside = max(float((-x).max(initial=0.0)), float((x - upper).max(initial=0.0)))
    over, off = -slack[: len(most)], np.abs(slack[len(most) :])
    if max(beside, float(over.max(initial=0.0)), float(off.max(initial=0.0))) > FEASIBLE:
        return None
    prices, value = np.array(solution.row_dual), float(solver.getInfo().objective_function_value)
    return LinearSolution(x, value, prices[: len(most)], prices[len(most) :])


def _program(
    cost: FloatArray, rows: csc_array, low: FloatArray, high: FloatArray, lower: FloatArray, upper: FloatArray
) -> Any:
    highs = bound_highs()
    program = highs.HighsLp()
    program.num_row_, program.num_col_ = rows.shape
    program.a_matrix_.num_row_, program.a_matrix_.num_col_ = rows.shape
    program.a_matrix_.format_ = highs.MatrixFormat.kColwise
    program.col_cost_, program.col_lower_, program.col_upper_ = cost, lower, upper
    program.row_lower_, program.row_upper_ = low, high
    program.a_matrix_.start_ = rows.indptr
    program.a_matrix_.index_ = rows.indices
    program.a_matrix_.value_ = rows.data
    return program


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


def _by_linprog(
    cost: FloatArray,
    above: csr_array,
    most: FloatArray,
    equal: csr_array,
    exactly: FloatArray,
    upper: FloatArray,
) -> LinearSolution | None:
    solved = scipy.optimize.linprog(  # type: ignore[call-overload]  # its stubs know no sparse matrices
        cost,
        A_ub=above,
        b_ub=most,
        A_eq=equal,
        b_eq=exactly,
        bounds=np.column_stack([np.zeros(len(upper)), upper]),
        method="highs-ds",
        options={"presolve": False},  # takes longer than it saves, with so few columns
    )
    if solved.x is None or solved.fun is None or solved.status != 0:
        return None
    return LinearSolution(solved.x, float(solved.fun), solved.ineqlin.marginals, solved.eqlin.marginals)
