"""A test on the student's page, and what its student does there."""

import re
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from sessions_app.conftest import client_with
from sessions_app.models import TestResponse, TestSession
from sessions_app.sitting.tokens import page_of
from sessions_app.tests.factories import make_pool, make_token

QUESTIONS = 4


@dataclass(frozen=True)
class Sitting:
    """One test of `QUESTIONS` questions: the link that opens it, and its row."""

    session_id: str
    link: str

    @property
    def session(self) -> TestSession:
        return TestSession.objects.get(pk=self.session_id)

    @property
    def answers(self) -> list[int | None]:
        """What is stored, in order."""
        rows = TestResponse.objects.filter(session__pk=self.session_id).order_by("position")
        return list(rows.values_list("answer", flat=True))


def begin_sitting() -> Sitting:
    make_pool(concepts=2)
    asked = {"student_id": "anna", "end_criteria": {"type": "fixed_length", "max_questions": QUESTIONS}}
    started = client_with(f"Token {make_token()}").post("/api/test/start", asked).json()
    return Sitting(started["session_id"], page_of(started["session_token"]))


def expect_question(page: Page, number: int) -> None:
    """The page shows the question of this number and waits for an answer."""
    expect(page.locator("#number")).to_have_text(re.compile(rf"\b{number}\b.*\b{QUESTIONS}\b"))
    expect(page.locator("#options")).to_be_enabled()


def choose(page: Page, option: int) -> None:
    page.locator(".option").nth(option).click()


def send(page: Page) -> None:
    page.locator("#next").click()


def answer_to_the_end(page: Page, first: int = 1) -> None:
    """By mouse: the second option of every question from this one on."""
    for number in range(first, QUESTIONS + 1):
        expect_question(page, number)
        choose(page, 1)
        send(page)
    expect(page.locator("#result")).to_be_visible()
