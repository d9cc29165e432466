"""The short lists give what a scan of the whole pool gives, to the bit."""

import numpy as np
import pytest
from hypothesis import given, settings

from testing_engine.psychometrics.components import EDITION, THIRD_EDITION
from testing_engine.psychometrics.items.bank import MODELS, ItemBank
from testing_engine.psychometrics.selection import ranking
from testing_engine.psychometrics.selection.ranking import (
    DEPTH,
    LEADERS,
    WORTH_NARROWER,
    WORTH_OF_FEW,
    Available,
    Leaders,
    informations_of,
    leading_information,
)
from testing_engine.psychometrics.tests.pools import SEEDS, random_pool

SIZE = 4_096
VISITS = WORTH_OF_FEW + DEPTH * WORTH_NARROWER  # of one ability, until all its cells are there


def scanned(
    bank: ItemBank, theta: float, available: Available, count: int, edition: int = EDITION
) -> Leaders:
    values = informations_of(bank, theta, edition)
    values = np.where(available.mask, values, -np.inf)
    order = np.lexsort((np.arange(len(values)), -values))[:count]
    return Leaders(order.tolist(), values[order].tolist())


def rounded_rasch(rng: np.random.Generator) -> ItemBank:
    """Many questions that are exactly alike."""
    return ItemBank.from_arrays(np.ones((SIZE, 1)), "1PL", rng.normal(size=SIZE).round(1))


def large_pool(rng: np.random.Generator) -> ItemBank:
    small = random_pool(rng, 60, models=MODELS)
    return (
        small.subset(np.sort(rng.integers(0, small.n_items, SIZE))) if rng.random() < 0.3 else jittered(rng)
    )


def jittered(rng: np.random.Generator) -> ItemBank:
    return ItemBank.from_arrays(
        np.ones((SIZE, 1)),
        "4PL",
        difficulty=rng.normal(size=SIZE),
        discrimination=np.exp(rng.normal(0, 0.4, SIZE)),
        guessing=rng.uniform(0, 0.3, SIZE),
        upper=rng.uniform(0.8, 1, SIZE),
    )


def one_model(rng: np.random.Generator) -> ItemBank:
    """Where ceilings alone lead, since they differ."""
    model = str(rng.choice(["3PL", "GRM", "GPCM", "NRM"]))
    return random_pool(rng, 700, models=(model,))


@pytest.mark.parametrize("make", [rounded_rasch, large_pool, one_model])
@pytest.mark.parametrize("edition", [THIRD_EDITION, EDITION])
@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_lists_lead_to_the_choice_of_a_full_scan(make: object, edition: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    bank = make(rng)  # type: ignore[operator]
    for _ in range(5):
        theta, count = float(rng.normal(0, 2)), int(rng.integers(1, LEADERS + 10))
        size = bank.n_items
        best = scanned(bank, theta, Available(size, frozenset()), 40, edition).items
        used = Available(size, frozenset(rng.permutation(best)[:20].tolist()))
        narrowed = used.only(used.mask & (rng.random(size) < 0.02))
        for _ in range(int(rng.integers(2)) * VISITS):
            leading_information(bank, theta, used, 1, edition)
        for available in (used, narrowed):
            ours, theirs = (
                choose(bank, theta, available, count, edition) for choose in (leading_information, scanned)
            )
            assert ours.items == theirs.items[: len(ours.items)]
            assert ours.values == theirs.values[: len(ours.values)]
            assert len(ours.items) == min(count, available.count)


@pytest.mark.parametrize("size", [300, SIZE])
def test_equals_are_chosen_by_index(size: int) -> None:
    bank = ItemBank.from_arrays(np.ones((size, 1)))
    for _ in range(VISITS):
        assert leading_information(bank, 0.3, Available(size, frozenset({0, 2})), 3).items == [1, 3, 4]
        assert leading_information(bank, 0.3, Available(size, frozenset({0, 2})), 1).items == [1]


def test_a_list_without_an_open_question_is_not_the_last_word() -> None:
    bank = jittered(np.random.default_rng(3))
    nothing = Available(SIZE, frozenset())
    for _ in range(VISITS):
        best = leading_information(bank, 0.2, nothing, 1).items
    best = scanned(bank, 0.2, nothing, 200).items
    used = Available(SIZE, frozenset(best[:199]))
    assert leading_information(bank, 0.2, used, 1).items == best[199:]


@pytest.mark.parametrize("model", [*MODELS, "all in one pool"])
def test_information_is_that_of_the_formulas(model: str) -> None:
    """But for rounding, so that no edition chooses otherwise where questions differ."""
    bank = random_pool(np.random.default_rng(4), 60, models=MODELS if model not in MODELS else (model,))
    for theta in (-7.0, -1.3, 0.0, 0.4, 2.0, 6.0):
        expected = bank.information(np.array([theta])) * bank.squared_steepness
        for edition, tolerance in ((THIRD_EDITION, 0.0), (EDITION, 1e-9)):
            np.testing.assert_allclose(informations_of(bank, theta, edition), expected, rtol=tolerance)


def test_a_large_pool_is_read_by_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    bank = jittered(np.random.default_rng(7))
    available = Available(SIZE, frozenset(range(0, SIZE, 3)))
    expected = leading_information(bank, 0.3, available, 5)
    monkeypatch.setattr(ranking, "IN_ORDER", 100)
    by_slices = leading_information(bank, 0.3, available, 5)
    assert (by_slices.items, by_slices.values) == (expected.items, expected.values)


@pytest.mark.parametrize("theta", [-50.0, -8.0, 8.0, 50.0])
def test_abilities_beyond_the_cells_are_scanned(theta: float) -> None:
    bank = jittered(np.random.default_rng(0))
    available = Available(SIZE, frozenset())
    ours, theirs = (choose(bank, theta, available, 3) for choose in (leading_information, scanned))
    assert (ours.items, ours.values) == (theirs.items, theirs.values)
