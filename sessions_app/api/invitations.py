"""An invitation's link opens a test: whoever holds it needs no other credentials."""

import secrets

from django.conf import settings
from django.utils import timezone
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from organisations.acting import act_for
from sessions_app import replies
from sessions_app.administration import invitations
from sessions_app.administration.classes import joining
from sessions_app.administration.classes.handing_out import PART
from sessions_app.api.documentation import taking_tests
from sessions_app.api.requests import body_of, named_in_log, rules_of, wants_html
from sessions_app.api.senders import address_of
from sessions_app.api.serializers import InvitationRequestSerializer, JoinRequestSerializer
from sessions_app.api.views import ApiView
from sessions_app.refusals import TooManyRequests
from sessions_app.sitting import hot_state
from sessions_app.sitting.rates import RateLimit

# A minute's tries of codes: of a school behind one address, and at one class's students.
JOINS_OF_AN_ADDRESS, JOINS_OF_A_CODE = 120, 120


class InvitationView(ApiView):
    documentation = taking_tests.READ_INVITATION
    authentication_classes = []
    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        is_html = wants_html(request)
        token = body_of(request, InvitationRequestSerializer)["invitation"]
        _admit(*invitations.read_token(token))
        found, is_running = invitations.look(token, now=timezone.now())
        reply = replies.invitation(found.test, found.student, is_running=is_running, as_html=is_html)
        return Response(reply)


class InvitationStartView(ApiView):
    documentation = taking_tests.START_INVITED
    authentication_classes = []
    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        is_html = wants_html(request)
        token, now = body_of(request, InvitationRequestSerializer)["invitation"], timezone.now()
        _admit(*invitations.read_token(token))
        with rules_of({"test": ""}):
            opened = invitations.start(token, seed=secrets.randbits(63), now=now)
        named_in_log(opened.standing.session_id)
        reply = replies.started(
            opened.standing,
            opened.student_id,
            in_full=request.build_absolute_uri,
            token_from=now,
            as_html=is_html,
            is_withheld=opened.standing.is_withheld,
        )
        return Response(reply)


class JoinView(ApiView):
    documentation = taking_tests.JOIN
    authentication_classes = []
    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        given = body_of(request, JoinRequestSerializer)
        if hot_state.is_over(RateLimit(f"join:{address_of(request)}", JOINS_OF_AN_ADDRESS)):
            raise TooManyRequests
        code = joining.normal(given["code"])
        if hot_state.is_over(RateLimit(f"join:{code[:PART]}", JOINS_OF_A_CODE)):
            raise TooManyRequests
        return Response(replies.joined(joining.join(code, given.get("student"), now=timezone.now())))


def _admit(invitation_id: int, issue: int) -> None:
    """As many requests a minute as with a session's token. A link that was replaced counts apart.

    Its signature holds: as with a session's token, that says whose everything is.
    """
    act_for(None)
    rate = RateLimit(f"invitation:{invitation_id}:{issue}", settings.RATE_LIMIT_SESSION_PER_MINUTE)
    if hot_state.is_over(rate):
        raise TooManyRequests
