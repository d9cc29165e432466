"""The searches find numbers that hold the maximum for other students, too, or say what can be held."""

import numpy as np
import pytest

from testing_engine.psychometrics.constraints.eligibility import Eligibility
from testing_engine.psychometrics.constraints.exposure import ItemEligibility, SympsonHetter
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.tests.whole_tests import pool
from testing_engine.simulation.exposure_search import (
    Controlled,
    ExposureNotHeldError,
    search_item_eligibility,
    search_sympson_hetter,
    with_exposure,
)
from testing_engine.simulation.simulate import simulate

POOL = pool(np.random.default_rng(30), 60)
THETAS = np.random.default_rng(31).normal(size=180)
OTHERS = np.random.default_rng(34).normal(size=180)
RULES = CatRules(max_questions=5)


def noise(maximum: float, tests: int) -> float:
    """Five standard deviations: of the rate itself, and as much of the number that it was held by."""
    return float(5 * np.sqrt(2 * maximum * (1 - maximum) / tests))


def holds_for_thousands(found: Controlled, maximum: float) -> bool:
    """Within five standard deviations of their rates: numbers of a single round are off by more. Nor is
    more taken away than needs be."""
    many = np.random.default_rng(37).normal(size=4000)
    largest = simulate(POOL, found.rules, many, 2).exposure_rates().max()
    return bool(0.8 * maximum < largest < maximum + 5 * np.sqrt(maximum * (1 - maximum) / len(many)))


def test_sympson_hetter_search() -> None:
    assert simulate(POOL, RULES, THETAS, 32).exposure_rates().max() > 0.9
    found = search_sympson_hetter(POOL, RULES, THETAS, 0.3, 32)
    assert (found.simulation.lengths == 5).all()
    assert len(found.simulation.thetas) > 2500
    assert holds_for_thousands(found, 0.3)
    assert simulate(POOL, found.rules, OTHERS, 1).exposure_rates().max() < 0.3 + noise(0.3, len(OTHERS))


@pytest.mark.parametrize("cuts", [(), (-0.4, 0.4)])
def test_item_eligibility_search(cuts: tuple[float, ...]) -> None:
    """With cuts, in every band of the final estimate and of the true ability."""
    found = search_item_eligibility(POOL, RULES, THETAS, 0.3, 33, cuts)
    assert cuts or holds_for_thousands(found, 0.3)
    result = simulate(POOL, found.rules, OTHERS, 1)
    for ability in (result.estimates[:, 0], OTHERS):
        bands = np.searchsorted(cuts, ability)
        for band in np.unique(bands):
            members = bands == band
            largest = result.exposure_rates(members).max()
            assert largest < 0.3 + noise(0.3, int(np.count_nonzero(members)))


@pytest.mark.parametrize("search", [search_sympson_hetter, search_item_eligibility])
def test_a_maximum_that_cannot_be_held_is_refused_with_one_that_can(search) -> None:  # type: ignore[no-untyped-def]
    """Five questions of ten: no rate can be below one half for all of them."""
    small = pool(np.random.default_rng(35), 10)
    with pytest.raises(ExposureNotHeldError) as caught:
        search(small, RULES, THETAS[:100], 0.3, 36, rounds=12)
    assert 0.5 <= caught.value.held < 1
    assert f"{caught.value.held:.3f}" in str(caught.value)


def test_what_cannot_run_in_lock_step_is_held_too() -> None:
    rules = CatRules.from_json({"max_questions": 3, "criterion": {"name": "MPWI"}})
    few = THETAS[:20]
    assert simulate(POOL, rules, few, 39).exposure_rates().max() > 0.3
    found = search_item_eligibility(POOL, rules, few, 0.25, 39)
    assert len(found.simulation.thetas) == 8 * len(few)
    assert found.largest_rate < 0.25 + noise(0.25, 8 * len(few))


def test_a_search_repeats_itself() -> None:
    first, second = (search_item_eligibility(POOL, RULES, THETAS[:30], 0.3, 40) for _ in range(2))
    assert first.rules == second.rules


def test_where_nothing_needs_control_nothing_is_controlled() -> None:
    found = search_item_eligibility(POOL, RULES, THETAS[:50], 1.0, 41)
    assert found.rules == with_exposure(RULES, ItemEligibility(((1.0,) * 60,)))


def test_exposure_goes_between_content_and_shadow_test() -> None:
    rules = CatRules.from_json({"max_questions": 6, "eligibility": [{"name": "shadow"}]})
    exposure: Eligibility = SympsonHetter((1.0,) * 60)
    assert [rule.name for rule in with_exposure(rules, exposure).eligibility] == ["sympson_hetter", "shadow"]
    with_exposure(rules, ItemEligibility(((1.0,) * 60,))).check(POOL)
