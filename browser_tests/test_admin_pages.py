"""Every page of the admin, in a browser: it works, it is accessible, and it fits a phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from browser_tests.accessibility import check_accessibility
from sessions_app.tests.factories import make_pool

Admin = Callable[..., Page]

ADDRESSES = [
    "/admin/",
    "/admin/testing_engine/questionpool/",
    "/admin/testing_engine/question/",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_it_is_accessible(admin: Admin, address: str) -> None:
    make_pool()
    page = admin()
    page.goto(address)
    check_accessibility(page)
