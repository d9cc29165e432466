"""l_z*: the log-likelihood of a person's answers, standardised as at an estimated ability (Snijders 2001).

l_z puts an estimate in the place of the ability and is too tame for it. Snijders takes from each answer's
log-probability what the estimating equation r_0(θ) + Σ r_i(θ) = 0 has taken already: with r_i the score
∂ log P(x_i)/∂θ and r_0 = −(θ − μ)/σ² (the mode under a normal population; Magis, Raîche & Béland 2012),

  l_z* = (Σ (log P(x_i) − E log P) + c r_0) / √(Σ Var(log P − c r_i)),   c = Σ Cov(log P, r_i) / Σ Var(r_i).

With E, Var and Cov over the categories it holds for polytomous answers, too (Sinharay 2016). It is for fixed
forms: where the answers choose the questions, those come at which log P hardly varies, and its level is far
below the nominal one. `prequential_fit` is for adaptive tests.
"""

import numpy as np
import scipy

from testing_engine.calibration.calibration import Calibration
from testing_engine.calibration.expectation import in_order
from testing_engine.calibration.persons import PERSONS_A_BLOCK, PersonFit
from testing_engine.calibration.predictions import Integers
from testing_engine.calibration.responses import FloatArray, IntArray

STEPS_A_UNIT = 20  # of the table between whose values a cubic spline runs
LONGEST_STEP = 0.5
ITERATIONS = 60
CLOSE = 1e-9


def standardised_fit(fit: Calibration) -> PersonFit:
    """l_z* of every person at the posterior mode, in the order of `fit.responses`. One concept."""
    if fit.nodes.shape[1] != 1 or fit.several_points:
        raise ValueError("fit: l_z* is for one concept")
    responses = fit.responses.without(fit.left_out)
    limit = float(np.abs(fit.nodes).max())
    table = _Table(fit, limit)
    group = fit.state.population
    mean, variance = group.mean[:, 0], np.exp(2 * group.log_sd[:, 0])
    length = np.diff(responses.start)

    def work(part: slice) -> FloatArray:
        start, n = responses.start[part], length[part]
        first, last = int(start[0]) if len(start) else 0, int(start[-1] + n[-1]) if len(start) else 0
        item, category = responses.item[first:last], responses.category[first:last]
        person = np.repeat(np.arange(len(n)), n)
        prior = mean[responses.group[part]], variance[responses.group[part]]
        return _of_block(table, person, item, category, len(n), prior, limit)

    size = PERSONS_A_BLOCK
    parts = [slice(i, min(i + size, responses.n_persons)) for i in range(0, responses.n_persons, size)]
    return PersonFit(np.concatenate(list(in_order(work, parts, fit.threads))), length.astype(float))


class _Table:
    """log P of every category and its derivatives at any ability, by cubic splines."""

    def __init__(self, fit: Calibration, limit: float) -> None:
        grid = np.linspace(-limit, limit, round(2 * limit * STEPS_A_UNIT) + 1)
        logs = fit.model.log_probabilities(fit.state.x, grid[:, None]).T
        spline = scipy.interpolate.CubicSpline(grid, logs)
        self.grid, self.coefficients = grid, spline.c  # (4, intervals, rows), highest power first
        self.offset = fit.model.offset
        self.rows, self.real = fit.model.rows_of_items()

    def at(self, theta: FloatArray, rows: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """log P, its first and second derivative; `theta` and `rows` broadcast."""
        interval = np.clip(np.searchsorted(self.grid, theta, side="right") - 1, 0, len(self.grid) - 2)
        c3, c2, c1, c0 = self.coefficients[:, interval, rows]
        t = theta - self.grid[interval]
        return ((c3 * t + c2) * t + c1) * t + c0, (3 * c3 * t + 2 * c2) * t + c1, 6 * c3 * t + 2 * c2


def _of_block(
    table: _Table,
    person: IntArray,
    item: Integers,
    category: Integers,
    n: int,
    prior: tuple[FloatArray, FloatArray],
    limit: float,
) -> FloatArray:
    """(n,) l_z* of the persons 0 to n − 1, whose answers these are; nan without any."""
    mean, variance = prior
    theta = _modes(table, person, table.offset[item] + category, mean, variance, limit)
    log_p, slope, _ = table.at(theta[person][:, None], table.rows[item])
    p = np.exp(log_p) * table.real[item]
    p /= p.sum(axis=1, keepdims=True)
    given = np.arange(len(item)), category
    mean_log, mean_slope = (p * log_p).sum(axis=1), (p * slope).sum(axis=1)
    surprise, score = log_p - mean_log[:, None], slope - mean_slope[:, None]

    def total(values: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(person, values, n), dtype=float)

    with np.errstate(invalid="ignore", divide="ignore"):
        c = total((p * surprise * score).sum(axis=1)) / total((p * score**2).sum(axis=1))
        left = surprise - c[person][:, None] * score
        error = np.sqrt(total((p * left**2).sum(axis=1)))
        return np.asarray((total(surprise[given]) - c * (theta - mean) / variance) / error)


def _modes(
    table: _Table, person: IntArray, rows: IntArray, mean: FloatArray, variance: FloatArray, limit: float
) -> FloatArray:
    """(n,) posterior modes by Newton's method in short steps, from the population's mean."""
    theta = np.clip(mean, -limit, limit)
    for _ in range(ITERATIONS):
        _, slope, bend = table.at(theta[person], rows)
        gradient = np.bincount(person, slope, len(theta)) - (theta - mean) / variance
        curvature = np.bincount(person, bend, len(theta)) - 1 / variance
        step = np.clip(gradient / np.maximum(-curvature, 0.2), -LONGEST_STEP, LONGEST_STEP)
        theta = np.clip(theta + step, -limit, limit)
        if np.abs(step).max(initial=0) < CLOSE:
            break
    return theta
