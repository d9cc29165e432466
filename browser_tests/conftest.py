"""A real browser against a real server.

`page` is what most tests need: a fresh page whose addresses begin at the server's root. When the test is over
it fails if the page showed an error in the console, failed to load something, or asked another host.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from browser_tests.chromium import NoChromium, launch
from browser_tests.watching import Watch

PATIENCE = 60_000  # milliseconds; for a busy machine, since nothing waits longer than it must

NewContext = Callable[..., BrowserContext]


# Not for the whole run: while playwright is at work, this thread has a running event loop, and no other
# test could start one.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for each test worker."""
    with pytest.MonkeyPatch.context() as environment, sync_playwright() as playwright:
        # Django refuses its ORM to a thread with a running event loop, lest a query block what else the
        # loop does. Playwright's stands still except within calls to playwright: there is nothing to block.
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        try:
            browser = launch(playwright)
        except NoChromium as reason:
            if os.environ.get("CI", "").lower() == "true":
                pytest.fail(str(reason))
            pytest.skip(str(reason))
        expect.set_options(timeout=PATIENCE)
        with browser:
            yield browser


@pytest.fixture
def watch(live_server: LiveServer) -> Iterator[Watch]:
    """What went wrong in the pages of this test; `watch.expect(text)` allows for some of it."""
    watch = Watch(live_server.url)
    yield watch
    troubles = watch.unexpected()
    assert not troubles, "The page was not well:\n" + "\n".join(troubles)


@pytest.fixture
def new_context(chromium: Browser, live_server: LiveServer, watch: Watch) -> Iterator[NewContext]:
    """Another person's browser: its own cookies and storage. Takes playwright's options of a context."""
    contexts: list[BrowserContext] = []

    def new_context(**options: Any) -> BrowserContext:
        context = open_context(chromium, watch, **options)
        contexts.append(context)
        return context

    yield new_context
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_context: NewContext) -> Page:
    """A page of somebody whom the server does not know."""
    return new_context().new_page()


@pytest.fixture
def admin(new_context: NewContext, live_server: LiveServer) -> Callable[..., Page]:
    """A page of the admin as somebody who logged in: by default a superuser called root."""

    def admin(user: User | None = None, **options: Any) -> Page:
        context = new_context(**options)
        log_in(context, live_server.url, user)
        return context.new_page()

    return admin


def open_context(chromium: Browser, watch: Watch, **options: Any) -> BrowserContext:
    """A watched one, with the patience that a busy machine needs."""
    context = chromium.new_context(base_url=watch.own_address, reduced_motion="reduce", **options)
    context.set_default_timeout(PATIENCE)
    watch.follow(context)
    return context


def log_in(context: BrowserContext, address: str, user: User | None = None) -> None:
    """By default as a superuser called root."""
    client = Client()
    root = User.objects.filter(username="root").first()
    client.force_login(user or root or User.objects.create_superuser("root"))
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])
