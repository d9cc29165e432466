"""A teacher's test at the desk: made in three steps, tried, opened, given to a student, watched, ended."""

from collections.abc import Callable

from playwright.sync_api import Page, ViewportSize, expect

from browser_tests.accessibility import check_accessibility
from browser_tests.watching import width_beyond_screen
from sessions_app.models import TestSession
from sessions_app.tests.factories import make_pool

NewPage = Callable[..., Page]
WIDE: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 800}


def check(page: Page) -> None:
    """Axe finds nothing, and nothing is wider than a phone."""
    page.set_viewport_size(PHONE)
    assert width_beyond_screen(page) <= 0, page.url
    check_accessibility(page)
    page.set_viewport_size(WIDE)


def test_a_teacher_gives_a_test(admin: NewPage, page: Page) -> None:
    make_pool(24, name="Fractions")
    desk = admin(viewport=WIDE)
    desk.goto("/desk/tests/new")
    desk.get_by_label("What the test is called").fill("Fractions, 9b")
    desk.get_by_role("button", name="Go on").click()

    # What cannot work is said while it is typed, and what the choice buys once it can.
    desk.get_by_label("after a number of questions that fit the student").check()
    expect(desk.get_by_label("How exact")).to_be_hidden()
    desk.get_by_label("Questions, at most").fill("30")
    expect(desk.locator("#said")).to_contain_text("The pool has 24 questions")
    desk.get_by_label("Questions, at most").fill("3")
    expect(desk.locator("#said")).to_contain_text("It has 3 questions.")
    check(desk)
    desk.get_by_role("button", name="Save and go on").click()
    desk.get_by_label("What students read before they begin").fill("Calculate.")
    check(desk)
    desk.get_by_role("button", name="Save").click()

    # Tried as a student, to its end: nothing is stored.
    desk.get_by_role("link", name="Try it as a student").click()
    frame = desk.frame_locator("#frame")
    for number in (1, 2, 3):
        expect(desk.locator("#tried")).to_contain_text(f"Question {number} of at most 3")
        frame.locator(".option").first.click()
        frame.get_by_role("button", name="Answer").click()
    expect(desk.get_by_role("heading", name="The test is over")).to_be_visible()
    check(desk)
    assert not TestSession.objects.exists()

    desk.get_by_role("link", name="Back to the test").click()
    desk.get_by_role("button", name="Open the test").click()
    check(desk)
    desk.get_by_role("link", name="Students").click()
    desk.get_by_label("Names, one a line").fill("Ada Lovelace\nEmmy Noether")
    desk.get_by_role("button", name="Invite", exact=True).click()
    check(desk)
    link = desk.locator("[data-copy]").first.get_attribute("data-copy")
    desk.get_by_role("link", name="Live").click()
    expect(desk.locator("#counts")).to_contain_text("Not begun: 2")

    # A student begins, and the page shows it by itself.
    assert link is not None
    page.goto(link)
    page.get_by_role("button", name="Begin").click()
    expect(page.locator(".option").first).to_be_visible()
    expect(desk.locator("#counts")).to_contain_text("At work: 1")
    desk.get_by_label("Ada Lovelace").check()
    check(desk)
    desk.get_by_role("button", name="End now").click()
    desk.get_by_role("button", name="End them").click()
    expect(desk.locator("#counts")).to_contain_text("Finished: 1")
