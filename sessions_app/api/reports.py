"""Reading results: students, sessions, answers."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import replies
from sessions_app.api import permissions
from sessions_app.api.errors import Problem
from sessions_app.api.pages import ListView
from sessions_app.api.pagination import Pages, TrailPages
from sessions_app.api.serializers import SessionFilterSerializer
from sessions_app.api.sitting import session_id_of
from sessions_app.models import Student, TestSession
from sessions_app.refusals import SessionNotFound
from sessions_app.reporting import results

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

    def paged(self, sessions: Any) -> tuple[list[TestSession], replies.Place]:
        """One page, and where it lies."""
        page = self.paginate_queryset(sessions)
        assert isinstance(self.paginator, Pages)
        return list(page or []), self.paginator.place


class ProficiencyView(ReportView):
    @extend_schema(
        operation_id="student_proficiency",
        tags=["Results"],
        summary="What a student can do now",
        responses=replies.Proficiency,
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
        return Response(replies.proficiency(student, results.proficiencies(student)))


class HistoryView(ReportView):
    @extend_schema(
        operation_id="student_history",
        tags=["Results"],
        summary="A student's tests, the newest first",
        parameters=[PAGE, PAGE_SIZE],
        responses=replies.History,
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
        return Response(replies.history(student, *self.paged(results.history(student))))


class ProgressView(ReportView):
    @extend_schema(
        operation_id="student_progress",
        tags=["Results"],
        summary="A student's progress over finished tests, the oldest first",
        description="A page holds that many tests; `concept_progress` covers the tests of the page.",
        parameters=[PAGE, PAGE_SIZE],
        responses=replies.Progress,
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
        sessions, place = self.paged(results.finished(student))
        return Response(replies.progress(student, sessions, place, results.totals(student)))


class SessionListView(ListView):
    permission_classes = [permissions.Holds]
    permission = permissions.REPORT
    problems = ("400", "404")
    reply = staticmethod(replies.session)

    @extend_schema(
        operation_id="list_sessions",
        tags=["Results"],
        summary="Tests by student, status and pool, the newest first",
        parameters=[SessionFilterSerializer],
        responses=replies.SessionReply,
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


class ResponseListView(ListView):
    permission_classes = [permissions.Holds]
    permission = permissions.REPORT
    problems = ("404",)
    reply = staticmethod(replies.response)
    pagination_class = TrailPages

    @extend_schema(
        operation_id="list_responses",
        tags=["Results"],
        summary="A test's answers, in order",
        responses=replies.ResponseReply,
        examples=[OpenApiExample("An answer", response_only=True, value=AN_ANSWER)],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        session_id: UUID = session_id_of(self.kwargs["session_id"])
        if not TestSession.objects.filter(pk=session_id).exists():
            raise SessionNotFound
        return results.responses(session_id)
