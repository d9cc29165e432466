"""The scales that pools share: listed, made, changed."""

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import replies
from sessions_app.api import permissions
from sessions_app.api.documentation import pool_settings as documentation_of
from sessions_app.api.errors import InvalidBody, Problem
from sessions_app.api.pool_setting_requests import SharedScaleChange, SharedScaleRequest
from sessions_app.api.requests import body_of
from sessions_app.api.views import ClientView, ListView
from testing_engine import scales
from testing_engine.models import Scale


def _taken(taken: scales.NameTaken) -> InvalidBody:
    return InvalidBody([("/name", "Another scale is called so.")])


class ScaleListView(ListView):
    documentation = {"GET": documentation_of.LIST_SCALES, "POST": documentation_of.MAKE_SCALE}
    permission = permissions.AUTHOR
    reply = staticmethod(replies.scale)

    def get_queryset(self) -> QuerySet[Scale]:
        return scales.listed()

    def post(self, request: Request) -> Response:
        fields = body_of(request, SharedScaleRequest)
        try:
            return Response(replies.scale(scales.make(**fields)))
        except scales.NameTaken as taken:
            raise _taken(taken) from taken


class ScaleView(ClientView):
    documentation = {"GET": documentation_of.READ_SHARED_SCALE, "PATCH": documentation_of.CHANGE_SCALE}
    permission = permissions.AUTHOR

    def get(self, request: Request, scale: str) -> Response:
        return Response(replies.scale(_scale_of(scale)))

    def patch(self, request: Request, scale: str) -> Response:
        found, fields = _scale_of(scale), body_of(request, SharedScaleChange)
        try:
            return Response(replies.scale(scales.change(found, fields)))
        except scales.NameTaken as taken:
            raise _taken(taken) from taken


def _scale_of(name: str) -> Scale:
    found = scales.called(name)
    if found is None:
        raise Problem(404, "scale_not_found", "There is no scale of that name.")
    return found
