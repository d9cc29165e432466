"""For operators: a test gets more time, or goes on after it expired."""

import hashlib
import json
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sessions_app import replies
from sessions_app.administration import supervision
from sessions_app.administration.supervision import Supervisor
from sessions_app.api import permissions
from sessions_app.api.serializers import Body, ExtendRequestSerializer
from sessions_app.api.sitting import A_STATUS, IDEMPOTENCY_KEY, idempotency_key_of, session_id_of


def _supervisor(request: Request, action: str) -> Supervisor:
    canonical = json.dumps([action, request.data], sort_keys=True).encode()
    return Supervisor(None, idempotency_key_of(request), hashlib.sha256(canonical).hexdigest())


class ExtendView(APIView):
    permission_classes = [permissions.Holds]
    permission = permissions.OPERATE
    problems = ("404", "409")

    @extend_schema(
        operation_id="extend_test",
        tags=["Operation"],
        summary="Give a running test more time",
        description=(
            "Any client's test. Adds up: send an `Idempotency-Key`, so that a repeated request does not "
            "extend twice. Refused with 409 `session_not_active`, or `no_deadline` where there is no limit."
        ),
        parameters=[IDEMPOTENCY_KEY],
        request=ExtendRequestSerializer,
        responses=replies.SessionStatus,
        examples=[
            OpenApiExample("Ten minutes", request_only=True, value={"minutes": 10}),
            OpenApiExample("Extended", response_only=True, value=A_STATUS),
        ],
    )
    def post(self, request: Request, session_id: str) -> Response:
        body = ExtendRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        ids, supervisor = [session_id_of(session_id)], _supervisor(request, "extend")
        outcome = supervision.extend(ids, body.validated_data["minutes"], supervisor, now=timezone.now())
        return Response(replies.status(supervision.one(outcome)))


class ResumeView(APIView):
    permission_classes = [permissions.Holds]
    permission = permissions.OPERATE
    problems = ("404", "409")

    @extend_schema(
        operation_id="resume_test",
        tags=["Operation"],
        summary="Let an expired test go on where it stood",
        description=(
            "Any client's test. Where its deadline has passed, it gets the time that was left after its last "
            "answer. Refused with 409 `session_not_expired` for a test that runs, is completed or was ended."
        ),
        parameters=[IDEMPOTENCY_KEY],
        request=Body,
        responses=replies.SessionStatus,
        examples=[
            OpenApiExample("Nothing to say", request_only=True, value={}),
            OpenApiExample("Resumed", response_only=True, value=A_STATUS),
        ],
    )
    def post(self, request: Request, session_id: str) -> Response:
        ids, supervisor = [session_id_of(session_id)], _supervisor(request, "resume")
        outcome: Any = supervision.resume(ids, supervisor, now=timezone.now())
        return Response(replies.status(supervision.one(outcome)))
