"""DIF among more than two groups, by posterior score tests (Glas 1998).

As `score_tests.dif` for two: groups have populations of their own, for impact is not DIF; items set aside
have parameters of their own in every group but the first, and do not shape the posterior. Each other group
gives an item two directions, a shift and a slope, after the item's own; all of them together are one χ² test,
the shifts alone another.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import chdtrc, ndtri

from testing_engine.calibration.calibration import Calibration, calibrate
from testing_engine.calibration.population import PopulationEstimate
from testing_engine.calibration.responses import BoolArray, FloatArray, Responses
from testing_engine.calibration.score_tests import (
    ASIDE,
    ASIDE_FIRST,
    FEWEST,
    ScoreTestError,
    answer_scores,
    benjamini_hochberg,
    given_own,
    models_of_split,
    purified,
    quadratic,
    split_by_group,
)

SURE = 1e-300  # the smallest p that a normal deviate is told of


@dataclass(frozen=True)
class GroupDif:
    """One item. `chi2` of `df` is of shifts and slopes together (with `p_all`), `uniform_chi2` of
    `uniform_df` of the shifts (with `p`). `effect`: the shift of each group against the first of them on the
    logit scale of one scoring step, above 0 where the item is easier; `base` is that first group.
    """

    item: Hashable
    n: int
    base: Hashable
    effect: dict[Hashable, float]
    uniform_chi2: float
    uniform_df: int
    p: float
    chi2: float
    df: int
    p_all: float
    set_aside: bool
    flagged: bool  # by false discovery rate at 5 %


@dataclass(frozen=True, eq=False)
class GroupDifs:
    items: dict[Hashable, GroupDif]
    population: dict[Hashable, PopulationEstimate]
    rounds: int


@dataclass(frozen=True)
class _Found:
    """Shifts and slopes of groups against the first of `groups`: 2 (n − 1) numbers, and what is tested."""

    n: int
    groups: tuple[int, ...]
    shift: FloatArray
    uniform: float
    both: float

    @property
    def df(self) -> int:
        return 2 * (len(self.groups) - 1)

    @property
    def z(self) -> float:
        """The normal deviate that is as rare as the shifts together."""
        p = float(chdtrc(len(self.groups) - 1, self.uniform))
        return float(-ndtri(max(p, SURE) / 2))


def dif_among(
    responses: Responses,
    model: str | Mapping[Hashable, str] | list[str] = "2PL",
    *,
    fixed: Mapping[Any, Any] | None = None,
    priors: Any = "default",
    rounds: int = 4,
    threads: int | None = None,
) -> GroupDifs:
    """Differential item functioning among two groups and more. An item is looked at among the groups that
    gave it answers enough, where there are two of them.
    """
    if len(responses.groups) < 2:
        raise ScoreTestError("responses", "must have two groups or more")
    aside = np.zeros(responses.n_items, dtype=bool)
    number = 0
    for number in range(1, rounds + 1):
        split = split_by_group(responses, aside)
        models = models_of_split(model, responses, split)
        fit = calibrate(split, models, fixed=fixed, priors=priors, threads=threads)
        found = _round(fit, split, responses, aside)
        n = np.array([0 if each is None else each.n for each in found])
        z = np.array([np.nan if each is None else each.z for each in found])
        new = purified(z, aside, n, ASIDE_FIRST if number == 1 else ASIDE)
        if (new == aside).all():
            break
        aside = new
    return GroupDifs(_told(responses, found, aside), fit.population, number)


def _round(fit: Calibration, split: Responses, responses: Responses, aside: BoolArray) -> list[_Found | None]:
    kept = split.without(fit.left_out)
    scores, _ = answer_scores(fit, kept, np.zeros(kept.n_items, dtype=bool), 2)
    group = kept.group[kept.person]
    order = np.argsort(kept.item, kind="stable")
    bounds = np.searchsorted(kept.item[order], np.arange(kept.n_items + 1))
    found: list[_Found | None] = []
    for j in range(responses.n_items):
        if aside[j]:
            found.append(_by_wald(fit, responses, j))
            continue
        mine = order[bounds[j] : bounds[j + 1]]
        found.append(_by_scores(scores[mine], group[mine], len(responses.groups)))
    return found


def _by_scores(scores: FloatArray, group: np.ndarray, n_groups: int) -> _Found | None:
    groups = np.flatnonzero(np.bincount(group, minlength=n_groups) >= FEWEST)
    if len(groups) < 2:
        return None
    inside = np.isin(group, groups)
    scores, group = scores[inside], group[inside]
    extra = np.concatenate([scores * (group == each)[:, None] for each in groups[1:]], axis=1)
    u, v = given_own(extra, scores)
    shifts = np.arange(0, len(u), 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = np.linalg.pinv(v[np.ix_(shifts, shifts)], hermitian=True) @ u[shifts]
    return _Found(
        len(scores),
        tuple(groups.tolist()),
        shift,
        quadratic(u[shifts], v[np.ix_(shifts, shifts)]),
        quadratic(u, v),
    )


def _by_wald(fit: Calibration, responses: Responses, j: int) -> _Found | None:
    """Of an item that has parameters of its own in each group: their differences from the first group's."""
    item = responses.items[j]
    answered = np.bincount(
        responses.group[responses.person[responses.item == j]], minlength=len(responses.groups)
    )
    groups = np.flatnonzero(answered >= FEWEST)
    names = [item if each == 0 else (item, responses.groups[each]) for each in groups]
    estimates = [fit.parameters[name] for name in names]
    if len(groups) < 2 or not all(np.isfinite(each.a).all() for each in estimates):
        return None
    covariance = fit.parameters.covariance(names)
    assert covariance is not None
    size = len(covariance) // len(names)
    first = estimates[0]
    free_d = first.d[1:] if first.model in ("GPCM", "PCM", "RSM", "NRM") else first.d
    at = slice(1 + (max(len(first.d) - 2, 0) if first.model == "NRM" else 0), None)
    places = np.arange(size)[at][: len(free_d)]
    jacobian = np.zeros((2 * (len(names) - 1), len(covariance)))
    values = np.zeros(len(jacobian))
    for number in range(1, len(names)):
        row = 2 * (number - 1)
        jacobian[row, places], jacobian[row, number * size + places] = -1 / len(places), 1 / len(places)
        jacobian[row + 1, 0], jacobian[row + 1, number * size] = -1, 1
        values[row] = estimates[number].d[-len(places) :].mean() - first.d[-len(places) :].mean()
        values[row + 1] = estimates[number].a[0] - first.a[0]
    v = jacobian @ covariance @ jacobian.T
    shifts = np.arange(0, len(values), 2)
    uniform = values[shifts] @ np.linalg.pinv(v[np.ix_(shifts, shifts)], hermitian=True) @ values[shifts]
    both = values @ np.linalg.pinv(v, hermitian=True) @ values
    n = int(answered[groups].sum())
    return _Found(n, tuple(groups.tolist()), values[shifts], float(uniform), float(both))


def _told(responses: Responses, found: list[_Found | None], aside: BoolArray) -> dict[Hashable, GroupDif]:
    looked_at = [(j, each) for j, each in enumerate(found) if each is not None]
    p_all = [float(chdtrc(each.df, each.both)) for _, each in looked_at]
    flagged = benjamini_hochberg(np.array(p_all))
    tests = {}
    for (j, each), p, is_flagged in zip(looked_at, p_all, flagged, strict=True):
        names = [responses.groups[group] for group in each.groups]
        uniform_df = len(names) - 1
        tests[responses.items[j]] = GroupDif(
            responses.items[j],
            each.n,
            names[0],
            dict(zip(names[1:], each.shift.tolist(), strict=True)),
            each.uniform,
            uniform_df,
            float(chdtrc(uniform_df, each.uniform)),
            each.both,
            each.df,
            p,
            bool(aside[j]),
            bool(is_flagged),
        )
    return tests
