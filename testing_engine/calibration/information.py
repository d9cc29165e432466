"""Observed information (Louis 1982) and the gradient of the marginal likelihood, on a grid.

    I = Σ_i E_i[−∂² log P(x_i, θ)] − Σ_i Cov_i(s_i),    s_i(θ) the score of person i's complete data

and Cov_i either exactly, node by node, or as a series (`series`).
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from testing_engine.calibration.expectation import Answered, Expectation, Sparse, in_order, posteriors
from testing_engine.calibration.model import Model
from testing_engine.calibration.population import Population
from testing_engine.calibration.priors import Priors, density
from testing_engine.calibration.responses import FloatArray
from testing_engine.calibration.scores import Scores, scores
from testing_engine.calibration.series import covariance_series

EXACT_UP_TO = {1: 3e9, 2: 1e10}  # multiplications, patterns × nodes × parameters²; by number of concepts
EXACT_PARAMETERS = 150  # in two concepts a series is slower than this many parameters node by node
DIFFERENCE = 1e-5
SINGULAR = 1e-9  # eigenvalue of the information scaled to a diagonal of 1


@dataclass(frozen=True, eq=False)
class Information:
    """Parameters are x followed by the population's free numbers."""

    gradient: FloatArray  # of log-likelihood + log prior, (free,)
    observed: FloatArray  # (free, free), the prior's curvature included
    complete: FloatArray  # the first term alone, with the prior's
    prior: FloatArray  # (free,): the prior's curvature
    found: Expectation
    terms: int  # degrees of polynomials used; 0 is exact


def information(
    data: Answered,
    model: Model,
    x: FloatArray,
    population: Population,
    theta: FloatArray,
    priors: Priors,
    threads: int,
    exact: bool | None = None,
) -> Information:
    """`exact` None decides by the work."""
    log_w = population.log_weights(theta)
    log_p = model.log_probabilities(x, theta)
    found = Sparse(data, model, theta, threads).expect(x, log_w)
    table = scores(model, x, population, theta)
    n = len(x) + population.n_free
    complete, gradient, prior = _complete(model, x, population, found, theta, priors, n)
    if exact is None:
        exact = exact_is_cheap(data.n, theta, n) or (theta.shape[1] == 2 and n <= EXACT_PARAMETERS)
    if exact:
        lost, terms = _exact_covariance(data, table, log_p, log_w, theta, n, len(x), threads), 0
    else:
        lost, terms = covariance_series(data, table, log_p, log_w, theta, complete, len(x), threads)
    observed = complete - lost
    return Information(gradient, (observed + observed.T) / 2, complete, prior, found, terms)


def exact_is_cheap(patterns: int, theta: FloatArray, n: int) -> bool:
    return patterns * len(theta) * float(n) ** 2 <= EXACT_UP_TO[theta.shape[1]]


def _complete(
    model: Model,
    x: FloatArray,
    population: Population,
    found: Expectation,
    theta: FloatArray,
    priors: Priors,
    n: int,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Complete-data information by central differences of the expected score, its gradient, the prior's
    part.
    """
    information, gradient, prior_part = np.zeros((n, n)), np.zeros(n), np.zeros(n)
    for block in model.blocks:
        natural = block.natural(x)
        r = found.counts[block.rows]
        p = natural.shape[1]
        prior = density(priors, block, natural)
        total = np.einsum("nkq,npkq->np", r, block.curves(natural, theta)[1], optimize=True)
        hessian = np.zeros((len(natural), p, p))
        for column in np.flatnonzero(block.free):
            step = np.zeros(p)
            step[column] = DIFFERENCE
            up = np.einsum("nkq,npkq->np", r, block.curves(natural + step, theta)[1], optimize=True)
            down = np.einsum("nkq,npkq->np", r, block.curves(natural - step, theta)[1], optimize=True)
            hessian[:, column] = -(up - down) / (2 * DIFFERENCE)
        hessian = (hessian + hessian.transpose(0, 2, 1)) / 2
        hessian[:, range(p), range(p)] += prior.curvature
        a, b = block.own_map, block.shared_map
        own, common = block.own_index, block.shared_index
        if a.shape[1]:
            gradient[own] = (total + prior.gradient) @ a
            prior_part[own] = prior.curvature @ a**2
            information[own[:, :, None], own[:, None, :]] = a.T @ hessian @ a
        if b.shape[1]:
            gradient[common] += (total @ b).sum(axis=0)
            information[np.ix_(common, common)] += (b.T @ hessian @ b).sum(axis=0)
            if a.shape[1]:
                mixed = a.T @ hessian @ b
                information[own[:, :, None], common[None, None, :]] += mixed
                information[common[None, None, :], own[:, :, None]] += mixed
    m = len(x)
    if population.n_free:
        gradient[m:] = np.einsum("pgq,gq->p", population.weight_scores(theta), found.persons)
        information[m:, m:] = population.information(theta, found.persons)
    return information, gradient, prior_part


def _exact_covariance(
    data: Answered,
    table: Scores,
    log_p: FloatArray,
    log_w: FloatArray,
    theta: FloatArray,
    n: int,
    m: int,
    threads: int,
) -> FloatArray:
    """Σ_i Σ_q P_iq (s_iq − E s_i)(s_iq − E s_i)ᵀ."""
    q = len(theta)
    size = max(32, int(2e6 // max(n, q)))
    parts = [slice(i, min(i + size, data.n)) for i in range(0, data.n, size)]

    def work(part: slice) -> FloatArray:
        p = posteriors(data, part, log_p, log_w)[0]
        weight = np.ones(len(p)) if data.weight is None else data.weight[part]
        y = data.matrix(part)
        person = np.repeat(np.arange(len(p)), np.diff(y.indptr))
        group = data.group[part]
        mean = np.zeros((len(p), n))
        total = np.zeros((n, n))
        for node in range(q):
            s = _score_rows(table, y, person, group, node, n, m)
            mean += p[:, node, None] * s
            s *= np.sqrt(p[:, node] * weight)[:, None]
            total += s.T @ s
        mean *= np.sqrt(weight)[:, None]
        return total - mean.T @ mean

    result = np.zeros((n, n))
    for total in in_order(work, parts, threads):
        result += total
    return result


def _score_rows(
    table: Scores, y: sp.csr_matrix, person: np.ndarray, group: np.ndarray, node: int, n: int, m: int
) -> FloatArray:
    s = np.zeros((y.shape[0], n))
    rows = y.indices
    for column in range(table.own.shape[1]):
        at = table.at[rows, column]
        used = at >= 0
        s[person[used], at[used]] = table.own[rows[used], column, node]
    if len(table.shared_at):
        s[:, table.shared_at] = y @ table.shared[:, :, node]
    if n > m:
        s[:, m:] = table.population[:, group, node].T
    return s


def covariance_of(observed: FloatArray) -> FloatArray:
    """The inverse; where the matrix is not positive, of what remains without the numbers that make it so."""
    n = len(observed)
    result = np.full((n, n), np.nan)
    scale = np.sqrt(np.maximum(np.abs(np.diag(observed)), 1e-300))
    scaled = observed / np.outer(scale, scale)
    kept = np.flatnonzero(np.isfinite(scaled).all(axis=1) & (np.diag(observed) > 0))
    while len(kept):
        values, vectors = np.linalg.eigh(scaled[np.ix_(kept, kept)])
        if values[0] > SINGULAR:
            inverse = (vectors / values) @ vectors.T / np.outer(scale[kept], scale[kept])
            result[np.ix_(kept, kept)] = inverse
            return result
        loading = (vectors[:, values <= SINGULAR] ** 2).max(axis=1)
        kept = kept[loading < max(loading.max() / 2, 1e-12)]
    return result
