"""Pictures of the main pages for docs/screenshots, of the demo pool and made-up students: `make screenshots`.

Not a test, so pytest runs it only where it is named. What the students know and answer is drawn from one
seed, in one order and from one day on; only the ids of sessions differ from one run to the next.
"""

import math
import random
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
import time_machine
from django.core.management import call_command
from PIL import Image
from playwright.sync_api import Locator, Page, ViewportSize, expect
from rest_framework.test import APIClient

from browser_tests.conftest import NewContext
from browser_tests.test_interactions import BY_MOUSE, QUESTIONS, begin, expect_number
from sessions_app.conftest import client_with, submit
from sessions_app.models import TestSession
from sessions_app.sitting.tokens import page_of
from sessions_app.tests.factories import make_token
from testing_engine.models import Question

FOLDER = Path(__file__).parent.parent / "docs" / "screenshots"
MOST_BYTES = 150_000
STUDENTS = 40
FIRST_DAY = datetime(2026, 11, 2, 9, tzinfo=UTC)
DESK: ViewportSize = {"width": 1200, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 780}


def keep(page: Page, name: str, part: Locator | None = None) -> None:
    """The page, or a part of it. In 128 colours: a page has few, and the file becomes a third of the size."""
    page.wait_for_load_state("networkidle")
    picture = Image.open(BytesIO((part or page).screenshot(animations="disabled"))).convert("RGB")
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.png"
    picture.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
    assert path.stat().st_size < MOST_BYTES, f"{path} has {path.stat().st_size} bytes"


def answers(question: Question, theta: float, rng: random.Random) -> int:
    """The option that somebody of this ability chooses."""
    right = question.option_scores.index(1)
    knows = 1 / (1 + math.exp(-question.discrimination * (theta - question.difficulty)))
    wrong = rng.choice([option for option in range(len(question.options)) if option != right])
    return right if rng.random() < knows else wrong


def take_tests(api: APIClient, rng: random.Random) -> None:
    questions = {question.external_id: question for question in Question.objects.all()}
    for student in range(STUDENTS):
        theta = rng.gauss(0, 1)
        begun = FIRST_DAY + timedelta(hours=7 * student)
        with time_machine.travel(begun, tick=False) as clock:
            started = api.post("/api/test/start", {"student_id": f"student-{student + 1:02}"}).json()
            reply, leaves_after = started, rng.choice([99, 99, 99, 4])
            while reply["status"] in ("started", "continue") and leaves_after:
                clock.shift(rng.uniform(8, 50))
                question = questions[reply["next_question"]["id"]]
                seconds = int(1000 * rng.uniform(5, 45))
                option = answers(question, theta, rng)
                reply = submit(api, started, question.external_id, option, response_time_ms=seconds).json()
                leaves_after -= 1


@pytest.fixture
def school(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> APIClient:
    rng = random.Random(7)
    monkeypatch.setattr(secrets, "randbits", rng.getrandbits)  # the seeds of the sessions
    call_command("load_demo", verbosity=0)
    api = client_with(f"Token {make_token(expiry=timedelta(days=3650))}")
    take_tests(api, rng)
    return api


def test_it_takes_pictures_of_the_student_page(school: APIClient, new_context: NewContext) -> None:
    asked = {"student_id": "student-01", "end_criteria": {"type": "fixed_length", "max_questions": 15}}
    started = school.post("/api/test/start", asked).json()
    questions = {question.external_id: question for question in Question.objects.all()}
    page = new_context(viewport=PHONE, device_scale_factor=1.5).new_page()
    page.goto(page_of(started["session_token"]))
    rng = random.Random(3)
    for number in range(1, 16):
        expect(page.locator("#number")).to_contain_text(f"{number} of 15")
        waiting = school.get(f"/api/test/status/{started['session_id']}").json()["next_question"]
        page.locator(".option").nth(answers(questions[waiting["id"]], 0.7, rng)).click()
        if number == 6:
            keep(page, "student-question")
        page.locator("#next").click()
    expect(page.locator("#result")).to_be_visible()
    keep(page, "student-result")


def test_it_takes_pictures_of_every_type_of_question(transactional_db: None, new_context: NewContext) -> None:
    sitting = begin(list(QUESTIONS))
    page = new_context(viewport={"width": 1100, "height": 700}).new_page()
    page.goto(sitting.link)
    for number in range(1, len(QUESTIONS) + 1):
        kind = expect_number(page, number, len(QUESTIONS))
        page.set_viewport_size({"width": 1100 if kind == "mixed" else 560, "height": 700})
        BY_MOUSE[kind](page)
        page.mouse.move(0, 0)
        keep(page, f"type-{kind}", page.locator("#question"))
        page.locator("#next").click()


def test_it_takes_pictures_of_the_admin(school: APIClient, admin: Callable[..., Page], page: Page) -> None:
    longest = TestSession.objects.order_by("-questions_answered", "started_at")[0]
    pool = longest.revision.pool
    busiest = longest.responses.order_by("position")[0].question
    desk = admin(viewport=DESK)
    for name, address in {
        "sessions": "sessions_app/testsession/",
        "session-replay": f"sessions_app/testsession/{longest.pk}/replay/",
    }.items():
        desk.goto(f"/admin/{address}")
        keep(desk, name)
    for name, address in {
        "session-path": f"sessions/{longest.pk}",
        "pool-measurement": f"{pool.pk}/",
        "pool-exposure": f"{pool.pk}/exposure",
        "question": f"{pool.pk}/items/{busiest.pk}",
    }.items():
        desk.goto(f"/desk/measure/{address}")
        desk.locator(".picture-figure").first.evaluate("figure => figure.scrollIntoView()")
        keep(desk, name)
    page.set_viewport_size(DESK)
    page.goto("/api/docs")
    expect(page.locator(".opblock-summary").first).to_be_visible()
    keep(page, "api-docs")


def test_it_takes_pictures_of_the_desk(transactional_db: None, admin: Callable[..., Page]) -> None:
    call_command("load_demo", verbosity=0)
    page = admin(viewport=DESK)
    page.goto("/desk/questions/")
    page.locator(".cards a").first.click()
    page.get_by_role("link", name="New question").click()
    page.locator("#content").fill("Which of these is $\\frac{6}{3} + \\sqrt{2}$, to two digits?")
    for row, words in enumerate(("3.14", "3.41", "4.24")):
        page.locator(f"#part-0-row-{row}-text").fill(words)
    page.get_by_label("right (B)").check()
    shown = page.frame_locator("#frame")
    expect(shown.locator("math")).to_have_count(1)
    expect(shown.locator(".option")).to_have_count(4)
    shown.locator(".option").nth(1).click()
    shown.locator("#next").click()
    expect(page.locator("#tried")).to_contain_text("Full score")
    page.locator(".writing").scroll_into_view_if_needed()
    page.evaluate("scrollTo(0, 240)")
    keep(page, "desk-question")
