import numpy as np
import pytest

from testing_engine.calibration import Responses, calibrate
from testing_engine.calibration.findings import CODES
from testing_engine.calibration.tests.broken_data import EXPECTED, broken
from testing_engine.calibration.tests.reference_data import responses

SETS = broken(3)


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_broken_is_named(name: str) -> None:
    fit = calibrate(Responses.from_matrix(SETS[name]))
    assert EXPECTED[name] in [(finding.code, finding.item) for finding in fit.findings]
    for finding in fit.findings:
        assert finding.code in CODES
        assert finding.sentence.endswith(".")


def test_sound_data_give_no_error_and_no_warning() -> None:
    rng = np.random.default_rng()
    theta = rng.normal(size=(1500, 1))
    x = rng.random((1500, 15)) < 1 / (
        1 + np.exp(-rng.uniform(0.9, 1.6, 15) * (theta - rng.uniform(-1, 1, 15)))
    )
    fit = calibrate(Responses.from_matrix(x.astype(int)))
    assert fit.converged
    assert {finding.code for finding in fit.findings if finding.severity == "error"} == set()


@pytest.mark.parametrize("name", ["an item twice", "Guttman item", "3 answers"])
def test_without_a_prior_a_slope_that_runs_off_is_not_converged(name: str) -> None:
    fit = calibrate(Responses.from_matrix(SETS[name]), priors="none")
    assert not fit.converged
    assert "not_converged" in {finding.code for finding in fit.findings}


def test_nothing_is_clipped() -> None:
    assert calibrate(Responses.from_matrix(SETS["wrong key"])).parameters[0].a[0] < -0.5
    left_out = calibrate(Responses.from_matrix(SETS["all right"]))
    assert np.isnan(left_out.parameters[0].d).all()
    assert np.isnan(left_out.standard_errors[0].a).all()
    bound = next(f for f in left_out.findings if f.code == "one_category").numbers["b_bound"]
    assert -8 < bound < -4


def test_a_log_normal_prior_does_not_hide_a_wrong_key() -> None:
    fit = calibrate(Responses.from_matrix(SETS["wrong key"]), priors={"a": (0.0, 0.5)})
    assert ("negative_slope", 0) in [(finding.code, finding.item) for finding in fit.findings]


def test_halves_are_joined_by_what_the_caller_knows() -> None:
    x = SETS["two halves without a common person"]
    group = np.repeat(["first", "second"], 250)
    data = Responses.from_matrix(x, group=group.tolist())
    known = calibrate(data, population={"first": (0, 1), "second": (0, 1)})
    assert "disconnected" not in {finding.code for finding in known.findings}


def test_an_asymptote_that_runs_to_its_end_is_told() -> None:
    """LSAT7 knows nothing of guessing: without a prior its lower asymptotes go to 0."""
    fit = calibrate(responses("LSAT7.csv"), "3PL", priors="none")
    assert "asymptote_at_end" in {finding.code for finding in fit.findings}


def test_the_prior_of_an_asymptote_is_told() -> None:
    fit = calibrate(responses("LSAT7.csv"), "3PL")
    assert "prior_dominates" in {finding.code for finding in fit.findings}


def test_one_item_without_a_maximum_does_not_take_the_others_errors() -> None:
    fit = calibrate(Responses.from_matrix(SETS["an item twice"]), priors="none")
    assert np.isnan(fit.standard_errors[0].a[0])
    assert np.isfinite(fit.standard_errors[5].a[0])
    assert np.isfinite(fit.standard_errors[5].d[0])
