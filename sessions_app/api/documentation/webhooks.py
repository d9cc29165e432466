"""For whoever connects other systems: who is told what happens (docs/WEBHOOKS.md)."""

from sessions_app import replies
from sessions_app.api.documentation.endpoint import Endpoint, asked, replied
from sessions_app.api.documentation.parameters import IDEMPOTENCY_KEY
from sessions_app.api.serializers import Body
from sessions_app.api.webhook_requests import WebhookChange, WebhookRequest

TAG = "Webhooks"
_WEBHOOK = {
    "webhook_id": "7d1f4a2e-0c6b-4f0e-9d53-0c7f6a1b2d3e",
    "url": "https://lms.example.org/adaptive",
    "events": ["test.completed", "test.expired"],
    "client": None,
    "is_active": True,
    "failing_since": None,
    "switched_off_because": "",
    "created_at": "2026-11-26T09:00:00Z",
}
_MESSAGE = {
    "message_id": "2b9c7f1e-5a34-4c1d-8f6a-9e0d1c2b3a4f",
    "webhook_id": _WEBHOOK["webhook_id"],
    "type": "test.completed",
    "happened_at": "2026-11-26T09:30:00Z",
    "attempts": 1,
    "delivered_at": "2026-11-26T09:30:04Z",
    "next_try_at": None,
    "answer": "HTTP 204",
}
_DUE = {**_MESSAGE, "attempts": 0, "delivered_at": None, "next_try_at": "2026-11-26T10:00:00Z", "answer": ""}

LIST = Endpoint(
    "list_webhooks",
    TAG,
    "All webhooks, the oldest first",
    reply=replies.WebhookReply,
    problems=("404",),
    examples=(replied("One", _WEBHOOK),),
)

MAKE = Endpoint(
    "make_webhook",
    TAG,
    "Tell an address of what happens",
    description=(
        "Its `secret` is in this reply and in no other. Send an `Idempotency-Key`: the same request again "
        "makes no second webhook, and gets the secret again. Refused: addresses that are not https."
    ),
    request=WebhookRequest,
    reply=replies.WebhookReply,
    parameters=(IDEMPOTENCY_KEY,),
    problems=("409",),
    examples=(
        asked("Of ends", {"url": _WEBHOOK["url"], "events": _WEBHOOK["events"]}),
        replied("Made", {**_WEBHOOK, "secret": "whsec_…"}),
    ),
)

READ = Endpoint(
    "read_webhook",
    TAG,
    "A webhook, and whether its messages arrive",
    reply=replies.WebhookReply,
    problems=("404",),
    examples=(replied("One", _WEBHOOK),),
)

CHANGE = Endpoint(
    "change_webhook",
    TAG,
    "Change a webhook, or switch it on or off",
    description="What is left out stays. Switched on again, it begins anew. Safe to repeat.",
    request=WebhookChange,
    reply=replies.WebhookReply,
    problems=("404",),
    examples=(asked("Off", {"is_active": False}), replied("Off", {**_WEBHOOK, "is_active": False})),
)

DELETE = Endpoint(
    "delete_webhook",
    TAG,
    "Delete a webhook and what waits to be sent to it",
    reply={(200, "application/json"): replies.WebhookReply},
    problems=("404",),
    examples=(replied("As it was", _WEBHOOK),),
)

TRY = Endpoint(
    "try_webhook",
    TAG,
    "Send a message that says nothing, to see whether it arrives",
    description="Tried once, within a quarter of a minute; the list of messages tells what came of it.",
    request=Body,
    reply=replies.WebhookMessageReply,
    problems=("404",),
    examples=(asked("Nothing to say", {}), replied("On its way", {**_DUE, "type": "webhook.test"})),
)

LIST_MESSAGES = Endpoint(
    "list_webhook_messages",
    TAG,
    "What was sent to a webhook, the newest first",
    reply=replies.WebhookMessageReply,
    problems=("404",),
    examples=(replied("One that arrived", _MESSAGE),),
)

RESEND = Endpoint(
    "resend_webhook_message",
    TAG,
    "Send a message again, from the first try on",
    description="Safe to repeat.",
    request=Body,
    reply=replies.WebhookMessageReply,
    problems=("404",),
    examples=(asked("Nothing to say", {}), replied("On its way", _DUE)),
)
