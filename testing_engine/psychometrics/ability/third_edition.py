"""Expectation propagation as plans of the second and third edition compute it: by NumPy, whose sums have
other last bits than the loops of now. The formulas are those of `expectation_propagation`.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs

from testing_engine.psychometrics.ability.expectation_propagation import COUNTED, GENTLE, QUICK, UNSETTLED
from testing_engine.psychometrics.ability.modes import posterior_mode
from testing_engine.psychometrics.ability.posterior import AbilityEstimate, Answers, Likelihood
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray
from testing_engine.psychometrics.kernels.directions import directions_of
from testing_engine.psychometrics.kernels.propagation import (
    DAMPED_AFTER,
    MOST_CORRECTION,
    NARROWEST,
    NODES,
    SHORTEST_STEP,
    TOLERANCE,
)

QUADRATIC: FloatArray = np.stack([NODES, -0.5 * NODES**2])  # (2, K)
POWERS: FloatArray = NODES[:, None] ** np.arange(5)  # (K, 5)


def posterior_moments(bank: ItemBank, answers: Answers, prior: NormalPrior) -> AbilityEstimate:
    """As `expectation_propagation.posterior_moments`."""
    if not len(answers.items):
        return AbilityEstimate(np.array(prior.mean), np.array(prior.covariance), found_by="EP")
    test = GroupedTest(bank, answers, prior)
    fit = test.settled(test.nothing_known(), *QUICK)
    if fit is not None:
        return fit.corrected("EP")
    mode = posterior_mode(bank, answers, prior)
    fit = test.settled(test.at_mode(mode.theta), *GENTLE)
    if fit is not None:
        return fit.corrected("EP from the mode")
    precision = prior.precision + COUNTED * test.likelihood.information(mode.theta)
    return AbilityEstimate(np.array(mode.theta), np.asarray(np.linalg.inv(precision)), found_by=UNSETTLED)


@dataclass(frozen=True, eq=False)
class Sites:
    """exp(ν u − τ u²/2) of each direction met, and the normal posterior N(m, V) that they make with the
    prior."""

    precision: FloatArray  # τ, (G,)
    pull: FloatArray  # ν, (G,)
    mean: FloatArray  # m, (D,)
    covariance: FloatArray  # V, (D, D)
    variance: FloatArray  # of every u, (G,)


@dataclass(frozen=True, eq=False)
class Fit:
    """Settled sites, and the moments of every u under its true distribution, given the other sites."""

    directions: FloatArray  # (G, D) unit vectors
    sites: Sites
    raw: FloatArray  # (G, 5): E x^0 … E x^4 of u in its standard units

    def corrected(self, found_by: str) -> AbilityEstimate:
        """The moments with the second-order correction, unless it is too large to be one."""
        mean, covariance, sd = self.sites.mean, self.sites.covariance, np.sqrt(self.sites.variance)
        skewness, kurtosis = self._cumulants()
        standardised = (self.directions @ covariance) / sd[:, None]  # (G, D)
        third_order = np.cbrt(skewness)[:, None] * standardised
        together = (standardised @ self.directions.T) / sd  # (G, G) correlations of the u's
        together.flat[:: len(sd) + 1] = 0.0
        squared = together * together
        cubed = squared * together
        skew, flat = skewness[:, None] * standardised, kurtosis[:, None] * standardised
        change = 0.5 * (skew.T @ (squared @ skew)) + (flat.T @ (cubed @ flat)) / 6
        most = MOST_CORRECTION * covariance
        if _is_positive(most - change) and _is_positive(most + change):
            mean = mean + (kurtosis * (cubed @ skewness) / 6) @ standardised
            covariance = covariance + change
        return AbilityEstimate(mean, (covariance + covariance.T) / 2, third_order, found_by)

    def _cumulants(self) -> tuple[FloatArray, FloatArray]:
        """(G,) skewness and excess kurtosis of every u."""
        _, first, second, third, fourth = self.raw.T
        square = first * first
        variance = second - square
        skewness = (third - first * (3 * second - 2 * square)) / (variance * np.sqrt(variance))
        central = fourth - first * (4 * third - first * (6 * second - 3 * square))
        return skewness, central / (variance * variance) - 3


class GroupedTest:
    """The answers, sorted by direction. n answers, G directions, K nodes."""

    def __init__(self, bank: ItemBank, answers: Answers, prior: NormalPrior) -> None:
        known = directions_of(bank)
        site = known.of_item.take(answers.items)
        order = site.argsort(kind="stable")
        site, items = site.take(order), answers.items.take(order)
        self.likelihood = Likelihood(bank, Answers(items, answers.scores.take(order)))
        new = np.empty(len(site), dtype=bool)
        new[0] = True
        np.not_equal(site[1:], site[:-1], out=new[1:])
        (self.first,) = new.nonzero()  # (G,) each direction's first answer
        self.of_answer = new.cumsum() - 1  # (n,)
        self.unit = known.unit.take(site.take(self.first), axis=0)  # (G, D)
        self.across = np.ascontiguousarray(self.unit.T)
        self.steepness, self.intercepts = bank.steepness.take(items), self.likelihood.intercepts
        self.prior = prior

    def nothing_known(self) -> Sites:
        """Flat sites: the prior."""
        flat = np.zeros(len(self.first))
        covariance = self.prior.covariance
        return Sites(flat, flat, self.prior.mean, covariance, self._variances(covariance))

    def at_mode(self, mode: FloatArray) -> Sites:
        """What the answers' slope and curvature at the posterior's mode say; never less than nothing."""
        _, slope, curvature = self.likelihood.curves(self.likelihood.slopes @ mode + self.intercepts)
        precision = np.add.reduceat(np.maximum(-curvature, 0) * self.steepness**2, self.first)
        pull = np.add.reduceat(slope * self.steepness, self.first) + precision * (self.unit @ mode)
        made = self._made(precision, pull)
        assert made is not None  # a prior's precision and something positive
        return made

    def settled(self, sites: Sites, longest_step: float, iterations: int) -> Fit | None:
        """Where repeated updates of all sites settle; None where they do not in so many iterations."""
        step = longest_step
        for iteration in range(iterations):
            middle, sd = self.unit @ sites.mean, np.sqrt(sites.variance)
            raw = self._moments(sites, middle, sd)
            mean = raw[:, 1]
            variance = raw[:, 2] - mean * mean
            moved = max(_largest(np.abs(mean)), _largest(np.abs(variance - 1)))
            if not (moved < np.inf and np.minimum.reduce(variance) > NARROWEST):
                return None
            if iteration == DAMPED_AFTER:
                step = min(step, 0.5)
            more = (1 / variance - 1) / sites.variance
            pull = middle * more + mean / (variance * sd)
            taken, made = self._stepped(sites, more, pull, step)
            if made is None:
                return None
            sites = made
            if moved < TOLERANCE and taken == step:
                return Fit(self.unit, sites, raw)
        return None

    def _moments(self, sites: Sites, middle: FloatArray, sd: FloatArray) -> FloatArray:
        """(G, 5) E x^0 … E x^4 of every u, x = (u − its `middle`) / its `sd`, with the true answers in place
        of its own site."""
        tau, nu = sites.precision, sites.pull
        others = np.empty((len(sd), 2))
        others[:, 0], others[:, 1] = sd * (tau * middle - nu), 1 - tau * sites.variance
        log_density = others @ QUADRATIC
        at, wide = middle.take(self.of_answer), sd.take(self.of_answer)
        t = (self.steepness * wide)[:, None] * NODES
        t += (self.steepness * at + self.intercepts)[:, None]
        log_density += np.add.reduceat(self.likelihood.log_p(t), self.first, axis=0)
        log_density -= np.maximum.reduce(log_density, axis=1, keepdims=True)
        raw = np.exp(log_density, out=log_density) @ POWERS
        moments: FloatArray = raw / raw[:, :1]
        return moments

    def _stepped(
        self, sites: Sites, more: FloatArray, pull: FloatArray, step: float
    ) -> tuple[float, Sites | None]:
        """The step taken and the sites after it: halved until they make a posterior that has a variance, and
        leave every u one without its own site."""
        while step >= SHORTEST_STEP:
            made = self._made(sites.precision + step * more, sites.pull + step * pull)
            if made is not None and _largest(made.precision * made.variance) < 1:
                return step, made
            step /= 2
        return step, None

    def _made(self, precision: FloatArray, pull: FloatArray) -> Sites | None:
        factor, is_indefinite = dpotrf(self.prior.precision + (self.across * precision) @ self.unit)
        if is_indefinite:
            return None
        covariance = dpotrs(factor, self.prior.identity)[0]
        mean = covariance @ (self.prior.pull + pull @ self.unit)
        return Sites(precision, pull, mean, covariance, self._variances(covariance))

    def _variances(self, covariance: FloatArray) -> FloatArray:
        variances: FloatArray = np.add.reduce((self.unit @ covariance) * self.unit, axis=1)
        return variances


def _largest(numbers: FloatArray) -> float:
    """As `max`, without its wrapper: these arrays have a few numbers each."""
    largest: float = np.maximum.reduce(numbers)
    return largest


def _is_positive(matrix: FloatArray) -> bool:
    return not dpotrf(matrix)[1]
