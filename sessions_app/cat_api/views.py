"""The protocol's six operations."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from rest_framework import exceptions
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sessions_app import refusals
from sessions_app.api import permissions
from sessions_app.api.authentication import Client, caller_of, user_of
from sessions_app.api.errors import RETRY_AFTER_BUSY, RETRY_AFTER_OUTAGE, RETRY_AFTER_RATE_LIMIT
from sessions_app.api.parsers import PoolUploadParser
from sessions_app.api.requests import idempotency_key_of, named_in_log
from sessions_app.cat_api import replies, sections, sessions
from sessions_app.cat_api.errors import CatRefused
from sessions_app.outages import is_outage, note_outage

# Refusals that another try may meet no more, and after how many seconds.
BUSY = {refusals.SubmissionInProgress: RETRY_AFTER_BUSY, refusals.TooManyRequests: RETRY_AFTER_RATE_LIMIT}
MINOR = {401: "unauthorisedrequest", 403: "forbidden", 404: "unknownobject", 429: "server_busy"}


class CatView(APIView):
    """For API clients that deliver tests. Every error is `imsx_StatusInfo`."""

    permission_classes = [permissions.Holds]
    permission = permissions.DELIVER
    renderer_classes = [JSONRenderer]
    schema = None  # 1EdTech publishes its own

    def handle_exception(self, exc: Exception) -> Response:
        if is_outage(exc):
            note_outage(exc)
            told = replies.status_info("server_busy", "Nothing is sure to have changed; try again.")
            return Response(told, status=503, headers={"Retry-After": str(RETRY_AFTER_OUTAGE)})
        if type(exc) in BUSY:
            told = replies.status_info("server_busy", "Busy; try again.")
            return Response(told, status=429, headers={"Retry-After": str(BUSY[type(exc)])})  # type: ignore[index]
        if isinstance(exc, CatRefused):
            return Response(replies.refused(exc), status=exc.status)
        if isinstance(exc, refusals.SessionNotFound):
            return Response(replies.status_info("unknownobject", sessions.NO_SESSION), status=404)
        if isinstance(exc, refusals.Refusal):
            return Response(replies.status_info("invaliddata", str(exc) or type(exc).__name__), status=422)
        if isinstance(exc, exceptions.APIException):
            return self._of_framework(exc)
        raise exc

    def _of_framework(self, exc: exceptions.APIException) -> Response:
        detail = exc.detail if isinstance(exc.detail, str) else "; ".join(map(str, exc.get_full_details()))
        is_nobody = isinstance(exc, exceptions.NotAuthenticated | exceptions.AuthenticationFailed)
        status = 401 if is_nobody else exc.status_code
        headers = {"WWW-Authenticate": self.get_authenticate_header(self.request)} if is_nobody else {}
        if (wait := getattr(exc, "wait", None)) is not None:
            headers["Retry-After"] = str(int(wait))
        told = replies.status_info(MINOR.get(status, "invaliddata"), str(detail))
        return Response(told, status=status, headers=headers)

    def client(self) -> Client:
        client = user_of(self.request)
        assert isinstance(client, Client)
        return client


class SectionListView(CatView):
    parser_classes: list[type[BaseParser]] = [PoolUploadParser]

    def post(self, request: Request) -> Response:
        client = self.client()
        section = sections.create_section(
            _object(request), client.id, may_make_pools=client.may(permissions.AUTHOR), now=timezone.now()
        )
        return Response({"sectionIdentifier": str(section.pk)}, status=201)


class SectionView(CatView):
    def get(self, request: Request, section: str) -> Response:
        found = sections.section_of(section, self.client().id)
        return Response({"items": {"itemIdentifiers": sections.items_of(found)}, "section": found.content})

    def delete(self, request: Request, section: str) -> Response:
        sections.end_section(section, self.client().id, now=timezone.now())
        return Response(status=204)


class SessionListView(CatView):
    def post(self, request: Request, section: str) -> Response:
        handed = sessions.begin(
            sections.section_of(section, self.client().id),
            _object(request),
            caller_of(request),
            key=idempotency_key_of(request),
            now=timezone.now(),
        )
        named_in_log(handed.session.pk)
        return Response(replies.session_begun(handed), status=201)


class SessionView(CatView):
    def delete(self, request: Request, section: str, session: str) -> Response:
        sessions.end(section, session, caller_of(request), now=timezone.now())
        return Response(status=204)


class ResultsView(CatView):
    def post(self, request: Request, section: str, session: str) -> Response:
        handed = sessions.take_results(
            section, session, _object(request), caller_of(request), now=timezone.now()
        )
        named_in_log(handed.session.pk)
        return Response(replies.results_taken(handed, section), status=201)


def _object(request: Request) -> Mapping[str, Any]:
    """The body: the parser lets nothing but an object through."""
    assert isinstance(request.data, Mapping)
    return request.data
