"""How long answers took by this service's own clock, and which came too fast to count.

A question is asked with the reply to the answer before, the first one when the test begins. So the times
stand in the rows, and in the audit chain: a replay finds the same answers too fast. What the client says it
measured counts in nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sessions_app.audit.chain import microseconds
from sessions_app.models import PoolThresholds, SessionEvent, TestResponse, TestSession
from sessions_app.sitting.responses import Read
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


def asked_at(session: TestSession, responses: Sequence[TestResponse]) -> int:
    """When the question after these answers was asked, in microseconds since 1970; 0 where nothing depends
    on it. The first is asked when the test begins, or when its student says that they begin."""
    if load_plan(session.plan_id).rules.effort is None:
        return 0
    if responses:
        return microseconds(responses[-1].answered_at)
    begun = session.events.filter(kind=SessionEvent.Kind.BEGUN).values_list("at", flat=True).last()
    return microseconds(begun or session.started_at)


def now_asked(rules: CatRules, now: datetime) -> int:
    """The same of a question that is asked now."""
    return 0 if rules.effort is None else microseconds(now)


def taken(asked: int, answered: datetime) -> int | None:
    """Microseconds between question and answer; None where nobody knows when it was asked."""
    return microseconds(answered) - asked if asked else None


def is_rapid(rules: CatRules, item: int, answer: Read, microseconds: int | None) -> bool:
    """Whether the answer came too fast to count. "I don't know" is no guess, however fast; and when another
    system took an answer that comes here as points, this clock does not know."""
    if rules.effort is None or answer is None or isinstance(answer, Points):
        return False
    return rules.effort.is_rapid(item, microseconds)
