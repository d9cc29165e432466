"""The door's addresses: `metadata`, Questionnaires to find and read, and the operation."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import refusals
from sessions_app.api.authentication import caller_of
from sessions_app.api.foreign import ForeignView
from sessions_app.api.parsers import StrictJsonParser
from sessions_app.api.requests import idempotency_key_of, named_in_log
from sessions_app.fhir import resources
from sessions_app.fhir.conversation import has_options_alone, next_question, open_tests
from sessions_app.fhir.errors import FhirRefused, outcome
from sessions_app.fhir.ids import called
from sessions_app.fhir.received import SESSIONS, read_response

CONFLICTS = (refusals.SessionConflict, refusals.IdempotencyKeyReused, refusals.NoAttemptsLeft)
SEARCHED = ("url", "title", "_id")


class FhirParser(StrictJsonParser):
    media_type = "application/fhir+json"


class FhirRenderer(JSONRenderer):
    media_type = "application/fhir+json"
    format = "json"


class FhirView(ForeignView):
    """Every error is an OperationOutcome."""

    parser_classes = [FhirParser, StrictJsonParser]
    renderer_classes = [FhirRenderer, JSONRenderer]

    def told(self, status: int, message: str, where: str = "") -> Response:
        return Response(outcome(status, message, where), status=status)

    def refused(self, exc: Exception) -> Response | None:
        if isinstance(exc, FhirRefused):
            return self.told(exc.status, str(exc), exc.where)
        if isinstance(exc, refusals.SessionNotFound):
            return self.told(404, "There is no such session.", "QuestionnaireResponse.identifier")
        if isinstance(exc, refusals.Refusal):
            return self.told(409 if isinstance(exc, CONFLICTS) else 422, str(exc) or type(exc).__name__)
        return None


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
        return Response(resources.bundle(found, request.build_absolute_uri(), request.build_absolute_uri))


class QuestionnaireView(FhirView):
    def get(self, request: Request, own: str) -> Response:
        test = called(open_tests(timezone.now()).select_related("pool"), own)
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
