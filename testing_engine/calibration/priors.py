"""Prior densities of item parameters.

    {"a": (m, s)}      log-normal on slopes: log a ~ N(m, s²); keeps slopes above 0
    {"slope": (m, s)}  normal on slopes, which may be negative
    {"d": (m, s)}      normal on intercepts
    {"g": (m, s)}      normal on logit c (3PL, 4PL);  {"u": (m, s)} on logit u (4PL)

"default" is weak: it decides only where an item has few answers. Its slopes are normal, not log-normal, so
that an item whose key is wrong can show a negative slope.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from testing_engine.calibration.blocks import Block
from testing_engine.calibration.responses import FloatArray

Priors = Mapping[str, tuple[float, float]]
DEFAULT: Priors = {"slope": (1.0, 1.0), "d": (0.0, 4.0), "g": (-1.386, 0.5), "u": (2.944, 0.5)}
KEYS = {
    "a": "a",
    "log_a": "a",
    "slope": "slope",
    "d": "d",
    "g": "g",
    "c": "g",
    "lower": "g",
    "u": "u",
    "upper": "u",
}
LOG_ROOT_2_PI = 0.5 * np.log(2 * np.pi)


class PriorError(ValueError):
    """A prior that cannot be used; `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


def read_priors(priors: str | Priors) -> dict[str, tuple[float, float]]:
    if isinstance(priors, str):
        if priors not in ("default", "none"):
            raise PriorError("priors", f"must be default, none or a mapping, not {priors!r}")
        return dict(DEFAULT) if priors == "default" else {}
    if not isinstance(priors, Mapping):
        raise PriorError("priors", f"must be default, none or a mapping, not {priors!r}")
    read = {}
    for key, value in priors.items():
        if key not in KEYS:
            raise PriorError(f"priors[{key!r}]", f"must be one of {', '.join(KEYS)}")
        try:
            mean, sd = (float(number) for number in value)
        except (TypeError, ValueError):
            told = f"needs two numbers, mean and standard deviation, not {value!r}"
            raise PriorError(f"priors[{key!r}]", told) from None
        if not (np.isfinite(mean) and np.isfinite(sd) and sd > 0):
            raise PriorError(f"priors[{key!r}]", "needs a finite mean and a standard deviation above 0")
        read[KEYS[key]] = (mean, sd)
    return read


@dataclass(frozen=True, eq=False)
class Density:
    """Log-density of one block's items, (n,), and its first and second derivatives, each (n, p)."""

    value: FloatArray
    gradient: FloatArray
    curvature: FloatArray  # minus the second derivatives


def density(priors: Priors, block: Block, natural: FloatArray) -> Density:
    """Of the item's own free parameters; what several items share has no prior."""
    value = np.zeros(len(natural))
    gradient, curvature = np.zeros_like(natural), np.zeros_like(natural)
    if not priors or not block.own_map.shape[1]:
        return Density(value, gradient, curvature)
    own = np.abs(block.own_map).sum(axis=1) > 0
    for column, name in enumerate(block.names):
        if not own[column] or block.model == "RSM":
            continue
        x = natural[:, column]
        kind = name[0]
        if kind == "a" and "a" in priors:
            mean, sd = priors["a"]
            with np.errstate(divide="ignore", invalid="ignore"):
                log = np.where(x > 0, np.log(x), -np.inf)
                z = (log - mean) / sd
                value += np.where(x > 0, -0.5 * z**2 - log - np.log(sd) - LOG_ROOT_2_PI, -np.inf)
                gradient[:, column] -= (z / sd + 1) / x
                curvature[:, column] += (1 / sd**2 - z / sd - 1) / x**2
        key = "slope" if kind == "a" else kind
        if key in priors:
            mean, sd = priors[key]
            z = (x - mean) / sd
            value += -0.5 * z**2 - np.log(sd) - LOG_ROOT_2_PI
            gradient[:, column] -= z / sd
            curvature[:, column] += 1 / sd**2
    return Density(value, gradient, curvature)
