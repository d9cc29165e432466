"""What people do in the admin, done in a browser: by mouse, and what opens a dialog by keyboard alone."""

import re
from collections.abc import Callable

from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone
from playwright.sync_api import Page, expect

from browser_tests.accessibility import check_accessibility
from browser_tests.population import populate
from sessions_app.models import TestSession
from sessions_app.tests.factories import last_active
from testing_engine.models import Question

Admin = Callable[..., Page]
MOST_STEPS = 60  # of the tab key, from the top of a page to anything that matters


def tab_to(page: Page, selector: str) -> None:
    """Press the tab key until the focus is there, as somebody without a mouse does."""
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"The tab key does not lead to {selector}")


def test_it_lets_in_whoever_knows_the_password(page: Page) -> None:
    User.objects.create_superuser("root", password="a long password")
    page.goto("/admin/testing_engine/questionpool/")
    check_accessibility(page)
    page.get_by_label("Username").fill("root")
    page.get_by_label("Password").fill("a wrong one")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Please enter the correct username and password")).to_be_visible()
    check_accessibility(page)
    page.get_by_label("Password").fill("a long password")
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_title(re.compile("question pool"))


def test_it_finds_a_question_and_publishes_its_edit(admin: Admin) -> None:
    populate()
    page = admin()
    page.goto("/admin/testing_engine/questionpool/")
    page.get_by_role("link", name="40 questions").click()
    page.locator("#searchbar").fill("q13")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="q13", exact=True).click()
    expect(page.get_by_role("link", name="q13", exact=True)).to_be_visible()  # as its author wrote it
    page.get_by_label("Difficulty").fill("1.25")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Published revision 2 of the pool")).to_be_visible()
    assert Question.objects.get(external_id="q13", version=2).difficulty == 1.25


def test_it_says_at_the_field_what_is_wrong_with_an_edit(admin: Admin) -> None:
    question = populate().question
    page = admin()
    page.goto(f"/admin/testing_engine/question/{question.pk}/change/")
    page.locator("[name=concepts]").fill("1, 2, 3")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("has 3 concepts, concept_names 2")).to_be_visible()
    check_accessibility(page)
    assert Question.objects.filter(external_id=question.external_id).count() == 1


def test_it_leads_from_the_list_over_a_session_to_its_replay(admin: Admin) -> None:
    session = populate().finished
    page = admin()
    page.goto("/admin/sessions_app/testsession/")
    expect(page.get_by_text("Entrance test, revision 1")).to_have_count(4)
    page.get_by_role("link", name=str(session.pk)).click()
    answers = page.locator("#responses-group")
    expect(answers.get_by_text("I don’t know")).to_have_count(1)
    expect(answers.get_by_text(re.compile(r"^\s*option [a-d] of \d+\s*$"))).to_have_count(3)
    tab_to(page, "[href$='/replay/']")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Identical: 5 steps")).to_be_visible()


def test_it_ends_inactive_sessions_by_keyboard_alone(admin: Admin) -> None:
    session = populate().running
    last_active(timezone.now().replace(year=2020), pk=session.pk)
    page = admin()
    page.goto("/admin/sessions_app/testsession/")
    tab_to(page, "[href$='/clean-up-now/'], [hx-get$='/clean-up-now/']")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="End inactive sessions now")).to_be_visible()
    check_accessibility(page)
    tab_to(page, "[name=inactivity_minutes]")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Ended 1 inactive session.")).to_be_visible()
    assert TestSession.objects.get(pk=session.pk).status == "expired"


def test_it_shows_a_new_token_once_by_keyboard_alone(admin: Admin) -> None:
    client = populate().client
    page = admin()
    page.goto(f"/admin/sessions_app/apiclient/{client.pk}/change/")
    tab_to(page, "[href$='/make-token/'], [hx-get$='/make-token/']")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Make a token")).to_be_visible()
    check_accessibility(page)
    tab_to(page, "[name=days]")
    page.keyboard.press("Enter")
    shown = page.get_by_text("The new token, shown only now")
    expect(shown).to_be_visible()
    check_accessibility(page)
    page.reload()
    expect(shown).to_have_count(0)


def test_it_says_no_hours_that_are_wrong_on_another_day(admin: Admin) -> None:
    """Django's note counts the hours from here to the admin's zone as they are today."""
    page = admin(timezone_id="Asia/Tokyo")
    page.goto("/admin/sessions_app/namedtest/add/")
    expect(page.get_by_text("In the time zone UTC").first).to_be_visible()
    expect(page.locator(".timezonewarning")).to_have_count(4)  # by its script
    expect(page.locator(".timezonewarning").first).to_be_hidden()


def test_the_live_view_shows_what_changes(admin: Admin) -> None:
    running = populate().running
    page = admin()
    page.clock.install()
    page.goto("/admin/sessions_app/livesession/")
    row = page.locator("#result_list > tbody").filter(has=page.locator(f"[data-key='{running.pk}']"))
    row.get_by_role("checkbox").check()
    TestSession.objects.filter(pk=running.pk).update(questions_answered=F("questions_answered") + 7)
    page.clock.run_for(6000)
    expect(row).to_contain_text(f"{running.questions_answered + 8} of at most")
    expect(row.get_by_role("checkbox")).to_be_checked()
    idle = row.locator("[data-since]")
    shown = idle.inner_text()
    page.clock.run_for(2000)
    expect(idle).not_to_have_text(shown)
    over = {"completed_at": timezone.now(), "current_position": None, "status": "ended"}
    TestSession.objects.filter(pk=running.pk).update(**over)
    page.clock.run_for(6000)
    expect(row).to_have_count(0)
