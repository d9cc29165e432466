"""Webhooks and their messages."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import replies
from sessions_app.api import permissions
from sessions_app.api.documentation import webhooks as documentation_of
from sessions_app.api.errors import InvalidBody
from sessions_app.api.requests import body_of, creation_of
from sessions_app.api.views import ClientView, ListView
from sessions_app.api.webhook_requests import WebhookChange, WebhookRequest, wishes_in
from sessions_app.models import Webhook, WebhookMessage
from sessions_app.outgoing import queue
from sessions_app.webhooks import outbox, shelf
from sessions_app.webhooks.shelf import WebhookRefused

_SALT = "sessions_app.api.webhooks.webhook_id"


@contextmanager
def _refused_fields() -> Iterator[None]:
    try:
        yield
    except WebhookRefused as refused:
        raise InvalidBody([(f"/{field}", said) for field, said in refused.problems]) from refused


class WebhookListView(ListView):
    documentation = {"GET": documentation_of.LIST, "POST": documentation_of.MAKE}
    permission = {"GET": permissions.SEE_WEBHOOKS, "POST": permissions.ADD_WEBHOOKS}
    reply = staticmethod(replies.webhook)

    def get_queryset(self) -> QuerySet[Webhook]:
        return shelf.listed()

    def post(self, request: Request) -> Response:
        wishes = wishes_in(body_of(request, WebhookRequest))
        with _refused_fields():
            made = shelf.make(creation_of(request, _SALT), wishes)
        return Response(replies.webhook(made, is_new=True))


class WebhookView(ClientView):
    documentation = {
        "GET": documentation_of.READ,
        "PATCH": documentation_of.CHANGE,
        "DELETE": documentation_of.DELETE,
    }
    permission = {
        "GET": permissions.SEE_WEBHOOKS,
        "PATCH": permissions.CHANGE_WEBHOOKS,
        "DELETE": permissions.DELETE_WEBHOOKS,
    }

    def get(self, request: Request, webhook_id: str) -> Response:
        return Response(replies.webhook(shelf.find(webhook_id)))

    def patch(self, request: Request, webhook_id: str) -> Response:
        webhook = shelf.find(webhook_id)
        wishes = wishes_in(body_of(request, WebhookChange), shelf.wishes_of(webhook))
        with _refused_fields():
            return Response(replies.webhook(shelf.change(webhook, wishes)))

    def delete(self, request: Request, webhook_id: str) -> Response:
        webhook = shelf.find(webhook_id)
        told = replies.webhook(webhook)
        webhook.delete()
        return Response(told)


class WebhookTestView(ClientView):
    documentation = documentation_of.TRY
    permission = permissions.CHANGE_WEBHOOKS

    def post(self, request: Request, webhook_id: str) -> Response:
        return Response(replies.webhook_message(_as_stored(outbox.send_test(shelf.find(webhook_id)))))


class WebhookMessageListView(ListView):
    documentation = documentation_of.LIST_MESSAGES
    permission = permissions.SEE_WEBHOOKS
    reply = staticmethod(replies.webhook_message)

    def get_queryset(self) -> QuerySet[WebhookMessage]:
        return shelf.messages_of(shelf.find(self.kwargs["webhook_id"]))


class ResendView(ClientView):
    documentation = documentation_of.RESEND
    permission = permissions.CHANGE_WEBHOOKS

    def post(self, request: Request, webhook_id: str, message_id: str) -> Response:
        message = shelf.message_of(shelf.find(webhook_id), message_id)
        queue.send_again(message, timezone.now())
        return Response(replies.webhook_message(_as_stored(message)))


def _as_stored(message: WebhookMessage) -> WebhookMessage:
    """With what the database says of it."""
    message.refresh_from_db()
    return message
