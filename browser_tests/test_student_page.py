"""The student's page in a browser: whole tests, by every kind of person and device."""

from typing import Any

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from browser_tests.accessibility import check_accessibility
from browser_tests.conftest import NewContext
from browser_tests.sitting import (
    QUESTIONS,
    answer_to_the_end,
    begin_sitting,
    choose,
    expect_question,
    send,
)
from browser_tests.watching import width_beyond_screen
from sessions_app.models import TestSession

PHONE = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}


def test_it_starts_the_demo_from_its_button(page: Page) -> None:
    call_command("load_demo", verbosity=0)
    page.goto("/take/")
    check_accessibility(page)
    page.get_by_role("button", name="Try the demo").click()
    expect(page.get_by_role("heading", name="Question 1 of 20")).to_be_visible()
    check_accessibility(page)
    assert TestSession.objects.count() == 1


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="by mouse"),
        pytest.param(PHONE, id="on a phone"),
        pytest.param({**PHONE, "color_scheme": "dark"}, id="on a phone in the dark"),
    ],
)
def test_it_takes_a_whole_test(new_context: NewContext, options: dict[str, Any]) -> None:
    sitting = begin_sitting()
    page = new_context(**options).new_page()
    page.goto(sitting.link)
    expect_question(page, 1)
    check_accessibility(page)
    send(page)  # nothing is chosen yet
    expect(page.locator("#missing")).to_have_text("Choose an answer first, or “I don’t know”.")
    check_accessibility(page)
    choose(page, 2)
    check_accessibility(page)
    assert width_beyond_screen(page) == 0
    expect(page.locator("#next")).to_be_in_viewport()
    send(page)
    answer_to_the_end(page, first=2)
    check_accessibility(page)
    assert width_beyond_screen(page) == 0
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    assert (sitting.session.status, sitting.answers) == ("completed", [2, 1, 1, 1])


def test_it_takes_a_whole_test_by_keyboard_alone(page: Page) -> None:
    sitting = begin_sitting()
    page.goto(sitting.link)
    expect_question(page, 1)
    page.keyboard.press("Tab")  # from the question's heading to its options
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(page.locator("#next")).to_be_focused()
    page.keyboard.press("Enter")
    for number, key in ((2, "4"), (3, "0"), (4, "1")):
        expect_question(page, number)
        page.keyboard.press(key)
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your result")).to_be_focused()
    assert sitting.answers == [1, 3, None, 0]


def test_it_asks_before_it_ends_a_test(page: Page) -> None:
    sitting = begin_sitting()
    page.goto(sitting.link)
    expect_question(page, 1)
    choose(page, 0)
    send(page)
    expect_question(page, 2)
    end, dialog = page.get_by_role("button", name="End the test"), page.get_by_role("dialog")
    end.click()
    check_accessibility(page)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert sitting.session.status == "active"
    end.click()
    dialog.get_by_role("button", name="End it").click()
    expect(page.get_by_text("You ended the test early. Your answers count.")).to_be_visible()
    assert (sitting.session.status, sitting.answers) == ("ended", [0])


def test_it_speaks_german(new_context: NewContext) -> None:
    sitting = begin_sitting()
    page = new_context(locale="de-DE").new_page()
    page.goto(sitting.link)
    expect(page.get_by_role("heading", name=f"Frage 1 von {QUESTIONS}")).to_be_visible()
    expect(page.get_by_text("Ich weiß es nicht", exact=True)).to_be_visible()
    answer_to_the_end(page)
    expect(page.get_by_role("heading", name="Dein Ergebnis")).to_be_visible()
    check_accessibility(page)


def test_it_changes_its_language_in_the_middle(page: Page) -> None:
    sitting = begin_sitting()
    page.goto(sitting.link)
    expect_question(page, 1)
    choose(page, 1)
    send(page)
    expect_question(page, 2)
    page.get_by_role("link", name="Deutsch").click()
    expect(page.get_by_role("heading", name=f"Frage 2 von {QUESTIONS}")).to_be_visible()
    assert sitting.answers == [1]
