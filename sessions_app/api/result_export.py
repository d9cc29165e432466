"""Results of a named test, as CSV or JSON, however long they are."""

from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from sessions_app import replies
from sessions_app.api import permissions
from sessions_app.api.serializers import ExportSerializer
from sessions_app.models import TestSession
from sessions_app.reporting import result_rows
from sessions_app.sitting import named_tests

A_DICTIONARY = [
    {"column": "student_id", "type": "text", "meaning": "The student's id in the school's own system."},
    {"column": "theta: Math", "type": "number", "meaning": "Ability at the end, or so far, logit scale."},
]
CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


class AnyFormat(BaseContentNegotiation):
    """`format` is a parameter of the view's own, not of REST framework's."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class ExportView(APIView):
    permission_classes = [permissions.Holds]
    permission = permissions.REPORT
    content_negotiation_class = AnyFormat
    problems = ("400", "404")

    @extend_schema(
        operation_id="export_results",
        tags=["Results"],
        summary="A named test's results, one row a session or an answer",
        description=(
            "Everything, the oldest first, as a stream. JSON begins with a data dictionary; as CSV it comes "
            "with `rows=dictionary`. A CSV cell that a spreadsheet would take for a formula has an "
            "apostrophe in front. 404 `test_not_found`."
        ),
        parameters=[
            OpenApiParameter("rows", str, enum=["sessions", "answers", "dictionary"], default="sessions"),
            OpenApiParameter("format", str, enum=["csv", "json"], default="json"),
        ],
        responses={
            (200, "application/json"): replies.Exported,
            (200, "text/csv"): OpenApiTypes.STR,
        },
        examples=[
            OpenApiExample(
                "JSON",
                response_only=True,
                media_type="application/json",
                value={
                    "dictionary": A_DICTIONARY,
                    "rows": [{"student_id": "student-1", "theta: Math": 0.616}],
                },
            ),
            OpenApiExample(
                "CSV",
                response_only=True,
                media_type="text/csv",
                value="student_id,theta: Math\r\nstudent-1,0.616\r\n",
            ),
        ],
    )
    def get(self, request: Request, name: str) -> StreamingHttpResponse:
        query = ExportSerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        rows, form = query.validated_data["rows"], query.validated_data["format"]
        test = named_tests.named_test(name)
        lines = result_rows.export(TestSession.objects.filter(named_test=test), rows, form)
        disposition = f'attachment; filename="{test.name}-{rows}.{form}"'
        headers = {"Content-Disposition": disposition}
        return StreamingHttpResponse(lines, content_type=CONTENT_TYPES[form], headers=headers)
