"""The E-step: posteriors of all persons on a grid, and the expected numbers of answers.

Three ways with one result. `Sparse` covers every model and any answers missing; on large data it works with
log-probabilities of low rank first. `Sufficient` is for complete right/wrong answers under 1PL and 2PL, where
a person is seen through one number, Σ a x: a table of 1,024 values of it, Hermite-interpolated, replaces the
persons.

Sums over persons are made block by block in a fixed order, so any number of threads gives the same bits.
"""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from testing_engine.calibration.model import Model
from testing_engine.calibration.responses import FloatArray, IntArray, Responses

PERSONS_A_BLOCK = 4096
FLOATS_A_BLOCK = 4_000_000
COMPRESS_UP_TO = 25  # items; longer tests hardly repeat a pattern
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Expectation:
    log_likelihood: float
    counts: FloatArray  # (rows, Q): expected answers in each category at each node
    persons: FloatArray  # (G, Q): expected persons at each node


@dataclass(eq=False)
class Answered:
    """Answers as rows of the category table, one line a pattern of answers."""

    start: npt.NDArray[np.int32]
    rows: npt.NDArray[np.int32]
    group: IntArray
    weight: FloatArray | None  # persons of each pattern; None is 1
    pattern: IntArray | None  # of each person; None is the person itself
    n_rows: int

    @property
    def n(self) -> int:
        return len(self.start) - 1

    def blocks(self, nodes: int) -> list[slice]:
        size = max(64, min(PERSONS_A_BLOCK, FLOATS_A_BLOCK // nodes))
        return [slice(i, min(i + size, self.n)) for i in range(0, self.n, size)]

    def matrix(self, part: slice, dtype: Any = np.float64) -> sp.csr_matrix:
        start = self.start[part.start : part.stop + 1]
        rows = self.rows[start[0] : start[-1]]
        data = np.ones(len(rows), dtype=dtype)
        return sp.csr_matrix((data, rows, start - start[0]), shape=(len(start) - 1, self.n_rows))


def answered(responses: Responses, model: Model) -> Answered:
    rows = model.offset[:-1].astype(np.int32)[responses.item]
    rows += responses.category
    start, group = responses.start, responses.group
    if responses.n_items <= COMPRESS_UP_TO and responses.n_persons > 1:
        table = np.column_stack([responses.dense(), group.astype(np.int8)])
        _, first, pattern, weight = np.unique(
            _as_bytes(table), return_index=True, return_inverse=True, return_counts=True
        )
        if 2 * len(first) <= len(table):
            length = np.diff(start)[first]
            new = np.concatenate([[0], np.cumsum(length)]).astype(np.int32)
            taken = np.repeat(start[first] - new[:-1], length) + np.arange(new[-1])
            return Answered(
                new, rows[taken], group[first], weight.astype(float), pattern.astype(np.int64), model.n_rows
            )
    return Answered(start, rows, group, None, None, model.n_rows)


def _as_bytes(table: npt.NDArray[np.int8]) -> npt.NDArray[Any]:
    table = np.ascontiguousarray(table)
    return table.view(np.dtype((np.void, table.shape[1]))).ravel()


def in_order(function: Callable[[T], Any], parts: Iterable[T], threads: int) -> Iterable[Any]:
    """Results in the order of `parts`; no more than a few are made before they are taken."""
    if threads <= 1:
        yield from map(function, parts)
        return
    with ThreadPoolExecutor(threads) as pool:
        running: deque[Future[Any]] = deque()
        for part in parts:
            running.append(pool.submit(function, part))
            if len(running) > threads + 1:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


def posteriors(
    data: Answered, part: slice, log_p: FloatArray, log_w: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Exact posteriors of a block of persons (n, Q) and their log-likelihoods (n,)."""
    log = data.matrix(part) @ log_p
    log += log_w[data.group[part]]
    largest = log.max(axis=1, keepdims=True)
    log -= largest
    np.exp(log, out=log)
    total = log.sum(axis=1, keepdims=True)
    log /= total
    return log, largest[:, 0] + np.log(total[:, 0])


class Sparse:
    """`expect(x, log weights, rank)`: rank None is exact in float64, a number is low rank in float32."""

    def __init__(self, data: Answered, model: Model, theta: FloatArray, threads: int) -> None:
        self.data, self.model, self.theta, self.threads = data, model, theta, threads
        self.parts = data.blocks(len(theta))

    def expect(self, x: FloatArray, log_w: FloatArray, rank: int | None = None) -> Expectation:
        log_p = self.model.log_probabilities(x, self.theta)
        if rank is None:
            return self._exact(log_p, log_w)
        return self._low_rank(log_p, log_w, rank)

    def _exact(self, log_p: FloatArray, log_w: FloatArray) -> Expectation:
        data, n_groups = self.data, len(log_w)

        def work(part: slice) -> tuple[float, FloatArray, FloatArray]:
            p, log = posteriors(data, part, log_p, log_w)
            if data.weight is not None:
                log = log * data.weight[part]
                p *= data.weight[part, None]
            return float(log.sum()), _by_group(p, data.group[part], n_groups), data.matrix(part).T @ p

        return self._sum(work, len(self.theta))

    def _low_rank(self, log_p: FloatArray, log_w: FloatArray, rank: int) -> Expectation:
        """log P ≈ A V; the posteriors are summed on a basis that also holds P, θ P and low powers of θ."""
        data, theta, n_groups = self.data, self.theta[:, 0], len(log_w)
        root = np.sqrt(np.maximum(np.exp(log_w).max(axis=0), 1e-7) ** 0.25)
        scaled = log_p * root
        vectors = np.linalg.eigh(scaled.T @ scaled)[1][:, : -rank - 1 : -1]
        left = (scaled @ vectors).astype(np.float32)
        right = (vectors.T / root).astype(np.float32)
        p = np.exp(log_p)
        powers = [np.ones_like(theta) * 30, theta * 30, theta**2 * 10]
        functions = np.concatenate([log_p, p * 8, p * theta * 4, powers]) * root
        basis = np.linalg.eigh(functions.T @ functions)[1][:, : -rank - 7 : -1].T
        onto = (basis * root).T.astype(np.float32)
        back = basis / root
        weights = log_w.astype(np.float32)
        one = np.ones(len(theta), np.float32)

        def work(part: slice) -> tuple[float, FloatArray, FloatArray]:
            y = data.matrix(part, np.float32)
            log = (y @ left) @ right
            log += weights[data.group[part]] if n_groups > 1 else weights[0]
            largest = log.max(axis=1, keepdims=True)
            log -= largest
            np.exp(log, out=log)
            total = log @ one
            value = largest[:, 0].astype(float) + np.log(total.astype(float))
            share = 1 / total
            if data.weight is not None:
                value *= data.weight[part]
                share = (share * data.weight[part]).astype(np.float32)
            log *= share[:, None]
            return float(value.sum()), _by_group(log, data.group[part], n_groups), y.T @ (log @ onto)

        found = self._sum(work, len(onto.T))
        return Expectation(found.log_likelihood, found.counts @ back, found.persons)

    def _sum(self, work: Callable[[slice], tuple[float, FloatArray, FloatArray]], width: int) -> Expectation:
        log_likelihood, persons = 0.0, 0.0
        counts = np.zeros((self.data.n_rows, width))
        for value, n, r in in_order(work, self.parts, self.threads):
            log_likelihood += value
            persons = persons + n
            counts += r
        return Expectation(log_likelihood, counts, np.asarray(persons))


def _by_group(p: npt.NDArray[Any], group: IntArray, n_groups: int) -> FloatArray:
    if n_groups == 1:
        return np.asarray(p.sum(axis=0, dtype=float))[None]
    return np.stack([p[group == g].sum(axis=0, dtype=float) for g in range(n_groups)])


class Sufficient:
    """Complete right/wrong answers, all items 1PL, Rasch or 2PL, one concept."""

    TABLE = 1024

    def __init__(self, responses: Responses, model: Model, theta: FloatArray) -> None:
        assert responses.matrix is not None
        self.model, self.theta = model, theta
        self.x = [
            responses.matrix[responses.group == g].astype(np.float32) for g in range(len(responses.groups))
        ]
        self.right = [x.sum(axis=0, dtype=float) for x in self.x]

    def expect(self, x: FloatArray, log_w: FloatArray, rank: int | None = None) -> Expectation:
        """`rank` None multiplies in float64, a number in float32."""
        theta = self.theta[:, 0]
        a, d = self._slopes_and_intercepts(x)
        log_wrong = -np.logaddexp(0, a[:, None] * theta + d[:, None]).sum(axis=0)
        log_likelihood, persons = 0.0, []
        first = np.zeros(len(a))
        for group, matrix in enumerate(self.x):
            value, n, score = self._group(matrix, a, theta, log_wrong + log_w[group], rank is None)
            log_likelihood += value + float(self.right[group] @ d)
            persons.append(n)
            first += score
        return Expectation(log_likelihood, self._counts(first, np.sum(persons, axis=0)), np.array(persons))

    def _slopes_and_intercepts(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        n = len(self.model.models)
        a, d = np.zeros(n), np.zeros(n)
        for block in self.model.blocks:
            natural = block.natural(x)
            a[block.items], d[block.items] = natural[:, 0], natural[:, 1]
        return a, d

    def _group(
        self,
        matrix: npt.NDArray[np.float32],
        a: FloatArray,
        theta: FloatArray,
        log_base: FloatArray,
        exact: bool,
    ) -> tuple[float, FloatArray, FloatArray]:
        t = matrix.astype(float) @ a if exact else (matrix @ a.astype(np.float32)).astype(float)
        low, high = t.min() - 1e-6, t.max() + 1e-6
        h = (high - low) / (self.TABLE - 1)
        at = low + h * np.arange(self.TABLE)
        table = np.multiply.outer(at, theta) + log_base
        largest = table.max(axis=1, keepdims=True)
        table -= largest
        np.exp(table, out=table)
        total = table.sum(axis=1, keepdims=True)
        table /= total
        f = largest[:, 0] + np.log(total[:, 0])
        mean = table @ theta
        variance = table @ theta**2 - mean**2
        u = (t - low) / h
        k = np.minimum(u.astype(np.int32), self.TABLE - 2)
        u -= k
        u2, u3 = u * u, u * u * u
        h01 = 3 * u2 - 2 * u3
        h00, h10, h11 = 1 - h01, u3 - 2 * u2 + u, u3 - u2
        value = (h00 * f[k] + h01 * f[k + 1] + h * (h10 * mean[k] + h11 * mean[k + 1])).sum()
        eap = h00 * mean[k] + h01 * mean[k + 1] + h * (h10 * variance[k] + h11 * variance[k + 1])
        w0 = np.bincount(k, h00, self.TABLE) + np.bincount(k + 1, h01, self.TABLE)
        w1 = h * (np.bincount(k, h10, self.TABLE) + np.bincount(k + 1, h11, self.TABLE))
        persons = w0 @ table + (w1 @ table) * theta - (w1 * mean) @ table
        score = eap @ matrix.astype(float) if exact else (eap.astype(np.float32) @ matrix).astype(float)
        return float(value), persons, score

    def _counts(self, first: FloatArray, persons: FloatArray) -> FloatArray:
        """Σ x and Σ x E θ, as expected right answers at two nodes that have these sums; the rest are wrong.

        Likelihood and derivatives of 1PL and 2PL see the right answers through these two sums alone.
        """
        theta = self.theta[:, 0]
        right = np.sum(self.right, axis=0)
        high = (first - theta[0] * right) / (theta[-1] - theta[0])
        r = np.zeros((self.model.n_rows, len(theta)))
        ones = self.model.offset[:-1] + 1
        r[ones, -1], r[ones, 0] = high, right - high
        r[self.model.offset[:-1]] = persons - r[ones]
        return r
