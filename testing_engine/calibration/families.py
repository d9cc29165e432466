"""Log-probabilities of the categories, and their derivatives, for many items of one family at once.

Everything is a function of z = a · θ and of the remaining parameters of the item:

    logistic   d, logit c, logit u       P(1) = c + (u − c) σ(z + d)                Birnbaum (1968)
    graded     d_1 > … > d_{K−1}         P(X ≥ k) = σ(z + d_k)                      Samejima (1969)
    partial    d_1 … d_{K−1}             P(X = k) ∝ exp(k z + d_k), d_0 = 0         Muraki (1992)
    nominal    s_1 … s_{K−2}, d_1 …      P(X = k) ∝ exp(s_k z + d_k), s_0 = 0, s_{K−1} = K − 1   Bock (1972)

Shapes: z is (J, Q), the other parameters (J, r). Results: log P (J, K, Q), d log P / dz (J, K, Q),
d log P / d(other) (J, r, K, Q).
"""

from collections.abc import Callable

import numpy as np
from scipy.special import expit, log_expit

from testing_engine.calibration.responses import FloatArray

Curves = tuple[FloatArray, FloatArray, FloatArray]
Family = Callable[[FloatArray, FloatArray, int], Curves]

TINY = 1e-300


def two_parameter(z: FloatArray, rest: FloatArray, _: int = 2) -> Curves:
    t = z + rest[:, :1]
    p = expit(t)
    slope = np.stack([-p, 1 - p], axis=1)
    return np.stack([log_expit(-t), log_expit(t)], axis=1), slope, slope[:, None]


def with_asymptotes(z: FloatArray, rest: FloatArray, _: int = 2) -> Curves:
    """`rest` is d, logit c and, for an upper asymptote below 1, logit u."""
    t = z + rest[:, :1]
    rise, fall = expit(t), expit(-t)
    c = expit(rest[:, 1:2])
    has_upper = rest.shape[1] > 2
    u = expit(rest[:, 2:3]) if has_upper else np.ones_like(c)
    span = u - c
    right = np.maximum(c + span * rise, TINY)
    wrong = np.maximum((1 - u) + span * fall, TINY)
    slope = span * rise * fall
    dz = np.stack([-slope / wrong, slope / right], axis=1)
    lower = c * (1 - c) * fall
    others = [dz, np.stack([-lower / wrong, lower / right], axis=1)]
    if has_upper:
        upper = u * (1 - u) * rise
        others.append(np.stack([-upper / wrong, upper / right], axis=1))
    return np.log(np.stack([wrong, right], axis=1)), dz, np.stack(others, axis=1)


def graded(z: FloatArray, rest: FloatArray, k: int) -> Curves:
    """σ(x) − σ(y) = σ(x) σ(−y) (1 − exp(y − x)), which loses no digits where two boundaries are near."""
    n, q = z.shape
    x = z[:, None] + rest[:, :, None]  # (J, K − 1, Q)
    above, below = log_expit(x), log_expit(-x)
    log_p = np.empty((n, k, q))
    log_p[:, 0], log_p[:, -1] = below[:, 0], above[:, -1]
    d = np.zeros((n, k - 1, k, q))
    d[:, 0, 0] = -expit(x[:, 0])
    d[:, -1, -1] = expit(-x[:, -1])
    if k > 2:
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            gap = -np.expm1(rest[:, 1:] - rest[:, :-1])[:, :, None]
            log_p[:, 1:-1] = above[:, :-1] + below[:, 1:] + np.log(gap)
            into = np.exp(below[:, :-1] - below[:, 1:]) / gap
            out = np.exp(above[:, 1:] - above[:, :-1]) / gap
        for middle in range(1, k - 1):
            d[:, middle - 1, middle] = into[:, middle - 1]
            d[:, middle, middle] = -out[:, middle - 1]
    return log_p, d.sum(axis=1), d


def partial_credit(z: FloatArray, rest: FloatArray, k: int) -> Curves:
    score = np.arange(k, dtype=float)[:, None]
    return _softmax(score * z[:, None], rest, score[None], z, 0)


def nominal(z: FloatArray, rest: FloatArray, k: int) -> Curves:
    free = k - 2
    score = np.zeros((len(z), k, 1))
    score[:, 1:-1, 0] = rest[:, :free]
    score[:, -1] = k - 1
    return _softmax(score * z[:, None], rest[:, free:], score, z, free)


def _softmax(t: FloatArray, d: FloatArray, score: FloatArray, z: FloatArray, free: int) -> Curves:
    """`free` score parameters, of categories 1 … free, come before the intercepts."""
    t = t.copy()
    t[:, 1:] += d[:, :, None]
    t -= t.max(axis=1, keepdims=True)
    log_p = t - np.log(np.exp(t).sum(axis=1, keepdims=True))
    p = np.exp(log_p)
    dz = score - (score * p).sum(axis=1, keepdims=True)
    n, k, q = t.shape
    others = np.empty((n, free + k - 1, k, q))
    for category in range(1, k):
        own = others[:, free + category - 1]
        own[:] = -p[:, category : category + 1]
        own[:, category] += 1
        if category <= free:
            others[:, category - 1] = own * z[:, None]
    return log_p, dz, others


def n_others(model: str, k: int) -> int:
    """How many parameters of an item of this model are not slopes."""
    if model == "3PL":
        return 2
    if model == "4PL":
        return 3
    return 2 * k - 3 if model == "NRM" else k - 1


FAMILY: dict[str, Family] = {
    "Rasch": two_parameter,
    "1PL": two_parameter,
    "2PL": two_parameter,
    "3PL": with_asymptotes,
    "4PL": with_asymptotes,
    "GRM": graded,
    "GPCM": partial_credit,
    "PCM": partial_credit,
    "RSM": partial_credit,
    "NRM": nominal,
}
MODELS = tuple(FAMILY)
BINARY = ("Rasch", "1PL", "2PL", "3PL", "4PL")
UNIT_SLOPE = ("Rasch", "PCM", "RSM")  # slope 1, so the population's variance is free
