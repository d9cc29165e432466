"""Exposure numbers by simulation: run the rules, count, correct, run again, until the maximum is held.

A question given too often becomes less likely by the factor that it was too often given, as Sympson & Hetter
(1985) and van der Linden & Veldkamp (2004) have it. Numbers of single rounds follow the noise of the last
simulation, and the largest of many rates is the one that noise favoured. So, once rounds have settled, the
mean of several is taken (Polyak & Juditsky 1992), and tried on many answers and draws that had no part in
finding it.

A search knows the population by its S students only, and a rate among S others differs by some
√(r (1 − r) / S). So it aims below the maximum by as much, where the pool has room for it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from testing_engine.psychometrics.constraints.eligibility import Eligibility
from testing_engine.psychometrics.constraints.exposure import ItemEligibility, SympsonHetter
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.parts import counting
from testing_engine.psychometrics.items.response import FloatArray, IntArray
from testing_engine.psychometrics.rules import CatRules
from testing_engine.simulation import lockstep
from testing_engine.simulation.result import Simulation
from testing_engine.simulation.simulate import simulate

ROUNDS = 40
BOLD_ROUNDS = 4  # of whole corrections, before they get smaller
SETTLED_AFTER = 8  # rounds
AVERAGED_ROUNDS = 8  # whose mean is tried
STEADY = 0.7  # share of a correction in rounds that are averaged
TESTS_IN_LOCKSTEP = 4  # of each student in a round, where all students take their steps at once; else 1
MOST_TESTS = 8  # times as many to try numbers
TRIED_TO = 0.03  # of the maximum: the standard deviation of rates when numbers are tried
ROOM = 1 / 3  # that aiming low takes at most, of what is between the maximum and an even use of the pool
LOWERED = (1.0, 0.5, 0.0)  # how much of that the first, second and later trials take
CHANCE = 0.01  # that sampling alone makes some rate look too large
LEAST = 1e-4  # of any probability: what is 0 would never be heard of again
STRONGEST = np.log(4.0)  # correction of one round


class ExposureNotHeldError(ValueError):
    """`held`: the smallest largest rate that numbers showed when they were tried."""

    def __init__(self, maximum: float, held: float) -> None:
        super().__init__(
            f"a largest exposure rate of {maximum:g} cannot be held with this pool and these rules; "
            f"{held:.3f} can"
        )
        self.maximum, self.held = maximum, held


@dataclass(frozen=True, eq=False)
class Controlled:
    """Rules with an exposure rule among them, and the simulation that tried them: it had no part in finding
    their numbers, and has many tests of each student."""

    rules: CatRules
    simulation: Simulation

    @property
    def largest_rate(self) -> float:
        return float(self.simulation.exposure_rates().max())


def with_exposure(rules: CatRules, exposure: Eligibility) -> CatRules:
    """After content, before a shadow test."""
    shadow = tuple(rule for rule in rules.eligibility if rule.stage == "shadow")
    others = tuple(rule for rule in rules.eligibility if rule.stage != "shadow")
    return replace(rules, eligibility=(*others, exposure, *shadow))


def search_sympson_hetter(
    bank: ItemBank, rules: CatRules, thetas: npt.ArrayLike, maximum: float, seed: int, rounds: int = ROUNDS
) -> Controlled:
    """Exposure parameters under which no rate exceeds `maximum` among students of these abilities, beyond
    what sampling explains. Sympson & Hetter (1985). Raises `ExposureNotHeldError`.
    """

    def rule(probabilities: FloatArray) -> SympsonHetter:
        certain = probabilities[0].copy()
        certain[np.argsort(-certain, kind="stable")[: rules.max_questions]] = 1.0  # a test can be finished
        return SympsonHetter(tuple(certain.tolist()))

    return _Search(bank, rules, maximum, (), rule).run(thetas, seed, rounds)


def search_item_eligibility(
    bank: ItemBank,
    rules: CatRules,
    thetas: npt.ArrayLike,
    maximum: float,
    seed: int,
    cuts: tuple[float, ...] = (),
    rounds: int = ROUNDS,
) -> Controlled:
    """Eligibility probabilities under which no rate exceeds `maximum` among students of these abilities,
    beyond what sampling explains; with `cuts`, in no band of the final estimate.

    van der Linden & Veldkamp (2004; 2007 with `cuts`). Raises `ExposureNotHeldError`.
    """

    def rule(probabilities: FloatArray) -> ItemEligibility:
        return ItemEligibility(tuple(tuple(row) for row in probabilities.tolist()), cuts)

    return _Search(bank, rules, maximum, cuts, rule).run(thetas, seed, rounds)


@dataclass(frozen=True, eq=False)
class _Search:
    bank: ItemBank
    rules: CatRules
    maximum: float
    cuts: tuple[float, ...]
    rule: Callable[[FloatArray], Eligibility]  # from probabilities (B, N)

    def run(self, thetas: npt.ArrayLike, seed: int, rounds: int) -> Controlled:
        """Rounds of corrections; the mean of several is tried, and where it fails the search goes on from
        what its trial has shown, until all rounds are used up."""
        if rounds < 1:
            raise ValueError("needs one round or more")
        abilities = np.array(thetas, dtype=float).reshape(-1, self.bank.n_dimensions)
        seeds = iter(np.random.SeedSequence(seed).generate_state(2 * rounds + 1, np.uint64).tolist())
        logarithms = np.zeros((len(self.cuts) + 1, self.bank.n_items))
        averaged: list[FloatArray] = []
        held: list[float] = []
        for index in range(rounds):
            found, counts = self._under(logarithms, abilities, self._in_a_round, next(seeds))
            if index == 0 and self._holds(counts):  # there may be nothing to control
                found, counts = self._under(
                    logarithms, abilities, self._in_a_trial(len(abilities)), next(seeds)
                )
                if self._holds(counts):
                    return found
            step = 1.0 if index < BOLD_ROUNDS else STEADY
            logarithms = self._corrected(logarithms, counts, len(abilities), step, len(held))
            if index >= SETTLED_AFTER:
                averaged.append(logarithms)
            if len(averaged) < AVERAGED_ROUNDS and index < rounds - 1:
                continue
            logarithms = np.mean(averaged or [logarithms], axis=0)
            found, counts = self._under(logarithms, abilities, self._in_a_trial(len(abilities)), next(seeds))
            if self._holds(counts):
                return found
            held.append(float(counts.rates.max()))
            logarithms = self._corrected(logarithms, counts, len(abilities), 1.0, len(held))
            averaged = []
        raise ExposureNotHeldError(self.maximum, min(held))

    def _under(
        self, logarithms: FloatArray, abilities: FloatArray, times: int, seed: int
    ) -> tuple[Controlled, "_Counts"]:
        """So many tests of each student."""
        controlled = with_exposure(self.rules, self.rule(np.exp(logarithms)))
        simulation = simulate(self.bank, controlled, np.tile(abilities, (times, 1)), seed)
        return Controlled(controlled, simulation), _Counts.of(simulation, self.cuts)

    @cached_property
    def _in_a_round(self) -> int:
        """Tests of each student."""
        rules = with_exposure(self.rules, self.rule(np.ones((len(self.cuts) + 1, self.bank.n_items))))
        rules.check(self.bank)
        bank = counting(self.bank).bank
        prior = rules.prior_rule.prior(self.bank.n_dimensions)
        is_fast = bank is not None and lockstep.understood(bank, rules, prior)
        return TESTS_IN_LOCKSTEP if is_fast else 1

    def _in_a_trial(self, students: int) -> int:
        """Tests of each student."""
        tests = (len(self.cuts) + 1) * (1 - self.maximum) / self.maximum / TRIED_TO**2
        return int(np.clip(np.ceil(tests / max(students, 1)), 1, MOST_TESTS * self._in_a_round))

    def _corrected(
        self, logarithms: FloatArray, counts: "_Counts", students: int, step: float, failed: int
    ) -> FloatArray:
        """After so many trials that failed."""
        own = counts.tests * students / max(counts.tests.sum(), 1)
        lowered = np.sqrt(self.maximum * (1 - self.maximum) / np.maximum(own, 1))
        even = counts.rates.sum(axis=1) / max(counting(self.bank).n_items, 1)
        room = ROOM * np.maximum(self.maximum - even, 0.0)
        aim = self.maximum - LOWERED[min(failed, len(LOWERED) - 1)] * np.minimum(lowered, room)
        corrected = np.clip(logarithms + counts.corrections(aim, step), -np.inf, 0.0)
        # Where all are too often given, only what they are to each other is of any use.
        return np.asarray(np.maximum(corrected - corrected.max(axis=1, keepdims=True), np.log(LEAST)))

    def _holds(self, counts: "_Counts") -> bool:
        """Whether no rate exceeds the maximum by more than chance lets the largest of so many."""
        cells, tests = counts.rates.size, np.maximum(counts.tests, 1)
        sd = np.sqrt(self.maximum * (1 - self.maximum) / tests)
        noise = float(ndtri(1 - CHANCE / cells)) * sd + 1 / tests
        return bool((counts.rates <= self.maximum + noise[:, None]).all())


@dataclass(frozen=True, eq=False)
class _Counts:
    """Of a simulation: tests that ended in each of B bands, and how often each of N questions was given in
    them."""

    tests: IntArray  # (B,)
    given: FloatArray  # (B, B, N) in tests that ended in a band, while the estimate was in a band

    @classmethod
    def of(cls, simulation: Simulation, cuts: tuple[float, ...]) -> "_Counts":
        bands = len(cuts) + 1
        ended = np.searchsorted(cuts, simulation.estimates[:, 0])
        student, place = np.nonzero(simulation.items >= 0)
        chosen = np.searchsorted(cuts, simulation.taken.before[student, place, 0])
        given = np.zeros((bands, bands, simulation.n_items))
        np.add.at(given, (ended[student], chosen, simulation.items[student, place]), 1.0)
        return cls(np.bincount(ended, minlength=bands), given)

    @property
    def rates(self) -> FloatArray:
        """(B, N) by the band that tests ended in."""
        return np.asarray(self.given.sum(axis=1) / np.maximum(self.tests, 1)[:, None])

    def corrections(self, aim: FloatArray, step: float) -> FloatArray:
        """(B, N) of the logarithm of each probability, by the band in which questions are chosen: the share
        `step` of what is lacking for rates `aim` (B,), by the band in which tests end.

        A question is chosen in one band and may count in another, where the estimate went. So it becomes less
        likely in a band by as much of what is too often given elsewhere as comes from there, and more likely
        where no band that it counts in has too much of it.
        """
        lacking = np.log(aim)[:, None] - np.log(np.maximum(self.rates, 1e-12))  # (ended, N), < 0: too often
        lacking *= step
        shares = self.given / np.maximum(self.given.sum(axis=1, keepdims=True), 1.0)
        counts = self.given > 0
        down = np.where(counts, shares * np.minimum(lacking, 0.0)[:, None, :], 0.0).min(axis=0)
        up = np.where(counts, lacking[:, None, :], STRONGEST).min(axis=0)
        return np.asarray(np.clip(np.where(up < 0, down, np.minimum(up, STRONGEST)), -STRONGEST, STRONGEST))
