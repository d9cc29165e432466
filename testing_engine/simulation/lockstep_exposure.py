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
    """Which of N questions a block of S students may be given next."""

    def __init__(self, rules: Sequence[Eligibility], seeds: Sequence[int], n_items: int) -> None:
        self.rules, self.seeds, self.n_items = tuple(rules), seeds, n_items
        self.of_tests = np.empty((0, n_items))
        if any(isinstance(rule, ItemEligibility) for rule in self.rules):
            self.of_tests = np.array([rng_of_test(seed, ELIGIBILITY_DRAW).random(n_items) for seed in seeds])

    def closed(self, used: BoolArray, active: IntArray, thetas: FloatArray, position: int) -> BoolArray:
        """(A, N) what these students (A,) may not be given: used (A, N), or minded by a rule.

        Where a rule minds all that is left, those that it minds least stay open.
        """
        available = ~used
        for rule in self.rules:
            minded = np.where(available, self._excess(rule, active, thetas, position), np.inf)
            available = minded <= np.maximum(minded.min(axis=1), 0.0)[:, None]
        return ~available

    def _excess(self, rule: Eligibility, active: IntArray, thetas: FloatArray, position: int) -> FloatArray:
        if isinstance(rule, ItemEligibility):
            return rule.excess_of(self.of_tests[active], thetas)
        if isinstance(rule, SympsonHetter):
            return rule.excess_of(self._draws(active, position))
        if isinstance(rule, MaximumRate):
            return rule.excess_of()
        raise TypeError(f"no lock-step form of {rule.name}")

    def _draws(self, active: IntArray, position: int) -> FloatArray:
        """(A, N), as `CatState.rng` gives them."""
        draws = np.empty((len(active), self.n_items))
        for row, student in enumerate(active.tolist()):
            rng_of_step(self.seeds[student], position, SYMPSON_HETTER_DRAW).random(out=draws[row])
        return draws
