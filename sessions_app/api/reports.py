"""Reading results: students, sessions, answers."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import replies
from sessions_app.api import permissions
from sessions_app.api.documentation import results as documentation_of
from sessions_app.api.pagination import Pages, TrailPages
from sessions_app.api.requests import query_of, session_id_of
from sessions_app.api.serializers import SessionFilterSerializer
from sessions_app.api.views import ClientView, ListView
from sessions_app.models import TestResponse, TestSession
from sessions_app.reporting import results


class StudentView(GenericAPIView[Any], ClientView):
    """What is known of one student."""

    permission = permissions.REPORT

    def paged(self, sessions: QuerySet[TestSession]) -> tuple[list[TestSession], replies.Place]:
        """One page, and where it lies."""
        page = self.paginate_queryset(sessions)
        assert isinstance(self.paginator, Pages)
        return list(page or []), self.paginator.place


class ProficiencyView(StudentView):
    documentation = documentation_of.PROFICIENCY

    def get(self, request: Request, student_id: str) -> Response:
        student = results.student_of(student_id)
        return Response(replies.proficiency(student, results.proficiencies(student)))


class HistoryView(StudentView):
    documentation = documentation_of.HISTORY

    def get(self, request: Request, student_id: str) -> Response:
        student = results.student_of(student_id)
        return Response(replies.history(student, *self.paged(results.history(student))))


class ProgressView(StudentView):
    documentation = documentation_of.PROGRESS

    def get(self, request: Request, student_id: str) -> Response:
        student = results.student_of(student_id)
        sessions, place = self.paged(results.finished(student))
        return Response(replies.progress(student, sessions, place, results.totals(student)))


class SessionListView(ListView):
    documentation = documentation_of.LIST_SESSIONS
    permission = permissions.REPORT
    reply = staticmethod(replies.session)

    def get_queryset(self) -> QuerySet[TestSession]:
        return results.sessions(**self._asked())

    def count_of_rows(self) -> int:
        return results.count_of_sessions(**self._asked())

    def rows_from(self, first: int, count: int) -> tuple[QuerySet[TestSession], int]:
        return results.sessions_from(first, count, **self._asked())

    def _asked(self) -> dict[str, Any]:
        asked = query_of(self.request, SessionFilterSerializer)
        return {name: asked.get(name) for name in ("student_id", "status", "pool")}


class ResponseListView(ListView):
    documentation = documentation_of.LIST_RESPONSES
    permission = permissions.REPORT
    reply = staticmethod(replies.response)
    pagination_class = TrailPages

    def get_queryset(self) -> QuerySet[TestResponse]:
        return results.responses(session_id_of(self.kwargs["session_id"]))
