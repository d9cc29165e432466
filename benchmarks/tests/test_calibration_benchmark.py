"""The calibration benchmark runs, and compares at one log-likelihood."""

import pytest

from benchmarks import calibration
from benchmarks.calibration_workloads import make


@pytest.mark.parametrize("name", calibration.WORK)
def test_every_workload_is_calibrated(name: str) -> None:
    found = calibration.measure("ours", name, tiny=True)
    assert found["converged"]
    assert found["log_likelihood"] < 0


def test_the_sparse_workload_is_sparse() -> None:
    work = make("sparse", tiny=True)
    assert work.responses.n_answers < 0.25 * work.responses.n_persons * work.responses.n_items


def test_the_table_names_the_aim_and_what_is_missing() -> None:
    line = calibration._line("complete", "theta-irt", [{"missing": "not installed (theta)"}])
    assert "not installed" in line
    runs = [{"cpu": 1.0, "wall": 2.0, "mb": 3.0, "log_likelihood": -4.0}]
    assert calibration._line("complete", "ours", runs).endswith("| 0.15 |")
