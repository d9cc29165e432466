"""Files of questions of other systems, brought in."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import replies
from sessions_app.administration import pool_imports
from sessions_app.api import permissions
from sessions_app.api.authentication import caller_of
from sessions_app.api.documentation import pools as documentation_of
from sessions_app.api.errors import InvalidBody
from sessions_app.api.negotiation import AnyFormat
from sessions_app.api.parsers import ImportParser
from sessions_app.api.requests import body_of, creation_id_of, idempotency_key_of, query_of
from sessions_app.api.serializers import PoolImport, TemplateSerializer
from sessions_app.api.views import ClientView
from sessions_app.measurement import gate
from sessions_app.refusals import IdempotencyKeyReused
from testing_engine import importing
from testing_engine.approval import in_the_name_of
from testing_engine.interchange import table_templates
from testing_engine.interchange.imported import Upload
from testing_engine.models import QuestionPool

_SALT = "sessions_app.api.importing.pool_id"


class ImportView(ClientView):
    documentation = documentation_of.IMPORT
    permission = permissions.AUTHOR
    parser_classes = [ImportParser]

    def post(self, request: Request) -> Response:
        pool_id = creation_id_of(request, _SALT)
        body = body_of(request, PoolImport)
        file: UploadedFile[Any] = body["file"]
        wishes = importing.Wishes(
            format=body.get("format"),
            name=body.get("name"),
            concept_names=tuple(body.get("concept_names", ())),
            dry_run=body["dry_run"],
            pool_id=pool_id,
            apart=body["parts_apart"],
            into=body.get("question_pool_id"),
            override_reason=body["override_reason"],
        )
        upload = Upload(file.name or "file", file.read(), body["variants"], body["seed"])
        if body["in_background"] or _looks_for_long(wishes):
            by_id = caller_of(request).client_id
            asked = pool_imports.ask(upload, wishes, by_id, idempotency_key_of(request))
            return Response(replies.pool_import(pool_imports.progress(str(asked), by_id)), status=202)
        if wishes.into is not None and (key := idempotency_key_of(request)) is not None:
            return _into_a_pool(pool_imports.carry_out(upload, wishes, caller_of(request).client_id, key))
        try:
            with in_the_name_of(caller_of(request).client_id, wishes.override_reason):
                report = importing.import_pool(upload, wishes)
        except importing.ImportRefused as refused:
            raise InvalidBody(refused.problems, code="import_refused") from refused
        except importing.PublishedOtherwise as other:
            raise IdempotencyKeyReused from other
        return Response(replies.imported(report))


def _looks_for_long(wishes: importing.Wishes) -> bool:
    """Whether the pool that gets the questions requires what takes long to look at."""
    if wishes.into is None or wishes.dry_run:
        return False
    pool = QuestionPool.objects.filter(pk=wishes.into).first()
    return pool is not None and gate.takes_long(pool)


def _into_a_pool(found: pool_imports.Progress) -> Response:
    """What became of it, now or when the same key asked before; a 202 while that goes on."""
    if found.problems:
        raise InvalidBody(list(found.problems), code="import_refused")
    if found.report is None:
        return Response(replies.pool_import(found), status=202)
    return Response(replies.imported(found.report))


class PoolImportView(ClientView):
    documentation = documentation_of.READ_IMPORT
    permission = permissions.AUTHOR

    def get(self, request: Request, import_id: str) -> Response:
        found = pool_imports.progress(import_id, caller_of(request).client_id)
        return Response(replies.pool_import(found))


class CancelPoolImportView(ClientView):
    documentation = documentation_of.CANCEL_IMPORT
    permission = permissions.AUTHOR

    def post(self, request: Request, import_id: str) -> Response:
        found = pool_imports.cancel(import_id, caller_of(request).client_id, timezone.now())
        return Response(replies.pool_import(found))


class TemplateView(ClientView):
    documentation = documentation_of.TEMPLATE
    permission = permissions.AUTHOR
    content_negotiation_class = AnyFormat

    def get(self, request: Request) -> HttpResponse:
        form: table_templates.Form = query_of(request, TemplateSerializer)["format"]
        disposition = f'attachment; filename="questions.{form}"'
        return HttpResponse(
            table_templates.table_template(form),
            content_type=table_templates.CONTENT_TYPES[form],
            headers={"Content-Disposition": disposition},
        )
