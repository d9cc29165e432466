"""Why the rules of a test ask too much of a pool."""

from dataclasses import replace

import numpy as np

from testing_engine.psychometrics.components import Problems
from testing_engine.psychometrics.constraints.blueprint import Assembled, Blueprint
from testing_engine.psychometrics.constraints.plan import Plan
from testing_engine.psychometrics.items.bank import ItemBank

MOST_BLAMED = 20  # rules that are tried one by one, to say which is too much


def conflicts(plan: Plan, bank: ItemBank, length: int) -> Problems:
    """Why no test of this length does all that a plan asks: (JSON pointer, message)."""
    asks = plan.requirements or plan.sets or plan.whole_sets or plan.set_size
    if not asks or length > bank.n_items:  # a longer test ends when the pool is exhausted
        return []
    first = _assembled(plan, bank, length)
    if first.test is not None:
        return []
    if not first.is_proven:
        return [("", f"no test of {length} questions that satisfies all of these rules could be found")]
    rows = (*plan.requirements, *plan.sets)
    found: Problems = []
    for pointer in list(dict.fromkeys(row.pointer for row in rows))[:MOST_BLAMED]:
        others = replace(
            plan,
            requirements=tuple(row for row in plan.requirements if row.pointer != pointer),
            sets=tuple(row for row in plan.sets if row.pointer != pointer),
        )
        if _feasible(others, bank, length):
            found.append((pointer, f"no test of {length} questions satisfies this and all the rest"))
    if plan.whole_sets and not plan.sets and _feasible(replace(plan, whole_sets=False), bank, length):
        found.append(
            (
                plan.whole_sets_pointer,
                f"no test of {length} questions has only whole question sets and satisfies the rest",
            )
        )
    return found or [("", f"no test of {length} questions satisfies all of these rules")]


def _feasible(plan: Plan, bank: ItemBank, length: int) -> bool:
    return _assembled(plan, bank, length).test is not None


def _assembled(plan: Plan, bank: ItemBank, length: int) -> Assembled:
    everything = np.ones(bank.n_items, dtype=bool)
    return Blueprint(bank, plan, length).best(np.zeros(bank.n_items), (), everything)
