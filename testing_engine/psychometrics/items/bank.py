"""Questions as uploaded (`ItemParameters`) and as the engine computes with them (`ItemBank`)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from testing_engine.psychometrics.items.attributes import Attributes
from testing_engine.psychometrics.items.response import (
    BoolArray,
    Curves,
    Family,
    FloatArray,
    Graded,
    IntArray,
    Logistic,
    Nominal,
)
from testing_engine.psychometrics.items.states import OPERATIONAL, STATES
from testing_engine.sentences import Said, Sentence, say

LOGISTIC_MODELS = ("1PL", "2PL", "3PL", "4PL")
STEP_MODELS = ("GPCM", "PCM", "RSM")
MODELS = (*LOGISTIC_MODELS, "GRM", *STEP_MODELS, "NRM")
# What each model leaves at its default.
FIXED = {
    "1PL": ("discrimination", "guessing", "upper"),
    "2PL": (),
    "3PL": (),
    "4PL": (),
    "GRM": ("guessing", "upper"),
    "GPCM": ("guessing", "upper"),
    "PCM": ("discrimination", "guessing", "upper"),
    "RSM": ("discrimination", "guessing", "upper"),
    "NRM": ("guessing", "upper"),
}
TEXTS = ("model", "area", "enemy_groups", "question_set", "state")

T = TypeVar("T")


class ItemParameterError(Said):
    """A parameter that no question can have; `field` names it."""

    def __init__(self, field: str, message: Sentence) -> None:
        super().__init__(say("{field}: {problem}", field=field, problem=message))
        self.field = field
        self.message = message


@dataclass(frozen=True)
class ItemParameters:
    """One question. Its slopes are discrimination × concepts, its difficulty is MDIFF (Reckase 1985).

    2PL, 3PL and 4PL are one function, so any of them takes any of its parameters and a question that names no
    model may still have a guessing parameter. 1PL, PCM and RSM promise discrimination 1, and that is held to.
    """

    concepts: tuple[float, ...]  # Q-matrix row
    model: str = "2PL"
    difficulty: float = 0.0
    discrimination: float = 1.0
    guessing: float = 0.0
    upper: float = 1.0
    thresholds: tuple[float, ...] = ()  # relative to the difficulty: GRM boundaries, GPCM/PCM/RSM steps
    category_slopes: tuple[float, ...] = ()  # NRM, one per category
    category_intercepts: tuple[float, ...] = ()
    area: str = ""  # what content rules go by; "" is none
    enemy_groups: tuple[str, ...] = ()  # of one group, a test has one question at most
    question_set: str = ""  # questions that are given together
    state: str = OPERATIONAL  # of `states.STATES`; not calibrated: the numbers above are no more than guesses

    def __post_init__(self) -> None:
        for name in ("concepts", "thresholds", "category_slopes", "category_intercepts"):
            object.__setattr__(self, name, tuple(float(value) for value in getattr(self, name)))
        if self.model not in MODELS:
            raise ItemParameterError(
                "model",
                say("must be one of {models}, not {model}", models=", ".join(MODELS), model=repr(self.model)),
            )
        if self.state not in STATES:
            raise ItemParameterError(
                "state",
                say("must be one of {states}, not {state}", states=", ".join(STATES), state=repr(self.state)),
            )
        self._check_finite()
        self._check_names()
        if not self.concepts or min(self.concepts) < 0 or max(self.concepts) == 0:
            raise ItemParameterError(
                "concepts", say("needs one weight ≥ 0 per concept, at least one above 0")
            )
        if self.discrimination <= 0:
            raise ItemParameterError("discrimination", say("must be above 0"))
        if not 0 <= self.guessing < 1:
            raise ItemParameterError("guessing", say("must be at least 0 and below 1"))
        if not self.guessing < self.upper <= 1:
            raise ItemParameterError("upper", say("must be above guessing and at most 1"))
        self._check_model()

    @property
    def n_categories(self) -> int:
        if self.model == "NRM":
            return len(self.category_slopes)
        return len(self.thresholds) + 1 if self.thresholds else 2

    def _check_finite(self) -> None:
        for name, value in vars(self).items():
            numbers = value if isinstance(value, tuple) else (value,)
            if name not in TEXTS and not all(math.isfinite(number) for number in numbers):
                raise ItemParameterError(name, say("must be a finite number"))

    def _check_names(self) -> None:
        for name in ("area", "question_set"):
            if not isinstance(getattr(self, name), str):
                raise ItemParameterError(name, say("must be a text"))
        groups = self.enemy_groups
        if not isinstance(groups, tuple | list) or not all(
            isinstance(group, str) and group for group in groups
        ):
            raise ItemParameterError("enemy_groups", say("must be a list of texts, none of them empty"))
        object.__setattr__(self, "enemy_groups", tuple(dict.fromkeys(groups)))

    def _check_model(self) -> None:
        defaults = {"discrimination": 1.0, "guessing": 0.0, "upper": 1.0}
        for name in FIXED[self.model]:
            if getattr(self, name) != defaults[name]:
                raise ItemParameterError(
                    name,
                    say("{model} fixes it at {value}", model=self.model, value=f"{defaults[name]:g}"),
                )
        stepped = self.model == "GRM" or self.model in STEP_MODELS
        if stepped != bool(self.thresholds):
            raise ItemParameterError(
                "thresholds",
                say("{model} needs thresholds", model=self.model)
                if stepped
                else say("{model} has no thresholds", model=self.model),
            )
        rising = all(low < high for low, high in zip(self.thresholds, self.thresholds[1:], strict=False))
        if self.model == "GRM" and not rising:
            raise ItemParameterError("thresholds", say("must increase"))
        nominal = self.model == "NRM"
        if nominal != bool(self.category_slopes):
            raise ItemParameterError(
                "category_slopes",
                say("{model} needs slopes", model=self.model)
                if nominal
                else say("{model} has no slopes", model=self.model),
            )
        if nominal and (len(self.category_slopes) < 2 or len(set(self.category_slopes)) == 1):
            raise ItemParameterError("category_slopes", say("must be two or more, not all the same"))
        if len(self.category_intercepts) != len(self.category_slopes):
            raise ItemParameterError("category_intercepts", say("needs one number per category slope"))


@dataclass(frozen=True, eq=False)
class ItemBank:
    """N questions in D dimensions; immutable, so what is derived from it is cached for ever (`derived`)."""

    slopes: FloatArray  # (N, D), scaling included
    intercepts: FloatArray  # (N,): t = slopes · θ + intercept
    families: tuple[Family, ...]
    family_of: IntArray  # (N,) index into `families`
    row_of: IntArray  # (N,) the question's row within its family
    n_categories: IntArray  # (N,)
    attributes: Attributes
    _derived: dict[tuple[object, ...], Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for array in (self.slopes, self.intercepts, self.family_of, self.row_of, self.n_categories):
            array.setflags(write=False)

    def __reduce__(self) -> tuple[type["ItemBank"], tuple[Any, ...]]:
        """For another process, which derives its own."""
        arrays = (self.family_of, self.row_of, self.n_categories)
        return type(self), (self.slopes, self.intercepts, self.families, *arrays, self.attributes)

    @classmethod
    def from_parameters(cls, items: Sequence[ItemParameters], scaling: float = 1.0) -> "ItemBank":
        """Validated questions to arrays; `scaling` is the constant D, 1 or 1.702."""
        if not items:
            raise ItemParameterError("items", say("a pool needs at least one question"))
        if len({len(item.concepts) for item in items}) != 1:
            raise ItemParameterError(
                "concepts", say("every question of a pool needs the same number of concepts")
            )
        return cls.from_arrays(
            concepts=np.array([item.concepts for item in items]),
            model=np.array([item.model for item in items]),
            difficulty=np.array([item.difficulty for item in items]),
            discrimination=np.array([item.discrimination for item in items]),
            guessing=np.array([item.guessing for item in items]),
            upper=np.array([item.upper for item in items]),
            thresholds=_padded([item.thresholds for item in items]),
            category_slopes=_padded([item.category_slopes for item in items]),
            category_intercepts=_padded([item.category_intercepts for item in items]),
            scaling=scaling,
            area=[item.area for item in items],
            enemy_groups=[item.enemy_groups for item in items],
            question_set=[item.question_set for item in items],
            state=[item.state for item in items],
        )

    @classmethod
    def from_arrays(
        cls,
        concepts: npt.ArrayLike,  # (N, D)
        model: npt.ArrayLike = "2PL",  # (N,) or one for all, as every column below
        difficulty: npt.ArrayLike = 0.0,
        discrimination: npt.ArrayLike = 1.0,
        guessing: npt.ArrayLike = 0.0,
        upper: npt.ArrayLike = 1.0,
        thresholds: npt.ArrayLike | None = None,  # (N, most thresholds), NaN = not there; likewise below
        category_slopes: npt.ArrayLike | None = None,
        category_intercepts: npt.ArrayLike | None = None,
        scaling: float = 1.0,
        area: Sequence[str] | str = "",  # (N,) or one for all
        enemy_groups: Sequence[Sequence[str]] = (),  # (N,) or none
        question_set: Sequence[str] | str = "",
        state: Sequence[str] | str = OPERATIONAL,
    ) -> "ItemBank":
        """Columns to arrays, for pools already validated row by row when they were uploaded."""
        weights = np.array(concepts, dtype=float)
        n = len(weights)
        models = np.broadcast_to(np.asarray(model), (n,))
        discriminations = np.broadcast_to(np.asarray(discrimination, dtype=float), (n,))
        slopes = scaling * discriminations[:, None] * weights
        steepness = np.linalg.norm(slopes, axis=1)
        intercepts = -steepness * np.broadcast_to(np.asarray(difficulty, dtype=float), (n,))
        guess = np.broadcast_to(np.asarray(guessing, dtype=float), (n,))
        ceiling = np.broadcast_to(np.asarray(upper, dtype=float), (n,))

        makers: list[tuple[BoolArray, Callable[[BoolArray], tuple[Family, IntArray]]]] = [
            (np.isin(models, LOGISTIC_MODELS), lambda own: _logistic(guess[own], ceiling[own])),
            (models == "GRM", lambda own: _graded(_rows(thresholds, own), steepness[own])),
            (np.isin(models, STEP_MODELS), lambda own: _stepped(_rows(thresholds, own), steepness[own])),
            (
                models == "NRM",
                lambda own: _nominal(_rows(category_slopes, own), _rows(category_intercepts, own)),
            ),
        ]
        families: list[Family] = []
        family_of, row_of, n_categories = (np.zeros(n, dtype=np.intp) for _ in range(3))
        for own, make in makers:
            if own.any():
                family, counts = make(own)
                family_of[own] = len(families)
                row_of[own] = np.arange(np.count_nonzero(own))
                n_categories[own] = counts
                families.append(family)
        attributes = Attributes.of(n, area, question_set, enemy_groups, state)
        return cls(slopes, intercepts, tuple(families), family_of, row_of, n_categories, attributes)

    @cached_property
    def n_items(self) -> int:
        return len(self.slopes)

    @cached_property
    def n_dimensions(self) -> int:
        return int(self.slopes.shape[1])

    @cached_property
    def measured(self) -> BoolArray:
        """(D,) dimensions that at least one question measures."""
        return np.asarray(np.any(self.slopes > 0, axis=0))

    @cached_property
    def steepness(self) -> FloatArray:
        """(N,) ‖slopes‖, scaling included: MDISC (Reckase & McKinley 1991)."""
        return np.asarray(np.sqrt((self.slopes**2).sum(axis=1)))

    @cached_property
    def squared_steepness(self) -> FloatArray:
        """(N,) turns information about t into information about θ (its trace)."""
        return self.steepness**2

    @cached_property
    def sharpest(self) -> float:
        """The steepest that any answer's log odds are in θ, along the question's slopes."""
        return float((self.steepness * self.spread).max())

    @cached_property
    def most_categories(self) -> int:
        return int(self.n_categories.max())

    @cached_property
    def difficulty(self) -> FloatArray:
        """(N,) MDIFF; for questions with thresholds, what these are relative to."""
        return -self.intercepts / self.steepness

    def derived(self, key: tuple[object, ...], make: Callable[[], T], keep: int | None = None) -> T:
        """What `make` returns, remembered. Two threads that meet here make equals, and one stays.

        With `keep`, only so many of the keys that differ in their last part are remembered, the latest.
        """
        try:
            value: T = self._derived[key]
        except KeyError:
            value = self._derived.setdefault(key, make())
            if keep is not None:
                alike = [other for other in tuple(self._derived) if other[:-1] == key[:-1]]
                for other in alike[:-keep]:
                    self._derived.pop(other, None)
        return value

    def known(self, key: tuple[object, ...]) -> Any:
        """What `derived` remembers under the key, None if nothing."""
        return self._derived.get(key)

    def predictor(self, theta: npt.ArrayLike, items: IntArray | None = None) -> FloatArray:
        """t of every question (or of `items`): (n,) for one θ (D,), (n, G) for many (G, D)."""
        point = np.asarray(theta, dtype=float)
        slopes = self.slopes if items is None else self.slopes[items]
        intercepts = self.intercepts if items is None else self.intercepts[items]
        if point.ndim > 1:
            intercepts = intercepts[:, None]
        if self.n_dimensions == 1:
            # elementwise, so that a question has the same bits alone and in a full scan
            slopes = slopes if point.ndim > 1 else slopes[:, 0]
            return np.asarray(slopes * point[..., 0] + intercepts)
        predictor: FloatArray = slopes @ point.T + intercepts
        return predictor

    def curves(self, theta: npt.ArrayLike, items: IntArray | None = None) -> Curves:
        """Probabilities and derivatives in t; each (K, n) for θ (D,), (K, n, G) for θ (G, D)."""
        return self.curves_at(self.predictor(theta, items), items)

    def curves_at(self, t: FloatArray, items: IntArray | None = None) -> Curves:
        """The same from t itself, (n,) or (n, G), which may then be another ability for each question."""
        shape = (self.most_categories, *t.shape)
        parts = [np.zeros(shape) for _ in range(4)]
        for family, own in self._taken(items):
            curves = family.curves(t[own])
            for part, values in zip(parts, (curves.p, curves.r1, curves.r2, curves.r3), strict=True):
                part[: len(values), own] = values[: len(part)]  # a subset's family may have room to spare
        return Curves(*parts)

    def log_probabilities(self, theta: npt.ArrayLike, items: IntArray | None = None) -> FloatArray:
        """(K, n) or (K, n, G); −inf for categories that a question does not have."""
        t = self.predictor(theta, items)
        if len(self.families) == 1:
            family = self.families[0] if items is None else self.families[0].take(items)
            values = family.log_probabilities(t)
            if len(values) == self.most_categories:
                return values
        result = np.full((self.most_categories, *t.shape), -np.inf)
        for family, own in self._taken(items):
            values = family.log_probabilities(t[own])
            result[: len(values), own] = values[: len(result)]
        return result

    def answer_logs(self, items: Sequence[int], nodes: FloatArray) -> FloatArray:
        """(K, n, G) what `log_probabilities` says of some questions at abilities (G,) of one dimension, bit
        for bit, in fewer operations."""
        asked = np.array(items)
        t = self.slopes.take(asked, 0) * nodes
        t += self.intercepts.take(asked)[:, None]
        if len(self.families) == 1:
            log_p = self.families[0].answer_logs(asked, t)
            if len(log_p) == self.most_categories:
                return log_p
        result = np.full((self.most_categories, *t.shape), -np.inf)
        for family, rows, own in self.by_family(asked):
            log_p = family.answer_logs(rows, t[own])
            result[: len(log_p), own] = log_p[: len(result)]
        return result

    def probabilities(self, theta: npt.ArrayLike, items: IntArray | None = None) -> FloatArray:
        """(n, K) for one θ (D,), (n, G, K) for many (G, D)."""
        return np.moveaxis(self.curves(theta, items).p, 0, -1)

    def information(self, theta: npt.ArrayLike, items: IntArray | None = None) -> FloatArray:
        """Expected information about t, (n,) or (n, G). About θ it is this × slopes slopesᵀ, of rank one."""
        return self.information_at(self.predictor(theta, items), items)

    def information_at(self, t: FloatArray, items: IntArray | None = None) -> FloatArray:
        """The same from t itself, as `curves_at`."""
        if len(self.families) == 1:  # then a question's row is its place
            family = self.families[0] if items is None else self.families[0].take(items)
            return family.information(t)
        result = np.empty_like(t)
        for family, own in self._taken(items):
            result[own] = family.information(t[own])
        return result

    def growth(self, theta: npt.ArrayLike) -> FloatArray:
        """(N,) b with I(t + δ) ≤ I(t) exp(b |δ|), t being each question's at this θ."""
        t = self.predictor(theta)
        result = np.empty(self.n_items)
        for family, own in self._taken(None):
            result[own] = family.growth(t[own])
        return result

    @cached_property
    def spread(self) -> FloatArray:
        """(N,) of every question's log odds over t: 1, or the range of its category slopes."""
        return self._of_families(lambda family: family.spread)

    @cached_property
    def ceiling(self) -> FloatArray:
        """(N,) that no question's information about t exceeds, whatever the ability."""
        return self._of_families(lambda family: family.ceiling)

    def _of_families(self, number: Callable[[Family], FloatArray]) -> FloatArray:
        """(N,) what the families say of their questions, by question."""
        result = np.empty(self.n_items)
        for family, rows, own in self.by_family():
            result[own] = number(family)[rows]
        return result

    def subset(self, items: IntArray, attributes: Attributes | None = None) -> "ItemBank":
        """A bank of these questions, in this order, without their areas, enemies and sets, or with others."""
        families: list[Family] = []
        family_of, row_of = np.empty(len(items), dtype=np.intp), np.empty(len(items), dtype=np.intp)
        for family, rows, own in self.by_family(items):
            family_of[own], row_of[own] = len(families), np.arange(len(own))
            families.append(family.take(rows))
        slopes, intercepts, categories = self.slopes[items], self.intercepts[items], self.n_categories[items]
        known = attributes or Attributes.of(len(items))
        return ItemBank(slopes, intercepts, tuple(families), family_of, row_of, categories, known)

    def by_family(self, items: IntArray | None = None) -> list[tuple[Family, IntArray, IntArray]]:
        """(family, rows in it, positions in `items`) for each family that occurs."""
        family_of = self.family_of if items is None else self.family_of[items]
        row_of = self.row_of if items is None else self.row_of[items]
        if len(self.families) == 1:
            return [(self.families[0], row_of, np.arange(len(row_of)))]
        groups = []
        for index, family in enumerate(self.families):
            own = np.flatnonzero(family_of == index)
            if own.size:
                groups.append((family, row_of[own], own))
        return groups

    def _taken(self, items: IntArray | None) -> list[tuple[Family, IntArray]]:
        """The families of these questions alone, or of all, with the places in `items` of each one's."""
        if items is None:
            return self.derived(("families",), lambda: self._taken(np.arange(self.n_items)))
        return [(family.take(rows), own) for family, rows, own in self.by_family(items)]


def _logistic(guessing: FloatArray, upper: FloatArray) -> tuple[Family, IntArray]:
    return Logistic(guessing, upper), np.full(len(guessing), 2)


def _graded(thresholds: FloatArray, steepness: FloatArray) -> tuple[Family, IntArray]:
    boundaries = -steepness[:, None] * thresholds
    counts = 1 + np.isfinite(boundaries).sum(axis=1)
    return Graded(np.where(np.isnan(boundaries), -np.inf, boundaries)), counts


def _stepped(steps: FloatArray, steepness: FloatArray) -> tuple[Family, IntArray]:
    sums = np.cumsum(-steepness[:, None] * steps, axis=1)
    intercepts = np.concatenate([np.zeros((len(steps), 1)), sums], axis=1)
    slopes = np.broadcast_to(np.arange(intercepts.shape[1], dtype=float), intercepts.shape)
    return _nominal(slopes, intercepts)


def _nominal(slopes: FloatArray, intercepts: FloatArray) -> tuple[Family, IntArray]:
    absent = np.isnan(intercepts)
    counts = (~absent).sum(axis=1)
    return Nominal(np.where(absent, 0.0, slopes), np.where(absent, -np.inf, intercepts)), counts


def _rows(columns: npt.ArrayLike | None, own: BoolArray) -> FloatArray:
    """The rows of one family, without the columns that none of them uses."""
    if columns is None:
        raise ItemParameterError("thresholds", say("a model of this pool needs them"))
    rows = np.asarray(columns, dtype=float)[own]
    used = np.flatnonzero(~np.isnan(rows).all(axis=0))
    return rows[:, : used[-1] + 1 if used.size else 0]


def _padded(rows: Sequence[tuple[float, ...]]) -> FloatArray:
    """Ragged rows to a rectangle, NaN where a row is shorter."""
    padded = np.full((len(rows), max(map(len, rows))), np.nan)
    for row, values in zip(padded, rows, strict=True):
        row[: len(values)] = values
    return padded
