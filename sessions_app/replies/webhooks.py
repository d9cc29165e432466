"""What messages to other systems hold (docs/WEBHOOKS.md), and what the API tells of webhooks."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sessions_app.replies.values import Ability, Overall, Reply


class TestNews(Reply, frozen=True):
    """How a test stands. Never an answer."""

    session_id: UUID
    student_id: str | None  # null: erased since
    test: str | None
    status: str
    end_reason: str
    questions_answered: int
    concept_names: list[str]
    ability: Ability | None
    overall: Overall | None
    level: str


class PoolPublished(Reply, frozen=True):
    question_pool_id: UUID
    revision: int


class PoolAlarmed(Reply, frozen=True):
    question_pool_id: UUID
    night: date
    alarms: dict[str, int]


class WebhookTest(Reply, frozen=True):
    """Nothing: somebody tries whether messages arrive."""


class WebhookBody(Reply, frozen=True):
    type: str
    timestamp: datetime
    data: Any
