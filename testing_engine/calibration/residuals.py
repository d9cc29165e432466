"""Residuals of answers at the persons' EAP, and their correlations between items (Yen's Q3)."""

from typing import TYPE_CHECKING

import numpy as np

from testing_engine.calibration.responses import FloatArray

if TYPE_CHECKING:
    from testing_engine.calibration.calibration import Calibration


def expected_answers(fit: "Calibration", theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of every given answer at the persons' abilities `theta`, each (answers,)."""
    responses, model = fit.responses, fit.model
    points = theta[:, None] if theta.ndim == 1 else theta
    mean, variance = np.full(responses.n_answers, np.nan), np.full(responses.n_answers, np.nan)
    order = np.argsort(responses.item, kind="stable")
    bounds = np.searchsorted(responses.item[order], np.arange(responses.n_items + 1))
    for block in model.blocks:
        natural = block.natural(fit.state.x)
        score = np.arange(block.k)[:, None]
        for row, j in enumerate(block.items):
            answers = order[bounds[j] : bounds[j + 1]]
            at = points[responses.person[answers]]
            p = np.exp(block.log_probabilities(natural[row : row + 1], at)[0])
            mean[answers] = (p * score).sum(axis=0)
            variance[answers] = (p * score**2).sum(axis=0) - mean[answers] ** 2
    return mean, variance


def residual_correlations(fit: "Calibration") -> tuple[FloatArray, FloatArray]:
    """Q3 (Yen 1984): correlations of x − E(x | EAP) over the persons who answered both; and how many they
    are.

    Both (J, J); nan on pairs without variance. Under no local dependence Q3 averages near −1/(J − 1), so
    compare with the mean.
    """
    mean, _ = expected_answers(fit, fit.scores.theta)
    responses = fit.responses
    residual = np.zeros((responses.n_persons, responses.n_items))
    seen = np.zeros_like(residual)
    good = np.isfinite(mean)
    who, item = responses.person[good], responses.item[good]
    residual[who, item] = responses.category[good] - mean[good]
    seen[who, item] = 1.0
    n = seen.T @ seen
    with np.errstate(invalid="ignore", divide="ignore"):
        cross = residual.T @ residual / n
        first = residual.T @ seen / n  # mean of i over those who answered j too
        square = (residual**2).T @ seen / n
        spread = np.sqrt(np.maximum(square - first**2, 0.0))
        q3 = (cross - first * first.T) / (spread * spread.T)
    return q3, n
