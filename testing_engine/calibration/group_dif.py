"""DIF between two groups and among more, by posterior score tests (Glas 1998).

Groups have populations of their own, for impact is not DIF; items set aside have parameters of their own in
every group but the first, and do not shape the posterior. Each other group gives an item two directions, a
shift and a slope, after the item's own; all of them together are one χ² test, the shifts alone another.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from scipy.special import chdtrc, ndtri

from testing_engine.calibration.answer_scores import answer_scores
from testing_engine.calibration.calibration import Calibration, calibrate
from testing_engine.calibration.families import BINARY
from testing_engine.calibration.population import PopulationEstimate
from testing_engine.calibration.responses import BoolArray, FloatArray, IntArray, Responses
from testing_engine.calibration.score_tests import (
    ASIDE,
    ASIDE_FIRST,
    FEWEST,
    ScoreTestError,
    ScoreTests,
    benjamini_hochberg,
    flagged,
    purified,
    quadratic,
)
from testing_engine.calibration.watching import Watch, unwatched

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


class _Judged(Protocol):
    """Of one item: how many answers say so, and the normal deviate by which it is set aside."""

    @property
    def n(self) -> int: ...

    @property
    def z(self) -> float: ...


Row = TypeVar("Row", bound=_Judged)


@dataclass(frozen=True, eq=False)
class _Purified(Generic[Row]):
    """The last of several rounds: of each item what was found, None where too few answered, and (J,) whether
    it was set aside.
    """

    found: list[Row | None]
    aside: BoolArray
    population: dict[Hashable, PopulationEstimate]
    number: int


class _BetweenTwo(NamedTuple):
    """Between two groups."""

    n: int
    z: float
    chi2: float
    effect: float


@dataclass(frozen=True)
class _AmongGroups:
    """Shifts of groups against the first of `groups`, and χ² of these alone and of shifts and slopes."""

    n: int
    groups: tuple[int, ...]
    shift: FloatArray
    uniform: float
    both: float

    @classmethod
    def of(cls, n: int, groups: IntArray, shift: FloatArray, u: FloatArray, v: FloatArray) -> "_AmongGroups":
        """`u` of shift and slope of each group in turn, with the covariance `v`."""
        return cls(n, tuple(groups.tolist()), shift, quadratic(u[::2], v[::2, ::2]), quadratic(u, v))

    @property
    def df(self) -> int:
        return 2 * (len(self.groups) - 1)

    @property
    def z(self) -> float:
        """The normal deviate that is as rare as the shifts together."""
        p = float(chdtrc(len(self.groups) - 1, self.uniform))
        return float(-ndtri(max(p, SURE) / 2))


def dif(
    responses: Responses,
    model: str | Mapping[Hashable, str] | list[str] = "2PL",
    *,
    fixed: Mapping[Any, Any] | None = None,
    priors: Any = "default",
    rounds: int = 4,
    threads: int | None = None,
    watch: Watch = unwatched,
) -> ScoreTests:
    """Differential item functioning between the two groups of the answers; the second is the focal one.

    The groups have populations of their own (impact is not DIF). 1 df: the item is easier for the focal group
    than its common curve says (uniform DIF); 2 df: or has another slope there. Items set aside do not shape
    the posterior.
    """
    if len(responses.groups) != 2:
        told = f"must have two groups, not {len(responses.groups)}; dif_among takes more"
        raise ScoreTestError("responses", told)
    last = _rounds_of(
        responses,
        model,
        partial(calibrate, fixed=fixed, priors=priors, threads=threads, watch=watch),
        _two_by_scores,
        lambda fit, j: _two_by_wald(fit, responses, j),
        rounds,
    )
    tests = {
        item: (row.n, row.z, row.chi2, 2, row.effect, bool(last.aside[j]))
        for j, (item, row) in enumerate(zip(responses.items, last.found, strict=True))
        if row is not None and row.n >= FEWEST and np.isfinite(row.z)
    }
    return ScoreTests(flagged(tests), last.population, last.number)


def dif_among(
    responses: Responses,
    model: str | Mapping[Hashable, str] | list[str] = "2PL",
    *,
    fixed: Mapping[Any, Any] | None = None,
    priors: Any = "default",
    rounds: int = 4,
    threads: int | None = None,
    watch: Watch = unwatched,
) -> GroupDifs:
    """Differential item functioning among two groups and more. An item is looked at among the groups that
    gave it answers enough, where there are two of them.
    """
    if len(responses.groups) < 2:
        raise ScoreTestError("responses", "must have two groups or more")
    last = _rounds_of(
        responses,
        model,
        partial(calibrate, fixed=fixed, priors=priors, threads=threads, watch=watch),
        lambda scores, group: _among_by_scores(scores, group, len(responses.groups)),
        lambda fit, j: _among_by_wald(fit, responses, j),
        rounds,
    )
    return GroupDifs(_told(responses, last.found, last.aside), last.population, last.number)


def _rounds_of(
    responses: Responses,
    model: str | Mapping[Hashable, str] | list[str],
    calibrated: Callable[[Responses, Any], Calibration],
    by_scores: Callable[[FloatArray, IntArray], Row | None],
    by_wald: Callable[[Calibration, int], Row | None],
    rounds: int,
) -> _Purified[Row]:
    """DIF of every item, until the same ones are set aside again. Common items are judged by the scores of
    their answers (n, 2) and the groups of these (n,), those set aside by the fit and the item's number.
    """
    aside = np.zeros(responses.n_items, dtype=bool)
    number = 0
    for number in range(1, rounds + 1):
        split = _split(responses, aside)
        fit = calibrated(split, _models_of(model, responses, split))
        kept = split.without(fit.left_out)
        scores = answer_scores(fit, kept)
        group = kept.group[kept.person]
        order = np.argsort(kept.item, kind="stable")
        bounds = np.searchsorted(kept.item[order], np.arange(kept.n_items + 1))
        mine = [order[bounds[j] : bounds[j + 1]] for j in range(responses.n_items)]
        found = [
            by_wald(fit, j) if aside[j] else by_scores(scores[own], group[own]) for j, own in enumerate(mine)
        ]
        n = np.array([0 if each is None else each.n for each in found])
        z = np.array([np.nan if each is None else each.z for each in found])
        new = purified(z, aside, n, ASIDE_FIRST if number == 1 else ASIDE)
        if (new == aside).all():
            break
        aside = new
    return _Purified(found, aside, fit.population, number)


def _split(responses: Responses, aside: BoolArray) -> Responses:
    """Items set aside have parameters of their own in every group but the first: they become items of it, at
    the end.
    """
    if not aside.any():
        return responses
    moved = np.flatnonzero(aside)
    place = np.full((len(responses.groups), responses.n_items), -1)
    place[0, moved] = moved
    place[1:, moved] = responses.n_items + np.arange((len(place) - 1) * len(moved)).reshape(-1, len(moved))
    item = responses.item.copy()
    own = aside[item]
    item[own] = place[responses.group[responses.person[own]], item[own]]
    more = ((responses.items[j], group) for group in responses.groups[1:] for j in moved)
    labels = (*responses.items, *more)
    return Responses(
        responses.persons,
        labels,
        responses.start,
        item,
        responses.category,
        responses.group,
        responses.groups,
    )


def _models_of(model: Any, before: Responses, after: Responses) -> Any:
    if isinstance(model, str):
        return model
    listed = [model[item] for item in before.items] if isinstance(model, Mapping) else list(model)
    place = {item: number for number, item in enumerate(before.items)}
    more = after.items[before.n_items :]
    return listed + [listed[place[item[0]]] for item in more if isinstance(item, tuple)]


def _two_by_scores(scores: FloatArray, group: IntArray) -> _BetweenTwo | None:
    focal = (group == 1).astype(float)
    if min(focal.sum(), len(focal) - focal.sum()) < FEWEST:
        return None
    u, v = _given_own(scores * focal[:, None], scores)
    z = float(u[0] / np.sqrt(max(v[0, 0], 1e-300)))
    return _BetweenTwo(len(scores), z, quadratic(u, v), float(u[0] / max(v[0, 0], 1e-300)))


def _two_by_wald(fit: Calibration, responses: Responses, j: int) -> _BetweenTwo | None:
    item = responses.items[j]
    found = differences(fit, [item, (item, responses.groups[1])])
    if found is None:
        return None
    values, v = found
    z, n = float(values[0] / np.sqrt(v[0, 0])), int(responses.answers_per_item[j])
    return _BetweenTwo(n, z, quadratic(values, v), float(values[0]))


def _among_by_scores(scores: FloatArray, group: np.ndarray, n_groups: int) -> _AmongGroups | None:
    groups = np.flatnonzero(np.bincount(group, minlength=n_groups) >= FEWEST)
    if len(groups) < 2:
        return None
    inside = np.isin(group, groups)
    scores, group = scores[inside], group[inside]
    extra = np.concatenate([scores * (group == each)[:, None] for each in groups[1:]], axis=1)
    u, v = _given_own(extra, scores)
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = np.linalg.pinv(v[::2, ::2], hermitian=True) @ u[::2]
    return _AmongGroups.of(len(scores), groups, shift, u, v)


def _among_by_wald(fit: Calibration, responses: Responses, j: int) -> _AmongGroups | None:
    """Of an item that has parameters of its own in each group: their differences from the first group's."""
    item = responses.items[j]
    answered = np.bincount(
        responses.group[responses.person[responses.item == j]], minlength=len(responses.groups)
    )
    groups = np.flatnonzero(answered >= FEWEST)
    names = [item if each == 0 else (item, responses.groups[each]) for each in groups]
    found = differences(fit, names) if len(groups) > 1 else None
    if found is None:
        return None
    values, v = found
    return _AmongGroups.of(int(answered[groups].sum()), groups, values[::2], values, v)


def differences(fit: Calibration, items: Sequence[Hashable]) -> tuple[FloatArray, FloatArray] | None:
    """(2 (n − 1),) the mean shift of the intercepts and the slope of each of n items of one form against the
    first of them, one after the other, and their covariance; None where one has no estimate.
    """
    first, *others = (fit.parameters[item] for item in items)
    if not all(np.isfinite(each.a).all() for each in (first, *others)):
        return None
    covariance = fit.parameters.covariance(items)
    assert covariance is not None
    size = len(covariance) // len(items)
    count = len(first.d) if first.model in (*BINARY, "GRM") else len(first.d) - 1
    places = (count if first.model == "NRM" else 1) + np.arange(count)  # of the intercepts
    values, jacobian = np.zeros(2 * len(others)), np.zeros((2 * len(others), len(covariance)))
    for number, other in enumerate(others, 1):
        row, own = 2 * (number - 1), number * size
        values[row] = other.d[-count:].mean() - first.d[-count:].mean()
        values[row + 1] = other.a[0] - first.a[0]
        jacobian[row, places], jacobian[row, own + places] = -1 / count, 1 / count
        jacobian[row + 1, 0], jacobian[row + 1, own] = -1, 1
    return values, jacobian @ covariance @ jacobian.T


def _given_own(extra: FloatArray, own: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sums of extra scores after the item's own parameters are estimated, and their variance (regression on
    own).
    """
    weight = np.linalg.lstsq(own, extra, rcond=None)[0]
    residual = extra - own @ weight
    return residual.sum(axis=0), residual.T @ residual


def _told(
    responses: Responses, found: list[_AmongGroups | None], aside: BoolArray
) -> dict[Hashable, GroupDif]:
    looked_at = [(j, each) for j, each in enumerate(found) if each is not None]
    p_all = [float(chdtrc(each.df, each.both)) for _, each in looked_at]
    surely = benjamini_hochberg(np.array(p_all))
    tests = {}
    for (j, each), p, is_flagged in zip(looked_at, p_all, surely, strict=True):
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
