"""Tables of item parameters for a pool."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import replies
from sessions_app.api import permissions
from sessions_app.api.authentication import caller_of
from sessions_app.api.authoring import pool_of
from sessions_app.api.documentation import pools as documentation_of
from sessions_app.api.errors import InvalidBody
from sessions_app.api.jobs import accepted
from sessions_app.api.parsers import ImportParser, PoolUploadParser
from sessions_app.api.pool_export import file_or_report, revision_or_404
from sessions_app.api.publishing import in_the_clients_name
from sessions_app.api.requests import body_of, query_of
from sessions_app.api.serializers import ParametersExport, ParameterTableRequest
from sessions_app.api.views import ClientView
from sessions_app.refusals import PoolNotFound, PoolRevised
from sessions_app.waiting import revisions
from testing_engine.exporting import parameters_out
from testing_engine.parameter_tables.reading import TableUnreadable
from testing_engine.parameters import ParametersRefused, Reading, look_at, publish, rows_to_publish
from testing_engine.pools import PoolWasRevised


class ParametersView(ClientView):
    documentation = {"GET": documentation_of.TAKE_PARAMETERS, "POST": documentation_of.PARAMETERS}
    permission = permissions.AUTHOR
    parser_classes = [ImportParser, PoolUploadParser]

    def get(self, request: Request, pool_id: str) -> HttpResponse | Response:
        query = query_of(request, ParametersExport)
        revision = revision_or_404(pool_of(pool_id), query.get("revision"))
        written = parameters_out(revision, query["form"], query.get("model", "")).written
        told = replies.exported_pool(revision.pool, revision, query["form"], written)
        return file_or_report(f"{revision.pool_id}-{revision.number}-{query['form']}", written, told, query)

    def post(self, request: Request, pool_id: str) -> Response:
        pool = pool_of(pool_id)
        if pool.current_revision is None:
            raise PoolNotFound
        body = body_of(request, ParameterTableRequest)
        content = _content(body)
        reading = Reading(body["source"], body.get("choices", {}), body["id_column"])
        try:
            if body["dry_run"]:
                return Response(replies.parameters(pool, look_at(pool, content, reading)))
            made_by = str(caller_of(request).client_id)
            if revisions.is_long(pool, rows_to_publish(content, reading)):
                wanted = revisions.Table.of(
                    pool.pk, body["revision"], content, reading, made_by, body["override_reason"]
                )
                return accepted(request, wanted, pool.organisation_id, content)
            with in_the_clients_name(request, body["override_reason"]):
                published = publish(pool, content, reading, body["revision"], made_by)
        except TableUnreadable as error:
            problems = [("/table", str(sentence)) for sentence in error.problems]
            raise InvalidBody(problems, code="parameters_refused") from error
        except ParametersRefused as refused:
            problems = [(pointer, str(sentence)) for pointer, sentence in refused.problems]
            raise InvalidBody(problems, code="parameters_refused") from refused
        except PoolWasRevised as revised:
            raise PoolRevised(revised.number) from revised
        return Response(replies.parameters(pool, published.look, published))


def _content(body: dict[str, Any]) -> bytes:
    file: UploadedFile[Any] | None = body.get("file")
    return file.read() if file is not None else str(body["table"]).encode()
