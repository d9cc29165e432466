"""Which anchors a calibration sets aside when it is linked."""

import numpy as np
import pytest

from sessions_app.measurement.linked import linked
from testing_engine.calibration import Responses, calibrate
from testing_engine.calibration.anchor_shifts import MOVED_Z
from testing_engine.psychometrics.items.bank import ItemParameters

ITEMS = 14
PLACES = np.linspace(-1.3, 1.3, ITEMS)


@pytest.mark.parametrize("model", ["2PL", "1PL"])
def test_only_what_moved_by_as_much_as_matters_is_set_aside(model: str) -> None:
    """The curves that were answered are those of the pool, but for two: item 3 by little, 8 by much."""
    rng = np.random.default_rng(8)
    moved = PLACES + 0.2 * (np.arange(ITEMS) == 3) + 0.9 * (np.arange(ITEMS) == 8)
    chance = 1 / (1 + np.exp(-(rng.normal(size=(20_000, 1)) - moved)))
    x = (rng.random(chance.shape) < chance).astype(int)
    fit = calibrate(Responses.from_matrix(x), "Rasch" if model == "1PL" else model)
    old = [
        ItemParameters(difficulty=float(b), discrimination=1.0, concepts=(1.0,), model=model) for b in PLACES
    ]
    scale = linked(fit, old, (0,))
    assert abs(scale.anchor_shifts[3].z) > MOVED_Z
    assert scale.set_aside == ("8",)
    assert scale.anchors == ITEMS - 1
    assert abs(scale.shift) < 5 * scale.shift_error < 0.3
