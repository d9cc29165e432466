"""Answers for `python -m benchmarks.calibration`, from fixed seeds."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from testing_engine.calibration import Responses

FloatArray = npt.NDArray[np.float64]
SEED = 20261122
ADMINISTERED, ELIGIBLE = 30, 100
CONCEPTS, CORRELATION = 5, 0.6


@dataclass(frozen=True)
class Workload:
    """`matrix` is (persons, items) with −1 for missing; None where only the long form fits into memory."""

    name: str
    responses: Responses
    matrix: npt.NDArray[np.int8] | None = None
    q_matrix: npt.NDArray[np.bool_] | None = None
    priors: str = "none"
    correlation: FloatArray | None = None  # of the abilities drawn


def make(name: str, tiny: bool = False) -> Workload:
    shrink = 20 if tiny else 1
    if name == "complete":
        return _matrix(name, 20_000 // shrink, 100 // (4 if tiny else 1), 0.0)
    if name == "sparse":
        return _matrix(name, 20_000 // shrink, 100 // (4 if tiny else 1), 0.8)
    if name == "log":
        return _log(100_000 // (shrink * 5 if tiny else 1), 1_000 // (5 if tiny else 1))
    if name == "concepts":
        return _concepts(3_000 // (10 if tiny else 1), 200 // (5 if tiny else 1))
    raise ValueError(name)


def _items(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
    a = np.clip(rng.lognormal(0.1, 0.3, n), 0.4, 2.8)
    return a, np.clip(rng.normal(0, 1, n), -2.8, 2.8)


def _matrix(name: str, persons: int, items: int, missing: float) -> Workload:
    rng = np.random.default_rng([SEED, persons, items])
    a, b = _items(rng, items)
    theta = rng.normal(0, 1, persons)
    x = (rng.random((persons, items)) < 1 / (1 + np.exp(-a * (theta[:, None] - b)))).astype(np.int8)
    if missing:
        x[rng.random(x.shape) < missing] = -1
    return Workload(name, Responses.from_matrix(x), x)


def _log(persons: int, items: int) -> Workload:
    """Each person has 100 eligible questions; of these the most informative at the EAP is given, 30 times."""
    rng = np.random.default_rng([SEED, persons, items])
    a, b = _items(rng, items)
    theta = rng.normal(0, 1, persons)
    nodes = np.linspace(-4, 4, 41)
    z = a[:, None] * (nodes - b[:, None])
    log_right = (-np.logaddexp(0, -z)).astype(np.float32)
    log_wrong = (-np.logaddexp(0, z)).astype(np.float32)
    given = np.empty((persons, ADMINISTERED), np.int32)
    answers = np.empty((persons, ADMINISTERED), np.int8)
    for first in range(0, persons, 10_000):
        n = min(10_000, persons - first)
        everyone = np.arange(n)
        eligible = np.argpartition(rng.random((n, items), dtype=np.float32), ELIGIBLE, axis=1)[:, :ELIGIBLE]
        used = np.zeros((n, ELIGIBLE), bool)
        log = np.tile((-0.5 * nodes**2).astype(np.float32), (n, 1))
        for step in range(ADMINISTERED):
            w = np.exp(log - log.max(axis=1, keepdims=True))
            eap = w @ nodes / w.sum(axis=1)
            p = 1 / (1 + np.exp(-a[eligible] * (eap[:, None] - b[eligible])))
            best = np.where(used, -1, a[eligible] ** 2 * p * (1 - p)).argmax(axis=1)
            used[everyone, best] = True
            item = eligible[everyone, best]
            right = rng.random(n) < 1 / (1 + np.exp(-a[item] * (theta[first : first + n] - b[item])))
            given[first : first + n, step], answers[first : first + n, step] = item, right
            log += np.where(right[:, None], log_right[item], log_wrong[item])
    person = np.repeat(np.arange(persons, dtype=np.int32), ADMINISTERED)
    responses = Responses.from_rows(person, given.ravel(), answers.ravel(), items=range(items))
    return Workload("log", responses, priors="default")


def _concepts(persons: int, items: int) -> Workload:
    """30 % of the questions measure two of five concepts that correlate .6; 30 questions a person, at
    random.
    """
    rng = np.random.default_rng([SEED, persons, items, CONCEPTS])
    q = np.zeros((items, CONCEPTS), dtype=bool)
    q[np.arange(items), np.arange(items) % CONCEPTS] = True
    two = np.flatnonzero(rng.random(items) < 0.3)
    q[two, rng.integers(0, CONCEPTS, len(two))] = True
    slopes = q * np.clip(rng.lognormal(0.1, 0.3, q.shape), 0.5, 2.2) / np.sqrt(q.sum(axis=1, keepdims=True))
    d = -rng.normal(size=items) * np.linalg.norm(slopes, axis=1)
    covariance = np.full((CONCEPTS, CONCEPTS), CORRELATION) + (1 - CORRELATION) * np.eye(CONCEPTS)
    theta = rng.multivariate_normal(np.zeros(CONCEPTS), covariance, persons)
    length = min(ADMINISTERED, items)
    given = np.argsort(rng.random((persons, items)), axis=1)[:, :length]
    z = np.einsum("nld,nd->nl", slopes[given], theta) + d[given]
    x = rng.random(z.shape) < 1 / (1 + np.exp(-z))
    responses = Responses.from_rows(
        np.repeat(np.arange(persons), length), given.ravel(), x.ravel().astype(np.int8), items=range(items)
    )
    drawn: FloatArray = np.asarray(np.corrcoef(theta, rowvar=False))
    return Workload("concepts", responses, q_matrix=q, correlation=drawn)
