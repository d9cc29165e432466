"""What requests about webhooks may hold."""

from typing import Any

from rest_framework import serializers

from sessions_app.api.serializers import StrictBody, Text
from sessions_app.models import Webhook
from sessions_app.models.webhooks import LONGEST_ADDRESS
from sessions_app.webhooks.shelf import Wishes


class WebhookRequest(StrictBody):
    url = Text(max_length=LONGEST_ADDRESS, help_text="https://… of the system that is told.")
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=Webhook.Kind.choices), min_length=1, max_length=50
    )
    client = Text(
        max_length=150,
        required=False,
        allow_null=True,
        help_text="An API client's name: told of the tests that it started alone. Left out: of everybody's.",
    )
    is_active = serializers.BooleanField(required=False, help_text="Left out: true.")


class WebhookChange(WebhookRequest):
    """What is left out stays."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, partial=True, **kwargs)


def wishes_in(fields: dict[str, Any], before: Wishes | None = None) -> Wishes:
    """The request in the domain's terms, upon what was wished before."""
    known = {} if before is None else dict(vars(before))
    said = {name: tuple(value) if name == "events" else value for name, value in fields.items()}
    return Wishes(**{**known, **said})
