"""A population without a shape of its own: an empirical histogram."""

import numpy as np
import pytest

from testing_engine.calibration import Calibration, Responses, calibrate
from testing_engine.calibration.population import PopulationError, tilted
from testing_engine.calibration.responses import FloatArray

A, B = np.linspace(0.9, 1.8, 20), np.tile(np.linspace(-2, 2, 10), 2)


def answers(theta: FloatArray, rng: np.random.Generator) -> np.ndarray:
    return np.asarray(
        (rng.random((len(theta), 20)) < 1 / (1 + np.exp(-A * (theta[:, None] - B)))).astype(int)
    )


def skewed(n: int, rng: np.random.Generator) -> FloatArray:
    """Mean 0, sd 1, skewness 1.4."""
    return np.asarray((rng.gamma(2, 1, n) - 2) / np.sqrt(2))


def error_of(fit: Calibration) -> float:
    """RMSE of slopes."""
    return float(np.sqrt(np.mean([(fit.parameters[j].a[0] - A[j]) ** 2 for j in range(20)])))


def test_a_skewed_population_is_found_and_the_slopes_with_it() -> None:
    rng = np.random.default_rng()
    data = Responses.from_matrix(answers(skewed(2500, rng), rng))
    normal, free = (calibrate(data, population=each, priors="none") for each in ("normal", "empirical"))
    assert free.converged or [finding.code for finding in free.findings] == ["not_converged"]  # it says so
    assert free.log_likelihood > normal.log_likelihood + 25
    assert error_of(free) < 0.75 * error_of(normal)
    population = free.population[0]
    nodes, weights = free.nodes[:, 0], population.weights
    assert weights is not None
    assert (population.mean, population.sd) == pytest.approx((0, 1), abs=1e-9)
    assert weights.sum() == pytest.approx(1)
    assert weights @ nodes**3 > 0.7
    assert np.isnan(population.mean_error)
    assert np.isfinite(free.standard_errors[3].a[0])
    assert normal.population[0].weights is None


def test_a_normal_population_costs_little() -> None:
    """With priors, too, which lean on the scale."""
    rng = np.random.default_rng()
    data = Responses.from_matrix(answers(rng.normal(size=1500), rng))
    normal, free = (calibrate(data, population=each) for each in ("normal", "empirical"))
    assert 0 < free.log_likelihood - normal.log_likelihood < 30
    for item in range(20):
        apart = free.parameters[item].a[0] - normal.parameters[item].a[0]
        assert abs(apart) < 3 * normal.standard_errors[item].a[0]
    assert np.corrcoef(free.scores.theta, normal.scores.theta)[0, 1] > 0.99


def test_other_groups_and_given_items() -> None:
    rng = np.random.default_rng()
    theta = np.concatenate([rng.normal(size=1000), 0.6 + 0.8 * skewed(1000, rng)])
    x = answers(theta, rng)
    group = ["R"] * 1000 + ["F"] * 1000
    two = calibrate(Responses.from_matrix(x, group=group), population="empirical")
    assert two.population["R"].mean == pytest.approx(0, abs=1e-9)
    assert two.population["F"].mean == pytest.approx(0.6, abs=0.15)
    assert two.population["F"].sd == pytest.approx(0.8, abs=0.15)
    fixed = {item: {"a": A[item], "b": B[item]} for item in range(15)}
    held = calibrate(Responses.from_matrix(x[1000:]), fixed=fixed, population="empirical")
    assert held.population[0].mean == pytest.approx(0.6, abs=0.12)
    assert held.population[0].sd == pytest.approx(0.8, abs=0.12)
    assert abs(held.parameters[17].b[0] - B[17]) < 5 * held.standard_errors[17].b[0]


def test_the_same_bits_with_two_threads() -> None:
    rng = np.random.default_rng()
    x = answers(skewed(300, rng), rng)
    x[rng.random(x.shape) < 0.3] = -1
    one, two = (calibrate(Responses.from_matrix(x), population="empirical", threads=n) for n in (1, 2))
    assert one.log_likelihood == two.log_likelihood
    assert one.state.x.tobytes() == two.state.x.tobytes()


def test_a_tilt_keeps_what_is_held() -> None:
    line = np.linspace(-6, 6, 61)
    rough = np.random.default_rng().random(61)
    for mean, sd in [(0.0, 1.0), (0.4, None), (-1.0, 0.6)]:
        found = tilted(rough / rough.sum(), line, mean, sd)
        assert found.sum() == pytest.approx(1)
        assert found @ line == pytest.approx(mean, abs=1e-9)
        if sd is not None:
            assert np.sqrt(found @ (line - mean) ** 2) == pytest.approx(sd, abs=1e-9)


def test_what_it_is_not_for() -> None:
    x = answers(np.zeros(50), np.random.default_rng())
    with pytest.raises(PopulationError, match="one concept"):
        calibrate(Responses.from_matrix(x), q_matrix=np.eye(2)[np.arange(20) % 2], population="empirical")
    with pytest.raises(PopulationError, match="empirical"):
        calibrate(Responses.from_matrix(x), population="gamma")
