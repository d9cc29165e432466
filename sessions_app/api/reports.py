"""Reading results: students, sessions, answers."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from sessions_app.api import permissions, replies, shapes
from sessions_app.api.errors import Problem
from sessions_app.api.pagination import TrailPages
from sessions_app.api.serializers import SessionFilterSerializer
from sessions_app.api.sitting import session_id_of
from sessions_app.models import Student, TestResponse, TestSession
from sessions_app.refusals import SessionNotFound
from sessions_app.reporting import results
from sessions_app.sitting.proficiency import proficiencies_of, proficiency_of

PAGE = OpenApiParameter("page", int, description="From 1.")
PAGE_SIZE = OpenApiParameter("page_size", int, description="At most 500; 50 if left out.")
POINT = {"date": "2026-11-22T10:07:00Z", "value": 0.731}

A_SESSION = {
    "session_id": "4f8d0c0e-7c1b-4b9e-8a57-5b5c1a3a2c01",
    "student_id": "student-1",
    "question_pool_id": "0b9f4c5e-2f5a-4d3b-9d53-0d6c5d2f9a11",
    "revision": 1,
    "status": "completed",
    "end_reason": "precision",
    "concept_names": ["Math", "Algebra"],
    "rules": {"stop": [{"name": "precision", "standard_error": 0.3}], "min_questions": 5},
    "current_proficiency": [0.731, 0.655],
    "ability": {"theta": [0.616, 0.399], "standard_error": [0.29, 0.28]},
    "questions_answered": 14,
    "accuracy": 0.642857,
    "started_at": "2026-11-22T10:00:00Z",
    "last_activity": "2026-11-22T10:07:00Z",
    "completed_at": "2026-11-22T10:07:00Z",
}
AN_ANSWER = {
    "position": 1,
    "question_id": "alg-017",
    "question_version": 1,
    "response": 1,
    "score": 1,
    "is_correct": True,
    "response_time_ms": 8200,
    "proficiency_after": [0.5, 0.659],
    "ability_after": {"theta": [0.0, 0.41], "standard_error": [1.0, 0.86]},
    "answered_at": "2026-11-22T10:00:31Z",
}


def _student(student_id: str) -> Student:
    try:
        return results.student_of(student_id)
    except results.StudentNotFound as error:
        raise Problem(404, "student_not_found", "There is no such student.") from error


class ReportView(GenericAPIView[Any]):
    permission_classes = [permissions.Holds]
    permission = permissions.REPORT
    problems: tuple[str, ...] = ("404",)

    def paged(self, sessions: Any) -> tuple[list[TestSession], dict[str, Any]]:
        """One page, and the counts and links around it."""
        page = self.paginate_queryset(sessions)
        assert self.paginator is not None
        around = self.paginator.get_paginated_response([]).data
        return list(page or []), {key: around[key] for key in ("count", "next", "previous")}


class ProficiencyView(ReportView):
    @extend_schema(
        operation_id="student_proficiency",
        tags=["Results"],
        summary="What a student can do now",
        responses=shapes.Proficiency,
        examples=[
            OpenApiExample(
                "Known in two concepts",
                response_only=True,
                value={
                    "student_id": "student-1",
                    "proficiency": [0.655, 0.731],
                    "concept_names": ["Algebra", "Math"],
                    "ability": {"theta": [0.399, 0.616], "standard_error": [0.28, 0.29]},
                    "last_updated": "2026-11-22T10:07:00Z",
                },
            )
        ],
    )
    def get(self, request: Request, student_id: str) -> Response:
        student = _student(student_id)
        known = results.proficiencies(student)
        return Response(
            {
                "student_id": student.external_id,
                "proficiency": proficiencies_of(row.theta for row in known),
                "concept_names": [row.concept_name for row in known],
                "ability": {
                    "theta": [row.theta for row in known],
                    "standard_error": [row.standard_error for row in known],
                },
                "last_updated": max((row.updated_at for row in known), default=None),
            }
        )


class HistoryView(ReportView):
    @extend_schema(
        operation_id="student_history",
        tags=["Results"],
        summary="A student's tests, the newest first",
        parameters=[PAGE, PAGE_SIZE],
        responses=shapes.History,
        examples=[
            OpenApiExample(
                "One test",
                response_only=True,
                value={
                    "student_id": "student-1",
                    "count": 1,
                    "next": None,
                    "previous": None,
                    "test_sessions": [
                        {
                            "session_id": "4f8d0c0e-7c1b-4b9e-8a57-5b5c1a3a2c01",
                            "status": "completed",
                            "started_at": "2026-11-22T10:00:00Z",
                            "completed_at": "2026-11-22T10:07:00Z",
                            "total_questions": 14,
                            "accuracy": 0.642857,
                            "learning_gain": 0.193,
                            "final_proficiency": [0.731, 0.655],
                            "concept_names": ["Math", "Algebra"],
                        }
                    ],
                },
            )
        ],
    )
    def get(self, request: Request, student_id: str) -> Response:
        student = _student(student_id)
        sessions, around = self.paged(results.history(student))
        entries = [replies.history_entry(session) for session in sessions]
        return Response({"student_id": student.external_id, **around, "test_sessions": entries})


class ProgressView(ReportView):
    @extend_schema(
        operation_id="student_progress",
        tags=["Results"],
        summary="A student's progress over finished tests, the oldest first",
        description="A page holds that many tests; `concept_progress` covers the tests of the page.",
        parameters=[PAGE, PAGE_SIZE],
        responses=shapes.Progress,
        examples=[
            OpenApiExample(
                "One test",
                response_only=True,
                value={
                    "student_id": "student-1",
                    "count": 1,
                    "next": None,
                    "previous": None,
                    "progress_data": {
                        "progress_timeline": [
                            {
                                "session_id": "4f8d0c0e-7c1b-4b9e-8a57-5b5c1a3a2c01",
                                "date": "2026-11-22T10:07:00Z",
                                "proficiency": [0.731],
                                "concept_names": ["Math"],
                                "accuracy": 0.642857,
                                "questions_answered": 14,
                            }
                        ],
                        "concept_progress": {
                            "Math": {"timeline": [POINT], "improvement": 0.0, "current_level": 0.731}
                        },
                        "total_sessions": 1,
                        "avg_accuracy": 0.642857,
                    },
                },
            )
        ],
    )
    def get(self, request: Request, student_id: str) -> Response:
        student = _student(student_id)
        sessions, around = self.paged(results.finished(student))
        totals = results.totals(student)
        progress = {
            "progress_timeline": [_timeline_entry(session) for session in sessions],
            "concept_progress": _concept_progress(sessions),
            "total_sessions": totals.sessions,
            "avg_accuracy": round(totals.mean_accuracy, 6),
        }
        return Response({"student_id": student.external_id, **around, "progress_data": progress})


def _timeline_entry(session: TestSession) -> dict[str, Any]:
    return {
        "session_id": session.pk,
        "date": session.completed_at,
        "proficiency": proficiencies_of(session.theta),
        "concept_names": session.plan.concept_names,
        "accuracy": replies.accuracy(session.correct_responses, session.questions_answered),
        "questions_answered": session.questions_answered,
    }


def _concept_progress(sessions: list[TestSession]) -> dict[str, Any]:
    timelines: dict[str, list[dict[str, Any]]] = {}
    for session in sessions:
        for name, theta in zip(session.plan.concept_names, session.theta, strict=True):
            point = {"date": session.completed_at, "value": proficiency_of(theta)}
            timelines.setdefault(name, []).append(point)
    return {
        name: {
            "timeline": timeline,
            "improvement": round(timeline[-1]["value"] - timeline[0]["value"], 6),
            "current_level": timeline[-1]["value"],
        }
        for name, timeline in timelines.items()
    }


class SessionRow(BaseSerializer[TestSession]):
    """A session as the contract lists it."""

    def to_representation(self, session: TestSession) -> dict[str, Any]:
        return {
            "session_id": session.pk,
            "student_id": session.student.external_id,
            "question_pool_id": session.revision.pool_id,
            "revision": session.revision.number,
            "status": session.status,
            "end_reason": session.end_reason,
            "concept_names": session.plan.concept_names,
            "rules": session.plan.rules,
            "current_proficiency": proficiencies_of(session.theta),
            "ability": {"theta": session.theta, "standard_error": session.standard_error},
            "questions_answered": session.questions_answered,
            "accuracy": replies.accuracy(session.correct_responses, session.questions_answered),
            "started_at": session.started_at,
            "last_activity": session.last_activity,
            "completed_at": session.completed_at,
        }


class ResponseRow(BaseSerializer[TestResponse]):
    """An answer as the contract lists it."""

    def to_representation(self, response: TestResponse) -> dict[str, Any]:
        return {
            "position": response.position,
            "question_id": response.question.external_id,
            "question_version": response.question.version,
            "response": response.answer,
            "score": response.score,
            "is_correct": response.is_correct,
            "response_time_ms": response.response_time_ms,
            "proficiency_after": proficiencies_of(response.theta),
            "ability_after": {"theta": response.theta, "standard_error": response.standard_error},
            "answered_at": response.answered_at,
        }


class SessionListView(ListAPIView[TestSession]):
    permission_classes = [permissions.Holds]
    permission = permissions.REPORT
    problems = ("400", "404")
    serializer_class = SessionRow

    @extend_schema(
        operation_id="list_sessions",
        tags=["Results"],
        summary="Tests by student, status and pool, the newest first",
        parameters=[SessionFilterSerializer],
        responses=shapes.SessionReply(many=True),
        examples=[OpenApiExample("A test", response_only=True, value=A_SESSION)],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        query = SessionFilterSerializer(data=self.request.query_params.dict())
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        return results.sessions(
            student_id=asked.get("student_id"), status=asked.get("status"), pool=asked.get("pool")
        )


class ResponseListView(ListAPIView[TestResponse]):
    permission_classes = [permissions.Holds]
    permission = permissions.REPORT
    problems = ("404",)
    serializer_class = ResponseRow
    pagination_class = TrailPages

    @extend_schema(
        operation_id="list_responses",
        tags=["Results"],
        summary="A test's answers, in order",
        responses=shapes.ResponseReply(many=True),
        examples=[OpenApiExample("An answer", response_only=True, value=AN_ANSWER)],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        session_id: UUID = session_id_of(self.kwargs["session_id"])
        if not TestSession.objects.filter(pk=session_id).exists():
            raise SessionNotFound
        return results.responses(session_id)
