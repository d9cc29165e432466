"""Simulations in several parts, which a test computes itself."""

import pytest

from sessions_app.measurement.simulations import asking


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "PART_STUDENTS", 10)
    monkeypatch.setattr("sessions_app.api.simulations.send_simulation", lambda simulation_id: None)
