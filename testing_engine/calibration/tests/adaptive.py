"""Simulated adaptive tests: 25 of 120 right/wrong questions, the most informative 5 drawn among at random."""

import numpy as np
import numpy.typing as npt

from testing_engine.calibration import Responses

FloatArray = npt.NDArray[np.float64]
NODES = np.linspace(-6, 6, 61)
LENGTH, NEAREST = 25, 5


def pool(rng: np.random.Generator, n: int = 120) -> tuple[FloatArray, FloatArray]:
    """Slopes and difficulties."""
    return np.clip(rng.lognormal(0.1, 0.3, n), 0.4, 2.5), np.clip(rng.normal(size=n), -2.8, 2.8)


def adaptive_answers(
    a: FloatArray,
    b: FloatArray,
    theta: FloatArray,
    rng: np.random.Generator,
    shift: FloatArray | None = None,
    group: list[str] | None = None,
) -> Responses:
    """Chosen by the parameters (a, b); answered with difficulties b + `shift` (persons or 1, items)."""
    n = len(theta)
    moved = np.broadcast_to(b + (0 if shift is None else shift), (n, len(b)))
    log_right = -np.logaddexp(0, -a[:, None] * (NODES - b[:, None]))
    log_wrong = -np.logaddexp(0, a[:, None] * (NODES - b[:, None]))
    log = np.tile(-0.5 * NODES**2, (n, 1))
    used = np.zeros((n, len(b)), dtype=bool)
    everyone = np.arange(n)
    items, answers = np.empty((n, LENGTH), dtype=np.int64), np.empty((n, LENGTH), dtype=np.int64)
    for step in range(LENGTH):
        p = np.exp(log - log.max(axis=1, keepdims=True))
        eap = p @ NODES / p.sum(axis=1)
        chance = 1 / (1 + np.exp(-a * (eap[:, None] - b)))
        information = np.where(used, -1, a**2 * chance * (1 - chance))
        best = np.argpartition(-information, NEAREST, axis=1)[:, :NEAREST]
        item = best[everyone, rng.integers(0, NEAREST, n)]
        used[everyone, item] = True
        right = rng.random(n) < 1 / (1 + np.exp(-a[item] * (theta - moved[everyone, item])))
        items[:, step], answers[:, step] = item, right
        log += np.where(right[:, None], log_right[item], log_wrong[item])
    labels = None if group is None else np.repeat(group, LENGTH).tolist()
    return Responses.from_rows(
        np.repeat(everyone, LENGTH), items.ravel(), answers.ravel(), labels, items=range(len(b))
    )


def several_pool(
    rng: np.random.Generator, n: int = 120, concepts: int = 2, within: float = 0.3
) -> tuple[FloatArray, FloatArray]:
    """Slopes (n, D) and intercepts (n,): concepts in turn, a share of the questions measures the next one,
    too.
    """
    slopes = np.zeros((n, concepts))
    first = np.arange(n) % concepts
    slopes[np.arange(n), first] = np.clip(rng.lognormal(0.1, 0.3, n), 0.5, 2.5)
    both = rng.random(n) < within
    slopes[both, (first[both] + 1) % concepts] = np.clip(rng.lognormal(-0.2, 0.3, int(both.sum())), 0.4, 2.0)
    b = np.clip(rng.normal(size=n), -2.5, 2.5)
    return slopes, -b * np.linalg.norm(slopes, axis=1)


def correlated(rng: np.random.Generator, persons: int, concepts: int, r: float = 0.6) -> FloatArray:
    """(N, D) abilities, N(0, 1) each."""
    common = rng.normal(size=(persons, 1))
    return np.asarray(np.sqrt(r) * common + np.sqrt(1 - r) * rng.normal(size=(persons, concepts)))


def adaptive_answers_of_several(
    slopes: FloatArray,
    d: FloatArray,
    theta: FloatArray,
    rng: np.random.Generator,
    shift: FloatArray | None = None,
    length: int = LENGTH,
) -> Responses:
    """25 questions, drawn among the 5 that reduce the variance of a normal posterior most; the intercepts
    that answer are d + `shift`.
    """
    n, concepts = theta.shape
    moved = d + (0 if shift is None else shift)
    mean, covariance = np.zeros((n, concepts)), np.tile(np.eye(concepts), (n, 1, 1))
    used = np.zeros((n, len(d)), dtype=bool)
    everyone = np.arange(n)
    items, answers = np.empty((n, length), dtype=np.int64), np.empty((n, length), dtype=np.int64)
    for step in range(length):
        chance = 1 / (1 + np.exp(-(mean @ slopes.T + d)))
        spread = np.einsum("jd,nde,je->nj", slopes, covariance, slopes, optimize=True)
        told = np.where(used, -1, chance * (1 - chance) * spread)
        best = np.argpartition(-told, NEAREST, axis=1)[:, :NEAREST]
        item = best[everyone, rng.integers(0, NEAREST, n)]
        used[everyone, item] = True
        a = slopes[item]
        right = rng.random(n) < 1 / (1 + np.exp(-((a * theta).sum(axis=1) + moved[item])))
        items[:, step], answers[:, step] = item, right
        p, along = chance[everyone, item], np.einsum("nde,ne->nd", covariance, a)
        weight = p * (1 - p) / (1 + p * (1 - p) * spread[everyone, item])
        covariance -= weight[:, None, None] * along[:, :, None] * along[:, None, :]
        mean += np.einsum("nde,ne->nd", covariance, a) * (right - p)[:, None]
    return Responses.from_rows(
        np.repeat(everyone, length), items.ravel(), answers.ravel(), items=range(len(d))
    )
