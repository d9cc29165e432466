"""Tests that began under the first edition of the methods go on, and replay, as they began.

`reference/first_edition.json` was computed before there was a second. Another machine's BLAS may round the
last bit otherwise, so numbers are held to 1e-9, far below what any difference between the editions makes.
"""

from typing import Any

import numpy as np
import pytest

from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.components import EDITION
from testing_engine.psychometrics.engine import Step, TestSoFar, next_step
from testing_engine.psychometrics.items.bank import ItemBank, ItemParameters
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.tests.reference_data import reference

TESTS: list[dict[str, Any]] = reference("first_edition")
BY_NAME = {test["name"]: test for test in TESTS}


def bank_of(test: dict[str, Any]) -> ItemBank:
    return ItemBank.from_parameters([ItemParameters(**item) for item in test["pool"]])


def steps_of(test: dict[str, Any], rules: CatRules) -> list[Step]:
    bank, sd = bank_of(test), test["prior_sd"]
    prior = None if sd is None else NormalPrior(np.zeros(len(sd)), np.diag(np.square(sd)))
    items, scores = test["items"], test["scores"]
    return [next_step(TestSoFar(bank, rules, prior, 7, items[:n], scores[:n])) for n in range(len(items) + 1)]


def numbers(hexadecimal: list[str]) -> list[float]:
    return [float.fromhex(value) for value in hexadecimal]


@pytest.mark.parametrize("name", BY_NAME)
def test_a_plan_without_an_edition_means_what_it_meant(name: str) -> None:
    test = BY_NAME[name]
    for step, stored in zip(steps_of(test, CatRules.from_plan(test["rules"])), test["steps"], strict=True):
        np.testing.assert_allclose(step.ability.theta, numbers(stored["theta"]), atol=1e-9)
        errors = numbers(stored["standard_error"])
        np.testing.assert_allclose(step.ability.standard_error, errors, rtol=1e-9)
        assert (step.stop, step.next_item) == (stored["stop"], stored["next_item"])


@pytest.mark.parametrize(
    "name",
    [
        "five concepts, nothing named",
        "MAP on a lower peak",
        "EAP in two dimensions, wide prior",
        "ML of nominal questions, steps",
    ],
)
def test_new_rules_go_by_the_newest_edition(name: str) -> None:
    """So the test above would fail if editions were mixed up."""
    test = BY_NAME[name]
    last = steps_of(test, CatRules.from_json(test["rules"]))[-1]
    assert np.abs(last.ability.theta - numbers(test["steps"][-1]["theta"])).max() > 1e-4


def test_a_new_plan_names_what_it_uses() -> None:
    several = bank_of(BY_NAME["five concepts, nothing named"])
    plan = CatRules.from_json({"max_questions": 7}).settled(several).to_plan()
    assert plan == {
        "ability": {"name": "EP"},
        "criterion": {"name": "D"},
        "max_questions": 7,
        "edition": EDITION,
    }
    one = bank_of(BY_NAME["one concept, nothing named"])
    plan = CatRules().settled(one).to_plan()
    assert plan == {"ability": {"name": "EAP"}, "criterion": {"name": "MFI"}, "edition": EDITION}
    first = CatRules.from_json({"edition": 1}).settled(several)
    assert first.to_plan() == {"ability": {"name": "MAP"}, "criterion": {"name": "D"}, "edition": 1}
    assert CatRules.from_plan(first.to_plan()) == first
