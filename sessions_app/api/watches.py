"""A pool's nights."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import replies
from sessions_app.api import permissions
from sessions_app.api.authoring import pool_of
from sessions_app.api.documentation import watches as documentation_of
from sessions_app.api.requests import query_of
from sessions_app.api.serializers import Body
from sessions_app.api.views import ClientView
from sessions_app.measurement.watches import standing


class Night(Body):
    night = serializers.DateField(required=False)


class WatchView(ClientView):
    documentation = documentation_of.READ
    permission = permissions.REPORT

    def get(self, request: Request, pool_id: str) -> Response:
        night = query_of(request, Night).get("night")
        return Response(replies.watch_reply(standing.of_night(pool_of(pool_id), night)))
