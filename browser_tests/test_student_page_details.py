"""The student's page: what a question may hold, what the browser keeps, time, and what the server may say."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from browser_tests.accessibility import check_accessibility
from browser_tests.conftest import NewContext
from browser_tests.sitting import Sitting, answer_to_the_end, begin_sitting, choose, expect_question, send
from browser_tests.watching import Watch, width_beyond_screen
from sessions_app.conftest import client_with
from sessions_app.models import TestResponse
from sessions_app.sitting.tokens import page_of
from sessions_app.tests.factories import make_pool, make_token, question

PHONE = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}
WIDE = """Let $$\\sum_{i=1}^{100} \\frac{x_1 + x_2 + x_3 + x_4 + x_5 + x_6 + x_7 + x_8 + x_9}{y_1 + y_2}$$ and

| one | two | three | four | five | six | seven |
|---|---|---|---|---|---|---|
| 1000000 | 1000000 | 1000000 | 1000000 | 1000000 | 1000000 | 1000000 |

```
def a_function_with_a_long_name(its_argument): return another_function_with_a_long_name(its_argument)
```
Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"""


AN_INVITATION = {
    "test": {"title": "Autumn", "introduction": "", "introduction_html": "", "closing": ""},
    "time_limit_minutes": None,
    "closes_at": None,
    "is_running": False,
}


def begun(page: Page) -> Sitting:
    sitting = begin_sitting()
    page.goto(sitting.link)
    expect_question(page, 1)
    return sitting


def test_everything_in_a_question_fits_a_phone(new_context: NewContext) -> None:
    options = [
        "$\\frac{1}{2}$",
        "`code`",
        "مرحبا $x$",
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk",
    ]
    fields = {"content": WIDE, "options": options, "correct_answer": "`code`"}
    make_pool([question(i, [1], **fields) for i in range(4)])
    asked = {"student_id": "s1", "end_criteria": {"type": "fixed_length", "max_questions": 4}}
    started = client_with(f"Token {make_token()}").post("/api/test/start", asked).json()
    page = new_context(**PHONE).new_page()
    page.goto(page_of(started["session_token"]))
    expect_question(page, 1)
    assert width_beyond_screen(page) == 0
    expect(page.locator("#content math mfrac")).to_be_visible()
    expect(page.get_by_role("radio", name="\\frac{1}{2}")).to_be_attached()  # letter by letter it were "12"
    for region in ("#content .block", "#content .wide", "#content pre"):
        expect(page.locator(region)).to_have_attribute("tabindex", "0")  # the keyboard can scroll it
    right_to_left = page.locator(".option").nth(2)
    assert right_to_left.evaluate("(text) => getComputedStyle(text).direction") == "rtl"
    for option in page.locator(".option").all():
        box = option.bounding_box()
        assert box is not None
        assert box["height"] >= 44
    check_accessibility(page)


def test_number_keys_do_nothing_outside_the_question(page: Page) -> None:
    begun(page)
    page.get_by_role("link", name="Deutsch").focus()
    page.keyboard.press("2")
    expect(page.locator("input:checked")).to_have_count(0)
    page.locator("#number").focus()
    page.keyboard.press("2")
    expect(page.locator("input:checked")).to_have_count(1)


# --- What the browser keeps ------------------------------------------------------------


def kept(page: Page) -> list[str]:
    found: list[str] = page.evaluate("() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)]")
    return found


def test_the_token_leaves_the_address(page: Page) -> None:
    sitting = begun(page)
    token = sitting.link.partition("#")[2]
    assert page.url.endswith("/take/test")
    choose(page, 1)
    with page.expect_request("**/api/test/submit*") as sent:
        send(page)
    headers = sent.value.all_headers()
    assert headers["authorization"] == f"Session {token}"
    assert token not in headers.get("referer", "")
    assert "cookie" not in headers


def test_the_end_clears_what_was_kept(page: Page) -> None:
    begun(page)
    assert len(kept(page)) == 3  # the token, for this tab and for this browser, and where the test stands
    answer_to_the_end(page)
    assert kept(page) == ["take.token"]  # of this tab: a reload shows the result again
    page.get_by_role("button", name="Remove the test").click()
    assert kept(page) == []
    page.reload()
    expect(page.locator("#stopped")).to_contain_text("Open the link")


def test_the_service_worker_keeps_nothing_of_anybody(page: Page) -> None:
    begun(page)
    page.evaluate("() => navigator.serviceWorker.ready.then(() => null)")
    page.reload()
    expect_question(page, 1)
    choose(page, 1)
    send(page)
    expect_question(page, 2)
    script = """async () => {
      const names = await caches.keys();
      const all = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
      return all.flat().map((request) => new URL(request.url).pathname);
    }"""
    paths = page.evaluate(script)
    assert "/take/test" in paths
    assert all(path == "/take/test" or path.startswith("/static/student_page/") for path in paths)


def test_a_reload_without_a_network_shows_the_question_and_the_choice(page: Page, watch: Watch) -> None:
    watch.expect("ERR_INTERNET_DISCONNECTED")
    begun(page)
    page.evaluate("() => navigator.serviceWorker.ready.then(() => null)")
    shown = page.locator("#content").inner_text()
    page.context.set_offline(True)
    choose(page, 2)
    send(page)
    expect(page.locator("#notice")).to_contain_text("Your answer is kept")
    page.reload()
    expect(page.locator("#content")).to_have_text(shown)
    expect(page.locator(".option").nth(2).locator("input")).to_be_checked()
    expect(page.locator("#notice")).to_contain_text("Your answer is kept")
    check_accessibility(page)


# --- What the server may say ------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_is_given_the_time_that_it_asks_for(page: Page, watch: Watch, status: int) -> None:
    watch.expect(str(status))
    tries: list[float] = []

    def busy_once(route: Route) -> None:
        tries.append(page.evaluate("() => performance.now()") if not tries else 0)
        if len(tries) > 1:
            route.continue_()
            return
        route.fulfill(
            status=status,
            headers={"Retry-After": "2"},
            content_type="application/problem+json",
            body='{"code": "throttled"}',
        )

    page.route("**/api/test/submit*", busy_once)
    sitting = begun(page)
    choose(page, 3)
    send(page)
    expect(page.locator("#notice")).to_contain_text("The service is busy")
    expect_question(page, 2)
    assert page.evaluate("() => performance.now()") - tries[0] >= 2000
    assert sitting.answers == [3]


def test_a_link_that_expires_in_the_middle_says_so(page: Page, watch: Watch, settings: LazySettings) -> None:
    watch.expect("401")
    begun(page)
    settings.SESSION_TOKEN_MAX_AGE = -1
    choose(page, 1)
    send(page)
    expect(page.get_by_role("heading", name="This link opens nothing any more")).to_be_focused()
    expect(page.locator("#stopped")).to_contain_text("Ask whoever gave you the link for a new one.")
    check_accessibility(page)
    assert kept(page) == []
    assert not TestResponse.objects.exists()


def with_fields(page: Page, fields: dict[str, Any]) -> None:
    """What `status` says of a test that a teacher prepared."""

    def changed(route: Route) -> None:
        reply = route.fetch()
        route.fulfill(response=reply, body=json.dumps({**reply.json(), **fields}))

    page.route("**/api/test/status/*", changed)


def test_it_shows_the_time_left_by_the_servers_clock(page: Page) -> None:
    page.clock.install(time=timezone.now() - timedelta(hours=5))
    page.clock.resume()
    with_fields(page, {"deadline": (timezone.now() + timedelta(minutes=10)).isoformat()})
    begun(page)
    expect(page.locator("#timer")).to_have_text(re.compile(r"^Time left: (10:0\d|9:\d\d)$"))
    check_accessibility(page)


def test_it_announces_that_time_runs_out(page: Page) -> None:
    with_fields(page, {"deadline": (timezone.now() + timedelta(seconds=306)).isoformat()})
    begun(page)
    expect(page.locator("#announcement")).to_have_text("Five minutes left.")


def test_it_says_what_the_teacher_wrote(page: Page) -> None:
    texts = {"title": "Autumn", "introduction": "Take your time.", "closing": "Thank you."}
    html = {"introduction_html": "<p>Take your time.</p>", "closing_html": "<p>Thank you.</p>"}
    with_fields(page, {"test": {**texts, **html, "show_theta": True, "allow_dont_know": False}})
    page.goto(begin_sitting().link)
    expect(page.get_by_role("heading", name="Autumn")).to_be_visible()
    expect(page.get_by_text("Take your time.")).to_be_visible()
    expect(page.locator("#question")).to_be_hidden()
    page.get_by_role("button", name="Begin").click()
    expect_question(page, 1)
    expect(page.get_by_text("Take your time.")).to_be_hidden()
    expect(page.locator(".option")).to_have_count(4)
    answer_to_the_end(page)
    expect(page.get_by_text("Thank you.")).to_be_visible()
    expect(page.get_by_text("Ability θ =").first).to_be_visible()


def test_it_shows_no_theta_unless_the_test_says_so(page: Page) -> None:
    begun(page)
    answer_to_the_end(page)
    assert "θ" not in page.locator("main").inner_text()


def test_an_invitation_begins_with_a_button(page: Page) -> None:
    """The reply of `invitations/start` is that of `start`."""
    sitting = begin_sitting()
    token = sitting.link.partition("#")[2]
    asked: list[Any] = []

    def start(route: Route) -> None:
        asked.append(route.request.post_data_json)
        route.fulfill(json={"session_token": token, "session_id": sitting.session_id})

    page.route("**/api/invitations/start", start)
    page.route("**/api/invitations/read*", lambda route: route.fulfill(json=AN_INVITATION))
    page.goto("/take/test#invitation=AAAA:BBBB")
    expect(page.get_by_role("button", name="Begin")).to_be_visible()
    check_accessibility(page)
    page.get_by_role("button", name="Begin").click()
    expect_question(page, 1)
    assert asked == [{"invitation": "AAAA:BBBB"}]
    assert page.url.endswith("/take/test")


def test_a_reload_before_the_beginning_stays_with_the_invitation(page: Page) -> None:
    """Somebody else's unfinished test lies on this device: the next student must not answer in it."""
    page.goto(begin_sitting().link)
    expect_question(page, 1)
    page.goto("/take/")
    page.route("**/api/invitations/read*", lambda route: route.fulfill(json=AN_INVITATION))
    page.goto("/take/test#invitation=AAAA:BBBB")
    page.reload()
    expect(page.get_by_role("button", name="Begin")).to_be_visible()
    assert page.url.endswith("#invitation=AAAA:BBBB")


@pytest.mark.parametrize(
    ("status", "code", "heading"),
    [
        (409, "invitation_used", "You have taken this test"),
        (409, "test_not_open", "The test cannot be started now"),
        (403, "invitation_revoked", "This test is not here"),
        (404, "invitation_not_found", "This test is not here"),
    ],
)
def test_an_invitation_that_opens_nothing_says_so(
    page: Page, watch: Watch, status: int, code: str, heading: str
) -> None:
    watch.expect(str(status))
    problem = {"code": code, "detail": "This test opens at 2027-01-01 08:00:00 UTC."}
    page.route("**/api/invitations/read*", lambda route: route.fulfill(status=status, json=problem))
    page.goto("/take/test#invitation=AAAA:BBBB")
    expect(page.get_by_role("heading", name=heading)).to_be_focused()
    check_accessibility(page)
