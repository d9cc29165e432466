"""Whole adaptive tests of catR and mirtCAT, repeated question by question."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from testing_engine.psychometrics.ability.posterior import AbilityEstimate
from testing_engine.psychometrics.engine import TestSoFar, explain, next_step, observe, stop_reason
from testing_engine.psychometrics.items.bank import ItemBank
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.tests import catr
from testing_engine.psychometrics.tests.reference_data import (
    catr_bank,
    catr_polytomous_bank,
    mirtcat_bank,
    reference,
)

TOLERANCE = 1e-4
UNDECIDED = 1e-4  # a gap between two criterion values that an estimate of theirs, 3e-5 off, can turn round


def same_question(
    bank: ItemBank, rules: CatRules, items: list[int], scores: list[int], ours: int, theirs: int
) -> bool:
    """Whether both chose the same, or two questions that are equally good."""
    if ours == theirs:
        return True
    every = explain(TestSoFar(bank, rules, None, 0, items, scores), count=bank.n_items).candidates
    values = {candidate.item: candidate.value for candidate in every}
    return abs(values[ours] - values[theirs]) < UNDECIDED


@pytest.mark.parametrize("run", reference("catR_full_cats_dichotomous")["runs"])
def test_whole_tests_are_catr_s(run: dict[str, Any]) -> None:
    bank, rules = catr_bank(run["bank"]), catr.adaptive(run["config"])
    items: list[int] = []
    scores: list[int] = []
    for place, (item, score) in enumerate(zip(run["items"], run["pattern"], strict=True)):
        step = next_step(TestSoFar(bank, rules, None, 0, items, scores))
        assert step.stop is None
        assert step.next_item is not None
        assert same_question(bank, rules, items, scores, step.next_item, item - 1)
        items.append(item - 1)
        scores.append(score)
        ability = observe(TestSoFar(bank, rules, None, 0, items, scores)).estimate
        assert float(ability.theta[0]) == pytest.approx(run["theta_prov"][place], abs=TOLERANCE)
        assert float(ability.standard_error[0]) == pytest.approx(run["se_prov"][place], abs=TOLERANCE)
    stop = next_step(TestSoFar(bank, rules, None, 0, items, scores)).stop
    assert stop == {"classification": "interval"}.get(run["rule"], run["rule"])
    final = catr.estimating({"method": run["config"]["final"]["method"]})
    ability = observe(TestSoFar(bank, final, None, 0, items, scores)).estimate
    assert float(ability.theta[0]) == pytest.approx(run["theta_final"], abs=TOLERANCE)
    assert float(ability.standard_error[0]) == pytest.approx(run["se_final"], abs=TOLERANCE)


@pytest.mark.parametrize("model", ["GRM", "PCM", "GPCM", "NRM"])
def test_polytomous_tests_are_catr_s(model: str) -> None:
    bank = catr_polytomous_bank(model)
    rules = CatRules.from_json({"ability": catr.ability("BM"), "criterion": {"name": "MFI"}})
    for run in reference("catR_polytomous")["models"][model]["cats"]:
        items: list[int] = []
        for place, item in enumerate(run["items"]):
            scores = [run["responses"][used] for used in items]
            chosen = next_step(TestSoFar(bank, rules, None, 0, items, scores)).next_item
            assert chosen is not None
            assert same_question(bank, rules, items, scores, chosen, item - 1)
            items.append(item - 1)
            scores.append(run["responses"][item - 1])
            ability = observe(TestSoFar(bank, rules, None, 0, items, scores)).estimate
            assert float(ability.theta[0]) == pytest.approx(run["theta_prov"][place], abs=TOLERANCE)
            assert float(ability.standard_error[0]) == pytest.approx(run["se_prov"][place], abs=TOLERANCE)


@pytest.mark.parametrize("case", reference("catR_stop_rules")["cases"])
def test_stops_are_catr_s(case: dict[str, Any]) -> None:
    bank = catr_bank("tcals")
    rules = CatRules.from_json({"stop": catr.stop(case["stop"]), "max_questions": 1000})
    # rows 21..85 are what is left; of the rest the first N count as asked
    state = observe(TestSoFar(bank, rules, None, 0, range(20), [-1] * 20))
    estimate = AbilityEstimate(np.array([case["state"]["th"]]), np.array([[case["state"]["se"] ** 2]]))
    state = replace(state, estimate=estimate, posterior=None)
    if "length" in catr.listed(case["stop"]["rule"]):
        state = replace(state, used=state.used[: case["state"]["N"]])
    expected = catr.listed(case["rule"])[0] if case["decision"] else None
    renamed = {"classification": "interval", "minInfo": "information"}
    assert stop_reason(state, rules) == renamed.get(expected or "", expected)


MIRT_ABILITY: dict[str, dict[str, Any]] = {
    "MAP": {"name": "MAP"},
    "EAP": {"name": "EAP", "grid": {"lower": -6, "upper": 6, "points": 61, "rule": "sum"}},
}
MIRT_CRITERIA: dict[str, dict[str, Any]] = {
    "MI": {"name": "MFI"},
    "MEPV": {"name": "MEPV", "predict": "estimate"},
    "MPWI": {"name": "MPWI"},
    "KL": {"name": "KL-local"},
} | {
    f"{letter}{posterior}rule": {"name": letter, "posterior": bool(posterior)}
    for letter in "DATEW"
    for posterior in ("", "P")
}


def mirtcat_runs() -> list[Any]:
    one = [(1, 0, run) for run in reference("mirtCAT_unidim")["bank"]["runs"]]
    several = [
        (bank["nf"], place, run)
        for place, bank in enumerate(reference("mirtCAT_multidim")["banks"])
        for run in bank["runs"]
    ]
    # Not repeated: its MEI and IKL have formulas of their own, and its WLE is another estimator with
    # guessing.
    return [
        pytest.param(dimensions, place, run, id=f"{dimensions}-{place}-{run['method']}-{run['criteria']}")
        for dimensions, place, run in one + several
        if run["method"] in MIRT_ABILITY and run["criteria"] in MIRT_CRITERIA
    ]


@pytest.mark.parametrize(("dimensions", "place", "run"), mirtcat_runs())
def test_whole_tests_are_mirtcat_s(dimensions: int, place: int, run: dict[str, Any]) -> None:
    bank = mirtcat_bank(dimensions, place)
    source = reference("mirtCAT_multidim")["banks"][place]
    covariance = source["prior_cov"] if dimensions > 1 else [[1.0]]
    rules = CatRules.from_json(
        {
            "ability": MIRT_ABILITY[run["method"]],
            "criterion": MIRT_CRITERIA[run["criteria"]],
            "prior": {"name": "normal", "mean": [0.0] * dimensions, "covariance": covariance},
            "max_questions": 40,
        }
    )
    items: list[int] = []
    for position, item in enumerate(run["items"]):
        scores = [run["full_responses"][used] for used in items]
        step = next_step(TestSoFar(bank, rules, None, 0, items, scores))
        np.testing.assert_allclose(
            step.ability.theta, np.ravel(run["thetas_history"][position]), atol=TOLERANCE
        )
        np.testing.assert_allclose(
            step.ability.standard_error, np.ravel(run["se_history"][position]), atol=TOLERANCE
        )
        # Without a prior, D and E are 0 for every question until each dimension is measured.
        if position >= 2 * (dimensions > 1):
            assert step.next_item is not None
            assert same_question(bank, rules, items, scores, step.next_item, item - 1)
        items.append(item - 1)
