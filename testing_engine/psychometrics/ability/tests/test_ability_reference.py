"""θ and its error against catR (its optimiser stops within 3e-5), its grids, and mirt's factor scores."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from testing_engine.psychometrics.ability.modes import AnsweredTest
from testing_engine.psychometrics.engine import TestSoFar, observe
from testing_engine.psychometrics.rules import CatRules
from testing_engine.psychometrics.tests import catr
from testing_engine.psychometrics.tests.reference_data import (
    catr_bank,
    catr_polytomous_bank,
    mirt_bank,
    reference,
)

CATR = 1e-4
EXACT = 1e-9


def catr_estimates() -> Iterator[Any]:
    for bank, cases in reference("catR_theta_dichotomous")["estimates"].items():
        for place, case in enumerate(cases):
            for method in case["methods"]:
                # With few answers Tukey's equation has several roots, or is 0 everywhere.
                clear = method["se"] is not None and len(catr.listed(case["items"])) >= 20
                if method["name"] != "ROB_Tukey" or clear:
                    yield pytest.param(bank, case, method, id=f"{bank}-{place}-{method['name']}")


@pytest.mark.parametrize(("name", "case", "method"), list(catr_estimates()))
def test_dichotomous_estimates_are_catr_s(name: str, case: dict[str, Any], method: dict[str, Any]) -> None:
    bank, arguments = catr_bank(name, case["D"]), method["args"]
    items = [item - 1 for item in catr.listed(case["items"])]
    state = observe(
        TestSoFar(bank, catr.estimating(arguments, case["D"]), None, 0, items, catr.scores(case["x"]))
    )
    theta, error = float(state.estimate.theta[0]), float(state.estimate.standard_error[0])
    jeffreys = method["name"] == "BM_Jeffreys"
    if jeffreys and theta != pytest.approx(method["theta"], abs=CATR):
        # Two peaks: catR's optimiser stays on the lower one.
        test = AnsweredTest(bank, state.answers)
        points = np.array([theta, method["theta"]])
        ours, theirs = test.log_likelihood(points) + 0.5 * np.log(
            test.sum(test.curves(points).information(), 2)
        )
        assert ours > theirs
        return
    tolerance = EXACT if arguments["method"] == "EAP" else CATR
    assert theta == pytest.approx(method["theta"], abs=tolerance)
    if not (jeffreys and case["D"] != 1):  # there catR takes the prior's curvature at D = 1
        assert error == pytest.approx(method["se"], abs=tolerance, rel=1e-6)


@pytest.mark.parametrize("case", reference("catR_theta_dichotomous")["constant_pattern"])
def test_constant_patterns_are_catr_s(case: dict[str, Any]) -> None:
    rule = case["constantPatt"]
    if rule in ("BM", "EAP", "WL"):
        rules = catr.estimating({"method": rule})
    else:  # catR steps once from its current estimate, here 0.3, and "var" half-way to −2 or 2
        size = {"fixed4": 0.4, "fixed7": 0.7}.get(rule, 1.0)
        standing_in = {"rule": "halve" if rule == "var" else "step", "start": 0.3, "size": size}
        bounds = {"lower": -2, "upper": 2}
        rules = CatRules.from_json({"ability": {"name": "ML", "bounds": bounds, "until_mixed": standing_in}})
        case = {**case, "items": case["items"][:1], "x": case["x"][:1]}
    items = [item - 1 for item in case["items"]]
    state = observe(TestSoFar(catr_bank("tcals"), rules, None, 0, items, case["x"]))
    assert float(state.estimate.theta[0]) == pytest.approx(case["theta"], abs=CATR)


@pytest.mark.parametrize("model", ["GRM", "PCM", "GPCM", "NRM"])
@pytest.mark.parametrize("method", ["ML", "BM", "WL", "EAP"])
def test_polytomous_estimates_are_catr_s(model: str, method: str) -> None:
    bank, rules = catr_polytomous_bank(model), catr.estimating({"method": method})
    for case in reference("catR_polytomous")["models"][model]["estimates"]:
        items = [item - 1 for item in case["items"]]
        state = observe(TestSoFar(bank, rules, None, 0, items, catr.scores(case["x"])))
        tolerance = EXACT if method == "EAP" else CATR
        expected = case["methods"][method]
        assert float(state.estimate.theta[0]) == pytest.approx(expected["theta"], abs=tolerance)
        assert float(state.estimate.standard_error[0]) == pytest.approx(expected["se"], abs=tolerance)


FITS = reference("mirt_unidimensional")["fits"]


def mirt_prior(fit: dict[str, Any]) -> dict[str, Any]:
    return {"name": "normal", "mean": [fit["latent"]["mean"]], "covariance": fit["latent"]["cov"]}


@pytest.mark.parametrize("fit", FITS, ids=lambda fit: f"{fit['data']}-{fit['itemtype']}")
def test_mirt_s_information_and_probabilities(fit: dict[str, Any]) -> None:
    bank = mirt_bank(fit)
    theta = np.array(fit["iteminfo"]["theta"], dtype=float)[:, None]
    information = bank.information(theta) * bank.squared_steepness[:, None]
    # mirt prints 11 digits of the parameters and of these values
    np.testing.assert_allclose(information, fit["iteminfo"]["info"], atol=2e-9)
    np.testing.assert_allclose(bank.probabilities(theta), fit["probtrace"], atol=1e-9)


@pytest.mark.parametrize("fit", FITS, ids=lambda fit: f"{fit['data']}-{fit['itemtype']}")
@pytest.mark.parametrize("method", ["EAP", "MAP", "ML", "WLE"])
def test_mirt_s_scores(fit: dict[str, Any], method: str) -> None:
    bank, lowest = mirt_bank(fit), 1 if fit["data"] == "Science" else 0
    ability: dict[str, dict[str, Any]] = {
        "EAP": {"name": "EAP", "grid": {"lower": -6, "upper": 6, "points": 61, "rule": "sum"}},
        "MAP": {"name": "MAP"},
        "ML": {"name": "ML", "bounds": {"lower": -20, "upper": 20}, "information": "observed"},
        "WLE": {"name": "MAP"},  # mirt's WLE is the mode under Jeffreys' prior: Warm's only without guessing
    }
    prior = {"name": "Jeffreys", "lower": -20, "upper": 20} if method == "WLE" else mirt_prior(fit)
    rules = CatRules.from_json({"ability": ability[method], "prior": prior})
    patterns, scores = fit["fscores"]["patterns"], fit["fscores"][method]["values"]
    for pattern, (theta, error) in zip(patterns, scores, strict=True):
        if not isinstance(theta, float) or error is None:
            continue  # mirt's ML of an extreme pattern is ±Inf
        answers = [answer - lowest for answer in pattern]
        estimate = observe(TestSoFar(bank, rules, None, 0, range(bank.n_items), answers)).estimate
        tolerance = 1e-6 if method == "EAP" else CATR
        assert float(estimate.theta[0]) == pytest.approx(theta, abs=tolerance)
        assert float(estimate.standard_error[0]) == pytest.approx(error, abs=tolerance)


@pytest.mark.parametrize("fit", [fit for fit in FITS if fit["itemtype"] in ("Rasch", "2PL")][:2])
def test_warm_s_estimate_is_mirt_s_where_both_are_defined_alike(fit: dict[str, Any]) -> None:
    bank = mirt_bank(fit)
    rules = CatRules.from_json({"ability": {"name": "WLE", "bounds": {"lower": -20, "upper": 20}}})
    for pattern, (theta, _) in zip(fit["fscores"]["patterns"], fit["fscores"]["WLE"]["values"], strict=True):
        estimate = observe(TestSoFar(bank, rules, None, 0, range(bank.n_items), pattern)).estimate
        assert float(estimate.theta[0]) == pytest.approx(theta, abs=CATR)
