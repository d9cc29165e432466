"""Somebody looks on while a calibration iterates: to draw a bar, and to end it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

FARTHEST = 100.0  # standard errors that a first step may be far


@dataclass(frozen=True)
class Iteration:
    """Where the iterations stand. `largest_step`: how far the last one moved, in standard errors."""

    number: int
    largest_step: float
    tolerance: float

    @property
    def share(self) -> float:
        """A guess of how much is done, from 0 to 1: steps shrink about geometrically."""
        if not np.isfinite(self.largest_step):
            return 0.0
        to_go = np.log(max(self.largest_step, self.tolerance) / self.tolerance)
        return float(np.clip(1 - to_go / np.log(FARTHEST / self.tolerance), 0.0, 1.0))


# Called after every iteration, in the caller's thread. What it raises ends the calibration.
Watch: TypeAlias = Callable[[Iteration], object]


def unwatched(_: Iteration) -> None:
    """Nobody looks."""
