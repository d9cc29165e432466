"""The protocol's six operations."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import refusals
from sessions_app.api import permissions
from sessions_app.api.authentication import Client, caller_of, user_of
from sessions_app.api.foreign import ForeignView
from sessions_app.api.parsers import PoolUploadParser
from sessions_app.api.requests import idempotency_key_of, named_in_log
from sessions_app.cat_api import replies, sections, sessions
from sessions_app.cat_api.errors import CatRefused

MINOR = {
    401: "unauthorisedrequest",
    403: "forbidden",
    404: "unknownobject",
    429: "server_busy",
    503: "server_busy",
}


class CatView(ForeignView):
    """Every error is `imsx_StatusInfo`."""

    renderer_classes = [JSONRenderer]

    def told(self, status: int, message: str) -> Response:
        return Response(replies.status_info(MINOR.get(status, "invaliddata"), message), status=status)

    def refused(self, exc: Exception) -> Response | None:
        if isinstance(exc, CatRefused):
            return Response(replies.refused(exc), status=exc.status)
        if isinstance(exc, refusals.SessionNotFound):
            return self.told(404, sessions.NO_SESSION)
        if isinstance(exc, refusals.Refusal):
            return self.told(422, str(exc) or type(exc).__name__)
        return None

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
