"""The pages of *Measure*: nothing is wrong with them on a phone, in the dark and in German."""

from collections.abc import Callable

from playwright.sync_api import Page, ViewportSize

from browser_tests.accessibility import check_accessibility
from browser_tests.population import populate
from browser_tests.watching import width_beyond_screen

PHONE: ViewportSize = {"width": 360, "height": 640}

WITH_PICTURES = (
    "{pool}/",
    "{pool}/exposure",
    "{pool}/results",
    "{pool}/items/{question}",
    "sessions/{finished}",
)


def test_they_are_accessible_and_fit_a_phone(transactional_db: None, admin: Callable[..., Page]) -> None:
    rows = {name: row.pk for name, row in vars(populate()).items()}
    page = admin(viewport=PHONE, color_scheme="dark", locale="de")
    for address in ("", *WITH_PICTURES, "{pool}/items", "{pool}/scale"):
        page.goto(f"/desk/measure/{address.format(**rows)}")
        assert page.locator("html").get_attribute("lang") == "de"
        assert (page.locator(".picture").count() > 0) == (address in WITH_PICTURES)
        check_accessibility(page)
        assert width_beyond_screen(page) == 0, address
    light = admin()
    for address in ("", "{pool}/items/{question}"):
        light.goto(f"/desk/measure/{address.format(**rows)}")
        check_accessibility(light)
