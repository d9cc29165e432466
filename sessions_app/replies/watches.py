"""Replies about a pool's nights."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta

from sessions_app.models import PoolWatch
from sessions_app.replies.values import Reply
from testing_engine.monitoring.sentences import not_looked_at, told


class WatchFinding(Reply, frozen=True):
    """Something that a night found; `kind` and `question` make it the same on another night."""

    kind: Annotated[str, Meta(description="docs/WATCH.md lists them.")]
    severity: Annotated[str, Meta(description="alarm or notice.")]
    question: Annotated[str | None, Meta(description="Its id; null where it is about the pool.")]
    change: Annotated[str, Meta(description="new, still or gone, against the night before.")]
    since: Annotated[date, Meta(description="The first night of those without a break.")]
    sentence: Annotated[str, Meta(description="What was found.")]
    advice: Annotated[str, Meta(description="What to do.")]
    numbers: dict[str, Any]


class WatchReply(Reply, frozen=True):
    """A night's look at a pool's delivered answers."""

    question_pool_id: UUID
    night: date
    revision: Annotated[int, Meta(description="Whose parameters were held against the answers.")]
    since: Annotated[datetime, Meta(description="Tests count that were over from then on")]
    until: Annotated[datetime, Meta(description="and by then.")]
    created_at: datetime
    alarms: int
    notices: int
    findings: Annotated[list[WatchFinding], Meta(description="Alarms first; at the end those that are gone.")]
    not_looked_at: Annotated[list[str], Meta(description="What could not be looked at, and why.")]
    numbers: Annotated[
        dict[str, Any],
        Meta(description="Population, persons, use, effort, and of all questions a column a number."),
    ]
    engine_version: str
    data_hash: Annotated[str, Meta(description="SHA-256 of the answers and of all else it rests on.")]
    result_hash: str


def watch_reply(found: PoolWatch) -> WatchReply:
    """Everything of that night."""
    result = found.result
    findings = [_finding(each) for each in result["found"]]
    findings += [_finding({**each, "change": "gone"}) for each in result["gone"]]
    return WatchReply(
        question_pool_id=found.pool_id,
        night=found.night,
        revision=found.revision.number,
        since=found.since,
        until=found.until,
        created_at=found.created_at,
        alarms=sum(found.alarms.values()),
        notices=found.notices,
        findings=findings,
        not_looked_at=[f"{not_looked_at(reason)}" for reason in result["numbers"]["not_looked_at"]],
        numbers=result["numbers"],
        engine_version=found.engine_version,
        data_hash=found.data_hash,
        result_hash=found.result_hash,
    )


def _finding(each: dict[str, Any]) -> WatchFinding:
    said = told(each["kind"], each["item"], each["numbers"])
    return WatchFinding(
        kind=each["kind"],
        severity=each["severity"],
        question=each["item"],
        change=each["change"],
        since=date.fromisoformat(each["since"]),
        sentence=f"{said.what}",
        advice=f"{said.do}",
        numbers=each["numbers"],
    )
