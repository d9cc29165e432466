"""Answers of elsewhere, and calibrations of a pool."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import replies
from sessions_app.api import permissions
from sessions_app.api.authentication import caller_of
from sessions_app.api.authoring import pool_of
from sessions_app.api.calibration_requests import (
    CalibrationFormat,
    CalibrationRequest,
    MatrixFileRequest,
    MatrixRequest,
    PublishRequest,
    ResponseFile,
    asked_in,
)
from sessions_app.api.documentation import calibrations as documentation_of
from sessions_app.api.errors import InvalidBody, Problem
from sessions_app.api.jobs import accepted
from sessions_app.api.negotiation import AnyFormat
from sessions_app.api.parsers import ImportParser, ResponseTextParser
from sessions_app.api.requests import body_of, idempotency_key_of, query_of
from sessions_app.api.result_export import streamed
from sessions_app.api.views import ClientView, ListView
from sessions_app.measurement import matrix, proposals, queue, tables
from sessions_app.measurement.asking import CalibrationRefused
from sessions_app.measurement.collecting import NothingToCalibrate
from sessions_app.measurement.importing import ResponsesRefused, Wishes, import_responses, imports_of
from sessions_app.measurement.matrix import Wanted
from sessions_app.measurement.sending import send_calibration
from sessions_app.models import Calibration, ResponseImport
from sessions_app.waiting import answers, imported_answers, revisions
from testing_engine.interchange.answer_files import Columns
from testing_engine.interchange.imported import Upload
from testing_engine.sentences import together

IN_ARCHIVES = "Tests-In-Archives"  # header: how many tests the table has not, as archives have their answers
_COLUMNS = ("shape", "person", "item", "response", "time")


class ResponseImportView(ListView):
    documentation = {"GET": documentation_of.LIST_IMPORTS, "POST": documentation_of.IMPORT}
    permission = permissions.AUTHOR
    parser_classes = [ImportParser, ResponseTextParser]
    reply = staticmethod(replies.response_import)

    def get_queryset(self) -> QuerySet[ResponseImport]:
        return imports_of(pool_of(self.kwargs["pool_id"]))

    def post(self, request: Request, pool_id: str) -> Response:
        pool = pool_of(pool_id)
        body = body_of(request, ResponseFile)
        columns = {name: body[name] for name in _COLUMNS if name in body}
        wishes = Wishes(
            Columns(**columns, groups=tuple(body["group"]), missing=tuple(body["missing"])),
            body["values"],
            body["skip_bad_lines"],
            body["dry_run"],
        )
        upload = _upload(body)
        if body["in_background"]:
            wanted = imported_answers.Wanted.of(pool.pk, upload, wishes)
            return accepted(request, wanted, pool.organisation_id, upload.content)
        try:
            report = import_responses(pool, upload, wishes, caller_of(request).client_id)
        except ResponsesRefused as refused:
            raise InvalidBody(refused.problems, code="responses_refused") from refused
        return Response(replies.imported_responses(report))


def _upload(body: dict[str, Any]) -> Upload:
    if "content" in body:
        return Upload(body.get("file_name", "answers.csv"), body["content"].encode())
    file: UploadedFile[Any] = body["file"]
    return Upload(file.name or "file", file.read())


class ResponseMatrixView(ClientView):
    documentation = {"GET": documentation_of.MATRIX, "POST": documentation_of.MATRIX_IN_BACKGROUND}
    permission = permissions.REPORT
    content_negotiation_class = AnyFormat

    def get(self, request: Request, pool_id: str) -> StreamingHttpResponse:
        wanted = _wanted(query_of(request, MatrixRequest))
        pool = pool_of(pool_id)
        until = timezone.now()
        try:
            lines = matrix.matrix_lines(pool, wanted, until)
        except CalibrationRefused as refused:
            raise InvalidBody(refused.problems) from refused
        except NothingToCalibrate as nothing:
            archived = matrix.said_of_archives(matrix.left_to_archives(pool, wanted, until))
            raise Problem(404, "no_answers", together(filter(None, [str(nothing), archived]))) from nothing
        reply = streamed(lines, f"{pool.pk}-responses")
        reply[IN_ARCHIVES] = str(matrix.left_to_archives(pool, wanted, until))
        return reply

    def post(self, request: Request, pool_id: str) -> Response:
        wanted, pool = _wanted(body_of(request, MatrixFileRequest)), pool_of(pool_id)
        try:
            matrix.check(pool, wanted)
        except CalibrationRefused as refused:
            raise InvalidBody(refused.problems) from refused
        return accepted(
            request, answers.Wanted(f"{pool.pk}-responses", pool.pk, wanted), pool.organisation_id
        )


def _wanted(fields: dict[str, Any]) -> Wanted:
    """Which answers, in the domain's terms."""
    return Wanted(
        None if fields["imports"] else (),
        fields["delivered"],
        fields.get("since"),
        fields["groups"],
        fields["students"],
        fields["missing"],
    )


class CalibrationListView(ListView):
    documentation = {"GET": documentation_of.LIST, "POST": documentation_of.CALIBRATE}
    permission = permissions.AUTHOR
    reply = staticmethod(replies.calibration_in_list)

    def get_queryset(self) -> QuerySet[Calibration]:
        return queue.of_pool(pool_of(self.kwargs["pool_id"]))

    def post(self, request: Request, pool_id: str) -> Response:
        pool = pool_of(pool_id)
        asked = asked_in(body_of(request, CalibrationRequest))
        key = idempotency_key_of(request)
        try:
            found = queue.ask(pool, asked, caller_of(request).client_id, key, send_calibration)
        except CalibrationRefused as refused:
            raise InvalidBody(refused.problems) from refused
        return Response(replies.calibration_in_list(found))


class CalibrationView(ClientView):
    documentation = documentation_of.READ
    permission = permissions.AUTHOR
    content_negotiation_class = AnyFormat

    def get(self, request: Request, pool_id: str, calibration_id: str) -> Response | StreamingHttpResponse:
        found = queue.find(pool_of(pool_id), calibration_id)
        if query_of(request, CalibrationFormat)["format"] == "json":
            return Response(replies.calibration(found))
        return streamed(tables.parameter_lines(found), f"calibration-{found.pk}")


class CancelCalibrationView(ClientView):
    documentation = documentation_of.CANCEL
    permission = permissions.AUTHOR

    def post(self, request: Request, pool_id: str, calibration_id: str) -> Response:
        found = queue.find(pool_of(pool_id), calibration_id)
        return Response(replies.calibration_in_list(queue.cancel(found, timezone.now())))


class PublishCalibrationView(ClientView):
    documentation = documentation_of.PUBLISH
    permission = permissions.PUBLISH

    def post(self, request: Request, pool_id: str, calibration_id: str) -> Response:
        pool = pool_of(pool_id)
        found = queue.find(pool, calibration_id)
        body = body_of(request, PublishRequest)
        if found.published_revision is None and revisions.is_long(pool, proposals.proposed(found)):
            proposals.check(found, despite_errors=body["despite_errors"])
            return accepted(request, revisions.Proposal.of(found, **body), pool.organisation_id)
        revision = proposals.publish(
            found,
            caller_of(request).client_id,
            timezone.now(),
            despite_errors=body["despite_errors"],
            override_reason=body["override_reason"],
        )
        return Response(replies.published_calibration(found, revision.number))
