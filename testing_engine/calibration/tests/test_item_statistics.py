"""Fit, drift and DIF: against R mirt where it has the same statistic, and by their false alarms where it has
not.
"""

import warnings

import numpy as np
import pytest

from testing_engine.calibration import Responses, calibrate
from testing_engine.calibration.answer_scores import answer_scores
from testing_engine.calibration.classical import classical_dif, ets_class
from testing_engine.calibration.fixed_form_fit import (
    AdaptiveSelectionWarning,
    FixedFormError,
    mean_squares,
    s_x2,
)
from testing_engine.calibration.group_dif import dif
from testing_engine.calibration.persons import prequential_fit
from testing_engine.calibration.residuals import residual_correlations
from testing_engine.calibration.score_tests import drift, item_fit
from testing_engine.calibration.tests.adaptive import adaptive_answers, pool
from testing_engine.calibration.tests.reference_data import answers, outputs, responses

ITEMS, TABLE, (GROUP,) = answers("06_two_groups.csv", ("group",))
TWO = Responses.from_matrix(TABLE, ITEMS, GROUP)


@pytest.fixture(scope="module")
def reference_group() -> object:
    return calibrate(Responses.from_matrix(TABLE[np.array(GROUP) == "R"], ITEMS), priors="none")


def test_s_x2_infit_outfit_and_q3_are_those_of_mirt(reference_group) -> None:  # type: ignore[no-untyped-def]
    reference = outputs("06_two_groups.json")["single_group_reference"]
    found, squares = s_x2(reference_group), mean_squares(reference_group)
    for j, (row, other) in enumerate(zip(reference["S_X2"], reference["itemfit_other"], strict=True)):
        assert found[row["item"]].chi2 == pytest.approx(row["S_X2"], abs=1e-3)
        assert found[row["item"]].df == row["df.S_X2"]
        assert found[row["item"]].rmsea == pytest.approx(row["RMSEA.S_X2"], abs=1e-4)
        assert squares.infit[j] == pytest.approx(other["infit"], abs=2e-3)
        assert squares.outfit[j] == pytest.approx(other["outfit"], abs=2e-3)
    q3, _ = residual_correlations(reference_group)
    wanted = np.array(outputs("06b_fit_extras.json")["Q3_EAP"], dtype=float)
    upper = np.triu_indices(20, 1)
    assert q3[upper] == pytest.approx(wanted[upper], abs=1e-5)


def test_s_x2_refuses_what_it_does_not_hold_for() -> None:
    with pytest.raises(FixedFormError):
        s_x2(calibrate(TWO))
    with pytest.raises(FixedFormError):
        s_x2(calibrate(responses("psychTools_ability.csv")))


def test_infit_warns_under_adaptive_selection() -> None:
    fit = calibrate(responses("psychTools_ability.csv"))
    with pytest.warns(AdaptiveSelectionWarning):
        mean_squares(fit)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mean_squares(fit, "person", adaptive=False)


def test_dif_scores_agree_with_likelihood_ratios() -> None:
    """mirt's refits item by item, of data with DIF in I04 (−.6) and I11 (+.6)."""
    found = dif(TWO, priors="none")
    assert {item for item, test in found.items.items() if test.flagged} == {"I04", "I11"}
    assert found.items["I04"].z < 0 < found.items["I11"].z
    assert found.items["I11"].set_aside
    for row in outputs("06c_dif_precise.json")["items"]:
        assert found.items[row["item"]].chi2 == pytest.approx(row["X2_a_d"], abs=1.7)
    assert found.population["F"].mean == pytest.approx(-0.5, abs=0.1)


def test_classical_dif_finds_the_same_items() -> None:
    for match in ("EAP", "total"):
        found = classical_dif(TWO, match=match)
        assert {item for item, test in found.items() if test.ets_class != "A"} == {"I04", "I11"}
        assert found["I04"].delta < 0 < found["I11"].delta
        assert found["I11"].standardised > 0.05
        assert found["I11"].logistic_p < 1e-4


def test_mantel_haenszel_by_hand() -> None:
    """One stratum is Fisher's table: (10, 20 | 20, 10) has odds ratio ¼."""
    x = np.concatenate([np.repeat([1, 0], [100, 200]), np.repeat([1, 0], [200, 100])])
    data = Responses.from_matrix(np.column_stack([x, 1 - x]), group=["R"] * 300 + ["F"] * 300)
    found = classical_dif(data, match="total")[0]
    assert found.alpha == pytest.approx(0.25)
    assert found.delta == pytest.approx(-2.35 * np.log(0.25))
    assert found.delta_error == pytest.approx(2.35 * np.sqrt(2 / 100 + 2 / 200))
    expected = 300 * 300 / 600
    variance = 300 * 300 * 300 * 300 / (600**2 * 599)
    assert found.mh_chi2 == pytest.approx((abs(100 - expected) - 0.5) ** 2 / variance)
    assert found.standardised == pytest.approx(1 / 3)
    assert found.ets_class == "C+"


@pytest.mark.parametrize(
    ("delta", "error", "name"),
    [
        (0.9, 0.1, "A"),
        (-1.2, 0.1, "B−"),
        (1.7, 0.2, "C+"),
        (1.7, 0.7, "B+"),
        (-3.0, 2.0, "A"),
        (np.inf, np.nan, "A"),
    ],
)
def test_ets_classes(delta: float, error: float, name: str) -> None:
    assert ets_class(delta, error) == name


def test_scores_of_free_items_sum_to_zero() -> None:
    fit = calibrate(TWO, priors="none")
    scores = answer_scores(fit, TWO)
    for degree in range(2):
        assert np.bincount(TWO.item, scores[:, degree], 20) == pytest.approx(np.zeros(20), abs=1e-3)


def test_drift_under_adaptive_selection() -> None:
    """10 % of the questions half a logit easier, in another population: found, and the others left in
    peace.
    """
    rng = np.random.default_rng()
    a, b = pool(rng)
    shift = np.zeros(120)
    moved = rng.choice(120, 12, replace=False)
    shift[moved] = -0.5
    data = adaptive_answers(a, b, rng.normal(0.4, 1.1, 2500), rng, shift)
    found = drift(data, {item: {"a": a[item], "b": b[item]} for item in range(120)})
    often = {item: test for item, test in found.items.items() if test.n >= 250}
    hit = [abs(test.z) > 3 for item, test in often.items() if item in moved]
    false = [abs(test.z) > 1.96 for item, test in often.items() if item not in moved]
    assert np.mean(hit) > 0.6
    assert np.mean(false) < 0.17  # 5 % ± sampling of some 90
    assert abs(found.population[0].mean - 0.4) < 0.15
    assert found.rounds > 1


def test_levels_under_adaptive_selection_with_impact() -> None:
    """No drift, no DIF, no misfit: alarms at 5 % stay near 5 %, and persons' too."""
    rng = np.random.default_rng()
    a, b = pool(rng)
    group = ["R", "F"] * 1000
    data = adaptive_answers(a, b, rng.normal(size=2000) - 0.8 * (np.arange(2000) % 2), rng, group=group)
    parameters = {item: {"a": a[item], "b": b[item]} for item in range(120)}
    fit = calibrate(data, fixed=parameters)
    tests = [
        drift(data.grouped([0] * 2000), parameters),
        dif(data, fixed=None),
    ]
    for found in tests:
        alarms = [test.p < 0.05 for test in found.items.values() if test.n >= 150]
        assert np.mean(alarms) < 0.15
    classical = [test.mh_p < 0.05 for test in classical_dif(data, fit).values()]
    assert np.mean(classical) < 0.2
    persons = prequential_fit(fit)
    assert 0.02 < np.mean(persons.flagged) < 0.1
    assert 0.85 < np.nanstd(persons.z) < 1.15


def test_a_curve_that_is_no_logistic_is_seen() -> None:
    rng = np.random.default_rng()
    theta = rng.normal(size=(12000, 1))
    p = 1 / (1 + np.exp(-1.4 * (theta - np.linspace(-1.5, 1.5, 20))))
    p[:, 15] = 0.35 + 0.65 * p[:, 15]  # guessed
    fit = calibrate(Responses.from_matrix((rng.random(p.shape) < p).astype(int)))
    found = item_fit(fit).items
    assert found[15].chi2 == max(test.chi2 for test in found.values())
    assert found[15].flagged
    assert found[15].z > 3


def test_persons_who_answer_at_random_do_not_fit() -> None:
    rng = np.random.default_rng()
    theta = rng.normal(size=(1000, 1))
    x = (rng.random((1000, 40)) < 1 / (1 + np.exp(-1.5 * (theta - np.linspace(-2, 2, 40))))).astype(int)
    x[:50] = rng.random((50, 40)) < 0.5
    found = prequential_fit(calibrate(Responses.from_matrix(x)))
    assert found.flagged[:50].mean() > 0.6
    assert found.flagged[50:].mean() < 0.09
