"""Abilities without spread, groups of a few, answers that estimate nothing: a finding, never a crash."""

from typing import Any

import numpy as np
import pytest

from testing_engine.calibration import Calibration, Responses, calibrate, drift, item_fit, prequential_fit
from testing_engine.calibration.population import LEAST_SD

B = np.linspace(-1, 1, 10)


def drawn(seed: int, persons: int, sd: float) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    theta = rng.normal(0, 1, persons) * sd
    return (rng.random((persons, len(B))) < 1 / (1 + np.exp(B - theta[:, None]))).astype(int)


def codes(fit: Calibration) -> dict[str, Any]:
    return {finding.code: finding for finding in fit.findings}


def is_told(fit: Calibration) -> bool:
    """Either it has a spread that was estimated, or it says that there is none."""
    spread = min(each.sd for each in fit.population.values())
    if spread > LEAST_SD + 0.001:
        return True
    found = codes(fit)
    return not fit.converged and bool({"population_without_spread", "not_converged"} & found.keys())


@pytest.mark.parametrize("model", ["Rasch", "PCM", "RSM"])
def test_answers_at_random_have_no_spread_and_it_is_said(model: str) -> None:
    x = np.random.default_rng(0).integers(0, 2 if model == "Rasch" else 4, (500, 20))
    fit = calibrate(Responses.from_matrix(x), model)
    assert not fit.converged
    assert np.isfinite(fit.log_likelihood)
    found = codes(fit)["population_without_spread"]
    assert (found.severity, found.item) == ("error", None)
    assert found.numbers["persons"] == 500
    assert found.numbers["sd"] == pytest.approx(LEAST_SD)
    assert np.isfinite([each.d for each in fit.parameters.values()]).all()


@pytest.mark.parametrize("seed", range(3))
def test_little_spread_and_few_persons_are_estimated_or_told(seed: int) -> None:
    assert is_told(calibrate(Responses.from_matrix(drawn(seed, 100, 0.3)), "Rasch"))
    anchors = {j: {"a": 1.0, "b": b} for j, b in enumerate(B)}
    assert is_told(calibrate(Responses.from_matrix(drawn(seed, 30, 0.3)), fixed=anchors))


@pytest.mark.parametrize("persons", [1, 3])
def test_a_second_group_of_a_few_is_told(persons: int) -> None:
    group = ["a"] * (200 - persons) + ["b"] * persons
    fit = calibrate(Responses.from_matrix(drawn(0, 200, 1.0), group=group), "Rasch")
    found = codes(fit)["small_group"]
    assert found.severity == "warning"
    assert found.numbers == {"group": "b", "persons": persons}
    assert is_told(fit)


@pytest.mark.parametrize("pattern", ["one of their own", "all right"])
def test_a_second_group_that_answers_alike_is_told(pattern: str) -> None:
    x = drawn(0, 250, 1.0)
    x[200:] = 1 if pattern == "all right" else x[200]
    fit = calibrate(Responses.from_matrix(x, group=["a"] * 200 + ["b"] * 50))
    assert not fit.converged
    found = codes(fit)
    wanted = "population_at_end" if pattern == "all right" else "population_without_spread"
    assert found[wanted].numbers["group"] == "b"


@pytest.mark.parametrize("x", [drawn(0, 1, 1.0), np.full((50, 5), -1), np.tile(drawn(0, 1, 1.0), (50, 1))])
def test_where_no_item_is_estimated_nothing_has_converged(x: np.ndarray[Any, Any]) -> None:
    fit = calibrate(Responses.from_matrix(x), "Rasch")
    assert not fit.converged
    assert any(finding.severity == "error" for finding in fit.findings)
    assert "not_converged" not in codes(fit)  # for no slope runs off


def test_drift_among_persons_who_are_all_alike_ends_with_numbers() -> None:
    parameters = {j: {"a": 1.0, "b": b} for j, b in enumerate(B)}
    for seed in range(3):
        found = drift(Responses.from_matrix(drawn(seed, 150, 0.0)), parameters, predictive=True)
        assert found.fit is not None
        shape = item_fit(found.fit)
        for tests in (found, shape):
            assert np.isfinite([(each.z, each.p_all) for each in tests.items.values()]).all()
        assert len(prequential_fit(found.fit).z) == 150
