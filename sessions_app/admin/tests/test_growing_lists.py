"""Lists of the admin that grow: by places, without counting, and searched by the beginnings of words."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sessions_app.admin.live import LiveSessionAdmin
from sessions_app.admin.students import StudentAdmin
from sessions_app.administration.finding import ids_of_students_called, students_called
from sessions_app.conftest import Start
from sessions_app.models import Invitation, Student, TestSession
from sessions_app.tests.factories import make_named_test
from testing_engine.growing_lists import GrowingChangeList
from testing_engine.models import QuestionPool

STUDENTS = "/admin/sessions_app/student/"
SESSIONS = "/admin/sessions_app/testsession/"
LIVE = "/admin/sessions_app/livesession/"
NUMBERS = "invited", "running", "over"


@pytest.fixture
def students(db: None, monkeypatch: pytest.MonkeyPatch) -> list[Student]:
    """Twelve, by their ids; five are a page."""
    monkeypatch.setattr(StudentAdmin, "list_per_page", 5)
    return Student.objects.bulk_create(Student(external_id=f"S-{number:04}") for number in range(12))


def listed(browser: Client, address: str) -> GrowingChangeList:
    found: GrowingChangeList = browser.get(address).context["cl"]
    return found


def test_it_goes_there_and_back_by_links(browser: Client, students: list[Student]) -> None:
    def on_page(address: str) -> tuple[list[str], dict[str, str]]:
        page = browser.get(address)
        ways = dict(re.findall(r'<a rel="(\w+)" href="([^"]+)"', page.content.decode()))
        rows = [student.external_id for student in page.context["cl"].result_list]
        return rows, {way: STUDENTS + unescape(query) for way, query in ways.items()}

    ids = [student.external_id for student in students]
    first, ways = on_page(STUDENTS)
    second, onwards = on_page(ways["next"])
    third, at_the_end = on_page(onwards["next"])
    assert [first, second, third] == [ids[:5], ids[5:10], ids[10:]]
    assert (set(ways), set(at_the_end)) == ({"next"}, {"prev"})
    assert on_page(at_the_end["prev"])[0] == ids[5:10]


def test_a_filter_begins_at_the_first_page(browser: Client, students: list[Student]) -> None:
    second = listed(browser, STUDENTS + listed(browser, STUDENTS).next_page)
    assert "after" not in second.get_query_string({"erased_at__isempty": "1"})
    assert not listed(browser, STUDENTS + "?after=nowhere").place.before


def test_no_page_counts_its_table(
    browser: Client, students: list[Student], start: Start, pool: QuestionPool
) -> None:
    start()
    for address in (STUDENTS, SESSIONS, LIVE, "/admin/testing_engine/question/", f"{SESSIONS}?q=s1"):
        with CaptureQueriesContext(connection) as sent:
            assert browser.get(address).status_code == 200
        assert not [query for query in sent if "COUNT(*)" in query["sql"].upper()], address


def test_a_named_test_counts_as_far_as_it_says(
    browser: Client,
    students: list[Student],
    start: Start,
    pool: QuestionPool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    test = make_named_test(pool)
    Invitation.objects.bulk_create(Invitation(test=test, student=student) for student in students)
    start()
    TestSession.objects.update(named_test=test)

    def numbers() -> list[str]:
        page = browser.get("/admin/sessions_app/namedtest/").content.decode()
        return [re.search(rf"field-{name}[^>]+>(?:<a[^>]+>)?([^<]+)<", page)[1] for name in NUMBERS]  # type: ignore[index]

    assert numbers() == ["12", "1", "0"]
    monkeypatch.setattr("testing_engine.growing_lists.MOST_COUNTED", 11)
    assert numbers() == ["more than 11", "1", "0"]


def test_all_that_were_found_can_be_chosen(
    browser: Client, start: Start, pool: QuestionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LiveSessionAdmin, "list_per_page", 1)
    begun = {start(student_id=each)["session_id"] for each in ("anna", "ben")}
    assert listed(browser, LIVE).result_count == 2
    assert len(listed(browser, LIVE).result_list) == 1
    everything = {"action": "end_these", "select_across": 1, "_selected_action": [0], "index": 0}
    assert set(browser.post(LIVE, everything).context["ids"].split(",")) == begun


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("B-17", ["B-17/x"]),
        ("17", ["B-17/x"]),
        ("b", ["B-17/x", "c.bauer@x"]),
        ("lovel", ["B-17/x"]),
        ("love ada", ["B-17/x"]),
        ("ada bauer", []),
        ("é", ["c.bauer@x"]),
        ("ovelace", []),
        ("' & | ! ( ) :* \\ <-> \x00", []),
        ("x':*", ["B-17/x", "c.bauer@x"]),
    ],
)
def test_it_finds_students_by_beginnings_of_words(db: None, words: str, found: list[str]) -> None:
    Student.objects.create(external_id="B-17/x", name="Ada Lovelace")
    Student.objects.create(external_id="c.bauer@x", name="Zoë Évora")
    known = set(students_called(words).values_list("external_id", flat=True))
    assert known == set(found)


def test_it_uses_the_index_of_words(students: list[Student]) -> None:
    with connection.cursor() as cursor:  # of so few rows any other way costs no more
        for other_way in ("seqscan", "indexscan", "indexonlyscan"):
            cursor.execute(f"SET LOCAL enable_{other_way} = off")
    assert "students_by_words" in students_called("S-0007").explain()


def test_it_says_where_more_match_than_are_looked_for(
    browser: Client, students: list[Student], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ids_of_students_called("S-0007") == ([students[7].pk], False)
    monkeypatch.setattr("sessions_app.administration.finding.MOST", 9)
    found, are_more = ids_of_students_called("S")
    assert (len(found), are_more) == (9, True)
    assert "students match" in browser.get(f"{SESSIONS}?q=S").content.decode()


def test_it_finds_a_session_by_its_id_and_by_its_student(
    browser: Client, start: Start, pool: QuestionPool
) -> None:
    mine, other = (start(student_id=each)["session_id"] for each in ("s-anna", "s-ben"))
    for asked, found in ((mine, [mine]), ("ben", [other]), ("s", [other, mine]), ("carl", [])):
        rows = listed(browser, f"{SESSIONS}?q={asked}").result_list
        assert [str(session.pk) for session in rows] == found, asked


@pytest.mark.parametrize(
    ("found", "index"),
    [
        (
            lambda: TestSession.objects.filter(status="ended").order_by("-started_at", "pk"),
            "sessions_of_a_status",
        ),
        (
            lambda: TestSession.objects.filter(status="expired").order_by("-completed_at", "pk"),
            "sessions_that_expired",
        ),
    ],
)
def test_a_list_of_a_status_has_an_index(db: None, found: Callable[[], object], index: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute("DROP INDEX sessions_newest_first")  # of so few rows it costs no more to filter
    assert index in found()[:51].explain()  # type: ignore[index]


def test_results_are_listed_by_places(
    browser: Client, start: Start, pool: QuestionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions_app.admin.results.PER_PAGE", 2)
    newest, middle, oldest = [start()["session_id"] for _ in range(3)][::-1]
    address = f"{STUDENTS}{Student.objects.get().pk}/results/"
    seen = []
    for way in ("next", "prev"):
        page = browser.get(address)
        seen.append([str(row["session"].pk) for row in page.context["rows"]])
        ((_, query),) = re.findall(r'rel="(prev|next)" href="([^"]+)"', page.content.decode())
        assert f'rel="{way}"' in page.content.decode()
        address = address.partition("?")[0] + unescape(query)
    assert seen == [[newest, middle], [oldest]]
    assert [str(row["session"].pk) for row in browser.get(address).context["rows"]] == [newest, middle]
