"""An invitation's link opens a test: whoever holds it needs no other credentials."""

import secrets

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sessions_app import replies
from sessions_app.administration import invitations
from sessions_app.api.errors import InvalidBody
from sessions_app.api.rendering import RENDER, wants_html
from sessions_app.api.serializers import InvitationRequestSerializer
from sessions_app.api.sitting import A_START, in_body, named_in_log
from sessions_app.refusals import RulesRefused, TooManyRequests
from sessions_app.sitting import hot_state
from sessions_app.sitting.rates import RateLimit
from testing_engine.psychometrics.rules import RulesError


class InvitationStartView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]
    problems = ("404", "409")

    @extend_schema(
        operation_id="start_invited",
        tags=["Taking a test"],
        summary="Open an invitation's link",
        description=(
            "Starts the invitation's one test, or goes on with it while it runs, on whatever device. Safe to "
            "repeat. Needs no other credentials; the reply is that of `start`.\n\n"
            "Refused with 404 `invitation_not_found`; 403 `invitation_revoked`; 409 `invitation_used` with "
            "`session_status` once the test is over; 409 `test_not_open`; 409 `no_attempts_left`."
        ),
        parameters=[RENDER],
        request=InvitationRequestSerializer,
        responses=replies.Started,
        examples=[
            OpenApiExample(
                "What stands behind the # of the link",
                request_only=True,
                value={"invitation": "AAAAAAAAACoAAQ:3mF…"},
            ),
            OpenApiExample("Started", response_only=True, value=A_START),
        ],
    )
    def post(self, request: Request) -> Response:
        is_html = wants_html(request)
        body = InvitationRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        token, now = body.validated_data["invitation"], timezone.now()
        _count(*invitations.read_token(token))
        try:
            opened = invitations.start(token, seed=secrets.randbits(63), now=now)
        except (RulesError, RulesRefused) as error:
            raise InvalidBody(in_body(error.problems, {"test": ""}), code="rules_refused") from error
        named_in_log(opened.standing.session_id)
        reply = replies.started(
            opened.standing,
            opened.student_id,
            in_full=request.build_absolute_uri,
            token_from=now,
            as_html=is_html,
        )
        return Response(reply)


def _count(invitation_id: int, issue: int) -> None:
    """As many requests a minute as with a session's token. A link that was replaced counts apart."""
    rate = RateLimit(f"invitation:{invitation_id}:{issue}", settings.RATE_LIMIT_SESSION_PER_MINUTE)
    if hot_state.is_over(rate):
        raise TooManyRequests
