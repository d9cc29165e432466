"""Person fit from the order of the answers: the prequential l_z.

Before each answer the posterior of the answers so far predicts it. The log-probability of what was answered
minus its expectation is a martingale difference, whatever rule chose the question, so the standardised sum
keeps its level under adaptive selection (l_z at the EAP does not: it is far too tame there). Low values:
answers unlike the model's.
"""

from dataclasses import dataclass

import numpy as np

from testing_engine.calibration.calibration import Calibration
from testing_engine.calibration.expectation import in_order
from testing_engine.calibration.responses import FloatArray


@dataclass(frozen=True, eq=False)
class PersonFit:
    """`z` (N,): nan without answers. `flagged`: z below −1.645 (5 %)."""

    z: FloatArray
    n: FloatArray

    @property
    def flagged(self) -> np.ndarray:
        return np.asarray(self.z < -1.645)


PERSONS_A_BLOCK = 2048


def prequential_fit(fit: Calibration) -> PersonFit:
    """Answers in the order of `fit.responses`: the long form keeps the order of its rows; a matrix that of
    its columns.
    """
    if fit.several_points:
        raise ValueError("fit: prequential person fit is for one or two concepts")
    responses = fit.responses.without(fit.left_out)
    log_p = fit.model.log_probabilities(fit.state.x, fit.nodes)
    log_w = fit.state.population.log_weights(fit.nodes)
    length = np.diff(responses.start)
    offset = fit.model.offset
    width = int(np.diff(offset).max(initial=2))
    rows = offset[:-1][:, None] + np.minimum(np.arange(width), np.diff(offset)[:, None] - 1)
    real = np.arange(width) < np.diff(offset)[:, None]

    def work(part: slice) -> tuple[FloatArray, FloatArray]:
        log = log_w[responses.group[part]].copy()
        start, n = responses.start[part], length[part]
        total, variance = np.zeros(len(n)), np.zeros(len(n))
        for step in range(int(n.max(initial=0))):
            who = np.flatnonzero(n > step)
            at = start[who] + step
            item, category = responses.item[at], responses.category[at]
            p = np.exp(log[who] - log[who].max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            chance = np.einsum("nq,nkq->nk", p, np.exp(log_p[rows[item]])) * real[item]
            surprise = np.log(np.where(chance > 0, chance, 1.0))
            mean = (chance * surprise).sum(axis=1)
            total[who] += surprise[np.arange(len(who)), category] - mean
            variance[who] += (chance * surprise**2).sum(axis=1) - mean**2
            log[who] += log_p[offset[item] + category]
        return total, variance

    parts = [
        slice(i, min(i + PERSONS_A_BLOCK, responses.n_persons))
        for i in range(0, responses.n_persons, PERSONS_A_BLOCK)
    ]
    found = list(in_order(work, parts, fit.threads))
    total = np.concatenate([each[0] for each in found])
    variance = np.concatenate([each[1] for each in found])
    with np.errstate(invalid="ignore", divide="ignore"):
        return PersonFit(np.asarray(total / np.sqrt(variance)), length.astype(float))
