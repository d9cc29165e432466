"""For operators: a test gets more time, or goes on after it expired."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import replies
from sessions_app.administration import supervision
from sessions_app.administration.supervision import Supervisor
from sessions_app.api import permissions
from sessions_app.api.documentation import operation
from sessions_app.api.requests import body_of, idempotency_key_of, session_id_of
from sessions_app.api.serializers import ExtendRequestSerializer, fingerprint_of
from sessions_app.api.views import ClientView


def _supervisor(request: Request, action: str) -> Supervisor:
    return Supervisor(None, idempotency_key_of(request), fingerprint_of([action, request.data]))


class ExtendView(ClientView):
    documentation = operation.EXTEND
    permission = permissions.OPERATE

    def post(self, request: Request, session_id: str) -> Response:
        minutes = body_of(request, ExtendRequestSerializer)["minutes"]
        ids, supervisor = [session_id_of(session_id)], _supervisor(request, "extend")
        outcome = supervision.extend(ids, minutes, supervisor, now=timezone.now())
        return Response(replies.status(supervision.one(outcome)))


class ResumeView(ClientView):
    documentation = operation.RESUME
    permission = permissions.OPERATE

    def post(self, request: Request, session_id: str) -> Response:
        ids, supervisor = [session_id_of(session_id)], _supervisor(request, "resume")
        outcome = supervision.resume(ids, supervisor, now=timezone.now())
        return Response(replies.status(supervision.one(outcome)))
