"""Probabilities, derivatives and information: catR's numbers, and what must hold for any parameters."""

from typing import Any

import numpy as np
import pytest

from testing_engine.psychometrics.tests.reference_data import catr_bank, catr_polytomous_bank, reference


@pytest.mark.parametrize(
    "case", reference("catR_irf_dichotomous")["irf"], ids=lambda c: f"{c['bank']}-{c['D']}"
)
def test_dichotomous_curves_are_catr_s(case: dict[str, Any]) -> None:
    bank = catr_bank(case["bank"], case["D"])
    slope = bank.slopes[:, 0]
    for row in case["values"]:
        curves = bank.curves([row["theta"]])
        right = {name: getattr(curves, name)[1] for name in ("p", "r1", "r2", "r3")}
        ours = {
            "P": right["p"],
            "dP": right["p"] * right["r1"] * slope,
            "d2P": right["p"] * right["r2"] * slope**2,
            "d3P": right["p"] * right["r3"] * slope**3,
            "I": curves.information() * slope**2,
            "dI": curves.information_slope() * slope**3,
            "d2I": curves.information_curvature() * slope**4,
            "J": curves.warm() * slope**3,
            "dJ": curves.warm_slope() * slope**4,
        }
        for name, values in ours.items():
            np.testing.assert_allclose(values, row[name], rtol=1e-9, atol=1e-9, err_msg=name)
        np.testing.assert_allclose(
            bank.information([row["theta"]]) * slope**2, row["I"], rtol=1e-9, atol=1e-9
        )


@pytest.mark.parametrize("model", ["GRM", "PCM", "GPCM", "NRM"])
def test_polytomous_curves_are_catr_s(model: str) -> None:
    bank = catr_polytomous_bank(model)
    slope = bank.slopes[:, 0]
    for row in reference("catR_polytomous")["models"][model]["grid"]:
        curves = bank.curves([row["theta"]])
        p = np.nan_to_num(np.array(row["P"], dtype=float))
        dp = np.nan_to_num(np.array(row["dP"], dtype=float))
        np.testing.assert_allclose(bank.probabilities([row["theta"]]), p, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose((curves.p * curves.r1).T * slope[:, None], dp, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(curves.information() * slope**2, row["I"], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(curves.warm() * slope**3, row["J"], rtol=1e-9, atol=1e-9)
