"""Taking a test: start, submit, status, end."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from django.utils import timezone, translation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from sessions_app import replies
from sessions_app.administration.brands import brand_of_session
from sessions_app.api import permissions
from sessions_app.api.authentication import caller_of
from sessions_app.api.direct import DirectView
from sessions_app.api.documentation import taking_tests
from sessions_app.api.languages import language_of
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
    ClockRequestSerializer,
    StartRequestSerializer,
    StudentSerializer,
    SubmitRequestSerializer,
    fingerprint_of,
)
from sessions_app.api.throttling import limit_starts, rate_in_session
from sessions_app.api.views import ClientView, SessionView
from sessions_app.reporting import results
from sessions_app.sitting import beginning, lifecycle, pausing, submission
from sessions_app.sitting.access import Caller, may_see_result
from sessions_app.sitting.standing import Standing


class StartView(DirectView):
    documentation = taking_tests.START
    permission = permissions.DELIVER

    def post(self, request: Request) -> replies.Reply:
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
        return replies.started(
            standing, asked.student_id, in_full=request.build_absolute_uri, as_html=is_html
        )


def result_for(standing: Standing, caller: Caller, now: datetime) -> replies.Result | replies.WithheldResult:
    """Of a test that is over, what is for the caller."""
    if may_see_result(standing, caller, now):
        return replies.result(standing)
    return replies.withheld_result(standing)


class SubmitView(DirectView, SessionView):
    documentation = taking_tests.SUBMIT

    def get_throttles(self) -> list[BaseThrottle]:
        return []  # counted inside the submission's own round trip to Redis

    def post(self, request: Request) -> replies.Reply:
        is_html = wants_html(request)
        answer = SubmitRequestSerializer.submission(request.data, idempotency_key_of(request))
        named_in_log(answer.session_id)
        caller, now = caller_of(request), timezone.now()
        rate = rate_in_session(request, answer.session_id)
        standing = submission.submit(answer, caller, now=now, rate=rate)
        is_withheld = standing.is_withheld and caller.session_id is not None
        if standing.is_active:
            return replies.submitted(standing, as_html=is_html, is_withheld=is_withheld)
        if is_withheld:  # why, and until when, is not in the hot state
            told = lifecycle.status(answer.session_id, caller)
            standing = replace(standing, test=told.test, result_spec=told.result_spec)
        return result_for(standing, caller, now)


class StatusView(DirectView, SessionView):
    documentation = taking_tests.STATUS

    def get(self, request: Request, session_id: str) -> replies.Reply:
        is_html = wants_html(request)
        student_id = query_of(request, StudentSerializer).get("student_id")
        caller = caller_of(request)
        standing = lifecycle.status(session_id_of(session_id), caller, student_id=student_id)
        is_withheld = not may_see_result(standing, caller, timezone.now())
        return replies.status(standing, as_html=is_html, is_withheld=is_withheld)


class BeginView(DirectView, SessionView):
    documentation = taking_tests.BEGIN

    def post(self, request: Request, session_id: str) -> replies.Reply:
        is_html = wants_html(request)
        student_id = body_of(request, StudentSerializer).get("student_id")
        caller, now = caller_of(request), timezone.now()
        standing = beginning.begin(session_id_of(session_id), caller, now=now, student_id=student_id)
        is_withheld = not may_see_result(standing, caller, now)
        return replies.status(standing, as_html=is_html, is_withheld=is_withheld)


class _ClockView(SessionView):
    """The clock stops, or runs again."""

    name: str
    act: Callable[..., Standing]

    def post(self, request: Request, session_id: str) -> Response:
        is_html, given = wants_html(request), body_of(request, ClockRequestSerializer)
        by = pausing.By(given.get("by", pausing.By.STUDENT))
        if by is pausing.By.SUPERVISOR:
            permissions.require(request, permissions.OPERATE)
        caller, fingerprint = caller_of(request), fingerprint_of([self.name, request.data])
        asked = pausing.Asked(by, idempotency_key=idempotency_key_of(request), fingerprint=fingerprint)
        standing = self.act(session_id_of(session_id), caller, asked, student_id=given.get("student_id"))
        is_withheld = not may_see_result(standing, caller, timezone.now())
        return Response(replies.status(standing, as_html=is_html, is_withheld=is_withheld))


class PauseView(_ClockView):
    documentation = taking_tests.PAUSE
    name, act = "pause", staticmethod(pausing.pause)


class ContinueView(_ClockView):
    documentation = taking_tests.CONTINUE
    name, act = "continue", staticmethod(pausing.go_on)


class EndView(DirectView, SessionView):
    documentation = taking_tests.END

    def post(self, request: Request, session_id: str) -> replies.Reply:
        student_id = body_of(request, StudentSerializer).get("student_id")
        caller, now = caller_of(request), timezone.now()
        standing = lifecycle.end(
            session_id_of(session_id),
            caller,
            now=now,
            student_id=student_id,
            idempotency_key=idempotency_key_of(request),
            fingerprint=fingerprint_of(request.data),
        )
        return result_for(standing, caller, now)


class ResultView(SessionView):
    documentation = taking_tests.RESULT

    def get(self, request: Request, session_id: str) -> Response:
        found = results.result_of(session_id_of(session_id), caller_of(request), now=timezone.now())
        with translation.override(language_of(request)):
            return Response(replies.result_with_path(found), headers={"Vary": "Accept-Language"})


class OrganisationView(SessionView):
    documentation = taking_tests.ORGANISATION

    def get(self, request: Request, session_id: str) -> Response:
        brand = brand_of_session(session_id_of(session_id), caller_of(request))
        return Response(replies.organisation(brand))


class TokenView(ClientView):
    documentation = taking_tests.RENEW_TOKEN
    permission = permissions.DELIVER

    def post(self, request: Request, session_id: str) -> Response:
        return Response(replies.token(lifecycle.renew_token(session_id_of(session_id), caller_of(request))))
