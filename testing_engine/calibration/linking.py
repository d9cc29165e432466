"""Linking: the linear change of scale that brings the items of one calibration onto the scale of another.

    θ_old = A θ_new + B,    a → a / A,    b → A b + B,    asymptotes stay

Five methods over the items that both have. mean-mean: A = mean a_new / mean a_old; mean-sigma: A = sd b_old /
sd b_new (Marco 1977); mean-gmean: A = geometric mean of a_new / a_old (Mislevy & Bock 1990); B always from
the mean b. Haebara (1980) and Stocking & Lord (1983) choose A and B by the curves: Σ over categories and
items of squared differences of probabilities, or the squared difference of expected test scores, on 30
Gauss–Hermite nodes of N(0, 1) on the old scale. Standard errors are in `linking_errors`, anchors that moved
in `anchor_shifts`.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from testing_engine.calibration.anchor_shifts import AnchorShift, anchor_shifts
from testing_engine.calibration.blocks import natural_names
from testing_engine.calibration.families import BINARY, FAMILY
from testing_engine.calibration.linking_errors import (
    FEWEST_ANCHORS,
    FROM_ANCHORS,
    FROM_COVARIANCES,
    LinkError,
    Solver,
    by_delta,
    by_jackknife,
    covariance_of,
)
from testing_engine.calibration.parameters import ItemEstimate, ParameterTable, given_parameters
from testing_engine.calibration.parameters import natural_parameters as natural_of
from testing_engine.calibration.responses import FloatArray, IntArray

METHODS = ("Haebara", "Stocking-Lord", "mean-mean", "mean-sigma", "mean-gmean")
NODES = 30
NEWTON_STEPS = 60


@dataclass(frozen=True, eq=False)
class Link:
    """θ_old = A θ_new + B. `standard_errors` are (A's, B's) with `covariance` (2, 2); `errors_from` says what
    of: "covariances" of the parameters, or the "anchors"' spread; "" where they are nan.
    """

    A: float
    B: float
    standard_errors: "LinkErrors"
    covariance: FloatArray
    method: str
    items: tuple[Hashable, ...]
    shifts: dict[Hashable, AnchorShift]  # of each anchor against the others
    errors_from: str = ""

    @property
    def robust_z(self) -> dict[Hashable, float]:
        """Of each anchor's difference in b (Huynh & Meyer 2010)."""
        return {item: each.z for item, each in self.shifts.items()}

    @property
    def moved(self) -> tuple[Hashable, ...]:
        """The anchors that moved, surely and by as much as matters."""
        return tuple(item for item, each in self.shifts.items() if each.is_moved)

    def transform(self, parameters: Mapping[Hashable, ItemEstimate]) -> ParameterTable:
        """New items on the old scale."""
        return ParameterTable({item: self._moved(each) for item, each in parameters.items()})

    def scores(self, theta: FloatArray) -> FloatArray:
        return np.asarray(self.A * theta + self.B)

    def _moved(self, item: ItemEstimate) -> ItemEstimate:
        a = item.a / self.A
        d = moved_intercepts(item, float(a.sum()) * self.B)
        return ItemEstimate(item.model, a, d, item.lower, item.upper, self.A * item.b + self.B, item.scoring)


@dataclass(frozen=True)
class LinkErrors:
    A: float
    B: float

    def __iter__(self) -> Any:
        return iter((self.A, self.B))


def link(
    old: Mapping[Any, Any],
    new: Mapping[Any, Any],
    method: str = "Haebara",
    *,
    old_covariance: FloatArray | None = None,
    new_covariance: FloatArray | None = None,
    items: Sequence[Hashable] | None = None,
    errors: bool = True,
) -> Link:
    """`old` and `new` are {item: parameters}, as `Calibration.parameters` or as mappings with a, d or b,
    lower, upper.

    `items` are the anchors, all common ones unless named. Covariances come with `Calibration.parameters`; for
    other parameters they may be given: of the natural parameters (slope, intercepts, logit of asymptotes that
    are above 0) of the anchors, item after item. Plain mappings carry none: where either side has no
    covariance, the errors are of the anchors' spread, from three anchors on. `errors` False leaves them out:
    they take far longer than the link itself.
    """
    if method not in METHODS:
        raise LinkError("method", f"must be one of {', '.join(METHODS)}, not {method!r}")
    anchors = anchors_of(old, new, items)
    estimates = [(_estimate("old", item, old[item]), _estimate("new", item, new[item])) for item in anchors]
    usable = [k for k, pair in enumerate(estimates) if all(np.isfinite(each.a).all() for each in pair)]
    anchors = [anchors[k] for k in usable]
    pairs = [estimates[k] for k in usable]
    if len(pairs) < 2:
        raise LinkError("new", f"shares {len(pairs)} estimated items with old; 2 are the least")
    for item, (first, second) in zip(anchors, pairs, strict=True):
        if first.n_categories != second.n_categories or len(first.a) != 1:
            raise LinkError("new", f"has item {item!r} in another form than old, or with several concepts")
    x_old = np.concatenate([natural_of(first, [0]) for first, _ in pairs])
    x_new = np.concatenate([natural_of(second, [0]) for _, second in pairs])
    models = [(first.model, first.n_categories) for first, _ in pairs]
    solve = _solver(method, models)
    a, b = solve(x_old, x_new)
    known = [
        covariance_of(side, anchors, given, len(x_old))
        for side, given in ((old, old_covariance), (new, new_covariance))
    ]
    covariance, errors_from = np.full((2, 2), np.nan), ""
    if errors and known[0] is not None and known[1] is not None:
        covariance, errors_from = by_delta(solve, x_old, x_new, known[0], known[1]), FROM_COVARIANCES
    elif errors and len(anchors) >= FEWEST_ANCHORS:
        covariance = by_jackknife(partial(_without, method, models, x_old, x_new), len(anchors))
        errors_from = FROM_ANCHORS
    spread = np.sqrt(np.diag(covariance))
    return Link(
        float(a),
        float(b),
        LinkErrors(float(spread[0]), float(spread[1])),
        covariance,
        method,
        tuple(anchors),
        _shifts(anchors, pairs, float(a), float(b)),
        errors_from,
    )


def anchors_of(
    old: Mapping[Any, Any], new: Mapping[Any, Any], items: Sequence[Hashable] | None
) -> list[Hashable]:
    """These items, or all common ones."""
    anchors = [item for item in old if item in new] if items is None else list(items)
    for item in anchors:
        if item not in old or item not in new:
            raise LinkError("items", f"names {item!r}, which is not in both")
    return anchors


def moved_intercepts(item: ItemEstimate, step: float) -> FloatArray:
    """d, where the predictor of a scoring step became higher by `step`."""
    if item.model in (*BINARY, "GRM"):
        return item.d - step
    scoring = np.arange(len(item.d)) if item.scoring is None else item.scoring
    return item.d - scoring * step


def _estimate(argument: str, item: Hashable, given: Any) -> ItemEstimate:
    if isinstance(given, ItemEstimate):
        return given
    found = given_parameters(item, given, argument)
    model = given.get("model") if isinstance(given, Mapping) else getattr(given, "model", None)
    if "a" not in found or not ({"d", "b"} & found.keys()):
        raise LinkError(f"{argument}[{item!r}]", "needs a and d, or a and b")
    a = found["a"]
    lower, upper = found.get("lower", 0.0), found.get("upper", 1.0)
    n = len(found["d"] if "d" in found else found["b"])
    if model is None:
        model = "4PL" if upper < 1 else "3PL" if lower > 0 else "2PL"
        model = "GRM" if n > 1 else model
    slope = float(a[0])
    if model in (*BINARY, "GRM"):
        d = found["d"] if "d" in found else -slope * found["b"]
        return ItemEstimate(model, a, d, lower, upper, -d / slope, None)
    d = found["d"] if "d" in found else np.concatenate([[0.0], -slope * np.cumsum(found["b"])])
    scoring = found.get("scoring")
    rise = slope * np.diff(scoring) if scoring is not None else slope
    return ItemEstimate(model, a, d, lower, upper, -np.diff(d) / rise, scoring)


def _without(
    method: str, models: list[tuple[str, int]], old: FloatArray, new: FloatArray, dropped: IntArray
) -> FloatArray:
    """(A, B) without these anchors."""
    layout = _Layout(models)
    left = np.setdiff1d(np.arange(len(models)), dropped)
    places = np.concatenate([layout.places_of(number) for number in left])
    return _solver(method, [models[number] for number in left])(old[places], new[places])


def _solver(method: str, models: list[tuple[str, int]]) -> Solver:
    """(natural parameters of old, of new) -> (A, B)."""
    layout = _Layout(models)
    if method in ("Haebara", "Stocking-Lord"):
        return lambda old, new: _by_curves(layout, old, new, method == "Haebara")
    return lambda old, new: _by_moments(layout, old, new, method)


class _Layout:
    """Where each item's numbers are in the vector of all."""

    def __init__(self, models: list[tuple[str, int]]) -> None:
        self.models = models
        names = [natural_names(model, k, 1) for model, k in models]
        sizes = [len(each) for each in names]
        self._ends = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
        self.start = self._ends[:-1]
        self.slopes = self.start
        groups: dict[tuple[str, int], list[int]] = {}
        for number, key in enumerate(models):
            groups.setdefault(key, []).append(number)
        self.groups = {
            key: self.start[members][:, None] + np.arange(sizes[members[0]])
            for key, members in groups.items()
        }

    def places_of(self, number: int) -> IntArray:
        """Where the numbers of one item are."""
        return np.arange(self._ends[number], self._ends[number + 1])

    def places(self, x: FloatArray) -> FloatArray:
        """All difficulties b."""
        found = []
        for (model, k), at in self.groups.items():
            natural = x[at]
            a, d = natural[:, :1], natural[:, [n[0] == "d" for n in natural_names(model, k, 1)]]
            if model in (*BINARY, "GRM"):
                found.append((-d / a).ravel())
            else:
                rise = a if model != "NRM" else a * np.diff(_scoring(natural, k), axis=1)
                found.append((-np.diff(d, axis=1, prepend=0.0) / rise).ravel())
        return np.concatenate(found)


def _scoring(natural: FloatArray, k: int) -> FloatArray:
    """(n, K) category scores of NRM items."""
    ends = np.zeros((len(natural), 1)), np.full((len(natural), 1), k - 1.0)
    return np.concatenate([ends[0], natural[:, 1 : k - 1], ends[1]], axis=1)


def _by_moments(layout: _Layout, old: FloatArray, new: FloatArray, method: str) -> FloatArray:
    a_old, a_new = old[layout.slopes], new[layout.slopes]
    b_old, b_new = layout.places(old), layout.places(new)
    if method == "mean-mean":
        a = a_new.mean() / a_old.mean()
    elif method == "mean-gmean":
        a = float(np.exp(np.mean(np.log(a_new / a_old))))
    else:
        a = b_old.std() / b_new.std()
    return np.array([a, b_old.mean() - a * b_new.mean()])


def _by_curves(layout: _Layout, old: FloatArray, new: FloatArray, haebara: bool) -> FloatArray:
    """Gauss–Newton with halving on residuals whose derivatives in A and B are central differences."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    root = np.sqrt(weights / weights.sum())
    target = _curves(layout, old, nodes, 1.0, 0.0, haebara)

    def residual(at: FloatArray) -> FloatArray:
        return np.asarray((_curves(layout, new, nodes, at[0], at[1], haebara) - target) * root).ravel()

    at = _by_moments(layout, old, new, "mean-gmean")
    if not np.isfinite(at).all():
        at = np.array([1.0, 0.0])
    value = residual(at)
    for _ in range(NEWTON_STEPS):
        gradient, hessian = _gauss_newton(residual, at)
        step = np.linalg.solve(hessian, -gradient)
        scale = 1.0
        while scale > 1e-6:
            moved = at + scale * step
            if moved[0] > 0:
                other = residual(moved)
                if other @ other <= value @ value * (1 + 1e-14):
                    break
            scale /= 2
        at, value = moved, other
        if np.abs(step).max() < 1e-10:
            break
    return at


def _gauss_newton(
    residual: Callable[[FloatArray], FloatArray], at: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Gradient of half the sum of squares, and its exact Hessian from first and second differences."""
    h = 1e-4
    steps = np.eye(2) * h
    here = residual(at)
    up, down = [residual(at + s) for s in steps], [residual(at - s) for s in steps]
    jacobian = np.stack([(u - d) / (2 * h) for u, d in zip(up, down, strict=True)], axis=1)
    gradient = jacobian.T @ here
    hessian = jacobian.T @ jacobian
    second = [here @ (u - 2 * here + d) / h**2 for u, d in zip(up, down, strict=True)]
    cross = residual(at + steps[0] + steps[1]) - up[0] - up[1] + 2 * here - down[0] - down[1]
    mixed = here @ (cross + residual(at - steps[0] - steps[1])) / (2 * h * h)
    full = hessian + np.array([[second[0], mixed], [mixed, second[1]]])
    if np.linalg.eigvalsh(full)[0] > 0:
        hessian = full
    return gradient, hessian


def _curves(
    layout: _Layout, x: FloatArray, nodes: FloatArray, a: float, b: float, haebara: bool
) -> FloatArray:
    """Probabilities of categories (…, Q) or the expected test score (1, Q), items moved by (A, B) onto the
    nodes.
    """
    theta = (nodes - b) / a
    found = []
    score = np.zeros((1, len(nodes)))
    for (model, k), at in layout.groups.items():
        natural = x[at]
        log_p, _, _ = FAMILY[model](natural[:, :1] * theta, natural[:, 1:], k)
        p = np.exp(log_p)
        if k == 2:
            p = p[:, 1:]  # the two categories have the same difference
        found.append(p.reshape(-1, len(nodes)))
        categories = np.arange(k)[-p.shape[1] :, None]
        score += (p * categories).sum(axis=(0, 1))
    return np.asarray(np.concatenate(found) if haebara else score)


def _shifts(
    anchors: list[Hashable], pairs: list[tuple[ItemEstimate, ItemEstimate]], a: float, b: float
) -> dict[Hashable, AnchorShift]:
    """Of the anchors' mean b."""
    differences = [float(first.b.mean() - (a * second.b.mean() + b)) for first, second in pairs]
    return anchor_shifts(dict(zip(anchors, differences, strict=True)), [float(old.a[0]) for old, _ in pairs])
