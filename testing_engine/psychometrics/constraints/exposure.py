"""Exposure control: no question is to be seen by more than a given share of the students.

Each rule carries frozen numbers, one per question of the pool, so that a step stays a pure function. The
functions at the end turn counts of past tests into new numbers, which a service stores and puts into the
rules of later sessions. Exposure comes after content and before the shadow test; where it would leave
nothing, it lets the questions through that it minds least.
"""

from abc import abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Self

import numpy as np
import numpy.typing as npt

from testing_engine.psychometrics.components import Probability, Problems, RulesError, Within
from testing_engine.psychometrics.constraints.eligibility import Eligibility
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray
from testing_engine.psychometrics.selection.criteria import Criterion
from testing_engine.psychometrics.state import CatState, rng_of_test

Share = Annotated[float, Within(least=0, most=1)]
SYMPSON_HETTER_DRAW, ELIGIBILITY_DRAW = 101, 102  # purposes of random numbers


@dataclass(frozen=True)
class Exposure(Eligibility):
    stage = "exposure"

    def narrow(self, state: CatState, criterion: Criterion, available: BoolArray) -> BoolArray:
        excess = self.excess(state)
        narrowed: BoolArray = available & (excess <= 0)
        if narrowed.any() or not available.any():
            return narrowed
        least: BoolArray = available & (excess == excess[available].min())
        return least

    @abstractmethod
    def excess(self, state: CatState) -> FloatArray:
        """(N,) how much the rule minds each question; above 0 it may not come."""


@dataclass(frozen=True)
class MaximumRate(Exposure, name="maximum_rate"):
    """A question whose exposure rate has reached `maximum` does not come. Revuelta & Ponsoda (1998).

    `rates` are observed ones, one per question of the pool. If all have reached it, those of the lowest
    rate come.
    """

    rates: tuple[Share, ...]
    maximum: Probability

    def excess(self, state: CatState) -> FloatArray:
        return self.excess_of()

    def excess_of(self) -> FloatArray:
        """(N,)"""
        return np.where(self._rates < self.maximum, 0.0, self._rates)

    def restricted(self, places: IntArray) -> Self:
        return replace(self, rates=_picked(self.rates, places))

    def problems(self, bank: ItemBank) -> Problems:
        return _wrong_size("/rates", len(self.rates), bank)

    @cached_property
    def _rates(self) -> FloatArray:
        return np.array(self.rates)


@dataclass(frozen=True)
class SympsonHetter(Exposure, name="sympson_hetter"):
    """A question chosen at a step is given with its own probability only, else the next best is tried.

    Sympson & Hetter (1985); `probabilities` one per question of the pool. Drawn anew at every step. If all
    fail, those of the largest probability come.
    """

    probabilities: tuple[Share, ...]

    needs_ability = True

    def restricted(self, places: IntArray) -> Self:
        return replace(self, probabilities=_picked(self.probabilities, places))

    def excess(self, state: CatState) -> FloatArray:
        return self.excess_of(state.rng(SYMPSON_HETTER_DRAW).random(state.bank.n_items))

    def excess_of(self, draws: FloatArray) -> FloatArray:
        """(…, N) of such draws from [0, 1), new ones at every step."""
        return np.where(draws < self.shares, 0.0, 2 - self.shares)

    def problems(self, bank: ItemBank) -> Problems:
        return _wrong_size("/probabilities", len(self.probabilities), bank)

    @cached_property
    def shares(self) -> FloatArray:
        return np.array(self.probabilities)


@dataclass(frozen=True)
class ItemEligibility(Exposure, name="item_eligibility"):
    """Each question is eligible for a whole test with its own probability, drawn once per test.

    van der Linden & Veldkamp (2004), and conditional on ability (2007): one row of `probabilities` per band
    of θ, `cuts` between the bands; the band of the current estimate counts. If nothing is eligible, the
    questions of the largest probability come.
    """

    probabilities: tuple[tuple[Share, ...], ...]
    cuts: tuple[float, ...] = ()

    needs_ability = True

    def restricted(self, places: IntArray) -> Self:
        return replace(self, probabilities=tuple(_picked(row, places) for row in self.probabilities))

    def __post_init__(self) -> None:
        if len(self.probabilities) != len(self.cuts) + 1:
            raise RulesError([("/probabilities", f"needs {len(self.cuts) + 1} rows, one per band")])
        if list(self.cuts) != sorted(set(self.cuts)):
            raise RulesError([("/cuts", "must increase")])

    def eligible(self, seed: int) -> BoolArray:
        """(B, N) what this test's draw says; a service counts it when the test ends."""
        draws = rng_of_test(seed, ELIGIBILITY_DRAW).random(self.shares.shape[1])
        eligible: BoolArray = draws < self.shares
        return eligible

    def excess(self, state: CatState) -> FloatArray:
        draws = rng_of_test(state.seed, ELIGIBILITY_DRAW).random(state.bank.n_items)
        return self.excess_of(draws, state.estimate.theta[0])

    def excess_of(self, draws: FloatArray, thetas: npt.ArrayLike) -> FloatArray:
        """(…, N) of such draws from [0, 1), those of a whole test, and estimates (…) of the first ability."""
        probabilities = self.shares[np.searchsorted(self.cuts, np.asarray(thetas))]
        return np.where(draws < probabilities, 0.0, 2 - probabilities)

    def problems(self, bank: ItemBank) -> Problems:
        if self.cuts and bank.n_dimensions > 1:
            return [("/cuts", "needs a pool of one dimension")]
        return [
            problem
            for i, row in enumerate(self.probabilities)
            for problem in _wrong_size(f"/probabilities/{i}", len(row), bank)
        ]

    @cached_property
    def shares(self) -> FloatArray:
        return np.array(self.probabilities)


def exposure_rates(given: npt.ArrayLike, tests: int) -> FloatArray:
    """(N,) for `MaximumRate`: share of the tests so far that had each question."""
    return np.asarray(np.asarray(given, dtype=float) / max(tests, 1))


def mean_overlap(given: npt.ArrayLike, tests: int) -> float:
    """Mean share of a test that another student's had, too: Chen, Ankenmann & Spray (2003).

    Σ n_j (n_j − 1) / (S (S − 1)), with n_j of S tests having question j, over the mean length. NaN where
    there are no two tests to compare.
    """
    counts = np.asarray(given, dtype=float)
    if tests < 2 or not counts.any():
        return float("nan")
    return float((counts * (counts - 1)).sum() / (tests - 1) / counts.sum())


def sympson_hetter_probabilities(
    probabilities: npt.ArrayLike, given: npt.ArrayLike, tests: int, maximum: float, length: int
) -> FloatArray:
    """(N,) new exposure parameters from tests given under the old ones.

    A question is chosen with probability P(S) = P(A)/k and given with P(A). New k = maximum / P(S), at most
    1. The `length` largest become 1, so that a test can always be finished. Sympson & Hetter (1985).
    """
    old = np.asarray(probabilities, dtype=float)
    chosen = exposure_rates(given, tests) / np.maximum(old, 1e-12)
    new: FloatArray = np.minimum(1.0, maximum / np.maximum(chosen, 1e-12))
    new[np.argsort(-new, kind="stable")[:length]] = 1.0
    return new


def eligibility_probabilities(given: npt.ArrayLike, eligible: npt.ArrayLike, maximum: float) -> FloatArray:
    """New eligibility probabilities from counts of past tests, (N,) or (B, N).

    P(E) = maximum × eligible / given, at most 1, and 1 for questions never given: van der Linden & Veldkamp
    (2004, eq. 11). `given` counts the tests (that ended in the band) with the question, `eligible` those
    whose draw allowed it; both `faded`, where probabilities adapt while the test is in use.
    """
    taken, allowed = np.asarray(given, dtype=float), np.asarray(eligible, dtype=float)
    return np.where(taken > 0, np.minimum(1.0, maximum * allowed / np.maximum(taken, 1.0)), 1.0)


def faded(counts: npt.ArrayLike, new: npt.ArrayLike, tests: int = 1, memory: float = 1000.0) -> FloatArray:
    """Counts that forget: those so far, less by 1/`memory` for each of so many further tests, plus theirs.

    For `given` and `eligible` alike. Sums over all tests would hold the first ones, which were not controlled
    yet, against a question for ever; these are about the last `memory` tests.
    """
    kept = (1 - 1 / memory) ** tests
    return np.asarray(np.asarray(counts, dtype=float) * kept + np.asarray(new, dtype=float))


def _picked(numbers: tuple[float, ...], places: IntArray) -> tuple[float, ...]:
    return tuple(numbers[place] for place in places)


def _wrong_size(pointer: str, size: int, bank: ItemBank) -> Problems:
    if size == bank.n_items:
        return []
    return [(pointer, f"has {size} entries, this pool has {bank.n_items} questions")]
