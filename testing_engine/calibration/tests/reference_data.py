"""Reads the files of `reference/`."""

import csv
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from testing_engine.calibration import Calibration, Responses

FOLDER = Path(__file__).parent / "reference"


@lru_cache
def outputs(name: str) -> Any:
    return json.loads((FOLDER / name).read_text())


def answers(
    name: str, leave: tuple[str, ...] = ()
) -> tuple[list[str], npt.NDArray[np.int64], list[list[str]]]:
    """Item names, answers with −1 for missing, and the columns left out."""
    with (FOLDER / name).open() as file:
        head, *rows = csv.reader(file)
    kept = [number for number, label in enumerate(head) if label not in leave]
    table = np.array([[int(row[i]) if row[i] not in ("", "NA") else -1 for i in kept] for row in rows])
    others = [[row[i] for row in rows] for i in range(len(head)) if i not in kept]
    return [head[i] for i in kept], table, others


def responses(name: str) -> Responses:
    items, table, _ = answers(name)
    return Responses.from_matrix(np.where(table >= 0, table - table[table >= 0].min(), -1), items)


def adaptive_log() -> Responses:
    with (FOLDER / "03_cat_long.csv").open() as file:
        _, *rows = csv.reader(file)
    return Responses.from_rows([int(r[0]) for r in rows], [r[1] for r in rows], [int(r[2]) for r in rows])


def logit(p: float) -> float:
    return float(np.log(p / (1 - p)))


def differences(
    fit: Calibration, rows: list[dict[str, Any]], groups: dict[str, Any] | None = None
) -> tuple[float, float]:
    """Largest absolute difference of parameters and relative one of standard errors to mirt's internal
    ones.
    """
    apart, error_apart = 0.0, 0.0
    for row in rows:
        value, error = row.get("value"), row.get("se")
        if value is not None and abs(value) > 900:
            continue
        mine, mine_error = _mine(fit, row, groups or {"all": fit.responses.groups[0]})
        if value is not None:
            apart = max(apart, abs(mine - value))
        if error:
            error_apart = max(error_apart, abs(mine_error / error - 1))
    return apart, error_apart


def _mine(fit: Calibration, row: dict[str, Any], groups: dict[str, Any]) -> tuple[float, float]:
    name = row["name"]
    if row["item"] == "GROUP":
        group = fit.population[groups[row["group"]]]
        sd = float(group.sd)
        if name == "MEAN_1":
            return float(group.mean), float(group.mean_error)
        return sd**2, 2 * sd * float(group.sd_error)
    estimate, error = fit.parameters[row["item"]], fit.standard_errors[row["item"]]
    if name == "a1":
        return float(estimate.a[0]), float(error.a[0])
    if name in ("g", "u"):
        p, e = (estimate.lower, error.lower) if name == "g" else (estimate.upper, error.upper)
        return logit(p), e / (p * (1 - p))
    number = int(name[1:]) if len(name) > 1 else 1
    position = number if estimate.model in ("GPCM", "PCM", "RSM", "NRM") else number - 1
    return float(estimate.d[position]), float(error.d[position])
