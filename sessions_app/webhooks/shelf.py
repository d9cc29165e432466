"""Who is told of what: webhooks made, found and changed, for the admin and over the API."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from organisations.acting import below_what_was_found
from organisations.membership import accounts
from sessions_app.creations import made_before
from sessions_app.models import ApiClient, Webhook, WebhookMessage
from sessions_app.outgoing.addresses import AddressRefused, parsed
from sessions_app.refusals import WebhookMessageNotFound, WebhookNotFound


class WebhookRefused(ValueError):
    """Nothing was changed. `problems`: (field, what is wrong)."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {said}" for field, said in problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class Wishes:
    """`client`: the name of the API client of whose tests alone it is told; None: of everybody's."""

    url: str
    events: tuple[str, ...]
    client: str | None = None
    is_active: bool = True


@transaction.atomic
def make(webhook_id: UUID, wishes: Wishes) -> Webhook:
    """A webhook with a secret of its own; the same id again is the same webhook.

    Raises `WebhookRefused`, and `IdempotencyKeyReused` where the key made another (`creations`).
    """
    if (before := made_before(listed(), "pk", webhook_id)) is not None:
        return before
    return Webhook.objects.create(pk=webhook_id, **_values(wishes))


def change(webhook: Webhook, wishes: Wishes) -> Webhook:
    """Raises `WebhookRefused`. Safe to repeat."""
    was_active = webhook.is_active
    for name, value in _values(wishes).items():
        setattr(webhook, name, value)
    if webhook.is_active and not was_active:
        switched_on(webhook)
    webhook.save()
    return webhook


def switched_on(webhook: Webhook) -> None:
    """What it failed with before is over."""
    webhook.failing_since, webhook.switched_off_because = None, ""


def wishes_of(webhook: Webhook) -> Wishes:
    client = None if webhook.client is None else webhook.client.get_username()
    return Wishes(webhook.url, tuple(webhook.events), client, webhook.is_active)


def _values(wishes: Wishes) -> dict[str, Any]:
    problems = []
    try:
        parsed(wishes.url)
    except AddressRefused as refused:
        problems.append(("url", str(refused)))
    client = None
    if wishes.client is not None:
        client = ApiClient.objects.filter(username=wishes.client, pk__in=accounts().values("pk")).first()
        if client is None:
            problems.append(("client", "There is no API client of that name."))
    if problems:
        raise WebhookRefused(problems)
    client_id = None if client is None else client.pk
    events = list(dict.fromkeys(wishes.events))
    return {"url": wishes.url, "events": events, "client_id": client_id, "is_active": wishes.is_active}


def listed() -> QuerySet[Webhook]:
    return Webhook.objects.select_related("client").order_by("created_at", "id")


def find(webhook_id: str) -> Webhook:
    """Raises `WebhookNotFound`."""
    try:
        return listed().get(pk=webhook_id)
    except (Webhook.DoesNotExist, ValidationError) as error:
        raise WebhookNotFound from error


def messages_of(webhook: Webhook) -> QuerySet[WebhookMessage]:
    """The newest first."""
    with below_what_was_found():
        messages = WebhookMessage.objects.filter(webhook=webhook)
    return messages.order_by("-happened_at", "id")


def message_of(webhook: Webhook, message_id: str) -> WebhookMessage:
    """Raises `WebhookMessageNotFound`."""
    try:
        return messages_of(webhook).get(pk=message_id)
    except (WebhookMessage.DoesNotExist, ValidationError) as error:
        raise WebhookMessageNotFound from error
