"""A pool's revision as a file, with its answer key."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import replies
from sessions_app.api import permissions
from sessions_app.api.authoring import pool_of
from sessions_app.api.documentation import pool_export as documentation_of
from sessions_app.api.errors import Problem
from sessions_app.api.jobs import accepted
from sessions_app.api.negotiation import AnyFormat
from sessions_app.api.requests import body_of, query_of
from sessions_app.api.serializers import PoolExport, PoolFileRequest
from sessions_app.api.views import ClientView
from sessions_app.waiting import pool_files
from testing_engine.exporting import export_revision
from testing_engine.interchange.exported import Written
from testing_engine.models import PoolRevision, QuestionPool
from testing_engine.pools import revision_of

NOT_WHOLE = "Questions-Not-Whole"  # header: how many questions the file has in part
NAMED = 10  # ids of questions in a refusal


class PoolExportView(ClientView):
    documentation = {"GET": documentation_of.EXPORT, "POST": documentation_of.IN_BACKGROUND}
    permission = permissions.EXPORT
    content_negotiation_class = AnyFormat

    def get(self, request: Request, pool_id: str) -> Any:
        query = query_of(request, PoolExport)
        revision = revision_or_404(pool_of(pool_id), query.get("revision"))
        written = export_revision(revision, query["format"])
        told = replies.exported_pool(revision.pool, revision, query["format"], written)
        return file_or_report(_name_of(revision), written, told, query)

    def post(self, request: Request, pool_id: str) -> Response:
        body, pool = body_of(request, PoolFileRequest), pool_of(pool_id)
        revision = revision_or_404(pool, body.get("revision"))
        wanted = pool_files.Wanted(_name_of(revision), revision.pk, body["format"], body["incomplete"])
        return accepted(request, wanted, pool.organisation_id)


def file_or_report(
    name: str, written: Written, told: replies.ExportedPool, query: Mapping[str, Any]
) -> HttpResponse | Response:
    """As `report` and `incomplete` ask. A file that would lack questions is refused: `Problem`."""
    if query["report"]:
        return Response(told)
    if told.left_out and not query["incomplete"]:
        raise Problem(409, "export_not_whole", _left_out(told))
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{written.suffix}"',
        NOT_WHOLE: str(told.with_loss),
    }
    return HttpResponse(written.content, content_type=written.media_type, headers=headers)


def revision_or_404(pool: QuestionPool, number: int | None) -> PoolRevision:
    """The revision of that number, or the newest."""
    if (found := revision_of(pool, number)) is None:
        raise Problem(404, "revision_not_found", "This pool has no revision of that number.")
    return found


def _name_of(revision: PoolRevision) -> str:
    return f"{revision.pool_id}-{revision.number}"


def _left_out(told: replies.ExportedPool) -> str:
    names = [line.id for line in told.report if line.outcome == "left_out"]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    listed = ", ".join(names[:NAMED]) + more
    return (
        f"{told.left_out} of {len(told.report)} questions do not fit this format: {listed}. “report” says "
        "why; “incomplete” leaves them out."
    )
