"""A named test on the student's page: invitation, introduction, time, and what a supervisor changes."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from browser_tests.accessibility import check_accessibility
from browser_tests.conftest import NewContext
from browser_tests.sitting import choose, send
from browser_tests.watching import Watch
from sessions_app.administration import invitations, supervision
from sessions_app.administration.cleanup import end_inactive
from sessions_app.administration.supervision import Supervisor
from sessions_app.conftest import client_with
from sessions_app.models import NamedTest, TestSession
from sessions_app.sitting.tokens import page_of
from sessions_app.tests.factories import make_named_test, make_pool, make_token, question


def link_to(test: NamedTest, student: str = "anna") -> str:
    invitations.invite(test, [{"student_id": student}])
    links = {student: link for student, _, link in invitations.links(test, "/take/test")}
    return links[student]


def later(page: Page, seconds: int) -> None:
    """What the page does by itself within so many seconds."""
    page.clock.run_for(seconds * 1000)


# --- Before the beginning -------------------------------------------------------------------------------


def test_the_introduction_comes_before_the_clock(page: Page) -> None:
    text = "Bring a pencil. $x^2$ is a square."
    test = make_named_test(make_pool(), introduction=text, closing="Thank you: $y^2$.", time_limit_minutes=30)
    page.goto(link_to(test))
    expect(page.locator("#introduction")).to_contain_text("Bring a pencil.")
    expect(page.locator("#introduction math msup")).to_be_visible()
    expect(page.get_by_text("Time limit: 30 minutes. The time runs once you begin.")).to_be_visible()
    check_accessibility(page)
    assert not TestSession.objects.exists()
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("#options")).to_be_enabled()
    expect(page.locator("#timer")).to_have_text(re.compile("Time left: (30:0|29:)"))
    expect(page.locator("#introduction")).to_be_hidden()
    page.get_by_role("button", name="End the test").click()
    page.get_by_role("dialog").get_by_role("button", name="End it").click()
    expect(page.locator("#closing math msup")).to_be_visible()
    expect(page.get_by_text("You ended the test early.")).to_be_visible()


def test_a_test_that_a_client_started_waits_while_its_introduction_is_read(page: Page) -> None:
    test = make_named_test(make_pool(), introduction="Bring a pencil.", time_limit_minutes=30)
    asked = {"student_id": "anna", "test": test.name}
    started = client_with(f"Token {make_token()}").post("/api/test/start", asked).json()
    TestSession.objects.update(deadline=timezone.now() - timedelta(minutes=1))  # as after half an hour
    page.goto(page_of(started["session_token"]))
    expect(page.get_by_text("Bring a pencil.")).to_be_visible()
    expect(page.locator("#limit")).to_have_text("Time limit: 30 minutes. The time runs once you begin.")
    expect(page.locator("#question")).to_be_hidden()
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("#question")).to_be_visible()
    expect(page.locator("#timer")).to_have_text(re.compile("Time left: (30:0|29:)"))
    page.reload()
    expect(page.locator("#options")).to_be_enabled()
    expect(page.locator("#timer")).to_have_text(re.compile("Time left: (30:0|29:)"))


def test_a_test_without_a_limit_shows_its_introduction_first(page: Page) -> None:
    test = make_named_test(
        make_pool(), introduction="Bring a pencil.", closes_at=timezone.now() + timedelta(hours=1)
    )
    asked = {"student_id": "anna", "test": test.name}
    started = client_with(f"Token {make_token()}").post("/api/test/start", asked).json()
    page.goto(page_of(started["session_token"]))
    expect(page.locator("#limit")).to_have_text(re.compile("Time left: "))
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("#question")).to_be_visible()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"locale": "de-DE", "timezone_id": "Europe/Berlin"},
            [
                "Der Test kann jetzt nicht",
                "Er öffnet am Sonntag, 28. März 2027",
                "10:00",
                "Mitteleuropäische",
            ],
        ),
        (
            {"locale": "en-GB", "timezone_id": "America/New_York"},
            ["The test cannot be started now", "28 March 2027", "04:00", "Eastern"],
        ),
    ],
)
def test_a_test_that_is_not_open_says_when_in_the_devices_words(
    new_context: NewContext, watch: Watch, options: dict[str, Any], said: list[str]
) -> None:
    watch.expect("409")
    test = make_named_test(make_pool(), opens_at=datetime(2027, 3, 28, 8, tzinfo=UTC))
    page = new_context(**options).new_page()
    page.goto(link_to(test))
    for words in said:
        expect(page.locator("#stopped")).to_contain_text(words)
    expect(page.locator("#stopped")).not_to_contain_text("UTC")
    check_accessibility(page)


def test_every_refusal_is_in_the_pages_language(new_context: NewContext, watch: Watch) -> None:
    watch.expect("409")
    closed = make_named_test(make_pool(), closes_at=timezone.now() - timedelta(days=1))
    page = new_context(locale="de-DE").new_page()
    page.goto(link_to(closed))
    expect(page.locator("#stopped p")).to_have_text(re.compile(r"^Er wurde am .* geschlossen\.$"))
    once = make_named_test(make_pool(), name="once", attempts_allowed=1)
    api = client_with(f"Token {make_token()}")
    assert api.post("/api/test/start", {"student_id": "anna", "test": "once"}).status_code == 200
    page.goto("/take/")
    page.goto(link_to(once))
    expect(page.locator("#stopped p")).to_have_text("Du hast diesen Test so oft begonnen, wie er es erlaubt.")


# --- What a supervisor changes ---------------------------------------------------------------------------


@pytest.fixture
def sitting(page: Page) -> TestSession:
    page.clock.install(time=timezone.now())
    test = make_named_test(make_pool(), time_limit_minutes=30)
    page.goto(link_to(test))
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("#options")).to_be_enabled()
    expect(page.locator("#timer")).to_have_text(re.compile("Time left: (30:0|29:)"))
    return TestSession.objects.get()


def test_more_time_is_on_the_page_within_30_seconds(page: Page, sitting: TestSession) -> None:
    supervision.extend([sitting.pk], 60, Supervisor(), now=timezone.now())
    later(page, 30)
    expect(page.locator("#timer")).to_have_text(re.compile("Time left: (90:00|89:)"))
    expect(page.locator("#notice")).to_have_text("You have 60 more minutes.")
    choose(page, 1)
    send(page)
    expect(page.locator("#number")).to_have_text(re.compile("Question 2 "))


def test_an_end_is_on_the_page_within_30_seconds(page: Page, sitting: TestSession) -> None:
    supervision.end([sitting.pk], Supervisor(), now=timezone.now())
    later(page, 30)
    expect(page.get_by_role("heading", name="Your result")).to_be_visible()
    expect(page.get_by_text("The test was ended early.")).to_be_visible()


def test_an_expired_test_that_may_go_on_comes_back(page: Page, sitting: TestSession) -> None:
    end_inactive(1, now=timezone.now() + timedelta(minutes=5))
    later(page, 30)
    expect(page.get_by_role("heading", name="Your result")).to_be_visible()
    supervision.resume([sitting.pk], Supervisor(), now=timezone.now())
    later(page, 30)
    expect(page.locator("#options")).to_be_enabled()


def test_looking_costs_one_small_request_in_20_seconds(page: Page, sitting: TestSession) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    later(page, 65)
    page.wait_for_timeout(200)
    looks = [url for url in asked if "/api/test/status/" in url]
    assert 1 <= len(looks) <= 3
    assert not any("render" in url for url in looks)


# --- Large letters, other directions ---------------------------------------------------------------------


@pytest.mark.parametrize("size", [(640, 360), (320, 256)])  # 1280 × 720 at 200 %, 1280 × 1024 at 400 %
def test_on_an_enlarged_page_the_message_is_on_the_screen(
    new_context: NewContext, size: tuple[int, int]
) -> None:
    width, height = size
    make_pool([question(i, [1], content="A long question. " * 12) for i in range(4)])
    api = client_with(f"Token {make_token()}")
    started = api.post("/api/test/start", {"student_id": "s1"}).json()
    page = new_context(viewport={"width": width, "height": height}).new_page()
    page.goto(page_of(started["session_token"]))
    expect(page.locator("#options")).to_be_enabled()
    page.locator("#next").scroll_into_view_if_needed()
    send(page)
    expect(page.locator("#missing")).to_be_in_viewport(ratio=1)
    expect(page.locator(".option input").first).to_be_focused()
    expect(page.locator(".option input").first).to_be_in_viewport()


def test_an_option_begins_where_its_words_begin(page: Page) -> None:
    options = ["ثلاثة", "4", "five", "$x$"]
    make_pool(
        [question(i, [1], content="ما ناتج 2 + 2؟", options=options, correct_answer="4") for i in range(4)]
    )
    started = client_with(f"Token {make_token()}").post("/api/test/start", {"student_id": "s1"}).json()
    page.goto(page_of(started["session_token"]))
    expect(page.locator("#question")).to_be_visible()
    begins_at_the_right = []
    for option in page.locator(".option").all():
        circle, words = option.locator("input").bounding_box(), option.locator(".text").bounding_box()
        assert circle is not None
        assert words is not None
        begins_at_the_right.append(circle["x"] > words["x"])
    assert begins_at_the_right == [True, True, False, False, False]


def test_a_pause_hides_the_question_and_keeps_half_an_answer(page: Page, watch: Watch) -> None:
    rules = {"max_questions": 4, "pauses": {"times": 1, "minutes": 10}}
    page.goto(link_to(make_named_test(make_pool(), time_limit_minutes=30, rules=rules)))
    page.get_by_role("button", name="Begin").click()
    choose(page, 2)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#paused-until")).to_have_text(re.compile(r"The pause ends by itself at \d+:\d\d"))
    expect(page.locator("#paused-left")).to_have_text(re.compile("Time left: (30:0|29:)"))
    expect(page.locator("#question")).to_be_hidden()
    check_accessibility(page)
    page.reload()
    expect(page.locator("#paused-until")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".option input").nth(2)).to_be_checked()
    watch.expect("409")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#notice")).to_have_text(re.compile("as often, or as long, as it allows"))
    teacher = User.objects.create_user("teacher")
    supervision.pause([TestSession.objects.get().pk], Supervisor(teacher.pk))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as of a page that is seen again
    expect(page.locator("#paused-until")).to_be_visible()
    expect(page.locator("#notice")).to_be_empty()
    page.get_by_role("button", name="Go on").click()
    send(page)
    expect(page.locator("#number")).to_contain_text("2")
    assert TestSession.objects.get().responses.get().response_time_ms is None  # seen in another page's life
