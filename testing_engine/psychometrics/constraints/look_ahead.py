"""Which questions leave a test that can be finished: hard content rules together, to the test's end.

A whole test that has all questions given shows that each of its questions may come, and with it each that
the rules cannot tell from one of them. So few tests show it of a pool, and what the best test in regard of
the remaining ones has none of cannot come.
"""

from collections.abc import Sequence

import numpy as np

from testing_engine.psychometrics.constraints.blueprint import Blueprint
from testing_engine.psychometrics.constraints.eligibility import Eligibility
from testing_engine.psychometrics.constraints.mixed_program import search_of
from testing_engine.psychometrics.constraints.plan import Plan
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import BoolArray
from testing_engine.psychometrics.state import CatState

KEPT_BLUEPRINTS = 16  # of different rules for one pool
MOST_TESTS = 40  # put together at a step; what they do not show does not come
ENOUGH = 0.5  # of the largest number of questions that one test can show


def needs_look_ahead(rules: Sequence[Eligibility], bank: ItemBank) -> bool:
    """Whether these hard rules can run into a corner that each of them alone does not see."""
    asking = [rule for rule in rules if rule.asks(bank)]
    return len(asking) > 1 or any(not rule.sees_the_end for rule in asking)


def completable(rules: Sequence[Eligibility], state: CatState, available: BoolArray) -> BoolArray:
    """(N,) those of the available questions after which a test of full length can keep to all these rules.

    All of them where no test can: after answers given under other rules, and in a pool with fewer questions
    than the test.
    """
    bank, length = state.bank, state.length
    if length > bank.n_items or state.position >= length:
        return available
    blueprint = bank.derived(
        ("look-ahead", (tuple(rules), length)),
        lambda: Blueprint(bank, Plan.together([rule.plan(bank) for rule in rules]), length),
        KEPT_BLUEPRINTS,
    )
    unused = np.ones(bank.n_items, dtype=bool)
    unused[list(state.used)] = False
    open_question, shown = available.copy(), np.zeros(bank.n_items, dtype=bool)
    for _ in range(MOST_TESTS):
        candidates = np.flatnonzero(open_question)
        _, first = np.unique(blueprint.kind_of[candidates], return_index=True)
        values = np.zeros(bank.n_items)
        values[candidates[first]] = 1.0  # one of each kind
        test = blueprint.best(values, state.used, unused, ENOUGH, search_of(state.edition)).test
        if test is None:
            break
        kinds = blueprint.kind_of[test & unused]
        shown |= unused & np.isin(blueprint.kind_of, kinds)
        if not (open_question & shown).any():
            break
        open_question &= ~shown
        if not open_question.any():
            break
    left: BoolArray = available & shown
    return left if left.any() else available
