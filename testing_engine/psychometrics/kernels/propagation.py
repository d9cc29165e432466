"""Expectation propagation as a loop over answers, directions and nodes: what
`ability.expectation_propagation` says, for one student or, in turn, for many.
"""

import math
from typing import NamedTuple

import numpy as np

from testing_engine.psychometrics.items.response import BoolArray, FloatArray, IntArray
from testing_engine.psychometrics.kernels.columns import Columns
from testing_engine.psychometrics.kernels.compiling import compiled
from testing_engine.psychometrics.kernels.curves import add_log_p
from testing_engine.psychometrics.kernels.matrices import (
    add_outer,
    factorised,
    inverted,
    row_dot,
    row_form,
    rows_dot,
)

# Nodes in standard deviations of u: they leave about 1e-4 of one, 1e-3 where answers contradict each other.
NODES: FloatArray = np.linspace(-6.3, 6.3, 19)
# Means move by less than this in their standard deviations, variances in themselves; the last update still
# counts, so what is left is a fraction of it.
TOLERANCE = 2e-3
SHORTEST_STEP = 1e-6
NARROWEST = 1e-6  # variance of a u, in that of the posterior so far; less is between two nodes
DAMPED_AFTER = 10
# A correction as large as what it corrects is none.
MOST_CORRECTION = 0.5


class Belief(NamedTuple):
    """A normal prior."""

    precision: FloatArray  # (D, D)
    pull: FloatArray  # (D,) precision times mean


@compiled
def settle(
    columns: Columns,
    direction_of: IntArray,  # (N,) of each question
    units: FloatArray,  # (directions, D)
    prior: Belief,
    items: IntArray,  # (n,)
    scores: IntArray,
    first: FloatArray,  # (2, n) τ and ν that each answer begins its site with
    longest_step: float,
    iterations: int,
) -> tuple[bool, FloatArray, FloatArray, FloatArray]:
    """Whether repeated updates of all sites settle; if so, mean (D,), covariance (D, D) and third order (G,
    D).
    """
    n, dimensions = len(items), units.shape[1]
    directions, site_of = np.empty(n, dtype=np.intp), np.empty(n, dtype=np.intp)
    sites = 0
    for i in range(n):
        own = direction_of[items[i]]
        site = 0
        while site < sites and directions[site] != own:
            site += 1
        if site == sites:
            directions[sites] = own
            sites += 1
        site_of[i] = site
    unit = np.empty((sites, dimensions))
    precision, pull = np.zeros(sites), np.zeros(sites)
    for g in range(sites):
        unit[g] = units[directions[g]]
    for i in range(n):
        precision[site_of[i]] += first[0, i]
        pull[site_of[i]] += first[1, i]

    mean, covariance, variance = np.empty(dimensions), np.empty((dimensions, dimensions)), np.empty(sites)
    new_precision, new_pull = np.empty(sites), np.empty(sites)
    more, towards = np.empty(sites), np.empty(sites)
    raw, density = np.empty((sites, 5)), np.empty((sites, len(NODES)))
    made = _posterior(prior, unit, precision, pull, mean, covariance, variance)
    step = longest_step
    for iteration in range(iterations):
        if not made:
            break
        _moments(columns, items, scores, site_of, unit, precision, pull, mean, variance, density, raw)
        moved = 0.0
        for g in range(sites):
            off = raw[g, 1]
            spread = raw[g, 2] - off * off
            moved = max(moved, abs(off), abs(spread - 1.0))
            if not (abs(off) < math.inf and NARROWEST < spread < math.inf):
                return False, mean, covariance, unit
            middle, sd = row_dot(unit, g, mean), math.sqrt(variance[g])
            more[g] = (1.0 / spread - 1.0) / variance[g]
            towards[g] = middle * more[g] + off / (spread * sd)
        if iteration == DAMPED_AFTER:
            step = min(step, 0.5)
        taken, made = step, False
        while taken >= SHORTEST_STEP:
            for g in range(sites):
                new_precision[g] = precision[g] + taken * more[g]
                new_pull[g] = pull[g] + taken * towards[g]
            made = _posterior(prior, unit, new_precision, new_pull, mean, covariance, variance)
            for g in range(sites):  # every u has a variance without its own site
                made = made and new_precision[g] * variance[g] < 1.0
            if made:
                break
            taken /= 2.0
        precision, new_precision = new_precision, precision
        pull, new_pull = new_pull, pull
        if made and moved < TOLERANCE and taken == step:
            return True, mean, covariance, _corrected(unit, raw, mean, covariance, variance)
    return False, mean, covariance, unit


@compiled
def settle_each(
    columns: Columns,
    direction_of: IntArray,
    units: FloatArray,
    prior: Belief,
    items: IntArray,  # (A, n)
    scores: IntArray,
    longest_step: float,
    iterations: int,
) -> tuple[BoolArray, FloatArray, FloatArray]:
    """For A students, from nothing known: (A,) whether it settles, means (A, D), covariances (A, D, D)."""
    count, dimensions = len(items), units.shape[1]
    has_settled, means = np.zeros(count, dtype=np.bool_), np.empty((count, dimensions))
    covariances, flat = np.empty((count, dimensions, dimensions)), np.zeros((2, items.shape[1]))
    for student in range(count):
        has_settled[student], means[student], covariances[student], _ = settle(
            columns,
            direction_of,
            units,
            prior,
            items[student],
            scores[student],
            flat,
            longest_step,
            iterations,
        )
    return has_settled, means, covariances


@compiled
def _moments(
    columns: Columns,
    items: IntArray,
    scores: IntArray,
    site_of: IntArray,
    unit: FloatArray,
    precision: FloatArray,
    pull: FloatArray,
    mean: FloatArray,
    variance: FloatArray,
    density: FloatArray,  # (G, K)
    raw: FloatArray,  # (G, 5)
) -> None:
    """E x^0 … E x^4 of every u, x = (u − its mean) / its sd, with the true answers in place of its own
    site."""
    sites = len(unit)
    for g in range(sites):
        middle, sd = row_dot(unit, g, mean), math.sqrt(variance[g])
        linear, square = sd * (precision[g] * middle - pull[g]), 1.0 - precision[g] * variance[g]
        for k in range(len(NODES)):
            density[g, k] = NODES[k] * (linear - 0.5 * square * NODES[k])
    for i in range(len(items)):
        g, steepness = site_of[i], columns.steepness[items[i]]
        shift = steepness * row_dot(unit, g, mean) + columns.intercepts[items[i]]
        add_log_p(columns, items[i], scores[i], shift, steepness * math.sqrt(variance[g]), NODES, density[g])
    for g in range(sites):
        top = -math.inf
        for k in range(len(NODES)):
            top = max(top, density[g, k])
        for power in range(5):
            raw[g, power] = 0.0
        for k in range(len(NODES)):
            share = math.exp(density[g, k] - top)
            for power in range(5):
                raw[g, power] += share
                share *= NODES[k]
        for power in range(1, 5):
            raw[g, power] /= raw[g, 0]


@compiled
def _posterior(
    prior: Belief,
    unit: FloatArray,
    precision: FloatArray,
    pull: FloatArray,
    mean: FloatArray,
    covariance: FloatArray,
    variance: FloatArray,
) -> bool:
    """The normal posterior that the sites make with the prior, and the variance of every u, into the last
    three; False where there is none."""
    sites, dimensions = unit.shape
    matrix, factor = prior.precision.copy(), np.zeros((dimensions, dimensions))
    towards = prior.pull.copy()
    for g in range(sites):
        for row in range(dimensions):
            if unit[g, row] != 0.0:
                towards[row] += pull[g] * unit[g, row]
        add_outer(matrix, precision[g], unit, g)
    if not inverted(matrix, factor, covariance):
        return False
    for row in range(dimensions):
        mean[row] = row_dot(covariance, row, towards)
    for g in range(sites):
        variance[g] = row_form(unit, g, covariance)
    return True


@compiled
def _corrected(
    unit: FloatArray, raw: FloatArray, mean: FloatArray, covariance: FloatArray, variance: FloatArray
) -> FloatArray:
    """The second-order correction into `mean` and `covariance`, unless it is too large to be one; the third
    order (G, D)."""
    sites, dimensions = unit.shape
    standardised, third_order = np.empty((sites, dimensions)), np.empty((sites, dimensions))
    skewness, kurtosis = np.empty(sites), np.empty(sites)
    for g in range(sites):
        sd, off = math.sqrt(variance[g]), raw[g, 1]
        spread = raw[g, 2] - off * off
        skewness[g] = (raw[g, 3] - off * (3.0 * raw[g, 2] - 2.0 * off * off)) / (spread * math.sqrt(spread))
        central = raw[g, 4] - off * (4.0 * raw[g, 3] - off * (6.0 * raw[g, 2] - 3.0 * off * off))
        kurtosis[g] = central / (spread * spread) - 3.0
        for d in range(dimensions):
            standardised[g, d] = rows_dot(unit, g, covariance, d) / sd
            third_order[g, d] = np.cbrt(skewness[g]) * standardised[g, d]
    change, moved = np.zeros((dimensions, dimensions)), np.zeros(dimensions)
    for g in range(sites):
        pulled = 0.0
        for h in range(sites):
            if h != g:
                together = rows_dot(standardised, g, unit, h) / math.sqrt(variance[h])
                squared = together * together
                weight = 0.5 * squared * skewness[g] * skewness[h]
                weight += squared * together * kurtosis[g] * kurtosis[h] / 6.0
                pulled += squared * together * skewness[h]
                for row in range(dimensions):
                    for column in range(dimensions):
                        change[row, column] += weight * standardised[g, row] * standardised[h, column]
        for d in range(dimensions):
            moved[d] += kurtosis[g] * pulled / 6.0 * standardised[g, d]
    factor = np.zeros((dimensions, dimensions))
    most = MOST_CORRECTION * covariance
    if factorised(most - change, factor) and factorised(most + change, factor):
        for row in range(dimensions):
            mean[row] += moved[row]
            for column in range(dimensions):
                covariance[row, column] += (change[row, column] + change[column, row]) / 2.0
    return third_order
