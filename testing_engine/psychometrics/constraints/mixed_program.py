"""Programs in whole numbers by the HiGHS that SciPy brings: some columns 0 or 1, rows as `linear_program`.

Two searches. `by_milp` is SciPy's `milp`, as plans of the second edition began with it. `guided` calls
SciPy's binding: HiGHS then begins with a solution that is known, and spends nothing on symmetries and on
heuristics, which take most of its time in programs of a hundred columns and find what is known already.
A SciPy without that binding is asked by `milp`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from testing_engine.psychometrics.components import SECOND_EDITION
from testing_engine.psychometrics.constraints.linear_program import bound_highs, passed
from testing_engine.psychometrics.constraints.rows import Part
from testing_engine.psychometrics.items.response import BoolArray, FloatArray

OUT_OF_NODES = 1  # `milp`'s status


@dataclass(frozen=True, eq=False)
class IntegralSolution:
    z: BoolArray | None  # (n,) the best that was found
    bound: float  # that no solution falls below; inf where there is none, −inf where nothing is known
    ran_out: bool  # of nodes, before that was settled


# (cost (n,), rows, relative gap that is good enough, nodes, a solution (n,) that is known)
Search = Callable[[FloatArray, Part, float, int, BoolArray | None], IntegralSolution]


def by_milp(
    cost: FloatArray, rows: Part, gap: float, nodes: int, known: BoolArray | None
) -> IntegralSolution:
    """min cost · z subject to these rows. Whatever is `known` changes nothing."""
    solved = scipy.optimize.milp(
        cost,
        integrality=np.ones(len(cost), dtype=np.intp),
        bounds=scipy.optimize.Bounds(0, 1),
        constraints=scipy.optimize.LinearConstraint(rows.matrix(), rows.low, rows.high),
        options={"mip_rel_gap": gap, "node_limit": nodes},
    )
    ran_out = solved.status == OUT_OF_NODES
    if solved.x is None:
        return IntegralSolution(None, -np.inf if ran_out else np.inf, ran_out)
    proven = solved.mip_dual_bound
    return IntegralSolution(solved.x > 0.5, -np.inf if proven is None else float(proven), ran_out)


def guided(cost: FloatArray, rows: Part, gap: float, nodes: int, known: BoolArray | None) -> IntegralSolution:
    """The same, from a solution that is known."""
    highs = bound_highs()
    if highs is None:
        return by_milp(cost, rows, gap, nodes, known)
    solver, options = highs._Highs(), _options()
    options.mip_rel_gap, options.mip_max_nodes = gap, nodes
    solver.passOptions(options)
    whole = np.ones(len(cost), dtype=np.int32)
    if passed(solver, cost, rows, np.ones(len(cost)), whole) == highs.HighsStatus.kError:
        return IntegralSolution(None, -np.inf, True)
    if known is not None:
        solution = highs.HighsSolution()
        solution.col_value = known.astype(float).tolist()
        solver.setSolution(solution)
    solver.run()
    status, info = solver.getModelStatus(), solver.getInfo()
    states = highs.HighsModelStatus
    if status in (states.kInfeasible, states.kUnboundedOrInfeasible):
        return IntegralSolution(None, np.inf, False)
    has_solution = info.primal_solution_status == int(highs.SolutionStatus.kSolutionStatusFeasible)
    z = np.array(solver.getSolution().col_value) > 0.5 if has_solution else None
    return IntegralSolution(z, float(info.mip_dual_bound), status != states.kOptimal)


def _options() -> Any:
    options = bound_highs().HighsOptions()
    options.log_to_console = options.output_flag = False
    options.mip_detect_symmetry = False
    options.mip_heuristic_effort = 0.0
    options.mip_heuristic_run_feasibility_jump = False
    options.mip_heuristic_run_rens = options.mip_heuristic_run_rins = False
    options.mip_heuristic_run_root_reduced_cost = False
    return options


def search_of(edition: int) -> Search:
    """By which tests of an edition are put together."""
    return by_milp if edition <= SECOND_EDITION else guided
