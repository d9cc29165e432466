"""`verify_audit` over 10⁵ sessions of 20 answers, beside reading the same rows and doing nothing more.

In one process, in two, and since a witness that vouches for every session.
"""

import argparse
import statistics
import sys
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks import durable_services, table

if TYPE_CHECKING:
    from sessions_app.review.witness import Witness

ANSWERS = 20
_READ = {
    "SELECT * FROM test_sessions": "sessions",
    "SELECT * FROM test_responses": "answers",
    "SELECT * FROM session_events": "events",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.audit", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="only see that it works")
    parser.add_argument("--sessions", type=int, default=100_000, help="(%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="(%(default)s)")
    options = parser.parse_args()
    sessions, rounds = (100, 1) if options.tiny else (options.sessions, options.rounds)
    with durable_services():
        _fill(sessions)
        ways: dict[str, Callable[[], object]] = {
            "reading": _read,
            "verify_audit": _verify,
            "with a new witness": partial(_verify, note=lambda _: None),
            "in two processes": partial(_verify, processes=2),
            "since a witness": partial(_verify, _witness(), skips=True),
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                seconds[name].append(_timed(way))
    answers = sessions * ANSWERS
    floor = statistics.median(seconds["reading"])
    rows = [
        (name, f"{statistics.median(each) / floor:.2f}", f"{answers / statistics.median(each):,.0f}")
        for name, each in seconds.items()
    ]
    print(table((f"{answers:,} answers", "against reading", "answers a second"), rows))
    return 0


def _timed(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def _read() -> None:
    from django.db import connection, transaction

    connection.ensure_connection()
    assert connection.connection is not None
    with transaction.atomic():
        for number, statement in enumerate(_READ):
            with connection.connection.cursor(name=f"floor{number}", binary=True) as cursor:
                cursor.itersize = 5000
                for _ in cursor.execute(statement):
                    pass


def _verify(*witness: "Witness", **options: Any) -> None:
    from sessions_app.review.verification import verify

    assert not verify(*witness, **options).breaks


def _witness() -> "Witness":
    from sessions_app.review.witness import Witness

    lines: list[str] = []
    _verify(note=lines.append)
    return Witness(lines)


def _fill(count: int) -> None:
    """A real test of 20 answers, and copies of it, each with a chain of its own."""
    from benchmarks.floor_sessions import publish_demo, start
    from sessions_app.audit import chain, entries
    from sessions_app.models import SessionEvent, TestResponse, TestSession

    start(publish_demo(5), ANSWERS)
    session = TestSession.objects.select_related("revision", "plan").get()
    questions = list(session.revision.questions.all()[:ANSWERS])
    for first in range(0, count, 500):
        sessions, answers, events = [], [], []
        for _ in range(min(500, count - first)):
            copy = TestSession.objects.model(
                **{field.attname: getattr(session, field.attname) for field in TestSession._meta.fields}
            )
            copy.id, copy.chain_head, copy.questions_answered = uuid.uuid4(), chain.BEGINNING, ANSWERS
            copy.revision, copy.plan = session.revision, session.plan
            events.append(entries.started(copy, session.revision.content_hash, session.plan.content_hash))
            for position, question in enumerate(questions, start=1):
                answer = TestResponse(
                    session=copy,
                    position=position,
                    question=question,
                    answer=1,
                    score=0,
                    is_correct=False,
                    theta=session.theta,
                    standard_error=session.standard_error,
                    response_time_ms=8200,
                    answered_at=session.started_at,
                )
                copy.chain_head = chain.advance(bytes(copy.chain_head), entries.entry_of_answer(copy, answer))
                answer.link = chain.link_of(copy.chain_head)
                answers.append(answer)
            sessions.append(copy)
        TestSession.objects.bulk_create(sessions)
        TestResponse.objects.bulk_create(answers, batch_size=2000)
        SessionEvent.objects.bulk_create(events)


if __name__ == "__main__":
    sys.exit(main())
