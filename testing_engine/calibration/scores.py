"""Derivatives of log P(category | θ) in the free numbers, at the nodes of a grid."""

from dataclasses import dataclass

import numpy as np

from testing_engine.calibration.model import Model
from testing_engine.calibration.population import Population
from testing_engine.calibration.responses import FloatArray, IntArray


@dataclass(eq=False)
class Scores:
    """d log P / dx of every category row as columns of x: `own` (rows, width, Q), `at` (rows, width)."""

    own: FloatArray
    at: IntArray
    shared: FloatArray  # (rows, shared, Q)
    shared_at: IntArray
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
            columns = np.array([place[int(number)] for number in block.shared_index])
            shared[rows[:, None], columns] += common.reshape(len(rows), len(columns), q)
    return Scores(own, at, shared, model.shared, population.weight_scores(theta))
