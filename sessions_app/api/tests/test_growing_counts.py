"""What lists ask of what lies below the one row they are about: that alone, by an index."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from sessions_app.administration.classes import handing_out
from sessions_app.conftest import Start
from sessions_app.models import Invitation, LiveSession, SchoolClass, Student, TestSession
from sessions_app.reporting import results
from sessions_app.tests.factories import make_named_test, make_pool
from testing_engine.models import QuestionPool


def test_a_class_counts_its_own_students_alone(start: Start, pool: QuestionPool, api: APIClient) -> None:
    start()
    session, test = TestSession.objects.get(), make_named_test(pool)
    inside, outside = (Student.objects.create(external_id=name) for name in ("in", "out"))
    school_class = SchoolClass.objects.create(name="9b")
    school_class.members.create(student=inside)
    handing_out.give(school_class, test.pk, names_may_be_chosen=False)
    Invitation.objects.create(test=test, student=outside, session=session)
    address = f"/api/v1/classes/{school_class.pk}/tests"
    with CaptureQueriesContext(connection) as sent:
        assert [row["begun"] for row in api.get(address).json()["results"]] == [0]
    # The invitations of a test are as many as its students: they are found by who is in the class, and not at
    # all to count the tests.
    asked = [query["sql"] for query in sent if '"invitations"' in query["sql"]]
    assert len(asked) == 1
    assert 'JOIN "invitations"' not in asked[0]
    Invitation.objects.filter(student=outside).update(session=None)
    Invitation.objects.filter(student=inside).update(session=session)
    assert [row["begun"] for row in api.get(address).json()["results"]] == [1]


def test_messages_are_not_asked_one_by_one_whose_they_are(api: APIClient) -> None:
    made = api.post("/api/v1/webhooks", {"url": "https://x.example.org", "events": ["test.ended"]}).json()
    with CaptureQueriesContext(connection) as sent:
        assert api.get(f"/api/v1/webhooks/{made['webhook_id']}/messages").json()["count"] == 0
    asked = [query["sql"] for query in sent if '"webhook_messages"' in query["sql"]]
    assert len(asked) == 2  # the page, and how many there are
    assert not [sql for sql in asked if '"webhooks"' in sql]


def running_of_a_pool() -> QuerySet[TestSession]:
    found = results.sessions(student_id=None, status="active", pool=make_pool(3).pk)
    return found.order_by().select_related(None).values("status")  # type: ignore[return-value]


def running_without_a_name() -> QuerySet[LiveSession]:
    found = LiveSession.objects.filter(status="active", named_test=None).order_by("-started_at", "pk")
    return found.values("pk")  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("found", "index"),
    [
        (running_of_a_pool, "sessions_of_a_revision"),
        (running_without_a_name, "sessions_without_a_name"),
    ],
)
def test_an_index_alone_answers(db: None, found: Callable[[], QuerySet[TestSession]], index: str) -> None:
    with connection.cursor() as cursor:  # of so few rows any other way costs no more
        for other_way in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{other_way} = off")
        for other in {each.name for each in TestSession._meta.indexes} - {index}:
            cursor.execute(f"DROP INDEX {other}")
    assert f"Index Only Scan using {index}" in found().explain()


def test_the_admins_live_view_asks_for_one_kind_at_a_time(admin_client: APIClient) -> None:
    """A condition on either kind has no index."""
    with CaptureQueriesContext(connection) as sent:
        assert admin_client.get("/admin/sessions_app/livesession/").status_code == 200
    asked = [query["sql"] for query in sent if '"test_sessions"' in query["sql"]]
    assert asked
    assert not [sql for sql in asked if " OR " in sql]
