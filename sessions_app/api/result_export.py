"""Results of a named test, as CSV or JSON, however long they are."""

from collections.abc import Iterable

from django.http import StreamingHttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app.api import permissions
from sessions_app.api.documentation import results as documentation_of
from sessions_app.api.jobs import accepted
from sessions_app.api.negotiation import AnyFormat
from sessions_app.api.requests import body_of, query_of
from sessions_app.api.serializers import ExportSerializer, ResultFileRequest
from sessions_app.api.views import ClientView
from sessions_app.models import TestSession
from sessions_app.reporting import result_rows
from sessions_app.reporting.pieces import in_blocks
from sessions_app.sitting import named_tests
from sessions_app.waiting import results
from sessions_app.waiting.made import CONTENT_TYPES


def streamed(lines: Iterable[str], name: str, form: str = "csv") -> StreamingHttpResponse:
    """A file of that name, some lines at a time."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return StreamingHttpResponse(in_blocks(lines), content_type=CONTENT_TYPES[form], headers=headers)


class ExportView(ClientView):
    documentation = {"GET": documentation_of.EXPORT, "POST": documentation_of.EXPORT_IN_BACKGROUND}
    permission = permissions.REPORT
    content_negotiation_class = AnyFormat

    def get(self, request: Request, name: str) -> StreamingHttpResponse:
        query = query_of(request, ExportSerializer)
        rows, form = query["rows"], query["format"]
        test = named_tests.named_test(name)
        lines = result_rows.export(TestSession.objects.filter(named_test=test), rows, form)
        return streamed(lines, f"{test.name}-{rows}", form)

    def post(self, request: Request, name: str) -> Response:
        body, test = body_of(request, ResultFileRequest), named_tests.named_test(name)
        wanted = results.Wanted(test.name, results.Chosen(test=test.pk), body["rows"], body["format"])
        return accepted(request, wanted, test.organisation_id)
