"""For operators: clean up, look at Redis."""

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sessions_app import replies
from sessions_app.administration import cleanup
from sessions_app.api import permissions
from sessions_app.api.errors import RETRY_AFTER_OUTAGE, Problem
from sessions_app.api.serializers import CleanupRequestSerializer
from sessions_app.sitting import hot_state


class CleanupView(APIView):
    permission_classes = [permissions.Holds]
    permission = permissions.OPERATE

    @extend_schema(
        operation_id="cleanup_sessions",
        tags=["Operation"],
        summary="End inactive sessions now",
        request=CleanupRequestSerializer,
        responses=replies.CleanedUp,
        examples=[
            OpenApiExample("Half an hour", request_only=True, value={"inactivity_minutes": 30}),
            OpenApiExample(
                "Three ended",
                response_only=True,
                value={
                    "message": "Ended 3 inactive sessions.",
                    "sessions_removed": 3,
                    "inactivity_threshold_minutes": 30,
                },
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        body = CleanupRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        minutes = body.validated_data.get("inactivity_minutes", settings.SESSION_INACTIVITY_MINUTES)
        ended = cleanup.end_inactive(minutes, now=cleanup.shared_clock())
        return Response(replies.cleaned_up(ended, minutes))


class RedisStatisticsView(APIView):
    permission_classes = [permissions.Holds]
    permission = permissions.OPERATE

    @extend_schema(
        operation_id="redis_statistics",
        tags=["Operation"],
        summary="What Redis holds",
        responses=replies.RedisStatistics,
        examples=[
            OpenApiExample(
                "Quiet",
                response_only=True,
                value={
                    "redis_stats": {
                        "active_sessions": 15,
                        "active_locks": 2,
                        "cached_questions": 8,
                        "memory_used_mb": 1.2,
                        "total_keys": 25,
                    },
                    "architecture": "minimal_hot_data",
                },
            )
        ],
    )
    def get(self, request: Request) -> Response:
        statistics = hot_state.statistics()
        if statistics is None:
            raise Problem(503, "redis_unavailable", "Redis does not answer.", wait=RETRY_AFTER_OUTAGE)
        return Response(replies.redis_statistics(statistics))
