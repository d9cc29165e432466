"""Results of a named test, as CSV or JSON, however long they are."""

from collections.abc import Iterable
from typing import Any

from django.http import StreamingHttpResponse
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request

from sessions_app.api import permissions
from sessions_app.api.documentation import results as documentation_of
from sessions_app.api.requests import query_of
from sessions_app.api.serializers import ExportSerializer
from sessions_app.api.views import ClientView
from sessions_app.models import TestSession
from sessions_app.reporting import result_rows
from sessions_app.reporting.pieces import in_blocks
from sessions_app.sitting import named_tests

CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


class AnyFormat(BaseContentNegotiation):
    """The view's own parameter `format` says which, whatever `Accept` says."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


def streamed(lines: Iterable[str], name: str, form: str = "csv") -> StreamingHttpResponse:
    """A file of that name, some lines at a time."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return StreamingHttpResponse(in_blocks(lines), content_type=CONTENT_TYPES[form], headers=headers)


class ExportView(ClientView):
    documentation = documentation_of.EXPORT
    permission = permissions.REPORT
    content_negotiation_class = AnyFormat

    def get(self, request: Request, name: str) -> StreamingHttpResponse:
        query = query_of(request, ExportSerializer)
        rows, form = query["rows"], query["format"]
        test = named_tests.named_test(name)
        lines = result_rows.export(TestSession.objects.filter(named_test=test), rows, form)
        return streamed(lines, f"{test.name}-{rows}", form)
