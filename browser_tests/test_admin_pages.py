"""Every page of the admin: nothing is wrong with it, it is accessible, and it fits a phone."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from browser_tests.accessibility import KnownFault, check_accessibility
from browser_tests.population import populate
from browser_tests.watching import width_beyond_screen
from sessions_app.conftest import kept_database

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
    "/admin/sessions_app/namedtest/{named_test}/invite/",
    "/admin/sessions_app/namedtest/{named_test}/results/",
    "/admin/sessions_app/invitation/",
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


@pytest.mark.parametrize("address", ADDRESSES)
def test_it_is_accessible_in_light_and_dark_and_fits_a_phone(
    admin: Callable[..., Page], rows: dict[str, Any], address: str
) -> None:
    page = admin()
    page.goto(address.format(**rows))
    check_accessibility(page, KNOWN)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    page.reload()
    expect(page.locator("html")).to_have_class("dark")
    check_accessibility(page, KNOWN)
    assert width_beyond_screen(page) == 0
