"""What is estimated: the blocks of items, the vector x of free numbers, and the population."""

import os
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from testing_engine.calibration.blocks import Block, natural_names, starting_values
from testing_engine.calibration.families import BINARY, MODELS, UNIT_SLOPE
from testing_engine.calibration.parameters import fixed_natural
from testing_engine.calibration.population import Population, starting_population
from testing_engine.calibration.responses import BoolArray, FloatArray, IntArray, Responses


class ModelError(ValueError):
    """A model that these answers cannot have; `field` names the argument."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(eq=False)
class Model:
    blocks: list[Block]
    start: FloatArray  # starting x
    shared: IntArray  # positions in x of the shared parameters
    shared_slope: IntArray  # those of them that are slopes
    shared_step: IntArray  # and those that are steps
    population: Population
    offset: IntArray  # (J + 1,): rows of each item in the table of categories
    models: list[str]
    q: BoolArray  # (J, D)
    anchored_mean: BoolArray  # (D,): given numbers hold the scale, so the population's mean is free
    anchored_sd: BoolArray

    @property
    def n_rows(self) -> int:
        return int(self.offset[-1])

    @property
    def n_free(self) -> int:
        return len(self.start) + self.population.n_free

    def rows_of_items(self) -> tuple[IntArray, BoolArray]:
        """(J, K) the rows of each item's categories, the last one again where an item has fewer than others,
        and which of them are its own.
        """
        n, category = np.diff(self.offset)[:, None], np.arange(int(np.diff(self.offset).max(initial=2)))
        return self.offset[:-1][:, None] + np.minimum(category, n - 1), category < n

    def log_probabilities(self, x: FloatArray, theta: FloatArray) -> FloatArray:
        """(rows, Q); rows of items left out are 0."""
        table = np.zeros((self.n_rows, len(theta)))
        for block in self.blocks:
            log_p = block.log_probabilities(block.natural(x), theta)
            table[block.rows.ravel()] = log_p.reshape(-1, len(theta))
        return table

    def moved(self, x: FloatArray, shift: FloatArray, scale: FloatArray) -> FloatArray:
        """The same curves when θ = shift + scale · θ′."""
        new = x.copy()
        new[self.shared_slope] *= scale[0]
        new[self.shared_step] -= shift[0]
        for block in self.blocks:
            block.store(new, block.moved(block.natural(x), shift, scale))
        return new


def read_models(model: Any, responses: Responses) -> list[str]:
    if isinstance(model, str):
        models = [model] * responses.n_items
    elif isinstance(model, Mapping):
        missing = [item for item in responses.items if item not in model]
        if missing:
            raise ModelError("model", f"names none for item {missing[0]!r}")
        models = [model[item] for item in responses.items]
    elif isinstance(model, Sequence):
        models = list(model)
    else:
        told = f"must be a name, a list or a mapping of {', '.join(MODELS)}, not {model!r}"
        raise ModelError("model", told)
    if len(models) != responses.n_items:
        raise ModelError("model", f"names {len(models)} where there are {responses.n_items} items")
    for item, name, k in zip(responses.items, models, responses.n_categories, strict=True):
        if name not in MODELS:
            raise ModelError("model", f"must be one of {', '.join(MODELS)}, not {name!r}")
        if name in BINARY and k > 2:
            raise ModelError("model", f"{name} is for right and wrong, but item {item!r} has {k} categories")
    return models


def read_threads(threads: Any) -> int:
    """As many as are asked for, or two where there are two."""
    if threads is not None and (not isinstance(threads, Integral) or threads < 0):
        raise ModelError("threads", f"must be a whole number above 0, not {threads!r}")
    return int(threads or min(2, os.cpu_count() or 1))


def read_q_matrix(q_matrix: Any, n_items: int) -> BoolArray:
    if q_matrix is None:
        return np.ones((n_items, 1), dtype=bool)
    try:
        q = np.asarray(q_matrix, dtype=float)
    except (TypeError, ValueError):
        raise ModelError("q_matrix", "must hold numbers, a row for each item") from None
    if not np.isfinite(q).all():
        raise ModelError("q_matrix", "holds a number that is not finite")
    if q.ndim == 1:
        q = q[:, None]
    if q.ndim != 2 or len(q) != n_items:
        raise ModelError("q_matrix", f"must have a row for each of the {n_items} items")
    measured: BoolArray = np.asarray(q != 0)
    if not measured.any(axis=1).all():
        raise ModelError("q_matrix", f"row {int(np.flatnonzero(~measured.any(axis=1))[0])} measures nothing")
    if not measured.any(axis=0).all():
        raise ModelError("q_matrix", f"concept {int(np.flatnonzero(~measured.any(axis=0))[0])} has no items")
    return measured


def build_model(
    responses: Responses,
    models: list[str],
    q: BoolArray,
    fixed: Mapping[Hashable, Any] | None,
    population: Mapping[Hashable, tuple[float, float]] | None,
    left_out: BoolArray,
) -> Model:
    """`left_out` marks items that have no estimate."""
    n_concepts = q.shape[1]
    k_of = responses.n_categories
    natural: dict[int, FloatArray] = {}
    position = {item: number for number, item in enumerate(responses.items)}
    for item, given in (fixed or {}).items():
        if item not in position:
            raise ModelError(f"fixed[{item!r}]", "is no item of these answers")
        j = position[item]
        k_of = _with_categories(k_of, j, given, models[j])
        natural[j] = fixed_natural(
            item, given, models[j], int(k_of[j]), np.flatnonzero(q[j]).tolist(), n_concepts
        )
    offset = np.concatenate([[0], np.cumsum(k_of)])
    layout = _Layout(responses, models, q, k_of, offset, natural, left_out)
    layout.place_shared()
    layout.place_items()
    mean, sd = layout.anchors()
    return Model(
        layout.blocks,
        np.array(layout.start, dtype=float),
        np.array(sorted([*layout.slope_at, *layout.step_at]), dtype=np.int64),
        np.array(layout.slope_at, dtype=np.int64),
        np.array(layout.step_at, dtype=np.int64),
        starting_population(responses.groups, mean, sd, population),
        offset,
        models,
        q,
        mean,
        sd,
    )


def _with_categories(k_of: IntArray, item: int, given: Any, model: str) -> IntArray:
    """Given parameters may know of categories that nobody chose this time."""
    d = given.get("d") if isinstance(given, Mapping) else getattr(given, "d", None)
    if d is None or model in BINARY:
        return k_of
    n = np.atleast_1d(d).size
    known = n + 1 if model == "GRM" else n
    if known > k_of[item]:
        k_of = k_of.copy()
        k_of[item] = known
    return k_of


class _Layout:
    """Gives every free number its place in x and gathers the items into blocks."""

    def __init__(
        self,
        responses: Responses,
        models: list[str],
        q: BoolArray,
        k_of: IntArray,
        offset: IntArray,
        fixed: dict[int, FloatArray],
        left_out: BoolArray,
    ) -> None:
        self.responses, self.models, self.q, self.k_of = responses, models, q, k_of
        self.offset, self.fixed, self.left_out = offset, fixed, left_out
        self.start: list[float] = []
        self.blocks: list[Block] = []
        self.slope_at: list[int] = []
        self.step_at: list[int] = []
        self.steps: dict[int, list[int]] = {}  # K -> positions of the RSM steps
        self.known_slope: float | None = None  # of 1PL, taken over from given items
        self.known_steps: dict[int, FloatArray] = {}
        self.free_items = [j for j in range(len(models)) if not left_out[j]]

    def place_shared(self) -> None:
        self._take_over()
        for j in self.free_items:
            if j in self.fixed:
                continue
            k = int(self.k_of[j])
            if self.models[j] == "1PL" and not self.slope_at and self.known_slope is None:
                self.slope_at = [self._new([1.0])[0]]
            if self.models[j] == "RSM" and k not in self.steps and k not in self.known_steps:
                pooled = np.sum(
                    [
                        self._count(i)
                        for i in self.free_items
                        if self.models[i] == "RSM" and self.k_of[i] == k
                    ],
                    axis=0,
                )
                n = pooled + 0.5
                self.steps[k] = self._new(list(-np.log(n[1:] / n[:-1])))
                self.step_at += self.steps[k]

    def _take_over(self) -> None:
        """New 1PL and RSM items join the slope and the steps of the given ones."""
        for j, natural in self.fixed.items():
            if self.models[j] == "1PL" and np.isfinite(natural[0]):
                self.known_slope = float(natural[0])
            if self.models[j] == "RSM" and np.isfinite(natural).all():
                d = np.concatenate([[0.0], natural[self.q[j].sum() :]])
                self.known_steps[int(self.k_of[j])] = -np.diff(d)

    def place_items(self) -> None:
        keys: dict[tuple[Any, ...], list[int]] = {}
        first_rsm: set[int] = set()
        for j in self.free_items:
            model, k = self.models[j], int(self.k_of[j])
            free: tuple[bool, ...] = ()
            if j in self.fixed:
                free = tuple(np.isnan(self.fixed[j]).tolist())
            first = model == "RSM" and j not in self.fixed and k in self.steps and k not in first_rsm
            if first:
                first_rsm.add(k)
            keys.setdefault((model, k, tuple(np.flatnonzero(self.q[j])), free, first), []).append(j)
        for (model, k, concepts, free, first), items in keys.items():
            self._add_block(model, k, np.array(concepts), free, first, np.array(items))

    def _add_block(
        self, model: str, k: int, concepts: IntArray, free: tuple[bool, ...], first: bool, items: IntArray
    ) -> None:
        names = natural_names(model, k, len(concepts))
        p = len(names)
        counts = np.array([self._count(j) for j in items], dtype=float)
        begin = starting_values(model, k, len(concepts), counts)
        own = np.eye(p)
        shared, shared_index = np.zeros((p, 0)), np.zeros(0, dtype=np.int64)
        constant = np.zeros((len(items), p))
        slopes = np.arange(p) < len(concepts)
        if free:
            given = np.array([self.fixed[j] for j in items])
            constant = np.where(np.isnan(given), 0.0, given)
            own = own[:, np.array(free)]
            if model in UNIT_SLOPE:
                own = own[:, ~slopes[np.array(free)]]
                constant[:, slopes & np.array(free)] = 1.0
        elif model == "RSM":
            own, shared, constant = self._rating_scale(k, len(concepts), first, len(items))
            shared_index = np.array(self.steps.get(k, []), dtype=np.int64)
            begin = (
                constant + shared @ np.array([self.start[i] for i in shared_index])
                if len(shared_index)
                else constant
            )
        elif model in UNIT_SLOPE:
            own = own[:, ~slopes]
            constant[:, slopes] = 1.0
        elif model == "1PL":
            own = own[:, ~slopes]
            if self.known_slope is None:
                shared, shared_index = slopes[:, None].astype(float), np.array(self.slope_at)
            else:
                constant[:, slopes] = self.known_slope
        n_own = own.shape[1]
        start = (
            (begin - constant) @ np.linalg.pinv(own).T
            if n_own and model != "RSM"
            else np.zeros((len(items), n_own))
        )
        index = np.array(self._new(start.ravel().tolist()), dtype=np.int64).reshape(len(items), n_own)
        is_free = (np.abs(own).sum(axis=1) + np.abs(shared).sum(axis=1)) > 0
        rows = self.offset[items][:, None] + np.arange(k)
        self.blocks.append(
            Block(model, k, concepts, items, rows, constant, own, index, shared, shared_index, is_free)
        )

    def _rating_scale(
        self, k: int, n_slopes: int, first: bool, n: int
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """d_k = k c − Σ_{j ≤ k} b_j; the c of the first item is 0."""
        p = n_slopes + k - 1
        own = np.zeros((p, 0 if first else 1))
        if not first:
            own[n_slopes:, 0] = np.arange(1, k)
        cumulative = -np.tri(k - 1)
        constant = np.zeros((n, p))
        constant[:, :n_slopes] = 1.0
        if k in self.known_steps:
            constant[:, n_slopes:] = cumulative @ self.known_steps[k]
            return own, np.zeros((p, 0)), constant
        shared = np.zeros((p, k - 1))
        shared[n_slopes:] = cumulative
        return own, shared, constant

    def anchors(self) -> tuple[BoolArray, BoolArray]:
        """Per concept: whether given numbers hold its mean and its standard deviation."""
        d = self.q.shape[1]
        mean, sd = np.zeros(d, dtype=bool), np.zeros(d, dtype=bool)
        for block in self.blocks:
            fixed_slope = ~block.free[: block.n_slopes]
            is_d = np.array([name[0] == "d" for name in block.names])
            held = not block.free[is_d].any() or (block.model == "RSM" and not block.shared_map.shape[1])
            sd[block.concepts[fixed_slope]] = True
            mean[block.concepts] |= held and bool(fixed_slope.all())
        return mean, sd

    def _count(self, item: int) -> FloatArray:
        count = self.responses.counts[item].astype(float)
        return np.pad(count, (0, int(self.k_of[item]) - len(count)))

    def _new(self, values: list[float]) -> list[int]:
        first = len(self.start)
        self.start += values
        return list(range(first, len(self.start)))
