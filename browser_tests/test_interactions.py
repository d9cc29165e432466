"""Questions that ask otherwise than by one choice, on the student's page, by every kind of person."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from playwright.sync_api import Page, Route, expect

from browser_tests.accessibility import check_accessibility
from browser_tests.conftest import NewContext
from browser_tests.sitting import Sitting
from browser_tests.test_bad_network import KEPT, NO_NETWORK
from browser_tests.watching import Watch, width_beyond_screen
from sessions_app.conftest import client_with
from sessions_app.models import TestResponse
from sessions_app.review.replay import replay
from sessions_app.sitting.tokens import page_of
from sessions_app.tests.factories import make_named_test, make_pool, make_token
from testing_engine.sounds import address_of, store_sound
from testing_engine.tests.test_sounds import mp3

PHONE = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}
DESK = {"viewport": {"width": 1200, "height": 800}}
PASSAGE = "Bees fly from March to October.\n\n" + "A hive has many thousands of them. " * 15


def named(**texts: str) -> list[dict[str, Any]]:
    return [{"id": name, "content": text} for name, text in texts.items()]


def asked(
    kind: str, content: str, interactions: list[dict[str, Any]], key: Any, **more: Any
) -> dict[str, Any]:
    given = [{"response": "RESPONSE", **each} for each in interactions]
    keys = key if len(given) > 1 else {"RESPONSE": key}
    return {"id": kind, "content": content, "interactions": given, "key": keys, "concepts": [1], **more}


# Of each type: the question, and the answer that the people of these tests give.
QUESTIONS: dict[str, tuple[dict[str, Any], Any]] = {
    "single": (
        asked(
            "single",
            "What is the capital of France?",
            [{"type": "choice", "choices": named(A="Lyon", B="Paris", C="Nice")}],
            {"correct": "B"},
        ),
        {"RESPONSE": "B"},
    ),
    "several": (
        asked(
            "several",
            "Which of these numbers are prime?",
            [
                {
                    "type": "choice",
                    "choices": named(A="2", B="9", C="$11$"),
                    "min_choices": 1,
                    "max_choices": 0,
                }
            ],
            {"correct": ["A", "C"]},
        ),
        {"RESPONSE": ["A", "C"]},
    ),
    "inlineChoice": (
        asked(
            "inlineChoice",
            "The sun [[RESPONSE]] in the east.",
            [{"type": "inlineChoice", "choices": named(A="rises", B="sets")}],
            {"correct": "A"},
        ),
        {"RESPONSE": "A"},
    ),
    "textEntry": (
        asked(
            "textEntry",
            "Water freezes at [[RESPONSE]] °C.",
            [{"type": "textEntry", "base_type": "float", "expected_length": 5}],
            {"number": -0.5, "tolerance": 1},
        ),
        {"RESPONSE": "-0,5"},
    ),
    "order": (
        asked(
            "order",
            "From small to large:",
            [{"type": "order", "choices": named(A="whale", B="mouse", C="horse")}],
            {"correct": ["B", "C", "A"]},
        ),
        {"RESPONSE": ["B", "A", "C"]},
    ),
    "match": (
        asked(
            "match",
            "Capitals",
            [
                {
                    "type": "match",
                    "prompt": "Which city is the capital of which country?",
                    "sources": named(A="Italy", B="Spain"),
                    "targets": named(X="Madrid", Y="Rome", Z="Porto"),
                }
            ],
            {"correct": ["A Y", "B X"]},
        ),
        {"RESPONSE": ["A Y", "B X"]},
    ),
    "matchSeveral": (
        asked(
            "matchSeveral",
            "Divisors",
            [
                {
                    "type": "match",
                    "sources": [{**each, "match_max": 0} for each in named(A="6", B="$\\frac{8}{2}$")],
                    "targets": [{**each, "match_max": 0} for each in named(X="2", Y="3")],
                }
            ],
            {"correct": ["A X", "A Y", "B X"]},
        ),
        {"RESPONSE": ["A X", "A Y", "B X"]},
    ),
    "associate": (
        asked(
            "associate",
            "Enemies in Shakespeare's plays",
            [{"type": "associate", "choices": named(A="Capulet", B="Prospero", C="Montague", D="Antonio")}],
            {"correct": ["A C", "B D"]},
        ),
        {"RESPONSE": ["A C", "B D"]},
    ),
    "gapMatch": (
        asked(
            "gapMatch",
            "Now is the [[RESPONSE:G]] of our discontent made glorious [[RESPONSE:H]].",
            [
                {
                    "type": "gapMatch",
                    "choices": named(A="winter", B="summer"),
                    "gaps": [{"id": "G"}, {"id": "H"}],
                }
            ],
            {"correct": ["A G", "B H"]},
        ),
        {"RESPONSE": ["A G", "B H"]},
    ),
    "hottext": (
        asked(
            "hottext",
            "The [[RESPONSE:A]] [[RESPONSE:B]] over the [[RESPONSE:C]].",
            [
                {
                    "type": "hottext",
                    "prompt": "Mark the nouns.",
                    "choices": named(A="fox", B="jumps", C="lazy dog"),
                    "max_choices": 0,
                }
            ],
            {"correct": ["A", "C"]},
        ),
        {"RESPONSE": ["A", "C"]},
    ),
    "slider": (
        asked(
            "slider",
            "How many per cent of the earth is water?",
            [{"type": "slider", "lower": 0, "upper": 100, "step": 10}],
            {"number": 70, "tolerance": 5},
        ),
        {"RESPONSE": "20"},
    ),
    "mixed": (
        asked(
            "mixed",
            "Bees fly until [[MONTH]].",
            [
                {
                    "type": "choice",
                    "response": "WHAT",
                    "prompt": "What are bees?",
                    "choices": named(A="Insects", B="Birds"),
                },
                {"type": "textEntry", "response": "MONTH"},
            ],
            {"WHAT": {"correct": "A"}, "MONTH": {"texts": {"October": 1}}},
            passage=PASSAGE,
        ),
        {"WHAT": "A", "MONTH": "October"},
    ),
}


def right_to_left(question: dict[str, Any]) -> dict[str, Any]:
    """The same question about the same words, after a word of Arabic."""
    return question | {"content": f"سؤال {question['content']}", "passage": "نص"}


def begin(kinds: list[str], change: Callable[[dict[str, Any]], dict[str, Any]] = dict) -> Sitting:
    make_pool([change(QUESTIONS[kind][0]) for kind in kinds])
    criteria = {"type": "fixed_length", "max_questions": len(kinds), "min_questions": len(kinds)}
    body = {"student_id": "anna", "end_criteria": criteria}
    started = client_with(f"Token {make_token()}").post("/api/test/start", body).json()
    return Sitting(started["session_id"], page_of(started["session_token"]))


def expect_number(page: Page, number: int, most: int) -> str:
    """The page shows this question. Which it is."""
    expect(page.locator("#number")).to_have_text(re.compile(rf"\b{number}\b.*\b{most}\b"))
    expect(page.locator("#next")).to_be_enabled()
    script = """() => JSON.parse(Object.entries(localStorage)
        .find(([name]) => name.endsWith(".standing"))[1]).next_question.id"""
    kind: str = page.evaluate(script)
    return kind


def stored(sitting: Sitting) -> dict[str, Any]:
    rows = TestResponse.objects.filter(session__pk=sitting.session_id).select_related("question")
    return {row.question.external_id: row.response for row in rows}


def select(page: Page, *texts: str) -> None:
    for index, text in enumerate(texts):
        page.locator("#asked select").nth(index).select_option(label=text)


def options(page: Page, *places: int) -> None:
    for place in places:
        page.locator("#asked .option").nth(place).click()


def pairs(page: Page) -> None:
    select(page, "Capulet", "Montague")
    page.get_by_role("button", name="Add a pair").click()
    select(page, "Capulet", "Montague", "Prospero", "Antonio")


def click(*names: str) -> Callable[[Page], None]:
    def clicks(page: Page) -> None:
        for name in names:
            page.get_by_role("button", name=name).click()

    return clicks


def slide(page: Page) -> None:
    page.get_by_role("slider").fill("20")


def mixed(page: Page) -> None:
    options(page, 0)
    page.locator("#content input").fill(" October ")


BY_MOUSE: dict[str, Callable[[Page], None]] = {
    "single": lambda page: options(page, 1),
    "several": lambda page: options(page, 0, 2),
    "inlineChoice": lambda page: select(page, "rises"),
    "textEntry": lambda page: page.locator("#content input").fill("-0,5"),
    "order": click("Move up: mouse"),
    "match": lambda page: select(page, "Rome", "Madrid"),
    "matchSeveral": lambda page: options(page, 0, 1, 2),
    "associate": pairs,
    "gapMatch": lambda page: select(page, "winter", "summer"),
    "hottext": click("fox", "lazy dog"),
    "slider": slide,
    "mixed": mixed,
}
# Keys in turn, from the question's heading on; a word of letters is typed.
BY_KEYBOARD = {
    "single": "Tab ArrowDown",
    "several": "Tab Space Tab Tab Space",
    "inlineChoice": "Tab ArrowDown",
    "textEntry": "Tab -0,5",
    "order": "Tab Tab Tab Space",  # whale up, whale down, mouse up
    "match": "Tab ArrowDown ArrowDown Tab ArrowDown",
    "matchSeveral": "Tab Space Tab Space Tab Space",
    "associate": "Tab ArrowDown Tab ArrowDown ArrowDown Tab Tab Space ArrowDown Tab ArrowDown",
    "gapMatch": "Tab ArrowDown Tab ArrowDown ArrowDown",
    "hottext": "Tab Space Tab Tab Enter",
    "slider": "Tab ArrowRight ArrowRight",
    "mixed": "Tab Tab Tab October Tab Space",  # the passage can be folded and scrolled
}


def take(page: Page, sitting: Sitting, kinds: list[str], answer: Callable[[str], None]) -> None:
    """Answer every question, send, and see that it is stored and replayed as it was given."""
    for number in range(1, len(kinds) + 1):
        kind = expect_number(page, number, len(kinds))
        assert width_beyond_screen(page) == 0
        answer(kind)
    expect(page.locator("#result")).to_be_visible()
    assert stored(sitting) == {kind: QUESTIONS[kind][1] for kind in kinds}
    assert replay(sitting.session.pk).differences == ()


def test_every_type_by_mouse(new_context: NewContext) -> None:
    kinds = list(QUESTIONS)
    sitting = begin(kinds)
    page = new_context(**DESK).new_page()

    def answer(kind: str) -> None:
        BY_MOUSE[kind](page)
        check_accessibility(page)
        page.locator("#next").click()

    page.goto(sitting.link)
    take(page, sitting, kinds, answer)


def test_every_type_by_keyboard_alone(new_context: NewContext) -> None:
    kinds = list(QUESTIONS)
    sitting = begin(kinds)
    page = new_context(**DESK).new_page()

    def answer(kind: str) -> None:
        for key in BY_KEYBOARD[kind].split():
            page.keyboard.type(key) if key in {"-0,5", "October"} else page.keyboard.press(key)
        while page.evaluate("() => document.activeElement.id") != "next":
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")

    page.goto(sitting.link)
    take(page, sitting, kinds, answer)


def test_every_type_right_to_left_on_a_phone_without_a_network(new_context: NewContext, watch: Watch) -> None:
    """Each is answered and sent while offline, kept, and sent when the network is back, as it was given."""
    watch.expect(NO_NETWORK)
    kinds = list(QUESTIONS)
    sitting = begin(kinds, right_to_left)
    page = new_context(**PHONE).new_page()

    def answer(kind: str) -> None:
        if kind not in {"single", "textEntry"}:  # options go each by its own words, numbers by theirs
            part = page.locator(".part, .hot, #content select").first
            assert part.evaluate("(part) => getComputedStyle(part).direction") == "rtl"
        before = stored(sitting)
        page.context.set_offline(True)
        BY_MOUSE[kind](page)
        page.locator("#next").click()
        expect(page.locator("#notice")).to_have_text(KEPT)
        assert stored(sitting) == before
        page.context.set_offline(False)

    page.goto(sitting.link)
    take(page, sitting, kinds, answer)


def test_right_to_left_on_a_phone_in_german(new_context: NewContext) -> None:
    """Words that say another direction than the page's: each interaction takes that of the question."""
    kinds = ["order", "match", "associate", "slider", "gapMatch", "hottext", "mixed"]
    sitting = begin(kinds, right_to_left)
    page = new_context(**PHONE, locale="de-DE").new_page()
    page.goto(sitting.link)
    for number in range(1, len(kinds) + 1):
        expect_number(page, number, len(kinds))
        first = page.locator(".part, .hot, #content select").first
        assert first.evaluate("(part) => getComputedStyle(part).direction") == "rtl"
        check_accessibility(page)
        assert width_beyond_screen(page) == 0
        page.get_by_label("Ich weiß es nicht").check()
        page.locator("#next").click()
    expect(page.locator("#result")).to_be_visible()
    assert stored(sitting) == dict.fromkeys(kinds)


def test_half_an_answer_survives_a_reload_without_a_network(new_context: NewContext, watch: Watch) -> None:
    watch.expect(NO_NETWORK)
    sitting = begin(["associate", "mixed"])
    page = new_context().new_page()
    page.goto(sitting.link)
    page.evaluate("() => navigator.serviceWorker.ready.then(() => null)")
    page.reload()  # now the worker serves it
    answers: dict[str, Any] = {}
    for number in (1, 2):
        kind = expect_number(page, number, 2)
        if kind == "mixed":
            page.locator("#content input").fill("October")
        else:
            select(page, "Capulet", "Montague")
        page.context.set_offline(True)
        page.reload()
        expect_number(page, number, 2)
        if kind == "mixed":
            expect(page.locator("#content input")).to_have_value("October")
            expect(page.locator("#asked input:checked")).to_have_count(0)
        else:
            expect(page.locator("#asked select").nth(1)).to_have_value("C")
        page.locator("#next").click()
        if kind == "mixed":  # one part is empty: asked for once
            expect(page.get_by_text("You have left something as it was")).to_be_visible()
            page.locator("#next").click()
        expect(page.locator("#next")).to_be_disabled()
        page.reload()  # the whole answer waits for the network
        page.context.set_offline(False)
        answers[kind] = {"MONTH": "October"} if kind == "mixed" else {"RESPONSE": ["A C"]}
    expect(page.locator("#result")).to_be_visible()
    assert stored(sitting) == answers
    assert replay(sitting.session.pk).differences == ()


def refuse(problem: dict[str, Any], route: Route) -> None:
    route.fulfill(status=400, json=problem)


def test_it_says_what_is_missing_and_what_was_refused(new_context: NewContext, watch: Watch) -> None:
    watch.expect("400")
    sitting = begin(["several", "textEntry"])
    page = new_context().new_page()
    page.goto(sitting.link)
    for number in (1, 2):
        kind = expect_number(page, number, 2)
        field = page.locator("#asked input").first
        page.locator("#next").click()
        missing = "Choose at least 1" if kind == "several" else "Answer first, or tick “I don’t know”."
        expect(page.get_by_role("alert").filter(has_text=missing)).to_be_visible()
        expect(field).to_be_focused()
        check_accessibility(page)
        if kind == "textEntry":
            field.fill("cold")
            page.locator("#next").click()
            expect(page.get_by_role("alert").filter(has_text="Type a number")).to_be_visible()
            problem = {"code": "invalid", "detail": "", "errors": [{"pointer": "/response/RESPONSE"}]}
            page.route("**/api/test/submit*", partial(refuse, problem), times=1)
            field.fill("-0,5")
            page.locator("#next").click()
            expect(page.get_by_role("alert").filter(has_text="could not be taken")).to_be_visible()
            expect(field).to_have_value("-0,5")
        BY_MOUSE[kind](page)
        page.locator("#next").click()
    expect(page.locator("#result")).to_be_visible()
    assert stored(sitting) == {kind: QUESTIONS[kind][1] for kind in ("several", "textEntry")}


def test_a_counted_sound_and_shuffled_choices_are_the_same_after_a_reload(new_context: NewContext) -> None:
    sound = address_of(store_sound(mp3(frames=40)))
    choices = [{**each, "fixed": each["id"] == "E"} for each in named(A="a", B="b", C="c", D="d", E="none")]
    rows = [
        asked(
            kind,
            f"![A bird]({sound}?plays=2) Who sings?",
            [{"type": kind, "choices": choices, "shuffle": True, **most}],
            {"correct": ["A", "C"] if kind == "choice" else list("ABCDE")},
        )
        for kind, most in (("choice", {"max_choices": 0}), ("order", {}))
    ]
    make_named_test(make_pool(rows), shuffle_options=True, rules={"max_questions": 2})
    client = client_with(f"Token {make_token()}")
    started = client.post("/api/test/start", {"student_id": "anna", "test": "algebra"}).json()
    sitting = Sitting(started["session_id"], page_of(started["session_token"]))
    page = new_context(**DESK).new_page()
    page.goto(sitting.link)
    answers: dict[str, Any] = {}
    for number in (1, 2):
        kind = expect_number(page, number, 2)
        standing = client.get(f"/api/test/status/{sitting.session_id}").json()["next_question"]
        (shown,) = standing["interactions"]
        ids = [choice["id"] for choice in shown["choices"]]
        assert ids[4] == "E"
        texts = page.locator("#interactions .text")
        words = [{choice["id"]: choice["content"] for choice in choices}[each] for each in ids]
        expect(texts).to_have_text(words)
        button = page.get_by_role("group", name="A bird").get_by_role("button")
        for times in (1, 2) if number == 1 else (1,):
            button.click()
            expect(page.get_by_text(f"Played {times} of 2")).to_be_visible()
            expect(button).to_have_accessible_name("Play: A bird")  # it is over
            page.reload()
            expect_number(page, number, 2)
            expect(page.get_by_text(f"Played {times} of 2")).to_be_visible()
            expect(texts).to_have_text(words)
        expect(button).to_have_attribute("aria-disabled", "true" if number == 1 else "false")
        check_accessibility(page)
        if kind == "choice":
            options(page, *(ids.index(each) for each in "AC"))
            answers[kind] = {"RESPONSE": ["A", "C"]}
        else:
            page.get_by_role("button", name=f"Move down: {words[0]}").click()
            answers[kind] = {"RESPONSE": [ids[1], ids[0], *ids[2:]]}
        page.locator("#next").click()
    expect(page.locator("#result")).to_be_visible()
    assert stored(sitting) == answers
    assert replay(sitting.session.pk).differences == ()
