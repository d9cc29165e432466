"""Every page of the admin: nothing is wrong with it, it is accessible, and it fits a phone."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from browser_tests.accessibility import KnownFault, check_accessibility
from browser_tests.conftest import log_in, open_context
from browser_tests.population import populate
from browser_tests.watching import Watch, width_beyond_screen
from sessions_app.conftest import kept_database

DESK: ViewportSize = {"width": 1280, "height": 720}
PHONE: ViewportSize = {"width": 360, "height": 640}

ADDRESSES = [
    "/admin/",
    "/admin/testing_engine/questionpool/",
    "/admin/testing_engine/questionpool/{pool}/change/",
    "/admin/testing_engine/question/",
    "/admin/testing_engine/question/{question}/change/",
    "/admin/sessions_app/testsession/",
    "/admin/sessions_app/testsession/{finished}/change/",
    "/admin/sessions_app/testsession/{finished}/replay/",
    "/admin/sessions_app/student/",
    "/admin/sessions_app/student/{student}/change/",
    "/admin/sessions_app/student/{student}/results/",
    "/admin/sessions_app/studentproficiency/",
    "/admin/sessions_app/namedtest/",
    "/admin/sessions_app/namedtest/add/",
    "/admin/sessions_app/namedtest/{named_test}/change/",
    "/admin/sessions_app/namedtest/{named_test}/results/",
    "/admin/sessions_app/livesession/",
    "/admin/sessions_app/apiclient/",
    "/admin/sessions_app/apiclient/add/",
    "/admin/sessions_app/apiclient/{client}/change/",
    "/admin/auth/user/",
    "/admin/auth/user/add/",
    "/admin/auth/group/",
    "/admin/auth/group/add/",
    "/admin/password_change/",
]


KNOWN = [
    KnownFault(
        "aria-prohibited-attr",
        ".selector .help-tooltip",
        "made by Django's SelectFilter2.js, which says the same in the field's own label",
    )
]


@pytest.fixture(scope="module")
def transactional_db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with kept_database(django_db_blocker):
        yield


@pytest.fixture(scope="module")
def rows(transactional_db: None) -> dict[str, Any]:
    """Nobody changes them here, so all pages show the same ones."""
    return {name: row.pk for name, row in vars(populate()).items()}


@pytest.fixture(scope="module")
def shared_watch(live_server: LiveServer) -> Watch:
    return Watch(live_server.url)


@pytest.fixture(scope="module")
def shared_page(chromium: Browser, shared_watch: Watch, rows: dict[str, Any]) -> Iterator[Page]:
    """The page of one visitor, who goes from address to address and changes nothing."""
    with open_context(chromium, shared_watch) as context:
        log_in(context, shared_watch.own_address)
        yield context.new_page()


@pytest.fixture
def page(shared_page: Page, shared_watch: Watch) -> Iterator[Page]:
    shared_page.goto("about:blank")  # what the page before was still loading is not of this one
    shared_watch.troubles.clear()
    shared_page.set_viewport_size(DESK)
    shared_page.emulate_media(color_scheme="light")
    yield shared_page
    troubles = shared_watch.unexpected()
    assert not troubles, "The page was not well:\n" + "\n".join(troubles)


@pytest.mark.parametrize("address", ADDRESSES)
def test_it_is_accessible_in_light_and_dark_and_fits_a_phone(
    page: Page, rows: dict[str, Any], address: str
) -> None:
    page.goto(address.format(**rows))
    expect(page.locator("html")).not_to_have_class("dark")
    check_accessibility(page, KNOWN)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    page.reload()
    expect(page.locator("html")).to_have_class("dark")
    check_accessibility(page, KNOWN)
    assert width_beyond_screen(page) == 0
