"""Exposure numbers by simulation: run the rules, count, correct, and run again."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from testing_engine.psychometrics.constraints.eligibility import Eligibility
from testing_engine.psychometrics.constraints.exposure import (
    ItemEligibility,
    SympsonHetter,
    eligibility_probabilities,
    sympson_hetter_probabilities,
)
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.rules import CatRules
from testing_engine.simulation.result import Simulation
from testing_engine.simulation.simulate import simulate


@dataclass(frozen=True, eq=False)
class Controlled:
    """Rules with an exposure rule among them, and the last simulation under them."""

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
    bank: ItemBank, rules: CatRules, thetas: npt.ArrayLike, maximum: float, seed: int, rounds: int = 20
) -> Controlled:
    """Exposure parameters that keep every rate near `maximum` among students of these abilities.

    Sympson & Hetter (1985): simulate under the current parameters, correct them, until `rounds` are done. The
    parameters of the round with the smallest largest rate are kept.
    """
    best: Controlled | None = None
    probabilities = np.ones(bank.n_items)
    for index in range(rounds):
        controlled = with_exposure(rules, SympsonHetter(tuple(probabilities.tolist())))
        found = Controlled(controlled, simulate(bank, controlled, thetas, seed + index))
        if best is None or found.largest_rate < best.largest_rate:
            best = found
        counts, tests = found.simulation.counts(), len(found.simulation.thetas)
        probabilities = sympson_hetter_probabilities(
            probabilities, counts, tests, maximum, rules.max_questions
        )
    if best is None:
        raise ValueError("needs one round or more")
    return best


def search_item_eligibility(
    bank: ItemBank,
    rules: CatRules,
    thetas: npt.ArrayLike,
    maximum: float,
    seed: int,
    cuts: tuple[float, ...] = (),
    groups: int = 40,
) -> Controlled:
    """Eligibility probabilities adapted as a service would: after every group of students, from all counts
    so far.

    van der Linden & Veldkamp (2004; 2007 with `cuts`). The simulation returned is one of all students under
    the final probabilities.
    """
    abilities = np.array(thetas, dtype=float).reshape(-1, bank.n_dimensions)
    order = np.random.default_rng((seed, 2)).permutation(len(abilities))
    given = np.zeros((len(cuts) + 1, bank.n_items))
    eligible = np.zeros_like(given)
    probabilities = np.ones_like(given)
    for index, members in enumerate(np.array_split(order, min(groups, len(order)))):
        rule = ItemEligibility(_rows(probabilities), cuts)
        group = simulate(bank, with_exposure(rules, rule), abilities[members], seed + index)
        bands = np.searchsorted(cuts, group.estimates[:, 0])
        for band, own, session in zip(bands.tolist(), group.items, group.seeds, strict=True):
            given[band, own[own >= 0]] += 1
            eligible[band] += rule.eligible(session)[band]
        probabilities = eligibility_probabilities(given, eligible, maximum)
    final = with_exposure(rules, ItemEligibility(_rows(probabilities), cuts))
    return Controlled(final, simulate(bank, final, abilities, seed + groups))


def _rows(probabilities: FloatArray) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in probabilities.tolist())
