"""Export a student, erase a student."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sessions_app import replies
from sessions_app.administration import privacy
from sessions_app.api import permissions
from sessions_app.api.authentication import caller_of
from sessions_app.api.errors import InvalidBody, Problem
from sessions_app.api.serializers import EraseRequestSerializer
from sessions_app.reporting.results import StudentNotFound

AN_EXPORT: dict[str, Any] = {
    "generated_at": "2026-11-22T12:00:00+00:00",
    "data_dictionary": {"student": "What is known of the person."},
    "student": {
        "student_id": "student-1",
        "name": "",
        "email": "",
        "grade_level": "",
        "created_at": "2026-11-22T10:00:00+00:00",
    },
    "proficiencies": [
        {
            "concept_name": "Algebra",
            "proficiency": 0.659097,
            "theta": 0.41,
            "standard_error": 0.86,
            "session_id": "4f8d0c0e-7c1b-4b9e-8a57-5b5c1a3a2c01",
            "updated_at": "2026-11-22T10:00:31+00:00",
        }
    ],
    "sessions": [
        {
            "session_id": "4f8d0c0e-7c1b-4b9e-8a57-5b5c1a3a2c01",
            "status": "ended",
            "end_reason": "ended by request",
            "pool": "Algebra",
            "question_pool_id": "0b9f4c5e-2f5a-4d3b-9d53-0d6c5d2f9a11",
            "revision": 1,
            "concept_names": ["Algebra"],
            "rules": {"stop": [{"name": "precision", "standard_error": 0.3}], "min_questions": 5},
            "prior": {"theta": [0.0], "standard_deviation": [1.0]},
            "ability": {"theta": [0.41], "standard_error": [0.86]},
            "questions_answered": 1,
            "correct_responses": 1,
            "started_at": "2026-11-22T10:00:00+00:00",
            "last_activity": "2026-11-22T10:00:31+00:00",
            "completed_at": "2026-11-22T10:01:00+00:00",
            "seed": 4711,
            "client": "our-lms",
            "idempotency_key": None,
            "request_hash": "",
            "legacy_id": None,
            "answers": [
                {
                    "position": 1,
                    "question_id": "alg-017",
                    "question_version": 1,
                    "content": "Solve 3x − 7 = 11.",
                    "response": 1,
                    "response_text": "x = 6",
                    "is_correct": True,
                    "score": 1,
                    "ability_after": {"theta": [0.41], "standard_error": [0.86]},
                    "response_time_ms": 8200,
                    "answered_at": "2026-11-22T10:00:31+00:00",
                    "idempotency_key": "9d2c7a61",
                }
            ],
            "events": [
                {
                    "kind": "started",
                    "after_answers": 0,
                    "at": "2026-11-22T10:00:00+00:00",
                    "reason": "",
                    "idempotency_key": None,
                    "request_hash": "",
                },
                {
                    "kind": "ended",
                    "after_answers": 1,
                    "at": "2026-11-22T10:01:00+00:00",
                    "reason": "ended by request",
                    "idempotency_key": None,
                    "request_hash": "",
                },
            ],
        }
    ],
    "admin_history": [],
}


class PrivacyView(APIView):
    permission_classes = [permissions.Holds]
    permission = permissions.PRIVACY
    problems: tuple[str, ...] = ("404",)


class ExportView(PrivacyView):
    @extend_schema(
        operation_id="export_student",
        tags=["Privacy"],
        summary="Everything that is held of a student",
        responses=replies.StudentExport,
        examples=[OpenApiExample("One answer", response_only=True, value=AN_EXPORT)],
    )
    def get(self, request: Request, student_id: str) -> Response:
        try:
            held = privacy.held_of(student_id)
        except StudentNotFound as error:
            raise _nobody() from error
        return Response(replies.student_export(held, now=timezone.now()))


class EraseView(PrivacyView):
    @extend_schema(
        operation_id="erase_student",
        tags=["Privacy"],
        summary="Take a student's identity away, for good",
        description="Running tests end. The answers stay, as nobody's. The body repeats the id of the "
        "address, to confirm. Afterwards the student is unknown: a repeated request gets 404, and a test "
        "that is started for the same id is a new student's.",
        request=EraseRequestSerializer,
        responses=replies.Erased,
        examples=[
            OpenApiExample("Confirmed", request_only=True, value={"student_id": "student-1"}),
            OpenApiExample(
                "Erased",
                response_only=True,
                value={
                    "status": "erased",
                    "sessions_ended": 1,
                    "sessions_kept": 3,
                    "answers_kept": 41,
                    "proficiencies_deleted": 2,
                },
            ),
        ],
    )
    def post(self, request: Request, student_id: str) -> Response:
        body = EraseRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        if body.validated_data["student_id"] != student_id:
            raise InvalidBody([("/student_id", "Must be the id in the address, to confirm.")])
        try:
            held = privacy.erase_student(student_id, now=timezone.now(), by_id=caller_of(request).client_id)
        except StudentNotFound as error:
            raise _nobody() from error
        return Response(replies.erased(held))


def _nobody() -> Problem:
    return Problem(404, "student_not_found", "There is no such student.")
