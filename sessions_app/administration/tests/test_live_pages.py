"""The live view of a test by pages: whoever is in it is on one of them, and a page looks at its own rows."""

from copy import copy
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions_app.administration import live
from sessions_app.administration.live import Counts, live_of
from sessions_app.conftest import Start
from sessions_app.models import Invitation, NamedTest, Student, TestSession
from sessions_app.tests.factories import make_named_test
from testing_engine.models import QuestionPool

NOW = timezone.now()
DAY = timedelta(days=1)
# When they were over, by status: the hours before now at which they began are their places.
OVER = [
    ("active", None),
    ("active", None),
    ("active", None),
    ("expired", NOW - DAY / 2),
    ("completed", NOW),
    ("expired", NOW - 2 * DAY),
    ("ended", NOW),
    ("completed", NOW),
]


@pytest.fixture
def test(start: Start, pool: QuestionPool) -> NamedTest:
    """Three who run, one who expired lately, four who are over, and two who were invited."""
    start()
    test, one = make_named_test(pool), TestSession.objects.get()
    names = [f"s{number}" for number in range(len(OVER) + 2)]
    students = Student.objects.bulk_create(Student(external_id=f"x-{name}", name=name) for name in names)
    TestSession.objects.bulk_create(
        _like(one, test, student, status, NOW - timedelta(hours=place), at)
        for place, (student, (status, at)) in enumerate(zip(students, OVER, strict=False))
    )
    Invitation.objects.bulk_create(Invitation(test=test, student=student) for student in students[-2:])
    return test


def _like(
    one: TestSession, test: NamedTest, student: Student, status: str, begun: datetime, over: datetime | None
) -> TestSession:
    session = copy(one)
    session.pk, session.named_test, session.student = uuid4(), test, student
    session.status, session.started_at, session.completed_at = status, begun, over
    session.current_position = None if over else 0
    session.idempotency_key = None
    return session


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 100])
def test_everybody_is_on_one_page_in_order(
    test: NamedTest, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(live, "PAGE_SIZE", size)
    pages = -(-10 // size)
    found = [live_of(test.pk, now=NOW, page=number) for number in range(1, pages + 1)]
    assert [row.name for page in found for row in page.rows] == [f"s{number}" for number in range(10)]
    assert {page.pages for page in found} == {pages}
    assert {page.counts for page in found} == {Counts(running=3, stopped=2, finished=3, not_begun=2)}
    assert live_of(test.pk, now=NOW, page=pages + 1) == found[-1]


def test_a_search_has_pages_of_its_own(test: NamedTest) -> None:
    found = live_of(test.pk, now=NOW, search="s9", page=3)
    assert ([row.name for row in found.rows], found.page, found.pages) == (["s9"], 1, 1)
    assert found.counts == Counts(not_begun=1)


def test_what_is_not_counted_is_said(test: NamedTest, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("testing_engine.growing_lists", live.__name__):
        monkeypatch.setattr(f"{module}.MOST_COUNTED", 2)
    found = live_of(test.pk, now=NOW)
    assert found.is_cut
    assert found.counts == Counts(running=3, stopped=2, finished=3, not_begun=2)
    assert [row.name for row in found.rows] == ["s0", "s1", "s3", "s4", "s5", "s8", "s9"]


def test_a_page_reads_its_own_rows_alone(test: NamedTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole rows are asked for by keys, as many as a page has, however many tests there are."""
    monkeypatch.setattr(live, "PAGE_SIZE", 2)
    for page in (1, 2, 4):
        with CaptureQueriesContext(connection) as sent:
            live_of(test.pk, now=NOW, page=page)
        whole = [query["sql"] for query in sent if '"test_sessions"."theta"' in query["sql"]]
        assert [sql.count("'::uuid") for sql in whole] == [2]
        assert all("LIMIT" in query["sql"] or query["sql"] in whole for query in sent)
