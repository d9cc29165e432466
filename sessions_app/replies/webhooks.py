"""What messages to other systems hold (docs/WEBHOOKS.md), and what the API tells of webhooks."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from sessions_app.models import Webhook, WebhookMessage
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


class WebhookReply(Reply, frozen=True):
    webhook_id: UUID
    url: str
    events: list[str]
    client: Annotated[
        str | None, Meta(description="Told of this API client's tests alone; null: of everybody's.")
    ]
    is_active: bool
    failing_since: Annotated[datetime | None, Meta(description="null: the last message arrived.")]
    switched_off_because: Annotated[str, Meta(description="Why the service did so; empty: it did not.")]
    created_at: datetime
    secret: Annotated[
        str | UnsetType,
        Meta(
            description="What messages are signed with: in the reply that makes the webhook, and in no other."
        ),
    ] = UNSET


class WebhookMessageReply(Reply, frozen=True):
    message_id: Annotated[UUID, Meta(description="The header `webhook-id`.")]
    webhook_id: UUID
    type: str
    happened_at: datetime
    attempts: int
    delivered_at: Annotated[datetime | None, Meta(description="null: it did not arrive, or not yet.")]
    next_try_at: Annotated[datetime | None, Meta(description="null: it is settled.")]
    answer: Annotated[str, Meta(description="What came of the last try.")]


def webhook(row: Webhook, *, is_new: bool = False) -> WebhookReply:
    return WebhookReply(
        webhook_id=row.pk,
        url=row.url,
        events=list(row.events),
        client=None if row.client is None else row.client.get_username(),
        is_active=row.is_active,
        failing_since=row.failing_since,
        switched_off_because=row.switched_off_because,
        created_at=row.created_at,
        secret=row.secret if is_new else UNSET,
    )


def webhook_message(row: WebhookMessage) -> WebhookMessageReply:
    return WebhookMessageReply(
        message_id=row.pk,
        webhook_id=row.webhook_id,
        type=row.kind,
        happened_at=row.happened_at,
        attempts=row.attempts,
        delivered_at=row.delivered_at,
        next_try_at=row.next_try_at,
        answer=row.answer,
    )
