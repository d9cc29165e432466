"""Linking of several concepts: zero and unit of each."""

from collections.abc import Hashable

import numpy as np
import pytest

from testing_engine.calibration.linking import METHODS
from testing_engine.calibration.linking_concepts import link_concepts
from testing_engine.calibration.linking_errors import LinkError
from testing_engine.calibration.parameters import ItemEstimate, ParameterTable, estimate_of
from testing_engine.calibration.responses import FloatArray

UNIT, ZERO = np.array([1.3, 0.8]), np.array([0.5, -0.4])
MODELS = [("2PL", 2), ("3PL", 2), ("GRM", 4), ("GPCM", 3), ("NRM", 3)]


def natural_of(model: str, k: int, n_slopes: int, rng: np.random.Generator) -> FloatArray:
    """Slopes, then what the family has besides."""
    d = -np.sort(rng.normal(size=1 if model == "3PL" else k - 1))
    rest = {"3PL": [*d, -1.4], "NRM": [0.8, *d]}.get(model, [*d])
    return np.array([*rng.uniform(0.7, 1.6, n_slopes), *rest])


def two_scales(rng: np.random.Generator) -> tuple[ParameterTable, ParameterTable]:
    """Old items, and the same on the scale θ_new = (θ_old − ZERO) / UNIT; every fifth measures both."""
    old: dict[Hashable, ItemEstimate] = {}
    new: dict[Hashable, ItemEstimate] = {}
    for item in range(20):
        model, k = MODELS[item % 4 + (item > 14)]
        concepts = [0, 1] if item % 5 == 4 else [item % 2]
        natural = natural_of(model, k, len(concepts), rng)
        n = len(concepts)
        moved = natural.copy()
        moved[:n] = natural[:n] * UNIT[concepts]
        step = float(natural[:n] @ ZERO[concepts])
        first = n + (1 if model == "NRM" else 0)
        last = first + (1 if model == "3PL" else k - 1)
        scores = {"GPCM": np.arange(1, k), "NRM": np.array([0.8, 2.0])}.get(model, np.ones(last - first))
        moved[first:last] += step * scores
        for table, numbers in ((old, natural), (new, moved)):
            table[item] = estimate_of(model, k, numbers, concepts, 2)
    return ParameterTable(old), ParameterTable(new)


@pytest.mark.parametrize("method", METHODS)
def test_zero_and_unit_of_each_concept_come_out(method: str) -> None:
    old, new = two_scales(np.random.default_rng())
    found = link_concepts(old, new, method)
    assert pytest.approx(UNIT, abs=1e-6) == found.A
    assert pytest.approx(ZERO, abs=1e-6) == found.B
    moved = found.transform(new)
    for item in old:
        for name in ("a", "d", "b"):
            assert getattr(moved[item], name) == pytest.approx(getattr(old[item], name), abs=1e-5)
    theta = np.random.default_rng().normal(size=(5, 2))
    assert found.scores((theta - ZERO) / UNIT) == pytest.approx(theta, abs=1e-5)
    assert found.concepts[0].errors_from == "anchors"
    assert found.concepts[0].standard_errors.A < 1e-6  # they agree


def test_errors_come_from_the_covariances_of_each_concept() -> None:
    old, new = two_scales(np.random.default_rng())
    old, new = (ParameterTable(each, lambda items: np.eye(_size(items)) * 0.01) for each in (old, new))
    for each in link_concepts(old, new, "mean-gmean").concepts:
        assert 0 < each.standard_errors.A < 0.3
        assert 0 < each.standard_errors.B < 0.3


def _size(items: object) -> int:
    """Natural parameters of anchors that measure one concept."""
    assert isinstance(items, list)
    sizes = {"2PL": 2, "3PL": 3, "GRM": 4, "GPCM": 3, "NRM": 4}
    return sum(sizes[MODELS[item % 4 + (item > 14)][0]] for item in items)


def test_a_concept_without_items_of_its_own_is_refused() -> None:
    old, new = two_scales(np.random.default_rng())
    with pytest.raises(LinkError, match="concept 1 alone"):
        link_concepts(old, new, items=[0, 2, 6, 4, 9])
    with pytest.raises(LinkError, match="not in both"):
        link_concepts(old, new, items=[0, 99])
    narrow = {item: estimate_of("2PL", 2, np.array([1.0, 0.0]), [0], 1) for item in old}
    with pytest.raises(LinkError, match="number of concepts"):
        link_concepts(old, narrow)
