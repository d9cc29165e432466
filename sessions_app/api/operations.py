"""For operators: clean up, look at Redis."""

from django.conf import settings
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from organisations.membership import owns_everything
from sessions_app import replies
from sessions_app.administration import cleanup
from sessions_app.api import permissions
from sessions_app.api.documentation import operation
from sessions_app.api.errors import RETRY_AFTER_OUTAGE, Problem
from sessions_app.api.requests import body_of
from sessions_app.api.serializers import CleanupRequestSerializer
from sessions_app.api.views import ClientView
from sessions_app.sitting import hot_state


class CleanupView(ClientView):
    documentation = operation.CLEANUP
    permission = permissions.OPERATE

    def post(self, request: Request) -> Response:
        asked = body_of(request, CleanupRequestSerializer)
        minutes = asked.get("inactivity_minutes", settings.SESSION_INACTIVITY_MINUTES)
        ended = cleanup.end_inactive(minutes, now=cleanup.shared_clock())
        return Response(replies.cleaned_up(ended, minutes))


class RedisStatisticsView(ClientView):
    documentation = operation.REDIS_STATISTICS
    permission = permissions.OPERATE

    def get(self, request: Request) -> Response:
        if not owns_everything():
            raise PermissionDenied("These are numbers of all organisations together.")
        statistics = hot_state.statistics()
        if statistics is None:
            raise Problem(503, "redis_unavailable", "Redis does not answer.", wait=RETRY_AFTER_OUTAGE)
        return Response(replies.redis_statistics(statistics))
