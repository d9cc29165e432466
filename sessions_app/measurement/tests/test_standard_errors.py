"""Standard errors in the units of a pool."""

import numpy as np
import pytest

from sessions_app.measurement.parameters import errors_of
from testing_engine.calibration.parameters import ItemEstimate
from testing_engine.psychometrics.items.bank import ItemParameters


@pytest.mark.parametrize("slope", [1.5, -1.5])
def test_one_of_a_slope_is_positive_whatever_its_sign(slope: float) -> None:
    estimate = ItemEstimate("2PL", np.array([slope]), np.array([0.3]), 0.0, 1.0, np.array([-0.2]))
    errors = ItemEstimate("2PL", np.array([0.1]), np.array([0.05]), np.nan, np.nan, np.array([0.04]))
    told = errors_of(ItemParameters((2.0,)), estimate, errors)
    assert told["discrimination"] == pytest.approx(0.05)
    assert (told["difficulty"], told["guessing"]) == (0.04, None)
