"""Criterion values of every candidate, and the question chosen, against catR and mirtCAT."""

from typing import Any

import numpy as np
import pytest

from testing_engine.psychometrics.ability.posterior import AbilityEstimate, Answers
from testing_engine.psychometrics.ability.priors import NormalPrior
from testing_engine.psychometrics.engine import TestSoFar, observe
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.selection.ranking import Available
from testing_engine.psychometrics.state import CatState
from testing_engine.psychometrics.tests import catr
from testing_engine.psychometrics.tests.reference_data import (
    catr_bank,
    catr_polytomous_bank,
    mirtcat_bank,
    reference,
)

EXACT = 1e-9
THROUGH_AN_ESTIMATE = 1e-4  # MEI contains estimates of theirs, which stop within 3e-5


def state_at(bank: ItemBank, rules: CatRules, case: dict[str, Any], theta: list[float]) -> CatState:
    """The reference's state, with its own estimate to all its digits."""
    items = [item - 1 for item in catr.listed(case["administered"])]
    estimate = AbilityEstimate(np.array(theta), np.eye(len(theta)))
    answers = Answers.given(items, catr.listed(case["x"]))
    prior = NormalPrior.standard(bank.n_dimensions)
    return CatState(bank, prior, tuple(items), answers, estimate, None, 0, 20, rules.ability_for(bank))


@pytest.mark.parametrize("name", [name for name in catr.CRITERIA if name not in ("bOpt", "thOpt", "MEI")])
@pytest.mark.parametrize("case", reference("catR_next_item_dichotomous")["states"])
def test_values_are_catr_s(name: str, case: dict[str, Any]) -> None:
    bank, rules = catr_bank(case["bank"]), CatRules.from_json({"criterion": catr.CRITERIA[name]})
    values = rules.criterion_for(bank).values(state_at(bank, rules, case, [case["theta_BM"]]))
    values = values[np.array(case["remaining"]) - 1] * (-1 if name in catr.SMALLEST_IS_BEST else 1)
    tolerance = THROUGH_AN_ESTIMATE if name.startswith("MEI") else EXACT
    np.testing.assert_allclose(values, case["values"][name], rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", [name for name in catr.CRITERIA if name != "MEI_observed"])
@pytest.mark.parametrize("case", reference("catR_next_item_dichotomous")["states"])
def test_choices_are_catr_s(name: str, case: dict[str, Any]) -> None:
    check_choice(catr_bank(case["bank"]), name, case)


@pytest.mark.parametrize("model", ["GRM", "PCM", "GPCM", "NRM"])
@pytest.mark.parametrize("name", ["MFI", "MLWI", "MPWI", "MEI", "MEPV", "KL", "KLP"])
def test_polytomous_choices_are_catr_s(model: str, name: str) -> None:
    for case in reference("catR_polytomous")["models"][model]["next_item"]:
        check_choice(catr_polytomous_bank(model), name, case)


def check_choice(bank: ItemBank, name: str, case: dict[str, Any]) -> None:
    rules = CatRules.from_json({"criterion": catr.CRITERIA[name]})
    state = state_at(bank, rules, case, [case["theta_BM"]])
    leaders = rules.criterion_for(bank).leaders(state, Available(bank.n_items, frozenset(state.used)), 1)
    sign = -1 if name in catr.SMALLEST_IS_BEST else 1
    tolerance = THROUGH_AN_ESTIMATE if name.startswith("MEI") else EXACT
    assert leaders.items[0] + 1 == case["choices"][name]["item"]
    assert leaders.values[0] * sign == pytest.approx(case["choices"][name]["value"], abs=tolerance)


OPTIMALITY: list[tuple[str, dict[str, Any]]] = [
    (f"{letter}{posterior}rule", {"name": letter, "posterior": bool(posterior)})
    for letter in "DATEW"
    for posterior in ("", "P")
] + [("KL", {"name": "KL-local"}), ("KLn", {"name": "KL-local", "growing": True})]


@pytest.mark.parametrize("bank_index", range(len(reference("mirtCAT_multidim")["banks"])))
@pytest.mark.parametrize(("name", "criterion"), OPTIMALITY)
def test_values_are_mirtcat_s_in_several_dimensions(
    bank_index: int, name: str, criterion: dict[str, Any]
) -> None:
    source = reference("mirtCAT_multidim")["banks"][bank_index]
    bank = mirtcat_bank(source["nf"], bank_index)
    prior = NormalPrior(source["prior_mean"], source["prior_cov"])
    rules = CatRules.from_json({"ability": {"name": "MAP"}, "criterion": criterion})
    for case in source["states"]:
        items = [item - 1 for item in case["administered"]]
        state = observe(TestSoFar(bank, rules, prior, 0, items, case["x"]))
        np.testing.assert_allclose(state.estimate.theta, case["theta_MAP"], atol=1e-5)
        np.testing.assert_allclose(state.estimate.standard_error, case["se_MAP"], atol=1e-5)
        expected = case["criteria"][name]
        values = rules.criterion_for(bank).values(state)[np.array(expected["items"]) - 1]
        np.testing.assert_allclose(values, expected["values"], atol=1e-4, rtol=1e-4)
        best = np.array(expected["values"])
        gap = np.diff(np.sort(best))[-1]
        if gap > 1e-4:
            assert expected["items"][int(values.argmax())] == expected["items"][int(best.argmax())]


WIDE = {"lower": -6, "upper": 6, "points": 241}
MIRT_CRITERIA: dict[str, dict[str, Any]] = {
    "MI": {"name": "MFI"},
    "MEPV": {"name": "MEPV", "predict": "estimate"},
    "MLWI": {"name": "MLWI", "grid": WIDE},
    "MPWI": {"name": "MPWI"},
    "KL": {"name": "KL-local"},
    "KLn": {"name": "KL-local", "growing": True},
}


@pytest.mark.parametrize("name", MIRT_CRITERIA)
@pytest.mark.parametrize("case", reference("mirtCAT_unidim")["bank"]["states"])
def test_values_are_mirtcat_s_in_one_dimension(name: str, case: dict[str, Any]) -> None:
    bank, expected = mirtcat_bank(1), case["criteria"][name]
    rules = CatRules.from_json({"ability": {"name": "MAP"}, "criterion": MIRT_CRITERIA[name]})
    items = [item - 1 for item in case["administered"]]
    state = observe(TestSoFar(bank, rules, None, 0, items, case["x"]))
    values = rules.criterion_for(bank).values(state)[np.array(expected["items"]) - 1]
    if not items and name in ("MLWI", "MPWI"):  # mirtCAT takes the likelihood of no answer as e
        values = values * np.e
    unused = ~np.isin(expected["items"], case["administered"])
    np.testing.assert_allclose(values[unused], np.array(expected["values"])[unused], rtol=1e-4)


@pytest.mark.parametrize("source", reference("mirtCAT_multidim")["banks"])
def test_scores_are_mirt_s_in_two_dimensions(source: dict[str, Any]) -> None:
    place = reference("mirtCAT_multidim")["banks"].index(source)
    bank, case = mirtcat_bank(2, place), source["states"][1]
    items = [item - 1 for item in case["administered"]]
    prior = NormalPrior(source["prior_mean"], source["prior_cov"])
    mirt_grid = {"lower": -6, "upper": 6, "points": 31, "rule": "sum"}
    abilities = {
        "MAP": {"name": "MAP"},
        "EAP": {"name": "EAP", "grid": mirt_grid},
        "ML": {"name": "ML", "bounds": {"lower": -20, "upper": 20}, "information": "observed"},
    }
    for name, ability in abilities.items():
        estimate = observe(
            TestSoFar(bank, CatRules.from_json({"ability": ability}), prior, 0, items, case["x"])
        ).estimate
        expected = case[f"fscores_{name}"]["values"]
        np.testing.assert_allclose([*estimate.theta, *estimate.standard_error], expected, atol=2e-4)
