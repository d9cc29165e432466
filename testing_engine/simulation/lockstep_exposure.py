"""Exposure rules for many students at once, by the very draws that each student's own test would make."""

from collections.abc import Sequence

import numpy as np

from testing_engine.psychometrics.constraints.eligibility import Eligibility
from testing_engine.psychometrics.constraints.exposure import (
    ELIGIBILITY_DRAW,
    SYMPSON_HETTER_DRAW,
    ItemEligibility,
    MaximumRate,
    SympsonHetter,
)
from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray
from testing_engine.psychometrics.state import rng_of_step, rng_of_test

UNDERSTOOD = (ItemEligibility, MaximumRate, SympsonHetter)


def understood(rules: Sequence[Eligibility]) -> bool:
    return all(type(rule) in UNDERSTOOD for rule in rules)


class ExposureGates:
    """Which of N questions a block of S students may be given next.

    A question that no rule minds comes through all of them, whatever else there is: then none of them has to
    let minded ones through. So most choices look at a few questions; only where none of those is found, all
    are looked at.
    """

    def __init__(self, rules: Sequence[Eligibility], seeds: Sequence[int], n_items: int) -> None:
        self.rules, self.seeds, self.n_items = tuple(rules), seeds, n_items
        self.of_tests = np.empty((0, n_items))
        if any(isinstance(rule, ItemEligibility) for rule in self.rules):
            self.of_tests = np.array([rng_of_test(seed, ELIGIBILITY_DRAW).random(n_items) for seed in seeds])
        self.of_step = np.empty((0, n_items))

    def draw(self, active: IntArray, position: int) -> None:
        """What these students (A,) draw at a position, as `CatState.rng` gives it."""
        if not any(isinstance(rule, SympsonHetter) for rule in self.rules):
            return
        self.of_step = np.empty((len(active), self.n_items))
        for row, student in enumerate(active.tolist()):
            rng_of_step(self.seeds[student], position, SYMPSON_HETTER_DRAW).random(out=self.of_step[row])

    def unminded(self, items: IntArray, active: IntArray, thetas: FloatArray) -> BoolArray:
        """(A, L) whether no rule minds these questions (A, L) for these students (A,)."""
        unminded = np.ones(items.shape, dtype=bool)
        rows = np.arange(len(active))[:, None]
        for rule in self.rules:
            if isinstance(rule, ItemEligibility):
                band = np.searchsorted(rule.cuts, thetas)[:, None]
                unminded &= self.of_tests[active[:, None], items] < rule.shares[band, items]
            elif isinstance(rule, SympsonHetter):
                unminded &= self.of_step[rows, items] < rule.shares[items]
            elif isinstance(rule, MaximumRate):
                unminded &= rule.excess_of()[items] == 0
            else:
                raise TypeError(f"no lock-step form of {rule.name}")
        return unminded

    def let_through(
        self, unused: BoolArray, rows: IntArray, active: IntArray, thetas: FloatArray
    ) -> BoolArray:
        """(R, N) what some (R,) of the students (A,) may be given, of what is unused (R, N).

        Where a rule minds all that is left, those that it minds least stay open.
        """
        available = unused
        for rule in self.rules:
            minded = np.where(available, self._excess(rule, rows, active, thetas), np.inf)
            available = minded <= np.maximum(minded.min(axis=1), 0.0)[:, None]
        return available

    def _excess(self, rule: Eligibility, rows: IntArray, active: IntArray, thetas: FloatArray) -> FloatArray:
        if isinstance(rule, ItemEligibility):
            return rule.excess_of(self.of_tests[active[rows]], thetas[rows])
        if isinstance(rule, SympsonHetter):
            return rule.excess_of(self.of_step[rows])
        if isinstance(rule, MaximumRate):
            return rule.excess_of()
        raise TypeError(f"no lock-step form of {rule.name}")
