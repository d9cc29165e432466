"""Nodes at which ability is integrated: evenly spaced, 61 on ±6 for one concept, 31 a concept for two."""

import numpy as np

from testing_engine.calibration.responses import FloatArray

LIMIT = 6.0
NODES = {1: 61, 2: 31}


def grid(n_concepts: int, refine: int = 1, limit: float = LIMIT) -> FloatArray:
    """(Q, D); `refine` divides the step."""
    n = round((NODES[n_concepts] - 1) * refine * limit / LIMIT) + 1
    line = np.linspace(-limit, limit, n)
    if n_concepts == 1:
        return line[:, None]
    return np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
