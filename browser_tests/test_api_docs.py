"""The API's documentation in a browser."""

import re

from playwright.sync_api import Page, expect

from browser_tests.accessibility import check_accessibility
from browser_tests.watching import width_beyond_screen
from sessions_app.tests.factories import make_pool, make_token


def test_it_is_accessible_and_fits_a_phone(page: Page) -> None:
    page.goto("/api/docs")
    expect(page.get_by_role("heading", name="Adaptive testing service")).to_be_visible()
    expect(page.locator(".opblock-summary").first).to_be_visible()
    check_accessibility(page)
    page.set_viewport_size({"width": 360, "height": 640})
    assert width_beyond_screen(page) == 0


def test_it_tries_the_api_with_a_token(page: Page) -> None:
    pool = make_pool(name="Entrance test")
    page.goto("/api/docs")
    page.get_by_role("button", name="Authorize").click()
    page.get_by_label("Value:").first.fill(f"Token {make_token()}")
    page.get_by_role("button", name=re.compile("^Apply")).first.click()
    page.get_by_role("button", name="Close", exact=True).first.click()
    listing = page.locator("#operations-Question_pools-list_pools")
    listing.locator(".opblock-summary-control").click()
    listing.get_by_role("button", name="Execute").click()
    expect(listing.locator(".live-responses-table")).to_contain_text(str(pool.pk))
