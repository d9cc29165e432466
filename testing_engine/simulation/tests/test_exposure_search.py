"""The searches find numbers that keep the maximum, at a small cost in precision."""

import numpy as np
import pytest

from testing_engine.psychometrics.constraints.eligibility import Eligibility
from testing_engine.psychometrics.constraints.exposure import ItemEligibility, SympsonHetter
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.tests.whole_tests import pool
from testing_engine.simulation.exposure_search import (
    search_item_eligibility,
    search_sympson_hetter,
    with_exposure,
)
from testing_engine.simulation.simulate import simulate

POOL = pool(np.random.default_rng(30), 60)
THETAS = np.random.default_rng(31).normal(size=300)
RULES = CatRules(max_questions=6)
NOISE = 5 * np.sqrt(0.3 * 0.7 / len(THETAS))


def test_sympson_hetter_search() -> None:
    assert simulate(POOL, RULES, THETAS, 32).exposure_rates().max() > 0.9
    found = search_sympson_hetter(POOL, RULES, THETAS, 0.3, 32, rounds=11)
    assert found.largest_rate < 0.3 + NOISE
    assert (found.simulation.lengths == 6).all()


@pytest.mark.parametrize("cuts", [(), (-0.5, 0.5)])
def test_item_eligibility_search(cuts: tuple[float, ...]) -> None:
    found = search_item_eligibility(POOL, RULES, THETAS, 0.3, 33, cuts)
    assert found.largest_rate < 0.3 + NOISE
    bands = np.searchsorted(cuts, found.simulation.estimates[:, 0]) if cuts else np.zeros(len(THETAS))
    for band in np.unique(bands):
        members = bands == band
        noise = 5 * np.sqrt(0.3 * 0.7 / np.count_nonzero(members))
        assert found.simulation.exposure_rates(members).max() < 0.3 + 0.1 * bool(cuts) + noise


def test_exposure_goes_between_content_and_shadow_test() -> None:
    rules = CatRules.from_json({"max_questions": 6, "eligibility": [{"name": "shadow"}]})
    exposure: Eligibility = SympsonHetter((1.0,) * 60)
    assert [rule.name for rule in with_exposure(rules, exposure).eligibility] == ["sympson_hetter", "shadow"]
    with_exposure(rules, ItemEligibility(((1.0,) * 60,))).check(POOL)
