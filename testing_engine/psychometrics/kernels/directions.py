"""The directions in which a bank's questions measure."""

from typing import NamedTuple

import numpy as np

from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.items.response import FloatArray, IntArray

SAME_DIRECTION = 9  # digits of the unit vector


class Directions(NamedTuple):
    of_item: IntArray  # (N,)
    unit: FloatArray  # (all directions, D)


def directions_of(bank: ItemBank) -> Directions:
    """Made once for a bank."""
    return bank.derived(("directions",), lambda: _made(bank))


def _made(bank: ItemBank) -> Directions:
    # Scaled first: the square of a very small slope would be 0.
    scaled = bank.slopes / np.abs(bank.slopes).max(axis=1, keepdims=True)
    rounded = np.round(scaled / np.linalg.norm(scaled, axis=1, keepdims=True), SAME_DIRECTION)
    unit, of_item = np.unique(rounded, axis=0, return_inverse=True)
    return Directions(of_item.reshape(-1), unit / np.sqrt((unit**2).sum(axis=1))[:, None])
