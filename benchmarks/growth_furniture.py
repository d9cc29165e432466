"""What a filled database has beside its tests, so that every page has something to show.

A class that was given the test `class`, with those who took it; files that were asked for, one for a hundred
tests; and messages to another system, one for ten tests.
"""

import uuid
from datetime import datetime, timedelta

MESSAGES, FILES = 10, 100  # tests for one
HOOK = "https://growth.example/hook"


def furnish(sessions: int, *, now: datetime) -> None:
    """Safe to repeat."""
    from sessions_app.models import LongJob, SchoolClass, Webhook

    if not SchoolClass.objects.exists():
        _make_class()
    if not LongJob.objects.exists():
        _ask_for_files(max(2, sessions // FILES), now)
    if not Webhook.objects.exists():
        _tell(sessions // MESSAGES)


def _make_class() -> None:
    from sessions_app.administration.classes import handing_out, members
    from sessions_app.models import NamedTest, SchoolClass, TestSession

    test = NamedTest.objects.get(name="class")
    school_class = SchoolClass.objects.create(name="Class")
    took_it = TestSession.objects.filter(named_test=test).values_list("student", flat=True)
    members.add(school_class, dict.fromkeys(took_it, ""))
    handing_out.give(school_class, test.pk, names_may_be_chosen=False)


def _ask_for_files(count: int, now: datetime) -> None:
    from django.contrib.auth.models import User

    from benchmarks.growth_fill import CLIENT, STAFF
    from sessions_app.models import LongJob

    accounts = [User.objects.get(username=name) for name in (CLIENT, STAFF)]
    LongJob.objects.bulk_create(
        [
            LongJob(
                kind="results",
                request={"name": "exam", "chosen": {}, "rows": "sessions", "form": "csv"},
                by=accounts[number % 2],
                state="done",
                progress=1,
                worker=uuid.uuid4(),
                holds_students=True,
                expires_at=now + timedelta(days=1),
            )
            for number in range(count)
        ],
        batch_size=1000,
    )


def _tell(count: int) -> None:
    """Of the newest tests, and all was delivered."""
    from benchmarks.twins import run
    from sessions_app.models import Webhook

    hook = Webhook.objects.create(url=HOOK, events=[Webhook.Kind.STARTED], is_active=False)
    run(
        "INSERT INTO webhook_messages "
        "(id, webhook_id, kind, session_id, happened_at, delivered_at, next_try_at) "
        "SELECT gen_random_uuid(), %(hook)s, 'test.started', id, started_at, started_at, NULL "
        "FROM test_sessions ORDER BY started_at DESC LIMIT %(count)s",
        {"hook": hook.pk, "count": count},
    )
    run("VACUUM ANALYZE webhook_messages")
    run("VACUUM ANALYZE long_jobs")
