"""The door's addresses: `metadata`, Questionnaires to find and read, and the operation."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sessions_app import refusals
from sessions_app.api import permissions
from sessions_app.api.authentication import caller_of
from sessions_app.api.errors import RETRY_AFTER_BUSY, RETRY_AFTER_OUTAGE, RETRY_AFTER_RATE_LIMIT
from sessions_app.api.parsers import StrictJsonParser
from sessions_app.api.requests import idempotency_key_of, named_in_log
from sessions_app.fhir import resources
from sessions_app.fhir.conversation import has_options_alone, next_question, open_tests
from sessions_app.fhir.errors import FhirRefused, outcome
from sessions_app.fhir.received import SESSIONS, read_response
from sessions_app.outages import is_outage, note_outage

BUSY = {refusals.SubmissionInProgress: RETRY_AFTER_BUSY, refusals.TooManyRequests: RETRY_AFTER_RATE_LIMIT}
CONFLICTS = (refusals.SessionConflict, refusals.IdempotencyKeyReused, refusals.NoAttemptsLeft)
SEARCHED = ("url", "title", "_id")


class FhirParser(StrictJsonParser):
    media_type = "application/fhir+json"


class FhirRenderer(JSONRenderer):
    media_type = "application/fhir+json"
    format = "json"


class FhirView(APIView):
    """For API clients that deliver tests. Every error is an OperationOutcome."""

    permission_classes = [permissions.Holds]
    permission = permissions.DELIVER
    parser_classes = [FhirParser, StrictJsonParser]
    renderer_classes = [FhirRenderer, JSONRenderer]
    schema = None  # HL7 publishes its own

    def handle_exception(self, exc: Exception) -> Response:
        if is_outage(exc):
            note_outage(exc)
            return _told(503, "Nothing is sure to have changed; try again.", wait=RETRY_AFTER_OUTAGE)
        if type(exc) in BUSY:
            return _told(429, "Busy; try again.", wait=BUSY[type(exc)])  # type: ignore[index]
        if isinstance(exc, FhirRefused):
            return _told(exc.status, str(exc), exc.where)
        if isinstance(exc, refusals.SessionNotFound):
            return _told(404, "There is no such session.", "QuestionnaireResponse.identifier")
        if isinstance(exc, refusals.Refusal):
            return _told(409 if isinstance(exc, CONFLICTS) else 422, str(exc) or type(exc).__name__)
        if isinstance(exc, exceptions.APIException):
            return self._of_framework(exc)
        raise exc

    def _of_framework(self, exc: exceptions.APIException) -> Response:
        is_nobody = isinstance(exc, exceptions.NotAuthenticated | exceptions.AuthenticationFailed)
        detail = exc.detail if isinstance(exc.detail, str) else "; ".join(map(str, exc.get_full_details()))
        reply = _told(401 if is_nobody else exc.status_code, str(detail), wait=getattr(exc, "wait", None))
        if is_nobody:
            reply.headers["WWW-Authenticate"] = self.get_authenticate_header(self.request)
        return reply


class MetadataView(FhirView):
    def get(self, request: Request) -> Response:
        return Response(resources.capability(request.build_absolute_uri))


class QuestionnaireListView(FhirView):
    def get(self, request: Request) -> Response:
        unknown = [name for name in request.query_params if name not in SEARCHED]
        if unknown:
            raise FhirRefused("", f"Questionnaires are searched by {', '.join(SEARCHED)}.", 400)
        found = [
            resources.questionnaire(test, request.build_absolute_uri)
            for test in open_tests(timezone.now()).select_related("pool")
            if has_options_alone(test)
        ]
        url, title, own = (request.query_params.get(name) for name in SEARCHED)
        found = [
            each
            for each in found
            if (url is None or each["url"] == url)
            and (own is None or each["id"] == own)
            and (title is None or each["title"].casefold().startswith(title.casefold()))
        ]
        return Response(resources.bundle(found, request.build_absolute_uri()))


class QuestionnaireView(FhirView):
    def get(self, request: Request, name: str) -> Response:
        test = open_tests(timezone.now()).filter(name=name).select_related("pool").first()
        if test is None or not has_options_alone(test):
            raise FhirRefused("", "There is no such Questionnaire, or it is not open.", 404)
        return Response(resources.questionnaire(test, request.build_absolute_uri))


class NextQuestionView(FhirView):
    def post(self, request: Request) -> Response:
        body = request.data
        if not isinstance(body, Mapping):
            raise FhirRefused("", "Send a JSON object.", 400)
        received, came_in_parameters = read_response(body)
        resource: dict[str, Any] = next_question(
            received,
            caller_of(request),
            key=idempotency_key_of(request),
            in_full=request.build_absolute_uri,
            now=timezone.now(),
        )
        if resource["identifier"]["system"] == SESSIONS:
            named_in_log(resource["identifier"]["value"])
        return Response(resources.in_parameters(resource) if came_in_parameters else resource)


def _told(status: int, message: str, where: str = "", wait: float | None = None) -> Response:
    headers = {} if wait is None else {"Retry-After": str(int(wait))}
    return Response(outcome(status, message, where), status=status, headers=headers)
