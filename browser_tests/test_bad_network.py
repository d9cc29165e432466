"""The student's page when things go wrong: no network, lost replies, two tabs, impatience, time run out."""

from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from browser_tests.accessibility import check_accessibility
from browser_tests.conftest import NewContext
from browser_tests.sitting import Sitting, answer_to_the_end, begin_sitting, choose, expect_question, send
from browser_tests.watching import Watch
from sessions_app.administration import cleanup
from sessions_app.tests.factories import last_active

NO_NETWORK = "ERR_INTERNET_DISCONNECTED"
LOST = "ERR_FAILED"  # what the browser says of a request whose reply never came
KEPT = "No connection. Your answer is kept and will be sent."
SUBMIT = "**/api/test/submit*"


def at_the_second_question(page: Page) -> Sitting:
    sitting = begin_sitting()
    page.goto(sitting.link)
    expect_question(page, 1)
    choose(page, 1)
    send(page)
    expect_question(page, 2)
    return sitting


def test_it_keeps_an_answer_while_there_is_no_network(page: Page, watch: Watch) -> None:
    watch.expect(NO_NETWORK)
    sitting = at_the_second_question(page)
    page.context.set_offline(True)
    choose(page, 3)
    send(page)
    expect(page.locator("#notice")).to_have_text(KEPT)
    check_accessibility(page)
    assert sitting.answers == [1]
    page.context.set_offline(False)
    expect_question(page, 3)
    assert sitting.answers == [1, 3]
    answer_to_the_end(page, first=3)


def test_it_sends_after_a_reload_what_it_kept(page: Page, watch: Watch) -> None:
    watch.expect(NO_NETWORK)
    sitting = at_the_second_question(page)
    page.evaluate("() => navigator.serviceWorker.ready.then(() => null)")
    page.context.set_offline(True)
    choose(page, 2)
    send(page)
    expect(page.locator("#notice")).to_have_text(KEPT)
    page.reload()  # its own files come from the service worker
    expect(page.locator("#number")).to_contain_text("2")
    page.context.set_offline(False)
    expect_question(page, 3)
    assert sitting.answers == [1, 2]


def test_it_counts_an_answer_once_whose_reply_was_lost(page: Page, watch: Watch) -> None:
    watch.expect(LOST)
    sitting = at_the_second_question(page)
    sent: list[str | None] = []

    def lose_the_first_reply(route: Route) -> None:
        sent.append(route.request.header_value("idempotency-key"))
        if len(sent) > 1:
            route.continue_()
        else:
            route.fetch()
            route.abort()

    page.route(SUBMIT, lose_the_first_reply)
    choose(page, 0)
    send(page)
    expect_question(page, 3)
    assert sitting.answers == [1, 0]
    assert len(sent) == 2
    assert sent[0] == sent[1]


def test_it_counts_a_double_click_once(page: Page) -> None:
    sitting = at_the_second_question(page)
    choose(page, 2)
    page.locator("#next").dblclick()
    expect_question(page, 3)
    assert sitting.answers == [1, 2]


def test_it_goes_on_at_the_same_question_after_a_reload(page: Page) -> None:
    sitting = at_the_second_question(page)
    question = page.locator("#content").inner_text()
    page.reload()
    expect_question(page, 2)
    expect(page.locator("#content")).to_have_text(question)
    answer_to_the_end(page, first=2)
    page.reload()
    expect(page.locator("#result")).to_be_visible()
    assert len(sitting.answers) == 4


def test_it_goes_on_at_the_same_question_on_another_device(page: Page, new_context: NewContext) -> None:
    sitting = at_the_second_question(page)
    other = new_context().new_page()
    other.goto(sitting.link)
    expect_question(other, 2)
    expect(other.locator("#content")).to_have_text(page.locator("#content").inner_text())


def test_it_moves_on_in_both_of_two_tabs(page: Page) -> None:
    sitting = at_the_second_question(page)
    other = page.context.new_page()
    other.goto(sitting.link)
    expect_question(other, 2)
    choose(other, 3)
    send(other)
    expect_question(other, 3)
    expect_question(page, 3)
    expect(page.locator("#notice")).to_have_text("The test went on in another tab or on another device.")
    check_accessibility(page)
    answer_to_the_end(page, first=3)
    expect(other.locator("#result")).to_be_visible()
    assert sitting.answers == [1, 3, 1, 1]


def test_it_says_that_another_device_was_first(page: Page, new_context: NewContext, watch: Watch) -> None:
    watch.expect("409")
    sitting = at_the_second_question(page)
    other = new_context().new_page()
    other.goto(sitting.link)
    expect_question(other, 2)
    choose(other, 3)
    send(other)
    expect_question(other, 3)
    choose(page, 0)
    send(page)
    expect_question(page, 3)
    expect(page.locator("#notice")).to_contain_text("What you chose here was not counted.")
    assert sitting.answers == [1, 3]


def test_it_says_what_happened_to_a_test_that_was_closed(page: Page, watch: Watch) -> None:
    watch.expect("409")
    sitting = at_the_second_question(page)
    last_active(timezone.now().replace(year=2020))
    cleanup.end_inactive(30, now=timezone.now())
    choose(page, 0)
    send(page)
    expect(page.locator("#result")).to_be_visible()
    expect(page.locator("#ending")).to_contain_text("because nobody went on for a long while")
    expect(page.locator("#notice")).to_contain_text("It was not counted.")
    check_accessibility(page)
    assert (sitting.session.status, sitting.answers) == ("expired", [1])


def test_it_says_what_is_wrong_with_a_link(page: Page, watch: Watch) -> None:
    watch.expect("401")
    page.goto("/take/test")
    expect(page.get_by_role("heading", name="Open the link that you were given")).to_be_visible()
    check_accessibility(page)
    link = begin_sitting().link
    page.goto(link[:-3] + ("abc" if not link.endswith("abc") else "abd"))
    expect(page.get_by_role("heading", name="This link opens nothing any more")).to_be_visible()
    check_accessibility(page)
