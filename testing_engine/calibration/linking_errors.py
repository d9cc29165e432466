"""How exact a link is: standard errors of A and B.

Where both sides' parameters come with their covariance, by the delta method (Ogasawara 2000): what sampling
of persons leaves open. Where they do not, by the jackknife over anchors: how much A and B depend on which
anchors there are (Monseur & Berezner 2007), which holds their sampling errors and their own movements
together. With L anchors in G groups, and A_(g) found without those of group g:

    var A = (G − 1) / G · Σ_g (A_(g) − mean A_(g))²

G = L up to `MOST_GROUPS`; above, every G-th anchor is in a group.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np

from testing_engine.calibration.parameters import NEVER, ParameterTable
from testing_engine.calibration.responses import FloatArray, IntArray

FROM_COVARIANCES, FROM_ANCHORS = "covariances", "anchors"
FEWEST_ANCHORS = 3  # two left are what a link needs
MOST_GROUPS = 50
H = 1e-5

# (natural parameters of old, of new) → (A, B).
Solver = Callable[[FloatArray, FloatArray], FloatArray]


class LinkError(ValueError):
    """Items that cannot be linked; `field` names the argument."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


def covariance_of(
    parameters: Mapping[Any, Any], anchors: list[Hashable], given: FloatArray | None, n: int
) -> FloatArray | None:
    """(n, n) of the anchors' natural parameters, where it is given or known."""
    if given is None and isinstance(parameters, ParameterTable):
        given = parameters.covariance(anchors)
    if given is None:
        return None
    matrix = np.asarray(given, dtype=float)
    if matrix.shape != (n, n):
        raise LinkError("covariance", f"must be {n} × {n}, for {n} natural parameters of the anchors")
    return matrix


def by_delta(
    solve: Solver, old: FloatArray, new: FloatArray, old_covariance: FloatArray, new_covariance: FloatArray
) -> FloatArray:
    """(2, 2) of (A, B)."""
    total = np.zeros((2, 2))
    for which, covariance in ((0, old_covariance), (1, new_covariance)):
        x = (old, new)[which]
        jacobian = np.zeros((2, len(x)))
        for column in np.flatnonzero(np.abs(x) < NEVER):
            step = np.zeros(len(x))
            step[column] = H
            up, down = (
                ((x + step, new), (x - step, new)) if which == 0 else ((old, x + step), (old, x - step))
            )
            jacobian[:, column] = (solve(*up) - solve(*down)) / (2 * H)
        total += jacobian @ covariance @ jacobian.T
    return total


def by_jackknife(without: Callable[[IntArray], FloatArray], n_anchors: int) -> FloatArray:
    """(2, 2) of (A, B). `without` solves without the anchors of these numbers."""
    groups = min(n_anchors, MOST_GROUPS)
    numbers = np.arange(n_anchors)
    found = np.array([without(numbers[numbers % groups == group]) for group in range(groups)])
    away = found - found.mean(axis=0)
    return np.asarray((groups - 1) / groups * away.T @ away)
