"""Observed information (Louis 1982) and the gradient of the marginal likelihood, on a grid.

    I = Σ_i E_i[−∂² log P(x_i, θ)] − Σ_i Cov_i(s_i),    s_i(θ) the score of person i's complete data

and Cov_i either exactly, node by node, or as Σ_m c_im c_imᵀ with c_im = E_i[s_i π_im], π_im orthonormal polynomials of
person i's posterior. The series ends when a further degree changes the information by less than `SERIES_TOLERANCE`.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from testing_engine.calibration.expectation import Answered, Expectation, Sparse, in_order, posteriors
from testing_engine.calibration.model import Model
from testing_engine.calibration.population import Population
from testing_engine.calibration.priors import Priors, density
from testing_engine.calibration.responses import FloatArray

EXACT_UP_TO = 6e9  # multiplications: patterns × nodes × parameters²
SERIES_TOLERANCE = 2e-5
HIGHEST_DEGREE = {1: 8, 2: 6}
DIFFERENCE = 1e-5


@dataclass(frozen=True, eq=False)
class Information:
    """Parameters are x followed by the population's free numbers."""

    gradient: FloatArray  # of log-likelihood + log prior, (free,)
    observed: FloatArray  # (free, free), the prior's curvature included
    complete: FloatArray  # the first term alone, with the prior's
    prior: FloatArray  # (free,): the prior's curvature
    found: Expectation
    terms: int  # degrees of polynomials used; 0 is exact


@dataclass(eq=False)
class Scores:
    """d log P / dx of every category row as columns of x: `own` (rows, width, Q), `at` (rows, width)."""

    own: FloatArray
    at: np.ndarray
    shared: FloatArray  # (rows, shared, Q)
    shared_at: np.ndarray
    population: FloatArray  # (free, G, Q)


def scores(model: Model, x: FloatArray, population: Population, theta: FloatArray) -> Scores:
    width = max((block.own_index.shape[1] for block in model.blocks), default=0)
    q = len(theta)
    own = np.zeros((model.n_rows, width, q))
    at = np.full((model.n_rows, width), -1)
    shared = np.zeros((model.n_rows, len(model.shared), q))
    place = {int(number): column for column, number in enumerate(model.shared)}
    for block in model.blocks:
        slopes = block.curves(block.natural(x), theta)[1]  # (n, p, K, Q)
        rows, w = block.rows.ravel(), block.own_index.shape[1]
        if w:
            mine = np.einsum("npkq,po->nkoq", slopes, block.own_map, optimize=True)
            own[rows, :w] = mine.reshape(-1, w, q)
            at[rows, :w] = np.repeat(block.own_index, block.k, axis=0)
        if block.shared_map.shape[1]:
            common = np.einsum("npkq,ps->nksq", slopes, block.shared_map, optimize=True)
            columns = [place[int(number)] for number in block.shared_index]
            shared[np.ix_(rows, columns)] += common.reshape(len(rows), len(columns), q)
    return Scores(own, at, shared, model.shared, population.weight_scores(theta))


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
        exact = data.n * len(theta) * float(n) ** 2 <= EXACT_UP_TO
    work = _exact_covariance if exact else _series
    lost, terms = work(data, table, log_p, log_w, theta, n, len(x), threads, complete)
    observed = complete - lost
    return Information(gradient, (observed + observed.T) / 2, complete, prior, found, terms)


def _complete(
    model: Model,
    x: FloatArray,
    population: Population,
    found: Expectation,
    theta: FloatArray,
    priors: Priors,
    n: int,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Complete-data information by central differences of the expected score, its gradient, the prior's part."""
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
    complete: FloatArray,
) -> tuple[FloatArray, int]:
    """Σ_i Σ_q P_iq (s_iq − E s_i)(s_iq − E s_i)ᵀ."""
    q = len(theta)
    size = max(32, int(2e6 // max(n, q)))
    parts = [slice(i, min(i + size, data.n)) for i in range(0, data.n, size)]

    def work(part: slice) -> FloatArray:
        p = posteriors(data, part, log_p, log_w)[0]
        if data.weight is not None:
            weight = data.weight[part]
        else:
            weight = np.ones(len(p))
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
    return result, 0


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


def _series(
    data: Answered,
    table: Scores,
    log_p: FloatArray,
    log_w: FloatArray,
    theta: FloatArray,
    n: int,
    m: int,
    threads: int,
    complete: FloatArray,
) -> tuple[FloatArray, int]:
    """Adds degrees until they no longer matter."""
    scale = np.maximum(np.abs(np.diag(complete)), 1e-300)
    total = np.zeros((n, n))
    highest = HIGHEST_DEGREE[theta.shape[1]]
    for degree in range(1, highest + 1):

        def work(part: slice, degree: int = degree) -> FloatArray:
            factors = _factors(data, part, table, log_p, log_w, theta, degree, n, m)
            dense = np.zeros((n, n))
            for c in factors:
                product = c.T @ c
                dense += product.toarray() if sp.issparse(product) else product
            return dense

        term = np.zeros((n, n))
        for piece in in_order(work, data.blocks(len(theta)), threads):
            term += piece
        total += term
        if np.max(np.diag(term) / scale) < SERIES_TOLERANCE:
            return total, degree
    return total, highest


def _factors(
    data: Answered,
    part: slice,
    table: Scores,
    log_p: FloatArray,
    log_w: FloatArray,
    theta: FloatArray,
    degree: int,
    n: int,
    m: int,
) -> list[sp.csr_matrix | FloatArray]:
    """c = √weight E[s π] for the polynomials of exactly this degree; each (persons, free)."""
    p = posteriors(data, part, log_p, log_w)[0]
    y = data.matrix(part)
    person = np.repeat(np.arange(len(p)), np.diff(y.indptr))
    rows = y.indices
    weighted = [p * polynomial for polynomial in _polynomials(p, theta, degree)]
    root = np.ones(len(p)) if data.weight is None else np.sqrt(data.weight[part])
    group = data.group[part]
    result: list[sp.csr_matrix | FloatArray] = []
    # s = F · (functions of θ): a basis of few functions of the nodes makes E[s π] a product of small matrices
    for w in weighted:
        values, at, who = [], [], []
        for column in range(table.own.shape[1]):
            used = table.at[rows, column] >= 0
            r, i = rows[used], person[used]
            values.append(_pair_products(w, table.own[:, column], i, r) * root[i])
            at.append(table.at[r, column])
            who.append(i)
        extra = []
        if len(table.shared_at):
            extra.append(np.stack([np.asarray((y.multiply(w @ table.shared[:, c].T)).sum(axis=1))[:, 0] for c in range(len(table.shared_at))], axis=1))
        if n > m:
            extra.append(np.einsum("nq,pnq->np", w, table.population[:, group]))
        if extra:
            columns = np.concatenate([table.shared_at, np.arange(m, n)]).astype(np.int64)
            block = np.concatenate(extra, axis=1) * root[:, None]
            i, c = np.nonzero(np.ones_like(block))
            values.append(block.ravel())
            at.append(columns[c])
            who.append(i)
        index = (np.concatenate(who), np.concatenate(at))
        result.append(sp.csr_matrix((np.concatenate(values), index), shape=(len(p), n)))
    return result


def _pair_products(w: FloatArray, functions: FloatArray, person: np.ndarray, row: np.ndarray) -> FloatArray:
    """Σ_q w[person, q] functions[row, q] for each pair."""
    if len(w) * len(functions) <= 6 * len(person):
        return (w @ functions.T)[person, row]
    basis = np.linalg.svd(functions, full_matrices=False)
    keep = int((basis[1] > 1e-9 * max(basis[1][0], 1e-300)).sum())
    left, right = basis[0][:, :keep] * basis[1][:keep], basis[2][:keep]
    return np.einsum("ij,ij->i", (w @ right.T)[person], left[row])


def _polynomials(p: FloatArray, theta: FloatArray, degree: int) -> list[FloatArray]:
    """Orthonormal polynomials of exactly `degree` under each row of p; each (n, Q)."""
    mean = p @ theta
    d = theta.shape[1]
    if d == 1:
        t = theta[:, 0] - mean
        t /= np.sqrt(np.maximum((p * t**2).sum(axis=1, keepdims=True), 1e-12))
        basis = [np.ones_like(t)]
        for _ in range(degree):
            basis.append(_orthonormal(p, t * basis[-1], basis))
        return basis[-1:]
    centred = [theta[:, c] - mean[:, c, None] for c in range(d)]
    layers: list[list[FloatArray]] = [[np.ones_like(p)]]
    for level in range(1, degree + 1):
        layer: list[FloatArray] = []
        before = [each for older in layers for each in older]
        raw = [centred[0] * each for each in layers[-1]] + [centred[1] * layers[-1][-1]]
        for each in raw[: level + 1]:
            layer.append(_orthonormal(p, each, before + layer))
        layers.append(layer)
    return layers[-1]


def _orthonormal(p: FloatArray, function: FloatArray, basis: list[FloatArray]) -> FloatArray:
    new = function
    for _ in range(2):
        for each in basis:
            new = new - (p * new * each).sum(axis=1, keepdims=True) * each
    norm = np.sqrt((p * new**2).sum(axis=1, keepdims=True))
    return np.where(norm > 1e-7, new / np.maximum(norm, 1e-300), 0.0)
