"""A pool's pages *Calibrate*, as they wait, run and report: nothing is wrong with them, also on a phone."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from browser_tests.accessibility import check_accessibility
from browser_tests.watching import width_beyond_screen
from sessions_app.measurement import running
from sessions_app.measurement.importing import import_responses
from sessions_app.measurement.tests.simulated import answers_of, matrix_file
from sessions_app.models import Calibration
from sessions_app.tests.factories import make_pool

PHONE: ViewportSize = {"width": 360, "height": 640}


def test_from_the_form_to_the_published_revision(
    admin: Callable[..., Page], live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.views.calibrations.send_calibration", lambda calibration_id: None)
    pool = make_pool(6)
    import_responses(pool, matrix_file(pool, answers_of(150, 6)))
    page = admin()
    page.goto(f"/desk/questions/{pool.pk}/calibrate")
    check_accessibility(page)
    page.get_by_label("a new one").check()
    page.locator("main").get_by_role("button", name="Calibrate").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    check_accessibility(page)
    running.run(Calibration.objects.get().pk)
    expect(page.get_by_text("The iterations converged")).to_be_visible()
    check_accessibility(page)
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    check_accessibility(page)
    assert width_beyond_screen(page) == 0
    page.get_by_role("button", name="Publish as the next revision").click()
    expect(page.get_by_text("Published as revision 2.")).to_be_visible()
