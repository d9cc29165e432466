"""Covariances of persons' scores as a series over orthonormal polynomials of each posterior.

Cov_i(s) = Σ_m c_im c_imᵀ, c_im = E_i[s_i π_im]. The terms fall like the m-th power of the posterior's spread,
so that few degrees are enough for tests of some length; how many is decided on the first block of persons.
The derivatives of log P are products of few functions of θ (their singular vectors), which keeps E_i[…] small
matrix products.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from testing_engine.calibration.expectation import Answered, in_order, posteriors
from testing_engine.calibration.responses import FloatArray, IntArray
from testing_engine.calibration.scores import Scores

TOLERANCE = 2e-5  # what a further degree may still change on the diagonal, relative to complete data
COARSE_TOLERANCE = 3e-4
COARSE_FROM = 600  # parameters
HIGHEST_DEGREE = {1: 9, 2: 4}
SINGULAR_VALUE = 1e-8
DENSE_FROM = 0.08  # share of the columns that a person touches


@dataclass(frozen=True, eq=False)
class _Basis:
    """own(row, column) = left(row, column) · right, over functions of θ."""

    left: FloatArray  # (rows, width, functions)
    right: FloatArray  # (functions, Q)
    columns: IntArray  # (rows, width): position in x, the dummy column n where there is none


def covariance_series(
    data: Answered,
    table: Scores,
    log_p: FloatArray,
    log_w: FloatArray,
    theta: FloatArray,
    complete: FloatArray,
    n_items: int,
    threads: int,
) -> tuple[FloatArray, int]:
    """Σ_i Cov_i(s_i), (free, free), and the degrees used. The first `n_items` parameters belong to items."""
    n = len(complete)
    basis = _basis(table, n)
    scale = np.maximum(np.abs(np.diag(complete)), 1e-300)
    coarse = n >= COARSE_FROM
    parts = data.blocks(len(theta))
    highest = HIGHEST_DEGREE[theta.shape[1]]
    probe = slice(parts[0].start, min(parts[0].stop, parts[0].start + 1000))
    degrees = _needed(
        [
            _term(data, probe, each, basis, table, n, n_items)[1]
            for each in _weighted(data, probe, log_p, log_w, theta, highest)
        ],
        scale * (probe.stop - probe.start) / data.n,
        COARSE_TOLERANCE if coarse else TOLERANCE,
    )

    def work(part: slice) -> FloatArray:
        total = np.zeros((n, n))
        for polynomials in _weighted(data, part, log_p, log_w, theta, degrees):
            total += _term(data, part, polynomials, basis, table, n, n_items)[0]
        return total

    result = np.zeros((n, n))
    for piece in in_order(work, parts, threads):
        result += piece
    return result, degrees


def _needed(diagonals: list[FloatArray], scale: FloatArray, tolerance: float) -> int:
    for degree, diagonal in enumerate(diagonals, 1):
        if np.max(diagonal / scale) < tolerance:
            return degree
    return len(diagonals)


def _basis(table: Scores, n: int) -> _Basis:
    rows, width, q = table.own.shape
    if not width:
        return _Basis(np.zeros((rows, 0, 0)), np.zeros((0, q)), np.zeros((rows, 0), dtype=np.int64))
    flat = table.own.reshape(rows * width, q)
    values, vectors = np.linalg.eigh(flat.T @ flat)
    keep = vectors[:, values > (SINGULAR_VALUE**2) * max(values[-1], 1e-300)]
    columns = np.where(table.at >= 0, table.at, n)
    return _Basis((flat @ keep).reshape(rows, width, -1), keep.T, columns)


def _weighted(
    data: Answered, part: slice, log_p: FloatArray, log_w: FloatArray, theta: FloatArray, highest: int
) -> list[list[FloatArray]]:
    """√weight · posterior · polynomial, a list a degree; each (persons, Q)."""
    p = posteriors(data, part, log_p, log_w)[0]
    root = None if data.weight is None else np.sqrt(data.weight[part])[:, None]
    layers = _one(p, theta[:, 0], highest) if theta.shape[1] == 1 else _two(p, theta, highest)
    weighted = p if root is None else p * root
    return [[weighted * polynomial for polynomial in layer] for layer in layers]


def _term(
    data: Answered,
    part: slice,
    weighted: list[FloatArray],
    basis: _Basis,
    table: Scores,
    n: int,
    n_items: int,
) -> tuple[FloatArray, FloatArray]:
    """Σ c cᵀ of one degree over a block of persons, and its diagonal."""
    y = data.matrix(part)
    rows, lengths = y.indices, np.diff(y.indptr)
    person = np.repeat(np.arange(len(lengths)), lengths)
    width = basis.columns.shape[1]
    columns = basis.columns[rows]
    total = np.zeros((n, n))
    few = width * (lengths.mean() if len(lengths) else 0) < DENSE_FROM * n
    for w in weighted:
        inner = (w @ basis.right.T)[person]
        values = np.einsum("af,auf->au", inner, basis.left[rows], optimize=True)
        others = _others(data, part, w, y, table, n, n_items)
        pointers = np.concatenate([[0], np.cumsum(lengths)]) * width
        c = sp.csr_matrix((values.ravel(), columns.ravel(), pointers), shape=(len(lengths), n + 1))
        if few:
            total += sp.csr_matrix(c.T @ c)[:n, :n].toarray()
            if others[1].size:
                mixed = np.asarray(c.T @ others[1])[:n]
                total[:, others[0]] += mixed
                total[others[0]] += mixed.T
                total[np.ix_(others[0], others[0])] += others[1].T @ others[1]
            continue
        dense = c.toarray()[:, :n]
        dense[:, others[0]] += others[1]
        total += dense.T @ dense
    return total, np.diag(total).copy()


def _others(
    data: Answered, part: slice, w: FloatArray, y: sp.csr_matrix, table: Scores, n: int, n_items: int
) -> tuple[IntArray, FloatArray]:
    """The columns of shared and of population parameters, and their c; (persons, columns)."""
    at = np.concatenate([table.shared_at, np.arange(n_items, n)]).astype(np.int64)
    found = np.empty((len(w), len(at)))
    for number in range(len(table.shared_at)):
        functions = y @ table.shared[:, number]
        found[:, number] = (w * functions).sum(axis=1)
    group = data.group[part]
    for number in range(n - n_items):
        found[:, len(table.shared_at) + number] = (w * table.population[number, group]).sum(axis=1)
    return at, found


def _one(p: FloatArray, theta: FloatArray, highest: int) -> list[list[FloatArray]]:
    """Polynomials of degree 1 … `highest` by the three-term recurrence (Stieltjes)."""
    t = theta - (p @ theta)[:, None]
    spread = np.sqrt(np.maximum(np.einsum("nq,nq->n", p, t**2), 1e-12))
    t /= spread[:, None]
    before, now = np.zeros_like(p), np.ones_like(p)
    norm = np.ones((len(p), 1))
    layers = []
    for degree in range(highest):
        slope = np.einsum("nq,nq,nq->n", p, t, now**2)[:, None]
        raw = (t - slope) * now - (norm * before if degree else 0.0)
        norm = np.sqrt(np.einsum("nq,nq->n", p, raw**2))[:, None]
        before, now = now, np.where(norm > 1e-7, raw / np.maximum(norm, 1e-7), 0.0)
        layers.append([now])
    return layers


def _two(p: FloatArray, theta: FloatArray, highest: int) -> list[list[FloatArray]]:
    """Gram–Schmidt in two variables, by total degree."""
    mean = p @ theta
    centred = [theta[:, c] - mean[:, c, None] for c in range(2)]
    layers: list[list[FloatArray]] = [[np.ones_like(p)]]
    for _ in range(highest):
        raw = [centred[0] * each for each in layers[-1]] + [centred[1] * layers[-1][-1]]
        layer: list[FloatArray] = []
        for each in raw:
            layer.append(_orthonormal(p, each, [one for older in layers for one in older] + layer))
        layers.append(layer)
    return layers[1:]


def _orthonormal(p: FloatArray, function: FloatArray, basis: list[FloatArray]) -> FloatArray:
    new = function
    for _ in range(2):
        for each in basis:
            new = new - np.einsum("nq,nq,nq->n", p, new, each)[:, None] * each
    norm = np.sqrt(np.einsum("nq,nq->n", p, new**2))[:, None]
    return np.where(norm > 1e-7, new / np.maximum(norm, 1e-7), 0.0)
