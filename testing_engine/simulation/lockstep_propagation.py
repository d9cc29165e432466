"""Expectation propagation for many students at once (see `psychometrics.ability.expectation_propagation`).

The same formulas on arrays with a row per student. Every student has as many sites as answers; those that
stay empty, because directions repeat, are flat, and say nothing. One student's numbers do not depend on who
else is computed: matrices are multiplied student by student.
"""

from dataclasses import dataclass, fields

import numpy as np

from testing_engine.psychometrics.ability.expectation_propagation import (
    DAMPED_AFTER,
    MOST_CORRECTION,
    NARROWEST,
    NODES,
    POWERS,
    QUADRATIC,
    QUICK,
    SHORTEST_STEP,
    TOLERANCE,
    Directions,
)
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Answered:
    """n answers of each of A students, and G = n sites, of which `of_answer` says which is whose."""

    items: IntArray  # (A, n)
    scores: IntArray  # (A, n)
    of_answer: IntArray  # (A, n)
    unit: FloatArray  # (A, G, D), 0 where a site is empty
    is_site: BoolArray  # (A, G)

    @classmethod
    def of(cls, bank: ItemBank, items: IntArray, scores: IntArray) -> "Answered":
        """Sites in the order of each student's first answer in their direction."""
        known = bank.derived(("directions",), lambda: Directions.of_bank(bank))
        direction = known.of_item[items]
        same = direction[:, :, None] == direction[:, None, :]
        first = same.argmax(axis=2)  # (A, n) each answer's first of its direction
        is_first = first == np.arange(items.shape[1])
        site = np.cumsum(is_first, axis=1) - 1
        of_answer = np.take_along_axis(site, first, axis=1)
        count = is_first.sum(axis=1)
        is_site = np.arange(items.shape[1]) < count[:, None]
        unit = np.zeros((*items.shape, bank.n_dimensions))
        rows, places = np.nonzero(is_first)
        unit[rows, site[rows, places]] = known.unit[direction[rows, places]]
        return cls(items, scores, of_answer, unit, is_site)

    def among(self, rows: IntArray) -> "Answered":
        return Answered(*(getattr(self, each.name)[rows] for each in fields(self)))


@dataclass(frozen=True, eq=False)
class Sites:
    """As in `expectation_propagation`, with a row per student; of empty sites variance 1."""

    precision: FloatArray  # (A, G)
    pull: FloatArray  # (A, G)
    mean: FloatArray  # (A, D)
    covariance: FloatArray  # (A, D, D)
    variance: FloatArray  # (A, G)

    def among(self, rows: IntArray) -> "Sites":
        return Sites(*(getattr(self, each.name)[rows] for each in fields(self)))

    def put(self, rows: IntArray, other: "Sites") -> None:
        """Write others over some."""
        for each in fields(self):
            getattr(self, each.name)[rows] = getattr(other, each.name)


@dataclass(frozen=True, eq=False)
class Moments:
    """(A, D), (A, D, D), and (A,) whether a run has settled; where not, the rest means nothing."""

    mean: FloatArray
    covariance: FloatArray
    has_settled: BoolArray


def posterior_moments(bank: ItemBank, items: IntArray, scores: IntArray, prior: NormalPrior) -> Moments:
    """Of students with these answers (A, n), as far as the quick run from the prior settles."""
    test = Answered.of(bank, items, scores)
    count, sites = len(items), _flat(test, prior)
    raw = np.zeros((*items.shape, POWERS.shape[1]))
    has_settled = np.zeros(count, dtype=bool)
    going, (longest, iterations) = np.arange(count), QUICK
    for iteration in range(iterations):
        own, at = test.among(going), sites.among(going)
        found = _moments(bank, own, at)
        mean = found[:, :, 1]
        variance = found[:, :, 2] - mean * mean
        off = np.where(own.is_site, np.maximum(np.abs(mean), np.abs(variance - 1)), 0.0).max(axis=1)
        narrow = np.where(own.is_site, variance, 1.0).min(axis=1)
        goes_on = (off < np.inf) & (narrow > NARROWEST)
        longest = min(longest, 0.5) if iteration == DAMPED_AFTER else longest
        variance = np.where(own.is_site & goes_on[:, None], variance, 1.0)
        more = np.where(own.is_site, (1 / variance - 1) / at.variance, 0.0)
        middle = (own.unit @ at.mean[:, :, None])[:, :, 0]
        pull = np.where(own.is_site, middle * more + mean / (variance * np.sqrt(at.variance)), 0.0)
        taken, made = _stepped(own, at, more, pull, np.where(goes_on, longest, 0.0), prior)
        goes_on &= taken > 0
        sites.put(going, made)
        done = goes_on & (off < TOLERANCE) & (taken == longest)
        raw[going[done]] = found[done]
        has_settled[going[done]] = True
        going = going[goes_on & ~done]
        if not going.size:
            break
    mean, covariance = _corrected(test, sites, raw, has_settled)
    return Moments(mean, covariance, has_settled)


def _flat(test: Answered, prior: NormalPrior) -> Sites:
    """The prior."""
    count, dimensions = len(test.items), len(prior.mean)
    covariance = np.broadcast_to(prior.covariance, (count, dimensions, dimensions)).copy()
    mean = np.broadcast_to(prior.mean, (count, dimensions)).copy()
    flat = np.zeros(test.is_site.shape)
    return Sites(flat, flat.copy(), mean, covariance, _variances(test, covariance))


def _moments(bank: ItemBank, test: Answered, sites: Sites) -> FloatArray:
    """(A, G, 5) E x^0 … E x^4 of every u in its standard units."""
    middle, sd = (test.unit @ sites.mean[:, :, None])[:, :, 0], np.sqrt(sites.variance)
    tau, nu = sites.precision, sites.pull
    linear, square = sd * (tau * middle - nu), 1 - tau * sites.variance
    log_density = linear[:, :, None] * QUADRATIC[0]
    log_density += square[:, :, None] * QUADRATIC[1]
    at, wide = (np.take_along_axis(each, test.of_answer, axis=1) for each in (middle, sd))
    steepness, intercepts = bank.steepness[test.items], bank.intercepts[test.items]
    t = (steepness * wide)[:, :, None] * NODES
    t += (steepness * at + intercepts)[:, :, None]
    told = log_p(bank, test.items, test.scores, t)
    rows = np.arange(len(told))
    for place in range(told.shape[1]):
        log_density[rows, test.of_answer[:, place]] += told[:, place]
    log_density -= log_density.max(axis=2)[:, :, None]
    density = np.exp(log_density, out=log_density)
    raw: FloatArray = density @ POWERS
    raw /= raw[:, :, :1].copy()
    return raw


def log_p(bank: ItemBank, items: IntArray, scores: IntArray, t: FloatArray) -> FloatArray:
    """(A, n, K) log P of answers (A, n) at t (A, n, K)."""
    flat, given, where = items.ravel(), scores.ravel(), t.reshape(-1, t.shape[2])
    result = np.empty_like(where)
    for family, rows, own in bank.by_family(flat):
        result[own] = family.take(rows).answered_logs(given[own])(where[own])
    return result.reshape(t.shape)


def _stepped(
    test: Answered, sites: Sites, more: FloatArray, pull: FloatArray, step: FloatArray, prior: NormalPrior
) -> tuple[FloatArray, Sites]:
    """(A,) the steps taken, 0 where there was none to take, and the sites after them."""
    step, after = step.copy(), Sites(*(getattr(sites, each.name).copy() for each in fields(sites)))
    rows = np.flatnonzero(step > 0)
    while rows.size:
        size = step[rows, None]
        precision, nu = sites.precision[rows] + size * more[rows], sites.pull[rows] + size * pull[rows]
        made, is_one = _made(test.among(rows), precision, nu, prior)
        is_one &= (made.precision * made.variance).max(axis=1) < 1
        after.put(rows[is_one], made.among(np.flatnonzero(is_one)))
        rows = rows[~is_one]
        step[rows] /= 2
        step[rows[step[rows] < SHORTEST_STEP]] = 0.0
        rows = rows[step[rows] > 0]
    return step, after


def _made(
    test: Answered, precision: FloatArray, pull: FloatArray, prior: NormalPrior
) -> tuple[Sites, BoolArray]:
    """The normal posteriors that sites make with the prior, and which of them are any."""
    across = np.swapaxes(test.unit, 1, 2)
    matrices = prior.precision + (across * precision[:, None, :]) @ test.unit
    is_one = _are_positive(matrices)
    matrices[~is_one] = prior.precision
    covariance: FloatArray = np.asarray(np.linalg.inv(matrices), dtype=np.float64)
    towards = prior.precision @ prior.mean + (across @ pull[:, :, None])[:, :, 0]
    mean = (covariance @ towards[:, :, None])[:, :, 0]
    return Sites(precision, pull, mean, covariance, _variances(test, covariance)), is_one


def _variances(test: Answered, covariance: FloatArray) -> FloatArray:
    variances: FloatArray = ((test.unit @ covariance) * test.unit).sum(axis=2)
    return np.where(test.is_site, variances, 1.0)


def _corrected(
    test: Answered, sites: Sites, raw: FloatArray, has_settled: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Means and covariances with the second-order correction, unless it is too large to be one."""
    is_known = test.is_site & has_settled[:, None]
    skewness, kurtosis = _cumulants(raw, is_known)
    mean, covariance, sd = sites.mean, sites.covariance, np.sqrt(sites.variance)
    standardised = (test.unit @ covariance) / sd[:, :, None]
    together = (standardised @ np.swapaxes(test.unit, 1, 2)) / sd[:, None, :]
    places = np.arange(together.shape[1])
    together[:, places, places] = 0.0
    squared = together * together
    cubed = squared * together
    skew, flat = skewness[:, :, None] * standardised, kurtosis[:, :, None] * standardised
    change = 0.5 * (np.swapaxes(skew, 1, 2) @ (squared @ skew))
    change += (np.swapaxes(flat, 1, 2) @ (cubed @ flat)) / 6
    most = MOST_CORRECTION * covariance
    is_one = _are_positive(most - change) & _are_positive(most + change)
    pulled = (kurtosis * (cubed @ skewness[:, :, None])[:, :, 0] / 6)[:, None, :] @ standardised
    mean = mean + np.where(is_one[:, None], pulled[:, 0], 0.0)
    covariance = covariance + np.where(is_one[:, None, None], change, 0.0)
    return mean, (covariance + np.swapaxes(covariance, 1, 2)) / 2


def _cumulants(raw: FloatArray, is_known: BoolArray) -> tuple[FloatArray, FloatArray]:
    """(A, G) skewness and excess kurtosis of every u, 0 of empty sites."""
    _, first, second, third, fourth = np.moveaxis(raw, 2, 0)
    square = first * first
    variance = np.where(is_known, second - square, 1.0)
    skewness = (third - first * (3 * second - 2 * square)) / (variance * np.sqrt(variance))
    central = fourth - first * (4 * third - first * (6 * second - 3 * square))
    kurtosis = central / (variance * variance) - 3
    return np.where(is_known, skewness, 0.0), np.where(is_known, kurtosis, 0.0)


def _are_positive(matrices: FloatArray) -> BoolArray:
    """(A,) whether each is positive definite."""
    symmetric = (matrices + np.swapaxes(matrices, 1, 2)) / 2
    is_finite = np.isfinite(symmetric).all(axis=(1, 2))
    symmetric[~is_finite] = -np.eye(matrices.shape[1])
    return np.asarray(np.linalg.eigvalsh(symmetric)[:, 0] > 0)
