"""Exposure numbers by simulation: run the rules, count, correct, run again, until the maximum is held.

A question given too often becomes less likely by the factor that it was too often given, as Sympson & Hetter
(1985) and van der Linden & Veldkamp (2004) have it. Corrections that chance may explain get smaller round by
round, so that numbers settle instead of following the last simulation's noise (Robbins & Monro 1951).
They are tried on answers and draws that had no part in finding them, and together with those of the rounds
before, which sampling blurs less.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from testing_engine.psychometrics.constraints.eligibility import Eligibility
from testing_engine.psychometrics.constraints.exposure import ItemEligibility, SympsonHetter
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray, IntArray
from testing_engine.psychometrics.rules import CatRules
from testing_engine.simulation.result import Simulation
from testing_engine.simulation.simulate import simulate

ROUNDS = 40
BOLD_ROUNDS = 4  # of whole corrections, before they get smaller
SETTLED_ROUNDS = 5  # of smaller ones, before numbers are tried
POOLED_ROUNDS = 4  # that have to hold the maximum together, as well as the last one alone
CHANCE = 0.01  # that sampling alone makes some rate look too large
LEAST = 1e-4  # of any probability: what is 0 would never be heard of again
BOLD = 0.7  # share of a correction that no chance explains, in any round
BEYOND_DOUBT = 2.5  # standard deviations of a rate
STRONGEST = np.log(4.0)  # correction of one round


class ExposureNotHeldError(ValueError):
    """`held`: the smallest largest rate that was reached."""

    def __init__(self, maximum: float, held: float) -> None:
        super().__init__(
            f"a largest exposure rate of {maximum:g} cannot be held with this pool and these rules; "
            f"{held:.3f} can"
        )
        self.maximum, self.held = maximum, held


@dataclass(frozen=True, eq=False)
class Controlled:
    """Rules with an exposure rule among them, and a simulation under them that had no part in finding its
    numbers."""

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
        if rounds < 1:
            raise ValueError("needs one round or more")
        logarithms = np.zeros((len(self.cuts) + 1, self.bank.n_items))
        latest: list[_Counts] = []
        smallest = np.inf
        for index in range(rounds):
            step = 1.0 if index < BOLD_ROUNDS else 1.0 / (index - BOLD_ROUNDS + 2) ** 0.75
            found = self._under(logarithms, thetas, seed + index)
            latest = [*latest[1 - POOLED_ROUNDS :], _Counts.of(found.simulation, self.cuts)]
            if index == 0 and self._holds(latest[-1]):  # there is nothing to control
                return found
            if index >= BOLD_ROUNDS + SETTLED_ROUNDS - 1:
                pooled = _Counts.together(latest)
                if self._holds(latest[-1]) and self._holds(pooled):
                    return found
                smallest = min(smallest, float(pooled.rates.max()))
            corrections = latest[-1].corrections(self.maximum, step)
            logarithms = np.clip(logarithms + corrections, np.log(LEAST), 0.0)
        raise ExposureNotHeldError(self.maximum, min(smallest, float(_Counts.together(latest).rates.max())))

    def _under(self, logarithms: FloatArray, thetas: npt.ArrayLike, seed: int) -> Controlled:
        controlled = with_exposure(self.rules, self.rule(np.exp(logarithms)))
        return Controlled(controlled, simulate(self.bank, controlled, thetas, seed))

    def _holds(self, counted: "_Counts") -> bool:
        """Whether no rate exceeds the maximum by more than chance lets the largest of so many."""
        cells, tests = counted.rates.size, np.maximum(counted.tests, 1)
        sd = np.sqrt(self.maximum * (1 - self.maximum) / tests)
        noise = float(ndtri(1 - CHANCE / cells)) * sd + 1 / tests
        return bool((counted.rates <= self.maximum + noise[:, None]).all())


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

    @classmethod
    def together(cls, several: Sequence["_Counts"]) -> "_Counts":
        tests = np.sum([each.tests for each in several], axis=0)
        return cls(tests, np.sum([each.given for each in several], axis=0))

    @property
    def rates(self) -> FloatArray:
        """(B, N) by the band that tests ended in."""
        return np.asarray(self.given.sum(axis=1) / np.maximum(self.tests, 1)[:, None])

    def corrections(self, maximum: float, step: float) -> FloatArray:
        """(B, N) of the logarithm of each probability, by the band in which questions are chosen: the share
        `step` of what is lacking, more where that is beyond doubt.

        A question is chosen in one band and may count in another, where the estimate went. So it becomes less
        likely in a band by as much of what is too often given elsewhere as comes from there, and more likely
        where no band that it counts in has too much of it.
        """
        lacking = np.log(maximum) - np.log(np.maximum(self.rates, 1e-12))  # (ended, N), below 0: too often
        sd = np.sqrt(maximum * (1 - maximum) / np.maximum(self.tests, 1))[:, None]
        is_certain = np.abs(self.rates - maximum) > BEYOND_DOUBT * sd
        lacking *= np.where(is_certain, max(step, BOLD), step)
        shares = self.given / np.maximum(self.given.sum(axis=1, keepdims=True), 1.0)
        counts = self.given > 0
        down = np.where(counts, shares * np.minimum(lacking, 0.0)[:, None, :], 0.0).min(axis=0)
        up = np.where(counts, lacking[:, None, :], STRONGEST).min(axis=0)
        return np.asarray(np.clip(np.where(up < 0, down, np.minimum(up, STRONGEST)), -STRONGEST, STRONGEST))
