"""The student's page in a frame of a learning platform, whose pages are another site."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from django.conf import LazySettings
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from browser_tests.conftest import NewContext
from browser_tests.sitting import begin_sitting
from browser_tests.watching import Watch
from sessions_app.models import LtiRegistration


@pytest.fixture
def course() -> Iterator[ThreadingHTTPServer]:
    """A page that shows in a frame whatever stands behind its question mark."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            if self.path.startswith("/course?"):
                shown = self.path.partition("?")[2].replace("%23", "#")
                self.wfile.write(
                    f'<!doctype html><link rel="icon" href="data:,"><iframe src="{shown}"></iframe>'.encode()
                )

        def log_message(self, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_test_goes_on_in_a_frame_and_out_of_it(
    new_context: NewContext, live_server: LiveServer, watch: Watch, course: ThreadingHTTPServer
) -> None:
    origin = f"http://127.0.0.1:{course.server_port}"
    platform = LtiRegistration.objects.create(
        name="School",
        issuer=origin,
        client_id="c",
        takes_any_deployment=True,
        **dict.fromkeys(("auth_url", "token_url", "keyset_url"), f"{origin}/x"),
        frame_ancestors=[origin],
    )
    sitting = begin_sitting()
    token = sitting.link.partition("#")[2]
    framed = f"{live_server.url}/take/test?frame={platform.pk.hex}%23{token}"
    watch.expect(f"another host: {origin}/course")
    page = new_context().new_page()
    page.goto(f"{origin}/course?{framed}")
    frame = page.frame_locator("iframe")
    expect(frame.locator("#options")).to_be_enabled()
    assert urlsplit(page.frames[1].url).query == f"frame={platform.pk.hex}"  # a reload stays in the frame
    with page.expect_popup() as opened:
        frame.get_by_role("link", name="Open in a new tab").click()
    expect(opened.value.locator("#options")).to_be_enabled()
    expect(opened.value.locator("#own-tab")).to_be_hidden()


def test_a_page_that_is_listed_hears_how_a_test_goes(
    new_context: NewContext,
    live_server: LiveServer,
    watch: Watch,
    course: ThreadingHTTPServer,
    settings: LazySettings,
) -> None:
    origin = f"http://127.0.0.1:{course.server_port}"
    settings.EMBED_ORIGINS = [origin]
    sitting = begin_sitting()
    token = sitting.link.partition("#")[2]
    watch.expect(f"another host: {origin}/course")
    page = new_context().new_page()
    page.add_init_script("window.heard = []; addEventListener('message', (said) => heard.push(said.data))")
    page.goto(f"{origin}/course?{live_server.url}/take/test?embed={origin}&return={origin}/course%23{token}")
    frame = page.frame_locator("iframe")
    expect(frame.locator("#options")).to_be_enabled()
    frame.locator("#options label").first.click()
    frame.get_by_role("button", name="Answer", exact=True).click()
    page.wait_for_function("heard.some((said) => said.event === 'answered' && said.count === 1)")
    assert page.evaluate("heard.some((said) => said.event === 'height' && said.height > 100)")
    frame.locator("#end").click()
    frame.locator("#confirm button[value=end]").click()
    page.wait_for_function("heard.some((said) => said.event === 'done' && said.status === 'ended')")
    heard = page.evaluate("[...new Set(heard.flatMap((said) => Object.keys(said)))].sort()")
    assert heard == ["count", "event", "height", "source", "status"]  # nothing of question or answer
    expect(frame.get_by_role("link", name="Go back")).to_have_attribute("href", f"{origin}/course")
