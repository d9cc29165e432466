"""The result on a phone: what it says first, how long it is, and what it never says."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Page, expect

from browser_tests.accessibility import check_accessibility
from browser_tests.conftest import NewContext
from browser_tests.watching import Watch, width_beyond_screen
from sessions_app.administration.invitations import token_of
from sessions_app.conftest import client_with
from sessions_app.models import Invitation, NamedTest, Student
from sessions_app.sitting.tokens import page_of
from sessions_app.tests.factories import make_named_test, make_pool, make_token, question

PHONE = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}
MOST_HEIGHT = 1100  # pixels of the five-concept demo's result, folded; all in cards it was 4,544


def height_of(page: Page) -> int:
    height: int = page.evaluate("() => document.documentElement.scrollHeight")
    return height


def answer_to_the_end(page: Page, questions: int, option: int = 1) -> None:
    for number in range(1, questions + 1):
        expect(page.locator("#number")).to_have_text(re.compile(rf"\b{number}\b.*\b{questions}\b"))
        expect(page.locator("#options")).to_be_enabled()
        page.locator(".option").nth(option).click()
        page.locator("#next").click()
    expect(page.locator("#result")).to_be_visible()


def take_named_test(page: Page, test: NamedTest, language: str = "en") -> None:
    started = client_with(f"Token {make_token()}").post(
        "/api/test/start", {"student_id": "s", "test": test.name}
    )
    page.goto(page_of(started.json()["session_token"]).replace("#", f"?language={language}#"))
    answer_to_the_end(page, test.rules["max_questions"])


def ends_on_the_first_screen(page: Page, selector: str) -> bool:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["y"] >= 0 and box["y"] + box["height"] <= 640


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_demos_result_fits_a_phone(new_context: NewContext, language: str) -> None:
    call_command("load_demo", verbosity=0)
    page = new_context(**PHONE).new_page()
    page.goto(f"/take/?language={language}")
    page.locator("main button[value=mathematics]").click()
    answer_to_the_end(page, 20)
    headline = page.locator("#headline .band")
    said = {"en": r"\w+ \(probability \d+\s%\)", "de": r"[\w ]+ \(Wahrscheinlichkeit \d+\s%\)"}[language]
    expect(headline).to_have_text(re.compile(f"^{said}$"))
    assert ends_on_the_first_screen(page, "#headline")
    assert height_of(page) <= MOST_HEIGHT
    assert width_beyond_screen(page) == 0
    check_accessibility(page)
    expect(page.locator("#concepts")).to_be_hidden()
    for summary in page.locator("#found summary").all():
        summary.click()
    expect(page.locator("#concepts .level")).to_have_count(5)
    expect(page.locator("#paths figure")).to_have_count(5)
    check_accessibility(page)
    assert width_beyond_screen(page) == 0


def test_paper_folds_nothing(page: Page) -> None:
    take_named_test(page, make_named_test(make_pool(concepts=2)))
    expect(page.locator("#concepts")).to_be_hidden()
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    for part in ("#concepts", "#paths", "#levels"):
        expect(page.locator(part)).to_be_visible()
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    expect(page.locator("#concepts")).to_be_hidden()


def test_it_reads_from_right_to_left(new_context: NewContext) -> None:
    page = new_context(**PHONE).new_page()
    names = ["حساب", "هندسة"]
    levels = [{"name": name, "meaning": ""} for name in ("مبتدئ", "متوسط", "جيد", "متقدم")]
    test = make_named_test(make_pool(concepts=2), concept_names=names, result_levels=levels)
    take_named_test(page, test)
    page.evaluate("() => { document.documentElement.dir = 'rtl'; }")
    for summary in page.locator("#found summary").all():
        summary.click()
    heading = page.locator("#concepts h3").first
    assert heading.evaluate("(text) => getComputedStyle(text).direction") == "rtl"
    assert width_beyond_screen(page) == 0
    check_accessibility(page)


def test_a_test_that_classifies_says_the_class(page: Page) -> None:
    rules = {"max_questions": 4, "stop": [{"name": "SPRT", "cuts": [0.5], "alpha": 0.001, "beta": 0.001}]}
    take_named_test(page, make_named_test(make_pool(), rules=rules))
    expect(page.locator("#headline .band")).to_have_text(
        re.compile(r"^(Not passed|Passed) \(probability \d+\s%\)$")
    )
    assert not re.search("Beginning|Developing|Secure|Advanced", page.locator("main").inner_text())
    check_accessibility(page)


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_rating_scale_calls_nothing_right(page: Page, language: str) -> None:
    options = ["Never", "Sometimes", "Often", "Always"]
    fields = {
        "model": "GRM",
        "options": options,
        "correct_answer": None,
        "option_scores": [0, 1, 2, 3],
        "thresholds": [-1.0, 0.0, 1.0],
        "guessing": 0.0,
    }
    rows = [
        {name: value for name, value in question(i, [1.0], **fields).items() if name != "correct_answer"}
        for i in range(8)
    ]
    levels = [{"name": name, "meaning": f"{name} indeed"} for name in ("Calm", "Tense")]
    test = make_named_test(
        make_pool(rows, concept_names=["Anxiety"]),
        rules={"max_questions": 3},
        result_kind="scale",
        result_cuts=[1.0],
        result_levels=levels,
        allow_dont_know=False,
    )
    take_named_test(page, test, language)
    word = {"en": "score", "de": "Wert"}[language]
    expect(page.locator("#headline .band")).to_have_text(re.compile(rf"^(Calm|Tense): {word} \d\d \(.*\)$"))
    for summary in page.locator("#found summary").all():
        if summary.is_visible():
            summary.click()
    text = page.locator("main").inner_text()
    assert not re.search(
        r"right|wrong|richtig|falsch|basics|Grundlagen|\bability|Fähigkeit", text, re.IGNORECASE
    )
    check_accessibility(page)


def test_a_rating_scale_offers_no_dont_know(page: Page) -> None:
    test = make_named_test(make_pool(), result_kind="scale", allow_dont_know=False)
    started = client_with(f"Token {make_token()}").post(
        "/api/test/start", {"student_id": "s", "test": test.name}
    )
    page.goto(page_of(started.json()["session_token"]))
    expect(page.locator(".option")).to_have_count(4)


@pytest.mark.parametrize(
    "fields", [{"result_kind": "thanks"}, {"result_release": "closed"}], ids=["thanks", "later"]
)
def test_what_is_not_for_the_student_is_not_shown(page: Page, watch: Watch, fields: dict[str, Any]) -> None:
    closes_at = timezone.now() + timedelta(days=1)
    test = make_named_test(make_pool(), closing="See you.", closes_at=closes_at, **fields)
    take_named_test(page, test)
    expect(page.locator("#headline .band")).to_have_text("Thank you. Your answers are recorded.")
    expect(page.locator("#closing")).to_contain_text("See you.")
    expect(page.locator("#found")).to_be_hidden()
    is_later = "result_release" in fields
    expect(page.get_by_text("You can see your result from")).to_have_count(int(is_later))
    check_accessibility(page)
    if is_later:
        NamedTest.objects.update(closes_at=timezone.now() - timedelta(seconds=2))
        page.reload()
        expect(page.locator("#headline .band")).to_have_text(re.compile(r"\(probability \d+\s%\)$"))


def test_an_invitations_link_leads_to_a_result_that_had_to_wait(page: Page, watch: Watch) -> None:
    watch.expect("409")  # the invitation is used, which the page is told with a way to the result
    closes_at = timezone.now() + timedelta(days=1)
    test = make_named_test(make_pool(), closes_at=closes_at, result_release="closed", takers="invited")
    invited = Invitation.objects.create(test=test, student=Student.objects.create(external_id="s"))
    link = f"/take/test#invitation={token_of(invited)}"
    page.goto(link)
    page.get_by_role("button", name="Begin").click()
    answer_to_the_end(page, test.rules["max_questions"])
    page.goto("/take/")
    page.goto(link)
    expect(page.get_by_role("heading", name="You have taken this test")).to_be_visible()
    NamedTest.objects.update(closes_at=timezone.now() - timedelta(seconds=2))
    page.goto("/take/")
    page.goto(link)
    expect(page.locator("#headline .band")).to_have_text(re.compile(r"\(probability \d+\s%\)$"))
    assert page.url.endswith("/take/test")
