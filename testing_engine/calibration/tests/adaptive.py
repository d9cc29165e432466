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
