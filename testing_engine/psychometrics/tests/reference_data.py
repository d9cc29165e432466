"""The committed outputs of catR, mirt and mirtCAT (see reference/README.md), and banks made of them."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from testing_engine.psychometrics.items.bank import ItemBank

HERE = Path(__file__).parent / "reference"


@cache
def reference(name: str) -> Any:
    return json.loads((HERE / f"{name}.json").read_text())


@cache
def catr_bank(name: str, scaling: float = 1.0) -> ItemBank:
    """catR's dichotomous banks, columns a b c d."""
    rows = np.array(reference("catR_irf_dichotomous")["banks"][name])
    return ItemBank.from_arrays(
        concepts=np.ones((len(rows), 1)),
        model="4PL",
        discrimination=rows[:, 0],
        difficulty=rows[:, 1],
        guessing=rows[:, 2],
        upper=rows[:, 3],
        scaling=scaling,
    )


@cache
def catr_polytomous_bank(model: str) -> ItemBank:
    """catR's banks: alpha and thresholds; deltas; alpha_1, c_1, alpha_2, c_2, … with category 0 at 0."""
    rows = np.array(reference("catR_polytomous")["models"][model]["bank"], dtype=float)
    concepts = np.ones((len(rows), 1))
    if model == "NRM":
        zero = np.zeros((len(rows), 1))
        return ItemBank.from_arrays(
            concepts=concepts,
            model=model,
            category_slopes=np.hstack([zero, rows[:, 0::2]]),
            category_intercepts=np.hstack([zero, rows[:, 1::2]]),
        )
    slopes = rows[:, 0] if model in ("GRM", "GPCM") else 1.0
    steps = rows[:, 1:] if model in ("GRM", "GPCM") else rows
    return ItemBank.from_arrays(concepts=concepts, model=model, discrimination=slopes, thresholds=steps)


def slope_intercept_bank(
    slopes: npt.NDArray[np.float64], intercepts: npt.NDArray[np.float64], guessing: npt.NDArray[np.float64]
) -> ItemBank:
    """mirt's form a·θ + d: discrimination ‖a‖, concepts a/‖a‖, MDIFF −d/‖a‖."""
    steepness = np.linalg.norm(slopes, axis=1)
    return ItemBank.from_arrays(
        concepts=slopes / steepness[:, None],
        model="3PL",
        discrimination=steepness,
        difficulty=-intercepts / steepness,
        guessing=guessing,
    )


@cache
def mirtcat_bank(dimensions: int, place: int = 0) -> ItemBank:
    if dimensions == 1:
        rows = np.array(reference("mirtCAT_unidim")["bank"]["bank"])
    else:
        rows = np.array(reference("mirtCAT_multidim")["banks"][place]["bank"])
    return slope_intercept_bank(rows[:, :-2], rows[:, -2], rows[:, -1])


def mirt_bank(fit: dict[str, Any]) -> ItemBank:
    """One of mirt's fits, from its slope-intercept parameters."""
    columns = fit["params_slope_intercept"]["columns"]
    rows = np.array(fit["params_slope_intercept"]["values"], dtype=float)
    slopes = rows[:, :1]
    if "g" in columns:
        return slope_intercept_bank(slopes, rows[:, 1], rows[:, 2])
    concepts = np.ones_like(slopes)
    if "ak0" not in columns:  # graded: d1 > d2 > d3
        return ItemBank.from_arrays(
            concepts, model="GRM", discrimination=slopes[:, 0], thresholds=-rows[:, 1:] / slopes
        )
    categories = sum(name.startswith("ak") for name in columns)
    return ItemBank.from_arrays(  # gpcm, Rasch and nominal alike: P ∝ exp(ak a θ + d)
        concepts,
        model="NRM",
        category_slopes=rows[:, 1 : 1 + categories] * slopes,
        category_intercepts=rows[:, 1 + categories :],
    )
