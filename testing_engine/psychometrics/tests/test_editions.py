"""Tests that began under an earlier edition of the methods go on, and replay, as they began.

`reference/first_edition.json` was computed before there was a second, `third_edition.json` before a fourth.
Another machine's BLAS may round the last bit otherwise, so numbers of the first are held to 1e-9, those of
the third to 1e-12: below what the editions differ by.
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

FIRST, THIRD = (
    {test["name"]: test for test in reference(f"{number}_edition")} for number in ("first", "third")
)


def bank_of(test: dict[str, Any]) -> ItemBank:
    return ItemBank.from_parameters([ItemParameters(**item) for item in test["pool"]])


def steps_of(test: dict[str, Any], rules: CatRules) -> list[Step]:
    bank, sd = bank_of(test), test["prior_sd"]
    prior = None if sd is None else NormalPrior(np.zeros(len(sd)), np.diag(np.square(sd)))
    items, scores = test["items"], test["scores"]
    return [next_step(TestSoFar(bank, rules, prior, 7, items[:n], scores[:n])) for n in range(len(items) + 1)]


def numbers(hexadecimal: list[str]) -> list[float]:
    return [float.fromhex(value) for value in hexadecimal]


def goes_on_as_it_began(test: dict[str, Any], tolerance: float) -> None:
    for step, stored in zip(steps_of(test, CatRules.from_plan(test["rules"])), test["steps"], strict=True):
        np.testing.assert_allclose(step.ability.theta, numbers(stored["theta"]), atol=tolerance)
        errors = numbers(stored["standard_error"])
        np.testing.assert_allclose(step.ability.standard_error, errors, rtol=tolerance)
        assert (step.stop, step.next_item) == (stored["stop"], stored["next_item"])


@pytest.mark.parametrize("name", FIRST)
def test_a_plan_without_an_edition_means_what_it_meant(name: str) -> None:
    goes_on_as_it_began(FIRST[name], 1e-9)


@pytest.mark.parametrize("name", THIRD)
def test_a_plan_of_the_third_edition_goes_on_as_it_began(name: str) -> None:
    goes_on_as_it_began(THIRD[name], 1e-12)


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
    test = FIRST[name]
    last = steps_of(test, CatRules.from_json(test["rules"]))[-1]
    assert np.abs(last.ability.theta - numbers(test["steps"][-1]["theta"])).max() > 1e-4


@pytest.mark.parametrize("name", ["4PL, all right", "GRM, steep", "NRM by MEPV"])
def test_the_fourth_edition_s_grids_are_others(name: str) -> None:
    """So the same of the third would fail."""
    test = THIRD[name]
    steps = steps_of(test, CatRules.from_json(test["rules"] | {"edition": EDITION}))
    apart = [
        abs(step.ability.theta[0] - numbers(stored["theta"])[0])
        for step, stored in zip(steps, test["steps"], strict=True)
    ]
    assert 1e-11 < max(apart) < 1e-6


def test_a_new_plan_names_what_it_uses() -> None:
    several = bank_of(FIRST["five concepts, nothing named"])
    plan = CatRules.from_json({"max_questions": 7}).settled(several).to_plan()
    assert plan == {
        "ability": {"name": "EP"},
        "criterion": {"name": "D"},
        "max_questions": 7,
        "edition": EDITION,
    }
    one = bank_of(FIRST["one concept, nothing named"])
    plan = CatRules().settled(one).to_plan()
    assert plan == {"ability": {"name": "EAP"}, "criterion": {"name": "MFI"}, "edition": EDITION}
    first = CatRules.from_json({"edition": 1}).settled(several)
    assert first.to_plan() == {"ability": {"name": "MAP"}, "criterion": {"name": "D"}, "edition": 1}
    assert CatRules.from_plan(first.to_plan()) == first
