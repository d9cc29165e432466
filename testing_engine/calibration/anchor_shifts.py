"""Which anchors of a link moved: surely, and by as much as matters.

The robust z of an anchor is its difference in b, minus the median of all anchors' and divided by .74 times
their interquartile range (Huynh & Meyer 2010). It has no least size: the better the parameters are known, the
smaller is what it finds, and of many anchors some are beyond any bound by chance. So what is set aside must
also differ by .3 logits or more, the usual bound for anchors of Rasch equating (Miller, Rotou & Twing 2004),
here slope times difference in b, so that it means the same for every slope. Less than that is negligible DIF
to ETS, too (below 1 on its delta scale, .43 logits).
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

MOVED_Z = 2.7
LEAST_SHIFT = 0.3  # logits
NORMAL = 0.74  # the interquartile range of a normal distribution times this is its standard deviation


@dataclass(frozen=True)
class AnchorShift:
    """`z` robust, `logits` the slope times the difference in b from the median anchor's."""

    z: float
    logits: float

    @property
    def is_moved(self) -> bool:
        return abs(self.z) > MOVED_Z and abs(self.logits) >= LEAST_SHIFT


def anchor_shifts(differences: Mapping[Any, float], slopes: Sequence[float]) -> dict[Hashable, AnchorShift]:
    """`differences` of b, old minus new on the old scale, by anchor; `slopes` on the old scale, in order."""
    values = np.array(list(differences.values()))
    low, middle, high = np.percentile(values, [25, 50, 75])
    spread = NORMAL * (high - low)
    away = values - middle
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(away == 0, 0.0, away / spread)  # infinite where all others agree
    logits = away * np.array(slopes)
    return {
        item: AnchorShift(float(each), float(size))
        for item, each, size in zip(differences, z, logits, strict=True)
    }
