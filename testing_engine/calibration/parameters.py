"""Item parameters as callers see them, and as they may hand them in."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, logit

from testing_engine.calibration.blocks import natural_names
from testing_engine.calibration.families import BINARY
from testing_engine.calibration.responses import FloatArray

NEVER = 999.0  # logit of an asymptote at 0 (−) or at 1 (+)
NAMES = {
    "a": ("a", "slopes", "slope"),
    "d": ("d", "intercepts", "intercept"),
    "b": ("b", "difficulty", "difficulties"),
    "lower": ("lower", "c", "g", "guessing"),
    "upper": ("upper", "u"),
    "scoring": ("scoring", "ak"),
}


class ParameterError(ValueError):
    """Parameters that no item can have; `field` names the argument and the item."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, eq=False)
class ItemEstimate:
    """An item on the logistic metric (D = 1), or, in the same fields, its standard errors.

    `a` holds one slope a concept, 0 where the item does not measure it. `d`: one intercept (right/wrong), K −
    1 falling ones (GRM) or K from 0 (GPCM, PCM, RSM, NRM). `scoring` are NRM's category scores from 0 to K −
    1, so that the slope of category k is a · scoring[k]. `b` are the places on the scale: −d/‖a‖, and for the
    partial credit family the K − 1 points where neighbouring categories are equally likely.
    """

    model: str
    a: FloatArray
    d: FloatArray
    lower: float
    upper: float
    b: FloatArray
    scoring: FloatArray | None = None

    @property
    def n_categories(self) -> int:
        if self.model in BINARY:
            return 2
        return len(self.d) + 1 if self.model == "GRM" else len(self.d)


class ParameterTable(dict[Hashable, ItemEstimate]):
    """{item: parameters} that can also tell the covariance of its free numbers, for linking."""

    def __init__(
        self,
        entries: Mapping[Hashable, ItemEstimate],
        covariance: Callable[[Sequence[Hashable]], FloatArray] | None = None,
    ) -> None:
        super().__init__(entries)
        self._covariance = covariance

    def covariance(self, items: Sequence[Hashable]) -> FloatArray | None:
        """Covariance of the natural parameters of these items, one after the other; None if unknown."""
        return None if self._covariance is None else self._covariance(items)


def natural_parameters(estimate: ItemEstimate, concepts: Sequence[int]) -> FloatArray:
    """(p,): the slopes of `concepts`, then the family's others, as `blocks.natural_names` lists them."""
    parts = [estimate.a[list(concepts)]]
    if estimate.model == "NRM":
        assert estimate.scoring is not None
        parts.append(estimate.scoring[1:-1])
    parts.append(estimate.d if estimate.model in (*BINARY, "GRM") else estimate.d[1:])
    if estimate.model in ("3PL", "4PL"):
        parts.append(np.array([logit(estimate.lower) if estimate.lower > 0 else -NEVER]))
    if estimate.model == "4PL":
        parts.append(np.array([logit(estimate.upper) if estimate.upper < 1 else NEVER]))
    return np.concatenate([np.asarray(part, dtype=float) for part in parts])


def estimate_of(
    model: str, k: int, natural: FloatArray, concepts: Sequence[int], n_concepts: int
) -> ItemEstimate:
    """What callers see of natural parameters."""
    shown = _shown(model, k, len(concepts))(natural)
    n_d = _n_shown_d(model, k)
    a = np.zeros(n_concepts)
    a[list(concepts)] = shown[: len(concepts)]
    position = len(concepts)
    d, position = shown[position : position + n_d], position + n_d
    lower, upper, position = float(shown[position]), float(shown[position + 1]), position + 2
    n_b = n_d if model in (*BINARY, "GRM") else n_d - 1
    b, scoring = shown[position : position + n_b], shown[position + n_b :]
    return ItemEstimate(model, a, d, lower, upper, b, scoring if model == "NRM" else None)


def standard_errors_of(
    model: str,
    k: int,
    natural: FloatArray,
    covariance: FloatArray,
    free: Sequence[bool],
    concepts: Sequence[int],
    n_concepts: int,
) -> ItemEstimate:
    """Delta method from the covariance of the natural parameters; nan for constants and where b has no
    place.
    """
    shown = _shown(model, k, len(concepts))
    jacobian = _jacobian(shown, natural)
    variance = np.einsum("ij,jk,ik->i", jacobian, covariance, jacobian)
    moves = np.abs(jacobian) @ np.asarray(free, dtype=float) > 0
    with np.errstate(invalid="ignore"):
        error = np.where(moves, np.sqrt(variance), np.nan)
    n_d, n_a = _n_shown_d(model, k), len(concepts)
    a = np.full(n_concepts, np.nan)
    a[list(concepts)] = error[:n_a]
    rest = error[n_a + n_d + 2 :]
    n_b = n_d if model in (*BINARY, "GRM") else n_d - 1
    return ItemEstimate(
        model,
        a,
        error[n_a : n_a + n_d],
        float(error[n_a + n_d]),
        float(error[n_a + n_d + 1]),
        rest[:n_b],
        rest[n_b:] if model == "NRM" else None,
    )


def not_estimable(model: str, k: int, n_concepts: int) -> ItemEstimate:
    n_d = _n_shown_d(model, k)
    n_b = n_d if model in (*BINARY, "GRM") else n_d - 1
    nan = np.nan
    scoring = np.full(k, nan) if model == "NRM" else None
    return ItemEstimate(
        model, np.full(n_concepts, nan), np.full(n_d, nan), nan, nan, np.full(n_b, nan), scoring
    )


def _n_shown_d(model: str, k: int) -> int:
    if model in BINARY:
        return 1
    return k - 1 if model == "GRM" else k


def _shown(model: str, k: int, n_slopes: int) -> Callable[[FloatArray], FloatArray]:
    """natural -> (a, d, lower, upper, b, scoring) in one row; accepts (..., p)."""
    names = natural_names(model, k, n_slopes)
    d_at = [i for i, name in enumerate(names) if name[0] == "d"]

    def shown(natural: FloatArray) -> FloatArray:
        a, d = natural[..., :n_slopes], natural[..., d_at]
        zero = np.zeros((*natural.shape[:-1], 1))
        lower = expit(natural[..., names.index("g"), None]) if "g" in names else zero
        upper = expit(natural[..., names.index("u"), None]) if "u" in names else zero + 1
        length = np.where(n_slopes == 1, a[..., :1], np.linalg.norm(a, axis=-1, keepdims=True))
        scoring = natural[..., :0]
        with np.errstate(divide="ignore", invalid="ignore"):
            if model in (*BINARY, "GRM"):
                b = -d / length
            else:
                d = np.concatenate([zero, d], axis=-1)
                if model == "NRM":
                    inner = natural[..., n_slopes : n_slopes + k - 2]
                    scoring = np.concatenate([zero, inner, zero + k - 1], axis=-1)
                    length = length * np.diff(scoring, axis=-1)
                b = -np.diff(d, axis=-1) / length
        return np.concatenate([a, d, lower, upper, b, scoring], axis=-1)

    return shown


def _jacobian(function: Callable[[FloatArray], FloatArray], x: FloatArray) -> FloatArray:
    """Central differences, (outputs, inputs)."""
    h = 1e-6 * np.maximum(1.0, np.abs(x))
    steps = np.diag(h)
    with np.errstate(invalid="ignore"):
        return ((function(x + steps) - function(x - steps)) / (2 * h[:, None])).T


def given_parameters(label: Hashable, given: Any, argument: str = "fixed") -> dict[str, Any]:
    """Reads a mapping, or an object with these attributes, into {"a", "d", "b", "lower", "upper", "scoring"}.

    What is missing or None is left out; `d` wins over `b`. `argument` is what errors call it.
    """
    where = f"{argument}[{label!r}]"
    if isinstance(given, Mapping):
        known = {name for names in NAMES.values() for name in names} | {"model"}
        unknown = [key for key in given if key not in known]
        if unknown:
            raise ParameterError(where, f"has no parameter {unknown[0]!r}")

    def value(name: str) -> Any:
        return given.get(name) if isinstance(given, Mapping) else getattr(given, name, None)

    found: dict[str, Any] = {}
    for field, names in NAMES.items():
        values = [value(name) for name in names]
        present = [each for each in values if each is not None]
        if present:
            number = np.atleast_1d(np.asarray(present[0], dtype=float))
            if not np.isfinite(number).all():
                raise ParameterError(f"{where}.{field}", "must be finite")
            found[field] = float(number[0]) if field in ("lower", "upper") else number
    if not found:
        raise ParameterError(where, "holds no parameter: a, d or b, lower, upper")
    lower, upper = found.get("lower", 0.0), found.get("upper", 1.0)
    if lower >= upper:
        raise ParameterError(f"{where}.lower", f"must be below upper, but {lower:g} is not below {upper:g}")
    return found


def fixed_natural(
    label: Hashable, given: Any, model: str, k: int, concepts: Sequence[int], n_concepts: int
) -> FloatArray:
    """Natural parameters with nan where nothing was given, so where the item stays free."""
    found = given_parameters(label, given)
    names = natural_names(model, k, len(concepts))
    natural = np.full(len(names), np.nan)
    where = f"fixed[{label!r}]"
    if "a" in found:
        a = found["a"]
        if len(a) not in (n_concepts, len(concepts)):
            raise ParameterError(f"{where}.a", f"needs {n_concepts} slopes, one a concept, not {len(a)}")
        natural[: len(concepts)] = a[list(concepts)] if len(a) == n_concepts else a
    if "scoring" in found and model == "NRM":
        natural[[i for i, name in enumerate(names) if name[0] == "s"]] = found["scoring"][1:-1]
    d = found.get("d")
    d_at = [i for i, name in enumerate(names) if name[0] == "d"]
    if d is None and "b" in found:
        d = _intercepts(where, model, natural[: len(concepts)], found["b"])
    if d is not None:
        if model not in (*BINARY, "GRM") and len(d) == len(d_at) + 1:
            d = d[1:] - d[0]
        if len(d) != len(d_at):
            raise ParameterError(f"{where}.d", f"needs {len(d_at)} intercepts, not {len(d)}")
        natural[d_at] = d
    if "g" in names and "lower" in found:
        natural[names.index("g")] = logit(found["lower"]) if found["lower"] > 0 else -NEVER
    if "u" in names and "upper" in found:
        natural[names.index("u")] = logit(found["upper"]) if found["upper"] < 1 else NEVER
    return natural


def _intercepts(where: str, model: str, a: FloatArray, b: FloatArray) -> FloatArray:
    if np.isnan(a).any():
        raise ParameterError(f"{where}.b", "needs the slopes beside it")
    if model == "NRM":
        raise ParameterError(f"{where}.d", "NRM is given by its intercepts")
    length = float(a[0]) if len(a) == 1 else float(np.linalg.norm(a))
    return -length * b if model in (*BINARY, "GRM") else -length * np.cumsum(b)
