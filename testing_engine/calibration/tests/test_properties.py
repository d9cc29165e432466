"""Properties of every calibration, on random answers."""

import numpy as np
import numpy.typing as npt
import pytest

from testing_engine.calibration import Calibration, Responses, calibrate
from testing_engine.calibration.expectation import Sparse, answered
from testing_engine.calibration.information import information
from testing_engine.calibration.maximisation import penalty
from testing_engine.calibration.responses import FloatArray

MIXED = ["2PL", "2PL", "1PL", "1PL", "3PL", "GRM", "GPCM", "NRM", "2PL", "1PL", "GRM", "2PL"]
CATEGORIES = [2, 2, 2, 2, 2, 4, 3, 4, 2, 2, 3, 2]


def simulated(n: int, categories: list[int], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    theta = rng.normal(size=n)
    columns = []
    for k in categories:
        cuts = np.sort(rng.normal(size=k - 1))
        noise = rng.logistic(size=n) / rng.uniform(0.8, 1.6)
        columns.append(((theta + noise)[:, None] > cuts).sum(axis=1))
    return np.column_stack(columns)


@pytest.fixture(scope="module")
def mixed() -> Responses:
    rng = np.random.default_rng(11)
    x = simulated(600, CATEGORIES, rng)
    x[rng.random(x.shape) < 0.3] = -1
    return Responses.from_matrix(x, group=["a", "b"] * 300)


@pytest.fixture(scope="module")
def fit(mixed: Responses) -> Calibration:
    return calibrate(mixed, MIXED)


def objective(fit: Calibration, vector: FloatArray) -> float:
    n = len(fit.model.start)
    population = fit.state.population.with_vector(vector[n:])
    engine = Sparse(answered(fit.responses, fit.model), fit.model, fit.nodes, 1)
    found = engine.expect(vector[:n], population.log_weights(fit.nodes))
    return found.log_likelihood + penalty(fit.model, vector[:n], fit.priors)


def test_all_models_in_one_call_reach_a_maximum(fit: Calibration) -> None:
    assert fit.converged
    here = np.concatenate([fit.state.x, fit.state.population.vector()])
    best = objective(fit, here)
    for _ in range(20):
        assert objective(fit, here + np.random.default_rng().normal(size=len(here)) * 0.02) < best


@pytest.mark.parametrize("exact", [True, False])
def test_information_is_minus_the_hessian(fit: Calibration, exact: bool) -> None:
    """Second differences of the marginal log-likelihood itself."""
    found = information(
        fit.data, fit.model, fit.state.x, fit.state.population, fit.nodes, fit.priors, 1, exact=exact
    )
    here = np.concatenate([fit.state.x, fit.state.population.vector()])
    rng = np.random.default_rng()
    for _ in range(8):
        along = rng.normal(size=len(here))
        along /= np.linalg.norm(along)
        h = 1e-2
        second = (
            objective(fit, here + h * along) - 2 * objective(fit, here) + objective(fit, here - h * along)
        ) / h**2
        assert along @ found.observed @ along == pytest.approx(-second, rel=2e-3)


def test_the_same_bits_again_and_with_two_threads() -> None:
    rng = np.random.default_rng()
    x = simulated(5000, [2] * 50, rng)
    x[rng.random(x.shape) < 0.1] = -1  # over 200,000 answers: the low-rank stages too
    data = Responses.from_matrix(x)
    first, again, two = (calibrate(data, threads=threads) for threads in (1, 1, 2))
    for other in (again, two):
        assert other.log_likelihood == first.log_likelihood
        assert other.state.x.tobytes() == first.state.x.tobytes()
        assert other.standard_errors[3].a.tobytes() == first.standard_errors[3].a.tobytes()
        assert other.scores.theta.tobytes() == first.scores.theta.tobytes()


def test_order_of_persons_and_items_does_not_matter(mixed: Responses, fit: Calibration) -> None:
    rng = np.random.default_rng()
    persons, items = rng.permutation(600), rng.permutation(12)
    x = mixed.dense()[persons][:, items]
    groups = [("a", "b")[i % 2] for i in persons]
    order = ["a", "b"]
    if groups[0] != "a":  # the first group is the reference
        swap = groups.index("a")
        x[[0, swap]], groups[0], groups[swap] = x[[swap, 0]], "a", groups[0]
        persons[[0, swap]] = persons[[swap, 0]]
    other = calibrate(Responses.from_matrix(x, items.tolist(), groups), [MIXED[i] for i in items])
    assert list(other.responses.groups) == order
    assert other.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-6)
    for item in items.tolist():
        assert other.parameters[item].d == pytest.approx(fit.parameters[item].d, abs=1e-5)
    assert other.scores.theta == pytest.approx(fit.scores.theta[persons], abs=1e-5)


def test_a_person_without_answers_changes_nothing(mixed: Responses, fit: Calibration) -> None:
    x = np.vstack([mixed.dense(), np.full((1, 12), -1)])
    other = calibrate(Responses.from_matrix(x, group=["a", "b"] * 300 + ["b"]), MIXED)
    assert other.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-7)
    assert other.scores.theta[-1] == pytest.approx(other.population["b"].mean, abs=1e-6)
    assert other.scores.standard_error[-1] == pytest.approx(other.population["b"].sd, abs=1e-4)


def test_an_item_without_answers_is_as_good_as_absent(mixed: Responses, fit: Calibration) -> None:
    x = np.column_stack([mixed.dense(), np.full(600, -1)])
    other = calibrate(Responses.from_matrix(x, group=["a", "b"] * 300), [*MIXED, "2PL"])
    assert other.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-7)


def test_complete_answers_have_a_way_of_their_own_with_the_same_numbers() -> None:
    x = simulated(4000, [2] * 20, np.random.default_rng(2))
    whole = calibrate(Responses.from_matrix(x), priors="none", tolerance=1e-5)
    x = np.vstack([x, np.full((1, 20), -1)])  # no longer complete
    sparse = calibrate(Responses.from_matrix(x), priors="none", tolerance=1e-5)
    assert whole.log_likelihood == pytest.approx(sparse.log_likelihood, abs=1e-4)
    for item in range(20):
        assert whole.parameters[item].a == pytest.approx(sparse.parameters[item].a, abs=1e-4)


def test_rasch_and_one_parameter_logistic_are_one_model() -> None:
    """Up to what the nodes' end at ±6 cuts from a population with a larger sd."""
    data = Responses.from_matrix(simulated(800, [2] * 8, np.random.default_rng()))
    rasch = calibrate(data, "Rasch", priors="none")
    common = calibrate(data, "1PL", priors="none")
    assert rasch.log_likelihood == pytest.approx(common.log_likelihood, abs=5e-3)
    assert rasch.population[0].sd == pytest.approx(common.parameters[0].a[0], abs=1e-3)
    assert len({float(estimate.a[0]) for estimate in common.parameters.values()}) == 1


def test_rating_scale_is_partial_credit_with_common_steps() -> None:
    data = Responses.from_matrix(simulated(800, [4] * 5, np.random.default_rng(8)))
    rating, partial = calibrate(data, "RSM", priors="none"), calibrate(data, "PCM", priors="none")
    steps = [np.diff(rating.parameters[item].b) for item in range(5)]
    assert np.ptp(steps, axis=0) == pytest.approx(0, abs=1e-9)
    assert rating.n_parameters == 3 + 4 + 1  # steps, places but the first, the variance
    assert rating.log_likelihood < partial.log_likelihood


def test_graded_with_two_categories_is_two_parameter_logistic() -> None:
    data = Responses.from_matrix(simulated(500, [2] * 6, np.random.default_rng()))
    fits = [calibrate(data, model, priors="none") for model in ("2PL", "GRM", "GPCM", "NRM")]
    for other in fits[1:]:
        assert other.log_likelihood == pytest.approx(fits[0].log_likelihood, abs=1e-5)


def test_fixed_items_bring_their_scale() -> None:
    rng = np.random.default_rng(6)
    theta = rng.normal(1.0, 0.7, 3000)
    b = np.linspace(-1, 2, 12)
    x = (rng.random((3000, 12)) < 1 / (1 + np.exp(-1.2 * (theta[:, None] - b)))).astype(int)
    fixed = {item: {"a": 1.2, "b": b[item]} for item in range(6)}
    fit = calibrate(Responses.from_matrix(x), fixed=fixed)
    population = fit.population[0]
    assert abs(population.mean - 1.0) < 5 * population.mean_error
    assert abs(population.sd - 0.7) < 5 * population.sd_error
    assert fit.parameters[3].a[0] == 1.2
    assert abs(fit.parameters[9].b[0] - b[9]) < 5 * fit.standard_errors[9].b[0]
