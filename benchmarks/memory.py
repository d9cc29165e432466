"""Bytes that a running session costs in Redis, beside the whole session as JSON, as the original kept it."""

import argparse
import json
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks import durable_services, table

QUESTIONS = 20
KEPT_BY_THE_ORIGINAL = "session:{}"


@dataclass(frozen=True)
class Kept:
    """What one way of keeping sessions costs, in bytes."""

    name: str
    stored: int
    memory_usage: int
    growth: int  # of used_memory, for all sessions


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="only see that it works")
    sessions = 20 if parser.parse_args().tiny else 1000
    with durable_services():
        print(report(sessions, measure(sessions)))
    return 0


def report(sessions: int, kept: list[Kept]) -> str:
    baseline = kept[0]
    rows = [
        (
            k.name,
            f"{k.stored:,}",
            f"{k.memory_usage:,}",
            f"{k.growth / 1e6:.3f} MB",
            f"{baseline.growth / k.growth:.1f} × less" if k is not baseline else "1",
        )
        for k in kept
    ]
    header = (
        f"5 concepts, {QUESTIONS} answers",
        "value (bytes)",
        "MEMORY USAGE (bytes)",
        f"used_memory of {sessions:,}",
        "against the baseline",
    )
    return table(header, rows)


def measure(sessions: int) -> list[Kept]:
    from benchmarks.floor_sessions import publish_demo, start
    from sessions_app.sitting import hot_state

    pool = publish_demo(5)
    fresh = start(pool, QUESTIONS + 1, "a student")
    _answer(fresh, QUESTIONS)
    state = hot_state.read_state(fresh.session_id)
    whole = json.dumps(_whole_session(fresh.session_id)).encode()
    _finish(fresh.session_id)
    again = start(pool, QUESTIONS + 1, "a student")  # begins from what the first test found
    _answer(again, QUESTIONS)
    carried = hot_state.read_state(again.session_id)
    assert state is not None
    assert carried is not None
    assert not state.prior
    assert carried.prior

    return [
        _kept("baseline: the whole session as JSON", sessions, KEPT_BY_THE_ORIGINAL, lambda _: whole),
        _kept("state, prior N(0, 1)", sessions, "session:{{{}}}:state", _copies_of(state)),
        _kept(
            "state, prior carried from a test before", sessions, "session:{{{}}}:state", _copies_of(carried)
        ),
        _all_keys("all keys, prior N(0, 1)", sessions, state),
        _all_keys("all keys, prior carried from a test before", sessions, carried),
    ]


def _kept(name: str, sessions: int, key: str, value: Callable[[int], bytes]) -> Kept:
    """Written as the service writes: one key a session, with a TTL."""
    from django.conf import settings
    from django_redis import get_redis_connection

    redis = get_redis_connection("default")
    redis.execute_command("FLUSHDB SYNC")  # Valkey frees in the background otherwise, while we measure
    before = redis.info("memory")["used_memory"]
    keys = [key.format(uuid.uuid4()) for _ in range(sessions)]
    for number, each in enumerate(keys):
        redis.set(each, value(number), ex=settings.SESSION_STATE_TTL)
    growth = redis.info("memory")["used_memory"] - before
    stored = max(redis.strlen(each) for each in keys)
    usage = max(redis.memory_usage(each, samples=0) for each in keys)
    return Kept(name, stored, usage, growth)


def _all_keys(name: str, sessions: int, state: Any) -> Kept:
    """All that is there of a session whose student has sent a request in this minute."""
    from django_redis import get_redis_connection

    from sessions_app.sitting import hot_state
    from sessions_app.sitting.rates import SessionRate
    from sessions_app.sitting.session_state import SessionState

    redis, copy = get_redis_connection("default"), _copies_of(state)
    redis.execute_command("FLUSHDB SYNC")
    before = redis.info("memory")["used_memory"]
    for number in range(sessions):
        session_id, each = uuid.uuid4(), SessionState.unpack(copy(number))
        assert each is not None
        hot_state.write_state(session_id, each)
        assert not hot_state.is_over_in_session(SessionRate(session_id))
    growth = redis.info("memory")["used_memory"] - before
    keys = redis.keys("*")
    usage = sum(redis.memory_usage(each, samples=0) for each in keys)
    return Kept(name, sum(redis.strlen(each) for each in keys) // sessions, usage // sessions, growth)


def _copies_of(state: Any) -> Callable[[int], bytes]:
    """The state with the ids of a service that has run for years: small numbers would pack smaller."""
    import msgspec

    def packed(number: int) -> bytes:
        ids = {"client_id": 70_000, "student_id": 10_000_000 + number, "revision_id": 70_000}
        copy: bytes = msgspec.structs.replace(state, plan_id=70_000, seed=2**63 - 1 - number, **ids).packed()
        return copy

    return packed


def _answer(started: Any, questions: int) -> None:
    from django.utils import timezone

    from sessions_app.sitting.access import Caller
    from sessions_app.sitting.submission import Submission, submit

    standing, caller = started, Caller(session_id=started.session_id)
    for number in range(questions):
        answer = Submission(started.session_id, standing.next_question.id, number % 2, response_time_ms=8200)
        standing = submit(answer, caller, now=timezone.now())


def _finish(session_id: uuid.UUID) -> None:
    from django.utils import timezone

    from sessions_app.sitting import lifecycle
    from sessions_app.sitting.access import Caller

    lifecycle.end(session_id, Caller(session_id=session_id), now=timezone.now())


def _whole_session(session_id: uuid.UUID) -> dict[str, Any]:
    """Questions and responses of the session, by the columns that the original's tables had.

    Only the questions that were asked: the original is said to have kept the whole pool too.
    """
    from sessions_app.models import TestSession

    session = TestSession.objects.select_related("student").get(pk=session_id)
    responses = list(session.responses.select_related("question").order_by("position"))
    questions = [
        {
            "id": response.question.external_id,
            "content": response.question.content,
            "options": response.question.options,
            "correct_answer": response.question.options[response.question.option_scores.index(1)],
            "concepts": response.question.concepts,
            "difficulty": response.question.difficulty,
            "discrimination": response.question.discrimination,
            "guessing": response.question.guessing,
        }
        for response in responses
    ]
    before = [session.prior_mean, *(response.theta for response in responses)]
    answers = [
        {
            "question_id": response.question.external_id,
            "response": response.answer,
            "is_correct": response.is_correct,
            "response_time_ms": response.response_time_ms,
            "proficiency_before": proficiency,
            "proficiency_after": response.theta,
            "timestamp": response.answered_at.isoformat(),
        }
        for response, proficiency in zip(responses, before, strict=False)
    ]
    return {
        "session_id": str(session_id),
        "student_id": session.student.external_id,
        "status": session.status,
        "initial_proficiency": session.prior_mean,
        "current_proficiency": session.theta,
        "started_at": session.started_at.isoformat(),
        "last_activity": session.last_activity.isoformat(),
        "end_criteria": {"type": "fixed_length", "max_questions": QUESTIONS + 1, "min_questions": 5},
        "questions": questions,
        "responses": answers,
    }


if __name__ == "__main__":
    sys.exit(main())
