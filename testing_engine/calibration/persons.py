"""Person fit from the order of the answers: the prequential l_z, and a CUSUM that says where it went wrong.

Before each answer the posterior of the answers so far predicts it. The log-probability of what was answered
minus its expectation is a martingale difference, whatever rule chose the question, so the standardised sum
keeps its level under adaptive selection (l_z at the EAP does not: it is far too tame there). Low values:
answers unlike the model's.
"""

from dataclasses import dataclass

import numpy as np

from testing_engine.calibration.calibration import Calibration
from testing_engine.calibration.expectation import in_order
from testing_engine.calibration.predictions import Predictions, predictions_of
from testing_engine.calibration.responses import FloatArray, IntArray

PERSONS_A_BLOCK = 2048
PERSONS_A_DRAW = 256
MISFIT = -1.645  # z of the lowest 5 %
REPLICATIONS = 199  # draws of a person's answers, for the p-value of a CUSUM


@dataclass(frozen=True, eq=False)
class PersonFit:
    """`z` (N,): nan without answers. `flagged`: z below −1.645 (5 %)."""

    z: FloatArray
    n: FloatArray

    @property
    def flagged(self) -> np.ndarray:
        return np.asarray(self.z < MISFIT)


@dataclass(frozen=True, eq=False)
class CusumFit:
    """`upper` (N,): the largest upward excursion, in shares of the answers: better than predicted for a
    while. `lower`: the largest downward one, 0 or less. `p`: how often answers by the model go as far either
    way; nan without answers. `at`: the number of the answer, from 1, at which the larger excursion ended.
    """

    upper: FloatArray
    lower: FloatArray
    p: FloatArray
    at: IntArray

    @property
    def flagged(self) -> np.ndarray:
        return np.asarray(self.p <= 0.05)


def prequential_fit(fit: Calibration) -> PersonFit:
    """Answers in the order of `fit.responses`: the long form keeps the order of its rows; a matrix that of
    its columns.
    """
    predictions = predictions_of(fit)

    def work(part: slice) -> tuple[FloatArray, FloatArray]:
        n = len(predictions.length[part])
        total, variance = np.zeros(n), np.zeros(n)
        for each in predictions.of(part):
            chance, who = each.chance, each.who
            surprise = np.log(np.where(chance > 0, chance, 1.0))
            mean = (chance * surprise).sum(axis=1)
            total[who] += surprise[np.arange(len(who)), each.category] - mean
            variance[who] += (chance * surprise**2).sum(axis=1) - mean**2
        return total, variance

    found = list(in_order(work, predictions.parts(PERSONS_A_BLOCK), fit.threads))
    total = np.concatenate([each[0] for each in found])
    variance = np.concatenate([each[1] for each in found])
    with np.errstate(invalid="ignore", divide="ignore"):
        return PersonFit(np.asarray(total / np.sqrt(variance)), predictions.length.astype(float))


def cusum_fit(fit: Calibration, seed: int = 0, replications: int = REPLICATIONS) -> CusumFit:
    """Cumulative sums of answers minus their predictions (van Krimpen-Stoop & Meijer 2000), two-sided.

    T_i = (x_i − E x_i) / n, where E is what the answers before predict; C⁺_i = max(0, C⁺_{i−1} + T_i), C⁻
    likewise downwards. The published limits are of one design each, so the p-value comes from answers drawn
    by the same predictions, `replications` a person: the T are martingale differences under any rule of
    selection, and the excursions of their sums follow from their variances. Answers as in `prequential_fit`.
    """
    if replications < 19:
        raise ValueError("replications: must be at least 19, or no p-value is as low as 5 %")
    predictions = predictions_of(fit)
    parts = predictions.parts(PERSONS_A_DRAW)

    def work(number: int) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
        rng = np.random.default_rng((seed, number))
        return _excursions(predictions, parts[number], rng, replications)

    found = list(in_order(work, range(len(parts)), fit.threads))
    upper, lower, p, at = (np.concatenate([each[k] for each in found]) for k in range(4))
    p[predictions.length == 0] = np.nan
    return CusumFit(upper, lower, p, at)


def _excursions(
    predictions: Predictions, part: slice, rng: np.random.Generator, replications: int
) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    """Of a block of persons: the largest sums either way, p-values, and where the larger one ended."""
    length = predictions.length[part]
    n = len(length)
    up, down = np.zeros((n, replications + 1)), np.zeros((n, replications + 1))  # the first is what was given
    most, least = np.zeros_like(up), np.zeros_like(up)
    at = np.zeros(n, dtype=np.int64)
    for each in predictions.of(part):
        chance, who = each.chance, each.who
        score = np.arange(chance.shape[1])
        mean = chance @ score
        below = chance.cumsum(axis=1)[:, :-1]
        drawn = (rng.random((len(who), replications))[:, :, None] > below[:, None, :]).sum(axis=2)
        answers = np.concatenate([each.category[:, None], drawn], axis=1)
        t = (answers - mean[:, None]) / length[who][:, None]
        up[who] = np.maximum(up[who] + t, 0.0)
        down[who] = np.minimum(down[who] + t, 0.0)
        before = np.maximum(most[who, 0], -least[who, 0])
        most[who] = np.maximum(most[who], up[who])
        least[who] = np.minimum(least[who], down[who])
        farther = np.maximum(most[who, 0], -least[who, 0]) > before
        at[who[farther]] = each.step + 1
    farthest = np.maximum(most, -least)
    reached = (farthest[:, 1:] >= farthest[:, :1] - 1e-12).sum(axis=1)
    return most[:, 0], least[:, 0], (1.0 + reached) / (1.0 + replications), at
