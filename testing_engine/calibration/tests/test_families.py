"""Every family: probabilities that sum to 1, derivatives that finite differences confirm."""

import numpy as np
import pytest

from testing_engine.calibration.families import FAMILY, n_others

H = 1e-6
CATEGORIES = {
    "Rasch": 2,
    "1PL": 2,
    "2PL": 2,
    "3PL": 2,
    "4PL": 2,
    "GRM": 5,
    "GPCM": 4,
    "PCM": 4,
    "RSM": 4,
    "NRM": 4,
}


def others(model: str, k: int, rng: np.random.Generator) -> np.ndarray:
    rest = rng.normal(size=(3, n_others(model, k)))
    if model == "GRM":
        return -np.sort(-rest, axis=1) - 0.2 * np.arange(k - 1)
    if model == "4PL":
        rest[:, 1], rest[:, 2] = -1.4, 2.9
    return rest


@pytest.mark.parametrize("model", FAMILY)
def test_probabilities_and_derivatives(model: str) -> None:
    k = CATEGORIES[model]
    rng = np.random.default_rng()
    z, rest = rng.normal(size=(3, 7)) * 2, others(model, k, rng)
    log_p, dz, d_others = FAMILY[model](z, rest, k)
    assert np.exp(log_p).sum(axis=1) == pytest.approx(np.ones((3, 7)))
    numeric = (FAMILY[model](z + H, rest, k)[0] - FAMILY[model](z - H, rest, k)[0]) / (2 * H)
    assert dz == pytest.approx(numeric, abs=1e-6)
    for column in range(rest.shape[1]):
        step = np.zeros(rest.shape[1])
        step[column] = H
        numeric = (FAMILY[model](z, rest + step, k)[0] - FAMILY[model](z, rest - step, k)[0]) / (2 * H)
        assert d_others[:, column] == pytest.approx(numeric, abs=1e-6)


@pytest.mark.parametrize("model", FAMILY)
def test_far_out_nothing_overflows(model: str) -> None:
    k = CATEGORIES[model]
    rest = others(model, k, np.random.default_rng(1))
    with np.errstate(all="raise", under="ignore"):
        log_p, dz, d_others = FAMILY[model](np.tile([-300.0, 300.0], (3, 1)), rest, k)
    assert np.isfinite(log_p).all()
    assert np.isfinite(dz).all()
    assert np.isfinite(d_others).all()
