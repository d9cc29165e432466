"""Questions and their numbers come to the desk: imported, given parameters, sorted, changed; on a phone."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from browser_tests.accessibility import check_accessibility
from testing_engine.models import ParameterSource, Question, QuestionPool

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
QUESTIONS = "id;content;options;correct_answer;concept:Numbers\n" + "".join(
    f"n{number};{number} + 1?;{number}|{number + 1};{number + 1 if number < 4 else 77};1\n"
    for number in range(5)
)
TABLE = "   a     b    c\nn0 1.2 -1.50 0.20\nn1 0.8  0.25 0.20\nn2 1.5  1.75 0.20\nn9 1.0  0.00 0.20\n"


def is_as_wide_as_the_phone(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_from_a_file_of_questions_to_a_list_by_difficulty(admin: Callable[..., Page]) -> None:
    page = admin(**PHONE)
    page.goto("/desk/questions/")
    page.get_by_role("link", name="Import questions").click()
    page.get_by_label("File").set_input_files(
        {"name": "Numbers.csv", "mimeType": "text/csv", "buffer": QUESTIONS.encode()}
    )
    page.get_by_role("button", name="See what would be taken").click()
    expect(page.get_by_text("The correct answer is none of the options")).to_be_visible()
    check_accessibility(page)
    assert is_as_wide_as_the_phone(page)
    assert not QuestionPool.objects.exists()
    page.get_by_role("button", name="Import what is taken").click()
    expect(page.get_by_text("Questions taken into the pool: 4")).to_be_visible()

    page.locator("main").get_by_role("link", name="Measure").click()
    page.get_by_role("link", name="Parameters", exact=True).click()
    page.get_by_label("Paste the table").fill(TABLE)
    page.get_by_role("button", name="Look at it").click()
    page.get_by_label("Metric (D)").select_option("1.7")
    page.get_by_role("button", name="Look again").click()
    expect(page.locator("svg.picture")).to_be_visible()
    expect(page.get_by_text("Rows without a question in the pool (1)")).to_be_visible()
    check_accessibility(page)
    assert is_as_wide_as_the_phone(page)
    page.get_by_role("button", name="Publish these parameters").click()
    expect(page.get_by_text("3 questions have new parameters")).to_be_visible()
    assert ParameterSource.objects.get().made_by == "root"

    page.locator("main").get_by_role("link", name="Questions", exact=True).click()
    page.get_by_role("link", name="Table", exact=True).click()
    page.get_by_role("link", name="Difficulty").click()
    page.get_by_role("link", name="Difficulty").click()
    expect(page.locator("tbody tr").first).to_contain_text("n2")
    page.get_by_label("n2", exact=True).check()
    page.get_by_label("n1", exact=True).check()
    page.get_by_label("To", exact=True).fill("Hard ones")
    check_accessibility(page)
    assert is_as_wide_as_the_phone(page)
    page.get_by_role("button", name="Change", exact=True).click()
    expect(page.get_by_text("2 questions were changed")).to_be_visible()
    expect(page).to_have_url(re.compile("sort=difficulty"))
    assert set(Question.objects.filter(area="Hard ones").values_list("external_id", flat=True)) == {
        "n1",
        "n2",
    }
