"""How long answers took by this service's own clock, and which came too fast to count.

A question is asked with the reply to the answer before, the first one when the test begins; while a test is
paused, no time passes. So the times stand in the rows, and in the audit chain: a replay finds the same
answers too fast. What the client says it measured counts in nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from sessions_app.audit.chain import microseconds
from sessions_app.audit.entries import is_by_student
from sessions_app.models import PoolThresholds, SessionEvent, TestResponse, TestSession
from sessions_app.sitting.responses import Read
from testing_engine.psychometrics.pauses import Pauses
from testing_engine.psychometrics.rules import CatRules
from testing_engine.questions.answers import Points
from testing_engine.revisions import FrozenRevision, load_plan


def with_thresholds(rules: CatRules, revision: FrozenRevision) -> CatRules:
    """The rules with the thresholds that the pool's questions have now, so that nothing later changes them.

    One query, where the rules want them and do not name them.
    """
    effort = rules.effort
    if effort is None or not effort.by_question or effort.items:
        return rules
    found = sorted(
        (revision.positions[question], seconds)
        for question, seconds in PoolThresholds.seconds_in(revision.pool_id).items()
        if question in revision.positions
    )
    items, seconds = tuple(item for item, _ in found), tuple(each for _, each in found)
    return replace(rules, effort=replace(effort, items=items, thresholds=seconds))


def shared_clock() -> datetime:
    """PostgreSQL's time: no web process that is ahead or behind ends a test or a pause before its time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        (now,) = cursor.fetchone()
    assert isinstance(now, datetime)
    return now


@dataclass(frozen=True)
class Pause:
    """One that is over."""

    after_answers: int
    length: timedelta
    is_by_student: bool


def pauses_in(session: TestSession) -> list[Pause]:
    """The session's pauses that are over, the first one first."""
    return _over(list(_pause_events(session.events)))


def _pause_events(events: Any) -> QuerySet[SessionEvent]:
    """A session's in the order in which they came."""
    kinds = (SessionEvent.Kind.PAUSED, SessionEvent.Kind.CONTINUED)
    found: QuerySet[SessionEvent] = events.filter(kind__in=kinds)
    return found.order_by("session_id", "after_answers", "pk")


def _over(events: Sequence[SessionEvent]) -> list[Pause]:
    return [
        Pause(began.after_answers, ended.at - began.at, is_by_student(began))
        for began, ended in zip(events[::2], events[1::2], strict=False)
    ]


@dataclass(frozen=True)
class PausesLeft:
    """What a session's student has left of its pauses: so many, for so long together. One that is under way
    is among the taken ones; its length counts when it is over."""

    times: int
    length: timedelta


def left_of(session_id: UUID, allowed: Pauses) -> PausesLeft:
    """Of one session."""
    return left_of_each({session_id: allowed})[session_id]


def left_of_each(allowed: Mapping[UUID, Pauses]) -> dict[UUID, PausesLeft]:
    """Of each session whose rules allow so much. One query."""
    if not allowed:
        return {}
    events: dict[UUID, list[SessionEvent]] = {session_id: [] for session_id in allowed}
    for event in _pause_events(SessionEvent.objects.filter(session__in=list(allowed))):
        events[event.session_id].append(event)
    return {session_id: _left(allowed[session_id], own) for session_id, own in events.items()}


def _left(allowed: Pauses, events: list[SessionEvent]) -> PausesLeft:
    taken = [each for each in _over(events) if each.is_by_student]
    is_under_way = len(events) % 2 == 1 and is_by_student(events[-1])
    left = timedelta(minutes=allowed.minutes) - sum((each.length for each in taken), timedelta())
    return PausesLeft(max(0, allowed.times - len(taken) - is_under_way), max(left, timedelta()))


def stood_still(session: TestSession) -> Counter[int]:
    """Microseconds that its clock stood still, by how many answers came before; no query without pauses."""
    stood: Counter[int] = Counter()
    if load_plan(session.plan_id).rules.pauses is not None:
        for pause in pauses_in(session):
            stood[pause.after_answers] += pause.length // timedelta(microseconds=1)
    return stood


def asked_at(session: TestSession, responses: Sequence[TestResponse]) -> int:
    """When the question after these answers was asked, in microseconds since 1970; 0 where nothing depends
    on it. The first is asked when the test begins, or when its student says that they begin. What its clock
    stood still since then is added: so much later it might have been asked."""
    if load_plan(session.plan_id).rules.effort is None:
        return 0
    stood = stood_still(session)[len(responses)]
    if responses:
        return microseconds(responses[-1].answered_at) + stood
    begun = session.events.filter(kind=SessionEvent.Kind.BEGUN).values_list("at", flat=True).last()
    return microseconds(begun or session.started_at) + stood


def now_asked(rules: CatRules, now: datetime, stood: int = 0) -> int:
    """The same of a question that is asked now, whose clock then stands still for so many microseconds."""
    return 0 if rules.effort is None else microseconds(now) + stood


def taken(asked: int, answered: datetime) -> int | None:
    """Microseconds between question and answer; None where nobody knows when it was asked."""
    return microseconds(answered) - asked if asked else None


def is_rapid(rules: CatRules, item: int, answer: Read, microseconds: int | None) -> bool:
    """Whether the answer came too fast to count. "I don't know" is no guess, however fast; and when another
    system took an answer that comes here as points, this clock does not know."""
    if rules.effort is None or answer is None or isinstance(answer, Points):
        return False
    return rules.effort.is_rapid(item, microseconds)
