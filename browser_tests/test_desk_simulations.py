"""A pool's pages *Simulate*, as they ask, run and report: nothing is wrong with them, also on a phone."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from browser_tests.accessibility import check_accessibility
from browser_tests.watching import width_beyond_screen
from sessions_app.measurement.simulations import running
from sessions_app.models import Simulation
from sessions_app.tests.factories import make_pool

PHONE: ViewportSize = {"width": 360, "height": 640}


def test_from_two_designs_to_the_pictures(
    admin: Callable[..., Page], live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.views.simulations.send_simulation", lambda simulation_id: None)
    pool = make_pool(6)
    page = admin()
    page.goto(f"/desk/questions/{pool.pk}/simulate")
    check_accessibility(page)
    page.get_by_label("Its rules; empty").fill('{"max_questions": 3}')
    page.get_by_label("Students; of those who answered already").fill("60")
    page.get_by_label("Cuts between levels").fill("0")
    page.locator("main").get_by_role("button", name="Simulate").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    check_accessibility(page)
    running.run_here(Simulation.objects.get())
    expect(page.get_by_text("Side by side")).to_be_visible()
    check_accessibility(page)
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    check_accessibility(page)
    assert width_beyond_screen(page) == 0
