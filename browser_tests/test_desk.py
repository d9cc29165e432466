"""A teacher's way at the desk: a pool, a question of two kinds with a picture and a formula, and on."""

import re
from collections.abc import Callable
from io import BytesIO

from PIL import Image
from playwright.sync_api import FilePayload, Page, ViewportSize, expect

from browser_tests.accessibility import check_accessibility
from browser_tests.watching import width_beyond_screen
from testing_engine.models import Question, QuestionPool

NewPage = Callable[..., Page]
WIDE: ViewportSize = {"width": 1300, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}


def picture() -> FilePayload:
    file = BytesIO()
    Image.new("RGB", (40, 30), "teal").save(file, "PNG")
    return {"name": "a.png", "mimeType": "image/png", "buffer": file.getvalue()}


def check(page: Page, *sizes: ViewportSize) -> None:
    """Axe finds nothing, and nothing is wider than the screen."""
    for size in (*sizes, WIDE) if sizes else (PHONE,):
        page.set_viewport_size(size)
        assert width_beyond_screen(page) <= 0, page.url
        check_accessibility(page)
    page.set_viewport_size(WIDE)


def test_a_teacher_writes_a_question(admin: NewPage) -> None:
    page = admin(viewport=WIDE)
    page.goto("/desk/")
    check(page)
    page.get_by_role("link", name="New pool").click()
    page.get_by_label("Name").fill("Grade 9")
    page.get_by_label("What the questions measure").fill("Fractions")
    check(page)
    page.get_by_role("button", name="Make the pool").click()
    page.get_by_role("link", name="Write the first question").click()

    # One of the answers and the question are written; the student's view follows, and says what is wrong.
    shown = page.frame_locator("#frame")
    page.locator("#content").fill(r"What is $\frac{6}{1 = 0$?")
    for row, words in enumerate(("two", "three", "$x^2$")):
        page.locator(f"#part-0-row-{row}-text").fill(words)
    expect(shown.locator(".option")).to_have_count(4)
    expect(page.locator("#check")).to_contain_text("cannot be drawn")
    page.get_by_role("button", name="Save the question").click()
    expect(page.locator(".error-summary")).to_be_visible()
    expect(page.locator("#content")).to_have_value(r"What is $\frac{6}{1 = 0$?")
    assert not Question.objects.exists()

    # A picture where the cursor is, and a number to type in the text.
    page.locator("#content").fill(r"What is $\frac{6}{3}$? ")
    with page.expect_file_chooser() as choosing:
        page.get_by_role("button", name="Insert a picture").click()
    choosing.value.set_files(picture())
    expect(page.locator("#content")).to_have_value(re.compile(r"3\}\$\? !\[\]\(/images/[0-9a-f]{64}\.png\)$"))
    page.keyboard.type("a teal field")
    page.get_by_role("button", name="Number to type").click()
    page.get_by_label("Right number").fill("2,5")
    page.get_by_label("right (A)").check()
    page.get_by_label("right (B)").check()
    expect(page.get_by_label("right (A)")).not_to_be_checked()
    check(page, PHONE)

    # What was typed outlives the tab.
    expect_draft(page, "2,5")
    address = page.url
    page.goto("/desk/")
    page.goto(address)
    page.get_by_role("button", name="Go on with it").click()
    expect(page.locator("#part-0-row-1-text")).to_have_value("three")
    expect(page.get_by_label("Right number")).to_have_value("2,5")

    # What stands on the other side of a pair is called by its words at once.
    page.get_by_role("button", name="Match two lists").click()
    page.get_by_label("Second list 1").fill("Rome")
    expect(page.get_by_label("1 Rome")).to_have_count(3)
    page.locator("#part-2").get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator("#part-2")).to_have_count(0)

    # Try it: half of it right, then all.
    expect(shown.locator("math")).to_have_count(2)
    expect(shown.get_by_alt_text("a teal field")).to_be_visible()
    shown.locator(".option").nth(1).click()
    shown.locator("input[type=text]").fill("2.5")
    shown.locator("#next").click()
    expect(page.locator("#tried")).to_contain_text("Full score")
    expect(page.locator("#tried")).to_be_in_viewport()
    shown.locator("input[type=text]").fill("3")
    shown.locator("#next").click()
    expect(page.locator("#tried")).to_contain_text("Some of the points")
    page.get_by_role("button", name="Phone").click()
    expect(page.locator("#frame")).to_have_js_property("clientWidth", 360)

    # Saved; edited again; the older version is there; archived and back.
    page.get_by_role("button", name="Save the question").click()
    expect(page.get_by_text("it is a question of the pool now")).to_be_visible()
    expect(page.locator("#draft")).to_be_hidden()
    page.locator("#part-0-row-0-text").fill("one")
    page.get_by_role("button", name="Save as the next version").click()
    expect(page.get_by_role("heading", name="version 2")).to_be_visible()
    expect(page.locator("#part-0-row-0-text")).to_have_value("one")
    page.get_by_role("link", name="all versions").click()
    check(page)
    page.get_by_role("link", name="Open with these words").click()
    expect(page.locator("#part-0-row-0-text")).to_have_value("two")
    page.get_by_role("link", name="Back to the questions").click()
    check(page)
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="Put it into the archive").click()
    expect(page.get_by_text("This pool is in the archive")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Take it out of the archive").click()
    assert QuestionPool.objects.get().archived_at is None
    assert sorted(Question.objects.values_list("version", flat=True)) == [1, 2]


def expect_draft(page: Page, typed: str) -> None:
    """A draft is kept, with this in it."""
    page.wait_for_function(
        "(typed) => Object.entries(localStorage)"
        ".some(([key, kept]) => key.startsWith('desk.draft/') && kept.includes(typed))",
        arg=typed,
    )
