"""Person fit: the level of each statistic where it claims one, and what it finds."""

import numpy as np
import pytest
from scipy.optimize import brentq

from testing_engine.calibration import Calibration, Responses, calibrate
from testing_engine.calibration.persons import cusum_fit, prequential_fit
from testing_engine.calibration.standardised_fit import standardised_fit
from testing_engine.calibration.tests.adaptive import adaptive_answers, pool


def fixed_form(rng: np.random.Generator, n: int, tired: int) -> Calibration:
    """40 questions in no order of difficulty; the first `tired` persons lose 2.5 logits after 20 of them."""
    theta = rng.normal(size=(n, 1)) * np.ones(40)
    theta[:tired, 20:] -= 2.5
    p = 1 / (1 + np.exp(-1.5 * (theta - rng.permutation(np.linspace(-2, 2, 40)))))
    return calibrate(Responses.from_matrix((rng.random((n, 40)) < p).astype(int)))


def test_standardised_fit_is_snijders_formula() -> None:
    """Written out for right and wrong answers, by w = logit P, with the mode under N(0, 1)."""
    rng = np.random.default_rng()
    a, b = rng.uniform(0.7, 1.8, 12), rng.normal(size=12)
    x = (rng.random((6, 12)) < 1 / (1 + np.exp(-a * (rng.normal(size=(6, 1)) - b)))).astype(int)
    items = {j: {"a": a[j], "b": b[j]} for j in range(12)}
    fit = calibrate(Responses.from_matrix(x), fixed=items, population={0: (0.0, 1.0)})
    found = standardised_fit(fit).z
    for answers, z in zip(x, found, strict=True):

        def p(theta: float) -> np.ndarray:
            return np.asarray(1 / (1 + np.exp(-a * (theta - b))))

        theta = brentq(lambda t, given=answers: a @ (given - p(t)) - t, -6, 6, xtol=1e-13)
        right = p(theta)
        w = np.log(right / (1 - right))
        slope = a * right * (1 - right)
        c = (slope @ w) / (slope @ a)
        left = w - c * a
        expected = ((answers - right) @ w - c * theta) / np.sqrt(left**2 @ (right * (1 - right)))
        assert z == pytest.approx(expected, abs=1e-5)


def test_levels_and_power_on_a_fixed_form() -> None:
    fit = fixed_form(np.random.default_rng(), 1100, tired=100)
    for found in (prequential_fit(fit), standardised_fit(fit), cusum_fit(fit)):
        assert 0.02 < found.flagged[100:].mean() < 0.09
    cusum = cusum_fit(fit)
    hit = cusum.flagged[:100]
    assert hit.mean() > 0.4
    assert hit.mean() > standardised_fit(fit).flagged[:100].mean()  # it sees the order
    assert np.median(cusum.at[:100][hit]) > 25
    assert (cusum.lower[:100] < -0.1).mean() > 0.6


def test_levels_where_answers_choose_the_questions() -> None:
    """The statistics of the answers' order keep their level; l_z* is far below it there, as is documented."""
    rng = np.random.default_rng()
    a, b = pool(rng)
    data = adaptive_answers(a, b, rng.normal(size=1500), rng)
    fit = calibrate(data, fixed={item: {"a": a[item], "b": b[item]} for item in range(120)})
    assert 0.03 < prequential_fit(fit).flagged.mean() < 0.09
    assert 0.03 < cusum_fit(fit).flagged.mean() < 0.08
    assert standardised_fit(fit).flagged.mean() < 0.04


def test_polytomous_answers_missing_ones_and_nobody() -> None:
    rng = np.random.default_rng()
    theta = rng.normal(size=(800, 1))
    tau = np.sort(rng.normal(size=(15, 3)), axis=1)
    above = 1 / (1 + np.exp(-1.4 * (theta[:, :, None] - tau)))
    x = (rng.random((800, 15, 1)) < above).sum(axis=2)
    x[rng.random(x.shape) < 0.2] = -1
    x[0] = -1
    fit = calibrate(Responses.from_matrix(x), model="GRM")
    z, cusum = standardised_fit(fit).z, cusum_fit(fit)
    assert np.isnan(z[0])
    assert np.isnan(cusum.p[0])
    assert abs(np.nanmean(z)) < 0.15
    assert 0.85 < np.nanstd(z) < 1.15
    assert 0.02 < np.mean(cusum.p[1:] <= 0.05) < 0.09


def test_a_cusum_is_the_same_for_any_number_of_threads_and_again() -> None:
    fit = fixed_form(np.random.default_rng(3), 600, tired=0)
    fit.threads = 1
    first = cusum_fit(fit, seed=4)
    fit.threads = 2
    again = cusum_fit(fit, seed=4)
    assert np.array_equal(first.p, again.p)
    assert not np.array_equal(first.p, cusum_fit(fit, seed=5).p)


def test_what_they_are_not_for() -> None:
    fit = fixed_form(np.random.default_rng(), 60, tired=0)
    with pytest.raises(ValueError, match="replications"):
        cusum_fit(fit, replications=9)
    fit.nodes = np.zeros((4, 2))  # as of two concepts
    with pytest.raises(ValueError, match="one concept"):
        standardised_fit(fit)
