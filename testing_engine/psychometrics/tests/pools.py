"""Random pools for tests: any mix of models, one or several dimensions."""

import numpy as np
from hypothesis import strategies as st

from testing_engine.psychometrics.items.bank import MODELS, ItemBank, ItemParameters

SEEDS = st.integers(0, 2**32 - 1)


def random_item(rng: np.random.Generator, model: str, dimensions: int = 1) -> ItemParameters:
    concepts = np.zeros(dimensions)
    concepts[rng.permutation(dimensions)[: rng.integers(1, dimensions + 1)]] = rng.uniform(0.3, 1.0)
    steep = float(np.exp(rng.normal(0, 0.4)))
    concept_row, difficulty = tuple(concepts.tolist()), float(rng.normal())
    count = int(rng.integers(1, 5))
    thresholds: tuple[float, ...] = ()
    if model == "NRM":
        slopes, intercepts = rng.normal(size=(2, count + 1)).tolist()
        return ItemParameters(
            concept_row,
            model,
            difficulty,
            category_slopes=tuple(slopes),
            category_intercepts=tuple(intercepts),
        )
    if model == "GRM":
        thresholds = tuple((np.cumsum(rng.uniform(0.1, 1.0, count)) - 1).tolist())
    if model in ("GPCM", "PCM", "RSM"):
        thresholds = tuple(rng.normal(size=count).tolist())
    return ItemParameters(
        concept_row,
        model,
        difficulty,
        discrimination=1.0 if model in ("1PL", "PCM", "RSM") else steep,
        guessing=float(rng.uniform(0, 0.35)) if model in ("3PL", "4PL") else 0.0,
        upper=float(rng.uniform(0.8, 1.0)) if model == "4PL" else 1.0,
        thresholds=thresholds,
    )


def random_pool(
    rng: np.random.Generator, size: int = 18, dimensions: int = 1, models: tuple[str, ...] = MODELS
) -> ItemBank:
    """Every model in turn."""
    scaling = float(rng.choice([1.0, 1.702]))
    items = [random_item(rng, models[place % len(models)], dimensions) for place in range(size)]
    return ItemBank.from_parameters(items, scaling)


def random_answers(rng: np.random.Generator, bank: ItemBank, count: int) -> tuple[list[int], list[int]]:
    items = rng.permutation(bank.n_items)[:count]
    return items.tolist(), rng.integers(0, bank.n_categories[items]).tolist()
