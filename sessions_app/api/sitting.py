"""Taking a test: start, submit, status, end."""

import secrets
from typing import Any
from uuid import UUID

import structlog
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from sessions_app import replies
from sessions_app.api import permissions
from sessions_app.api.authentication import caller_of
from sessions_app.api.errors import InvalidBody, Problem
from sessions_app.api.rendering import RENDER, wants_html
from sessions_app.api.serializers import (
    StartRequestSerializer,
    StudentSerializer,
    SubmitRequestSerializer,
    fingerprint_of,
)
from sessions_app.api.throttling import limit_starts, rate_in_session
from sessions_app.refusals import RulesRefused, SessionNotFound
from sessions_app.reporting import results
from sessions_app.sitting import lifecycle, submission
from testing_engine.psychometrics.rules import RulesError

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="A repeated request with the same key gets the first reply again. 1 to 200 ASCII characters.",
)
SUBMITTED: list[Any] = [replies.Continued, replies.Result]
STUDENT_ID = OpenApiParameter(
    "student_id", str, description="Given, it must be the session's student: 403 otherwise."
)
A_QUESTION = {
    "id": "alg-017",
    "content": "Solve 3x − 7 = 11.",
    "options": ["x = 4/3", "x = 6", "x = −6", "x = 18"],
    "concepts": [0, 1],
}
AN_ABILITY = {"theta": [0.0, 0.41], "standard_error": [1.0, 0.86]}
A_TEST = {
    "name": "algebra-autumn",
    "title": "Algebra, autumn term",
    "introduction": "Take your time. You cannot go back.",
    "closing": "Thank you.",
    "show_theta": False,
    "allow_dont_know": True,
}
A_START = {
    "session_id": "4f8d0c0e-7c1b-4b9e-8a57-5b5c1a3a2c01",
    "session_token": "T43cDnwbS56KV1tcGjosAQBnQc1T:wJ…",
    "take_url": "https://tests.example.org/take/test#T43cDnwbS56KV1tcGjosAQBnQc1T:wJ…",
    "student_id": "student-1",
    "initial_proficiency": [0.5, 0.5],
    "ability": {"theta": [0.0, 0.0], "standard_error": [1.0, 1.0]},
    "concept_names": ["Math", "Algebra"],
    "next_question": A_QUESTION,
    "questions_answered": 0,
    "deadline": "2026-11-22T10:45:00Z",
    "test": A_TEST,
    "status": "started",
}
A_RESULT = {
    "final_proficiency": [0.731, 0.655],
    "ability": {"theta": [0.616, 0.399], "standard_error": [0.29, 0.28]},
    "total_questions": 14,
    "accuracy": 0.642857,
    "test_summary": {
        "end_reason": "precision",
        "correct_responses": 9,
        "duration_seconds": 412.6,
        "learning_gain": 0.193,
        "concepts": [
            {"name": "Math", "proficiency": 0.731, "proficiency_95": [0.52, 0.88]},
            {"name": "Algebra", "proficiency": 0.655, "proficiency_95": [0.44, 0.83]},
        ],
    },
}

A_STATUS = {
    "session_id": "4f8d0c0e-7c1b-4b9e-8a57-5b5c1a3a2c01",
    "status": "active",
    "current_proficiency": [0.5, 0.659],
    "ability": AN_ABILITY,
    "concept_names": ["Math", "Algebra"],
    "questions_answered": 1,
    "max_questions": 20,
    "is_active": True,
    "next_question": A_QUESTION,
    "started_at": "2026-11-22T10:00:00Z",
    "completed_at": None,
    "deadline": "2026-11-22T10:45:00Z",
    "test": A_TEST,
}


def idempotency_key_of(request: Request) -> str | None:
    """The header, or None where there is none."""
    key: str | None = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= 200 or not all("!" <= character <= "~" for character in key):
        raise Problem(
            400, "invalid_idempotency_key", "Idempotency-Key must be 1 to 200 visible ASCII characters."
        )
    return key


def session_id_of(text: str) -> UUID:
    """The id in the address; what is no UUID is no session either."""
    try:
        return named_in_log(UUID(text))
    except ValueError as error:
        raise SessionNotFound from error


def named_in_log(session_id: UUID) -> UUID:
    """Every line of this request from here on carries the session's id."""
    structlog.contextvars.bind_contextvars(session_id=str(session_id))
    return session_id


class StartView(APIView):
    permission_classes = [permissions.Holds]
    permission = permissions.DELIVER
    problems = ("404", "409")

    @extend_schema(
        operation_id="start_test",
        tags=["Taking a test"],
        summary="Start a test",
        description=(
            "Either `test` names a test that a teacher prepared, or pool and rules are given here.\n\n"
            "A named test can refuse: 404 `test_not_found`; 409 `test_not_open` with `opens_at` and "
            "`closes_at`; 403 `not_invited`; 409 `no_attempts_left`."
        ),
        parameters=[IDEMPOTENCY_KEY, RENDER],
        request=StartRequestSerializer,
        responses=replies.Started,
        examples=[
            OpenApiExample(
                "Until the standard error is 0.3",
                request_only=True,
                value={
                    "student_id": "student-1",
                    "question_pool_id": "0b9f4c5e-2f5a-4d3b-9d53-0d6c5d2f9a11",
                    "end_criteria": {"type": "precision", "precision_threshold": 0.3, "max_questions": 20},
                },
            ),
            OpenApiExample(
                "A named test",
                request_only=True,
                value={"student_id": "student-1", "test": "algebra-autumn"},
            ),
            OpenApiExample(
                "Started",
                response_only=True,
                value=A_START,
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        is_html = wants_html(request)
        body = StartRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        limit_starts(body.validated_data["student_id"])
        try:
            asked = body.test_request(idempotency_key_of(request))
            standing = lifecycle.start(
                asked, caller_of(request), seed=secrets.randbits(63), now=timezone.now()
            )
        except (RulesError, RulesRefused) as error:
            raise InvalidBody(in_body(error.problems, request.data), code="rules_refused") from error
        named_in_log(standing.session_id)
        reply = replies.started(
            standing, asked.student_id, in_full=request.build_absolute_uri, as_html=is_html
        )
        return Response(reply)


def in_body(problems: list[tuple[str, str]], data: Any) -> list[tuple[str, str]]:
    """Pointers into the body; the engine's own point into the rules, which `end_criteria` only stand for."""
    if data.get("test") is not None:
        return [("/test", f"The test's rules do not fit its pool any more: {text}") for _, text in problems]
    if data.get("rules") is not None:
        return [(f"/rules{pointer}", message) for pointer, message in problems]
    simple = "/end_criteria"
    return [(pointer if pointer.startswith(simple) else simple, message) for pointer, message in problems]


class SubmitView(APIView):
    permission_classes = [permissions.HoldsOrOwnSession]
    permission = permissions.DELIVER
    problems = ("404", "409")

    def get_throttles(self) -> list[BaseThrottle]:
        return []  # counted inside the submission's own round trip to Redis

    @extend_schema(
        operation_id="submit_answer",
        tags=["Taking a test"],
        summary="Answer the current question",
        parameters=[IDEMPOTENCY_KEY, RENDER],
        request=SubmitRequestSerializer,
        responses=PolymorphicProxySerializer("Submitted", SUBMITTED, resource_type_field_name=None),
        examples=[
            OpenApiExample(
                "The second option",
                request_only=True,
                value={
                    "session_id": "4f8d0c0e-7c1b-4b9e-8a57-5b5c1a3a2c01",
                    "question_id": "alg-017",
                    "response": 1,
                    "response_time_ms": 8200,
                },
            ),
            OpenApiExample(
                "Going on",
                response_only=True,
                value={
                    "status": "continue",
                    "current_proficiency": [0.5, 0.659],
                    "ability": AN_ABILITY,
                    "next_question": A_QUESTION,
                    "questions_answered": 1,
                    "deadline": None,
                },
            ),
            OpenApiExample("Finished", response_only=True, value={"status": "completed", **A_RESULT}),
        ],
    )
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


class StatusView(APIView):
    permission_classes = [permissions.HoldsOrOwnSession]
    permission = permissions.DELIVER
    problems = ("400", "404")

    @extend_schema(
        operation_id="test_status",
        tags=["Taking a test"],
        summary="Where a test stands",
        parameters=[STUDENT_ID, RENDER],
        responses=replies.SessionStatus,
        examples=[
            OpenApiExample(
                "Running",
                response_only=True,
                value=A_STATUS,
            )
        ],
    )
    def get(self, request: Request, session_id: str) -> Response:
        is_html = wants_html(request)
        query = StudentSerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        standing = lifecycle.status(
            session_id_of(session_id), caller_of(request), student_id=query.validated_data.get("student_id")
        )
        return Response(replies.status(standing, as_html=is_html))


class EndView(APIView):
    permission_classes = [permissions.HoldsOrOwnSession]
    permission = permissions.DELIVER
    problems = ("404", "409")

    @extend_schema(
        operation_id="end_test",
        tags=["Taking a test"],
        summary="End a test early",
        description="Safe to repeat: a test that is over gives its result again.",
        parameters=[IDEMPOTENCY_KEY],
        request=StudentSerializer,
        responses=replies.Result,
        examples=[OpenApiExample("Ended", response_only=True, value={"status": "ended", **A_RESULT})],
    )
    def post(self, request: Request, session_id: str) -> Response:
        body = StudentSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        standing = lifecycle.end(
            session_id_of(session_id),
            caller_of(request),
            now=timezone.now(),
            student_id=body.validated_data.get("student_id"),
            idempotency_key=idempotency_key_of(request),
            fingerprint=fingerprint_of(request.data),
        )
        return Response(replies.result(standing))


class ResultView(APIView):
    permission_classes = [permissions.HoldsOrOwnSession]
    permission = permissions.DELIVER
    problems = ("404", "409")

    @extend_schema(
        operation_id="test_result",
        tags=["Taking a test"],
        summary="The result of a test that is over",
        description="With the path of the estimate. 409 `session_active` while the test runs.",
        responses=replies.ResultWithPath,
        examples=[
            OpenApiExample(
                "Over",
                response_only=True,
                value={
                    "status": "completed",
                    **A_RESULT,
                    "session_id": "4f8d0c0e-7c1b-4b9e-8a57-5b5c1a3a2c01",
                    "concept_names": ["Math", "Algebra"],
                    "path": [
                        {
                            "questions_answered": 0,
                            "proficiency": [0.5, 0.5],
                            "proficiency_95": [[0.025, 0.975], [0.025, 0.975]],
                        }
                    ],
                },
            )
        ],
    )
    def get(self, request: Request, session_id: str) -> Response:
        standing, path = results.result_of(session_id_of(session_id), caller_of(request))
        return Response(replies.result_with_path(standing, path))


class TokenView(APIView):
    permission_classes = [permissions.Holds]
    permission = permissions.DELIVER
    problems = ("404",)

    @extend_schema(
        operation_id="renew_token",
        tags=["Taking a test"],
        summary="Revoke a session's tokens and get a new one",
        description=(
            "Every earlier `session_token` of the session stops working at once. The new one lives as long "
            "as they would have: that is counted from the start of the session."
        ),
        request=None,
        responses=replies.RenewedToken,
        examples=[
            OpenApiExample(
                "The only one that works now",
                response_only=True,
                value={
                    "session_id": "4f8d0c0e-7c1b-4b9e-8a57-5b5c1a3a2c01",
                    "session_token": "T43cDnwbS56KV1tcGjosAQBnQc1TAAAAAQ==:wJ…",
                },
            )
        ],
    )
    def post(self, request: Request, session_id: str) -> Response:
        return Response(replies.token(lifecycle.renew_token(session_id_of(session_id), caller_of(request))))
