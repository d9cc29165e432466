"""Findings."""
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from testing_engine.calibration.families import BINARY
from testing_engine.calibration.responses import BoolArray, Responses

if TYPE_CHECKING:
    from testing_engine.calibration.calibration import Calibration


@dataclass(frozen=True)
class Finding:
    code: str
    item: Hashable | None
    severity: str
    sentence: str
    numbers: dict[str, Any]


def left_out_items(responses: Responses, models: list[str], fixed: Mapping[Hashable, Any]) -> BoolArray:
    out = np.zeros(responses.n_items, dtype=bool)
    for j, (item, model, count) in enumerate(zip(responses.items, models, responses.counts, strict=True)):
        if item in fixed:
            continue
        out[j] = (count > 0).sum() < 2 or (count == 0).any()
    return out


def diagnose(fit: "Calibration") -> list[Finding]:
    return []
