"""Simulations of pools with questions that do not count."""

import numpy as np
import pytest

from testing_engine.psychometrics.items.bank import ItemBank, ItemParameters
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.simulation.simulate import simulate

MIXED = ["operational", "not_calibrated", "provisional", "retired"] * 6
THETAS = np.linspace(-2, 2, 9)


def bank_of(states: list[str]) -> ItemBank:
    difficulties = np.random.default_rng(len(states)).normal(size=len(states))
    return ItemBank.from_parameters(
        [
            ItemParameters((1.0,), difficulty=b, state=state)
            for b, state in zip(difficulties, states, strict=True)
        ]
    )


@pytest.mark.parametrize("strategy", ["best", "randomesque"])
def test_it_draws_only_from_questions_that_count(strategy: str) -> None:
    bank = bank_of(MIXED)
    rules = CatRules.from_json({"max_questions": 6, "strategy": {"name": strategy}})
    found = simulate(bank, rules, THETAS, 3)
    assert len(found.counts()) == bank.n_items
    assert {MIXED[item] for item in np.flatnonzero(found.counts())} <= {"operational", "provisional"}
    piloted = CatRules.from_json({**rules.to_json(), "max_questions": 6, "pilots": {"count": 1}})
    assert (simulate(bank, piloted, THETAS, 3).items == found.items).all()


def test_a_test_without_an_ability_has_lengths_and_no_estimates() -> None:
    linear = simulate(bank_of(["operational"] * 9), CatRules.from_json({"selection": "linear"}), THETAS, 3)
    assert (linear.items == np.arange(9)).all()
    assert np.isnan(linear.estimates).all()
    assert linear.report().mean_length == 9


def test_nobody_knows_how_questions_without_parameters_are_answered() -> None:
    with pytest.raises(RulesError, match="cannot be simulated"):
        simulate(bank_of(MIXED), CatRules.from_json({"selection": "random"}), THETAS, 3)
