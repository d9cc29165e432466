"""Three and more concepts: against two concepts on a grid, against R mirt, and by recovery."""

import numpy as np
import numpy.typing as npt
import pytest

from testing_engine.calibration import Responses, calibrate
from testing_engine.calibration.grid import grid
from testing_engine.calibration.model import ModelError, build_model, read_q_matrix
from testing_engine.calibration.points import PersonPoints
from testing_engine.calibration.several import SeveralCalibration
from testing_engine.calibration.tests.reference_data import answers


def simulated(
    n: int, q: npt.NDArray[np.bool_], correlation: float, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    d = q.shape[1]
    covariance = np.full((d, d), correlation) + (1 - correlation) * np.eye(d)
    theta = rng.multivariate_normal(np.zeros(d), covariance, n)
    z = theta @ (1.3 * q.T / np.sqrt(q.sum(axis=1))) - rng.uniform(-1, 1, len(q))
    return np.asarray(rng.random(z.shape) < 1 / (1 + np.exp(-z)), dtype=np.int64)


def test_points_integrate_as_the_grid_does() -> None:
    """Log-likelihood and expected score of mixed models in two concepts, where both ways can be gone."""
    rng = np.random.default_rng(7)
    q = np.repeat(np.eye(2, dtype=bool), 6, axis=0)
    q[0] = True
    x = simulated(250, q, 0.5, rng)
    x[:, 3] += simulated(250, q, 0.5, rng)[:, 3]
    responses = Responses.from_matrix(x)
    models = ["2PL", "3PL", "2PL", "GRM", "GPCM", "1PL", "1PL", "NRM", "2PL", "2PL", "4PL", "2PL"]
    on_grid = calibrate(responses, models, q_matrix=q)
    points = PersonPoints(responses, on_grid.model, 512, 1, 1)
    points.modes(on_grid.state.x, on_grid.state.population, 10)
    found = points.expect(on_grid.state.x, on_grid.state.population)
    assert found.log_likelihood == pytest.approx(on_grid.log_likelihood, abs=0.1)
    several = SeveralCalibration(
        responses, on_grid.model, on_grid.priors, grid(2), on_grid.state, on_grid.data,
        on_grid.left_out, 1, {}, points,
    )  # fmt: skip
    assert np.std(several.scores.theta - on_grid.scores.theta) < 0.01
    for item in (0, 2, 3, 4, 8, 9):
        assert several.standard_errors[item].d == pytest.approx(
            on_grid.standard_errors[item].d, rel=0.05, nan_ok=True
        )
    assert several.population[0].correlation_error[0, 1] == pytest.approx(
        on_grid.population[0].correlation_error[0, 1], rel=0.05
    )


def test_three_concepts_are_recovered() -> None:
    rng = np.random.default_rng()
    q = np.eye(3, dtype=bool)[np.arange(24) % 3]
    q[:3, 0] = True
    x = simulated(450, q, 0.6, rng)
    x[rng.random(x.shape) < 0.3] = -1
    fit = calibrate(Responses.from_matrix(x), q_matrix=q)
    assert fit.converged
    population = fit.population[0]
    upper = np.triu_indices(3, 1)
    assert np.all(np.abs(population.correlation[upper] - 0.6) < 5 * population.correlation_error[upper])
    z = [(fit.parameters[j].a[j % 3] - 1.3) / fit.standard_errors[j].a[j % 3] for j in range(3, 24)]
    assert 0.5 < np.std(z) < 1.6
    assert (np.array([fit.parameters[j].a for j in range(24)])[~q] == 0).all()
    assert fit.scores.theta.shape == (450, 3)


def test_three_concepts_the_same_bits_again_and_with_two_threads() -> None:
    q = np.eye(3, dtype=bool)[np.arange(9) % 3]
    data = Responses.from_matrix(simulated(150, q, 0.5, np.random.default_rng()))
    first, again, two = (calibrate(data, q_matrix=q, threads=threads, tolerance=0.1) for threads in (1, 1, 2))
    for other in (again, two):
        assert other.state.x.tobytes() == first.state.x.tobytes()
        assert other.log_likelihood == first.log_likelihood
        assert other.standard_errors[1].d.tobytes() == first.standard_errors[1].d.tobytes()
    assert calibrate(data, q_matrix=q, seed=1, tolerance=0.1).log_likelihood != first.log_likelihood


def test_four_concepts_of_real_data() -> None:
    """R mirt's QMCEM gave −12423.05; both are quasi-Monte-Carlo."""
    items, table, _ = answers("psychTools_ability.csv")
    kinds = [item.split(".")[0] for item in items]
    q = np.array([[kind == concept for concept in dict.fromkeys(kinds)] for kind in kinds])
    fit = calibrate(Responses.from_matrix(table, items), q_matrix=q, priors="none", tolerance=0.02)
    assert fit.log_likelihood == pytest.approx(-12423.05, abs=1)
    assert abs(fit.settings["points_check"]["log_likelihood_change"]) < 1


@pytest.mark.parametrize(
    "q",
    [[[1, 0, 0]], [[1, 0], [0, 0], [0, 1]], [[1, 0], [1, 0], [1, 0]]],
    ids=["rows", "nothing", "no items"],
)
def test_a_q_matrix_that_cannot_be_is_refused(q: list[list[int]]) -> None:
    with pytest.raises(ModelError) as refused:
        calibrate(Responses.from_matrix([[0, 1, 1], [1, 0, 0]]), q_matrix=q)
    assert refused.value.field == "q_matrix"


def test_loadings_follow_the_q_matrix() -> None:
    q = read_q_matrix([[1, 0], [0, 1], [1, 1]], 3)
    data = Responses.from_matrix([[0, 1, 1], [1, 0, 0]])
    model = build_model(data, ["2PL"] * 3, q, None, None, np.zeros(3, dtype=bool))
    assert sorted(block.n_slopes for block in model.blocks) == [1, 1, 2]
