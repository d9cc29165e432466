"""Linking of several concepts: each concept's zero and unit by the items that measure it alone.

With loadings confirmed by a Q-matrix the axes are the concepts themselves, so a scale is free in nothing but
location and unit of each: θ_old,c = A_c θ_new,c + B_c. Items of one concept alone tell A_c and B_c as in one
dimension (`linking`); then all items move, those of several concepts, too:

    a_c → a_c / A_c,    d → d − Σ_c a_c B_c / A_c

and correlations stay as they are.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from testing_engine.calibration.families import BINARY
from testing_engine.calibration.linking import Link, anchors_of, link, moved_intercepts
from testing_engine.calibration.linking_errors import LinkError
from testing_engine.calibration.parameters import ItemEstimate, ParameterTable
from testing_engine.calibration.responses import FloatArray


@dataclass(frozen=True, eq=False)
class ConceptLinks:
    """θ_old = A θ_new + B, entry by entry. `concepts`: one `Link` a concept, in the order of the Q-matrix'
    columns, with the standard errors."""

    A: FloatArray  # (D,) units
    B: FloatArray  # (D,) zeros
    concepts: tuple[Link, ...]

    def transform(self, parameters: Mapping[Hashable, ItemEstimate]) -> ParameterTable:
        """New items on the old scale."""
        return ParameterTable({item: self._moved(each) for item, each in parameters.items()})

    def scores(self, theta: FloatArray) -> FloatArray:
        """(N, D) abilities on the old scale."""
        return np.asarray(theta * self.A + self.B)

    def _moved(self, item: ItemEstimate) -> ItemEstimate:
        a = item.a / self.A
        d = moved_intercepts(item, float(a @ self.B))
        return ItemEstimate(item.model, a, d, item.lower, item.upper, _places(item, a, d), item.scoring)


def link_concepts(
    old: Mapping[Any, ItemEstimate],
    new: Mapping[Any, ItemEstimate],
    method: str = "Haebara",
    *,
    items: Sequence[Hashable] | None = None,
) -> ConceptLinks:
    """`old` and `new` as `Calibration.parameters` of the same concepts in the same order; `items` are the
    anchors, all common ones unless named. Each concept needs two that measure it alone.
    """
    anchors = anchors_of(old, new, items)
    sizes = {len(each.a) for table in (old, new) for each in table.values()}
    if len(sizes) != 1:
        raise LinkError("new", "has another number of concepts than old")
    (n_concepts,) = sizes
    found = []
    for concept in range(n_concepts):
        alone = [item for item in anchors if all(_is_of(table[item], concept) for table in (old, new))]
        if len(alone) < 2:
            told = f"shares {len(alone)} items with old that measure concept {concept} alone; 2 are the least"
            raise LinkError("new", told)
        found.append(link(_of_concept(old, alone, concept), _of_concept(new, alone, concept), method))
    return ConceptLinks(
        np.array([each.A for each in found]), np.array([each.B for each in found]), tuple(found)
    )


def _places(item: ItemEstimate, a: FloatArray, d: FloatArray) -> FloatArray:
    """b, as every estimate tells it: along the direction of the slopes."""
    of_one = np.flatnonzero(a)
    slope = float(a[of_one[0]]) if len(of_one) == 1 else float(np.linalg.norm(a))
    with np.errstate(divide="ignore", invalid="ignore"):
        if item.model in (*BINARY, "GRM"):
            return np.asarray(-d / slope)
        rise = slope if item.scoring is None else slope * np.diff(item.scoring)
        return np.asarray(-np.diff(d) / rise)


def _is_of(item: ItemEstimate, concept: int) -> bool:
    """Whether it measures this concept and no other, and has an estimate."""
    return np.flatnonzero(item.a != 0).tolist() == [concept] and bool(np.isfinite(item.a).all())


def _of_concept(
    parameters: Mapping[Any, ItemEstimate], items: Sequence[Hashable], concept: int
) -> ParameterTable:
    """The same items with this concept alone, and their covariance where it is known."""
    one = {item: replace(parameters[item], a=parameters[item].a[[concept]]) for item in items}
    known = parameters.covariance(items) if isinstance(parameters, ParameterTable) else None
    if known is None:
        return ParameterTable(one)
    whole: FloatArray = known
    return ParameterTable(one, lambda _: whole)
