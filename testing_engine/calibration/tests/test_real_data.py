"""Real answers: published numbers where there are some, and a plain judge, written out here, everywhere.

The judge adds up the marginal likelihood person by person. At the estimates it says the same log-likelihood,
its gradient is nought, and its curvature is the information that the standard errors come from.
"""

import numpy as np
import pytest

from testing_engine.calibration import Calibration, Responses, calibrate
from testing_engine.calibration.responses import FloatArray
from testing_engine.calibration.tests.reference_data import responses

NODES = np.linspace(-6, 6, 61)


def judge(data: Responses, model: str, natural: list[FloatArray], sd: float = 1.0) -> float:
    """Marginal log-likelihood. `natural`: of each item a slope and intercepts."""
    weights = np.exp(-0.5 * (NODES / sd) ** 2)
    patterns, count = np.unique(data.dense(), axis=0, return_counts=True)
    log = np.tile(np.log(weights / weights.sum()), (len(patterns), 1))
    for item, (slope, *d) in enumerate(natural):
        log += np.vstack([np.zeros(61), log_curves(model, slope, np.array(d))])[patterns[:, item] + 1]
    highest = log.max(axis=1)
    return float(count @ (highest + np.log(np.exp(log - highest[:, None]).sum(axis=1))))


def log_curves(model: str, slope: float, d: FloatArray) -> FloatArray:
    """(K, Q) log-probabilities of the categories."""
    z = slope * NODES
    if model in ("2PL", "GRM", "Rasch"):
        above = np.vstack([np.ones(61), 1 / (1 + np.exp(-(z + d[:, None]))), np.zeros(61)])
        return np.asarray(np.log(above[:-1] - above[1:]))
    terms = np.vstack([np.zeros(61), np.arange(1, len(d) + 1)[:, None] * z + d[:, None]])
    return np.asarray(terms - np.log(np.exp(terms).sum(axis=0)))


def natural_of(fit: Calibration, model: str) -> list[FloatArray]:
    first = 0 if model in ("2PL", "GRM", "Rasch") else 1  # .d of the others begins with a 0
    return [np.array([e.a[0], *np.atleast_1d(e.d)[first:]]) for e in fit.parameters.values()]


def part_of(name: str, letter: str = "") -> Responses:
    """The items whose names begin so; persons without an answer to any of them stay."""
    data = responses(name)
    kept = [j for j, item in enumerate(data.items) if str(item).startswith(letter)]
    return Responses.from_matrix(data.dense()[:, kept], [data.items[j] for j in kept])


def test_lsat6_as_published() -> None:
    """ltm (Rizopoulos 2006, Journal of Statistical Software 17(5)); its 2PL by 21 Gauss–Hermite points."""
    data = responses("LSAT6.csv")
    common = calibrate(data, "1PL", priors="none")
    assert common.log_likelihood == pytest.approx(-2466.938, abs=1e-3)
    b = [float(each.b[0]) for each in common.parameters.values()]
    assert b == pytest.approx([-3.6153, -1.3224, -0.3176, -1.7301, -2.7802], abs=1e-4)
    assert common.parameters["Item_1"].a[0] == pytest.approx(0.7551, abs=1e-4)
    fit = calibrate(data, "2PL", priors="none")
    assert fit.log_likelihood == pytest.approx(-2466.653, abs=1e-3)
    b = [float(each.b[0]) for each in fit.parameters.values()]
    assert b == pytest.approx([-3.3597, -1.3696, -0.2799, -1.8659, -3.1236], abs=3e-3)
    a = [float(each.a[0]) for each in fit.parameters.values()]
    assert a == pytest.approx([0.8254, 0.7229, 0.8905, 0.6886, 0.6575], abs=1e-3)
    errors = [float(each.b[0]) for each in fit.standard_errors.values()]
    assert errors == pytest.approx([0.8669, 0.3073, 0.0997, 0.4341, 0.8700], rel=1e-2)


def test_sat12_as_published() -> None:
    """mirt's own example of the 2PL."""
    fit = calibrate(responses("SAT12_scored.csv"), "2PL", priors="none")
    assert fit.log_likelihood == pytest.approx(-9488.955, abs=1e-3)


CASES = [
    ("LSAT6.csv", "", "2PL"),
    ("SAT12_scored.csv", "", "2PL"),
    ("psychTools_ability.csv", "", "2PL"),
    ("psychotools_VerbalAggression.csv", "", "GRM"),
    ("psychotools_VerbalAggression.csv", "", "GPCM"),
    ("psychTools_bfi.csv", "N", "GRM"),
    ("psychTools_bfi.csv", "A", "GRM"),
]


@pytest.mark.parametrize("case", CASES, ids=" ".join)
def test_it_is_a_maximum_and_its_errors_are_the_curvature(case: tuple[str, str, str]) -> None:
    name, letter, model = case
    data = part_of(name, letter)
    fit = calibrate(data, model, priors="none")
    assert fit.converged
    natural = natural_of(fit, model)
    places = np.cumsum([len(each) for each in natural])[:-1]
    here = np.concatenate(natural)
    information = np.linalg.inv(fit._natural_covariance(list(data.items)))

    def value(vector: FloatArray) -> float:
        return judge(data, model, np.split(vector, places))

    highest = value(here)
    assert fit.log_likelihood == pytest.approx(highest, abs=1e-6)
    rng = np.random.default_rng()
    for _ in range(4):
        along = rng.normal(size=len(here))
        curvature = along @ information @ along
        along *= 0.3 / np.sqrt(curvature)  # so far that the likelihood falls by .045
        up, down = value(here + along), value(here - along)
        assert up - down == pytest.approx(0, abs=3e-3)
        assert (2 * highest - up - down) / 0.09 == pytest.approx(1, rel=2e-2)


@pytest.mark.parametrize("model", ["PCM", "RSM"])
def test_rasch_models_of_verbal_aggression(model: str) -> None:
    data = responses("psychotools_VerbalAggression.csv")
    fit = calibrate(data, model, priors="none")
    sd = float(fit.population[0].sd)
    assert fit.log_likelihood == pytest.approx(judge(data, model, natural_of(fit, model), sd), abs=1e-6)
    assert sd == pytest.approx(0.966, abs=1e-3)


def test_the_reversed_item_of_agreeableness_is_named() -> None:
    fit = calibrate(part_of("psychTools_bfi.csv", "A"), "GRM")
    assert [each.item for each in fit.findings if each.code == "negative_slope"] == ["A1"]
    assert fit.parameters["A1"].a[0] < 0 < fit.parameters["A2"].a[0]


def test_a_three_parameter_model_without_a_maximum_is_told() -> None:
    """SAT12 has none with this prior on guessing alone, a third: a slope runs off."""
    fit = calibrate(responses("SAT12_scored.csv"), "3PL", priors={"g": (-1.1, 0.5)})
    assert not fit.converged
    assert "not_converged" in {each.code for each in fit.findings}
