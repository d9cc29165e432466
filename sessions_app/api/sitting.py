"""Taking a test: start, submit, status, end."""

import secrets

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from sessions_app import replies
from sessions_app.api import permissions
from sessions_app.api.authentication import caller_of
from sessions_app.api.documentation import taking_tests
from sessions_app.api.requests import (
    body_of,
    idempotency_key_of,
    named_in_log,
    query_of,
    rules_of,
    session_id_of,
    wants_html,
)
from sessions_app.api.serializers import (
    StartRequestSerializer,
    StudentSerializer,
    SubmitRequestSerializer,
    fingerprint_of,
)
from sessions_app.api.throttling import limit_starts, rate_in_session
from sessions_app.api.views import ClientView, SessionView
from sessions_app.reporting import results
from sessions_app.sitting import lifecycle, submission


class StartView(ClientView):
    documentation = taking_tests.START
    permission = permissions.DELIVER

    def post(self, request: Request) -> Response:
        is_html = wants_html(request)
        body = StartRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        limit_starts(body.validated_data["student_id"])
        with rules_of(request.data):
            asked = body.test_request(idempotency_key_of(request))
            standing = lifecycle.start(
                asked, caller_of(request), seed=secrets.randbits(63), now=timezone.now()
            )
        named_in_log(standing.session_id)
        reply = replies.started(
            standing, asked.student_id, in_full=request.build_absolute_uri, as_html=is_html
        )
        return Response(reply)


class SubmitView(SessionView):
    documentation = taking_tests.SUBMIT

    def get_throttles(self) -> list[BaseThrottle]:
        return []  # counted inside the submission's own round trip to Redis

    def post(self, request: Request) -> Response:
        is_html = wants_html(request)
        answer = SubmitRequestSerializer.submission(request.data, idempotency_key_of(request))
        named_in_log(answer.session_id)
        standing = submission.submit(
            answer,
            caller_of(request),
            now=timezone.now(),
            rate=rate_in_session(request, answer.session_id),
        )
        return Response(replies.submitted(standing, as_html=is_html))


class StatusView(SessionView):
    documentation = taking_tests.STATUS

    def get(self, request: Request, session_id: str) -> Response:
        is_html = wants_html(request)
        student_id = query_of(request, StudentSerializer).get("student_id")
        standing = lifecycle.status(session_id_of(session_id), caller_of(request), student_id=student_id)
        return Response(replies.status(standing, as_html=is_html))


class EndView(SessionView):
    documentation = taking_tests.END

    def post(self, request: Request, session_id: str) -> Response:
        student_id = body_of(request, StudentSerializer).get("student_id")
        standing = lifecycle.end(
            session_id_of(session_id),
            caller_of(request),
            now=timezone.now(),
            student_id=student_id,
            idempotency_key=idempotency_key_of(request),
            fingerprint=fingerprint_of(request.data),
        )
        return Response(replies.result(standing))


class ResultView(SessionView):
    documentation = taking_tests.RESULT

    def get(self, request: Request, session_id: str) -> Response:
        standing, path = results.result_of(session_id_of(session_id), caller_of(request))
        return Response(replies.result_with_path(standing, path))


class TokenView(ClientView):
    documentation = taking_tests.RENEW_TOKEN
    permission = permissions.DELIVER

    def post(self, request: Request, session_id: str) -> Response:
        return Response(replies.token(lifecycle.renew_token(session_id_of(session_id), caller_of(request))))
