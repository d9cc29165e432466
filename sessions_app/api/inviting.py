"""Who is invited to a named test, with the links that open it."""

from collections.abc import Callable

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import replies
from sessions_app.administration import invitations
from sessions_app.api import permissions
from sessions_app.api.authentication import user_of
from sessions_app.api.documentation import named_tests as documentation_of
from sessions_app.api.errors import InvalidBody
from sessions_app.api.named_test_requests import InvitedStudents, InviteRequest, problems_at
from sessions_app.api.parsers import PoolUploadParser
from sessions_app.api.requests import body_of
from sessions_app.api.views import ClientView, ListView
from sessions_app.models import Invitation
from sessions_app.sitting.named_tests import named_test

PAGE = "/take/test"  # the student's


class InvitationListView(ListView):
    documentation = {"GET": documentation_of.LIST_INVITATIONS, "POST": documentation_of.INVITE}
    permission = {"GET": permissions.SEE_INVITATIONS, "POST": permissions.INVITE}
    parser_classes = [PoolUploadParser]

    def reply(self, row: Invitation) -> replies.InvitationReply:
        return replies.test_invitation(row, self._link_of)

    @property
    def _link_of(self) -> Callable[[str], str] | None:
        """For whoever may invite: a link is the student's own way in."""
        user = user_of(self.request)
        if user is None or not user.may(permissions.INVITE):
            return None
        return lambda token: invitations.link_to(self.request.build_absolute_uri(PAGE), token)

    def get_queryset(self) -> QuerySet[Invitation]:
        return invitations.invitations_of(named_test(self.kwargs["name"]))

    def post(self, request: Request, name: str) -> Response:
        test, rows = named_test(name), [dict(row) for row in body_of(request, InviteRequest)["students"]]
        if problems := invitations.problems_in(rows):
            raise InvalidBody(problems_at("students", problems))
        return Response(replies.invited(invitations.invite(test, rows)))


class _ChosenView(ClientView):
    """Something that happens to the invitations of some students, all or none."""

    permission = permissions.INVITE
    parser_classes = [PoolUploadParser]

    def chosen(self, request: Request, name: str) -> list[int]:
        student_ids: list[str] = body_of(request, InvitedStudents)["student_ids"]
        found = invitations.ids_of(named_test(name), student_ids)
        unknown = [place for place, each in enumerate(student_ids) if each not in found]
        if unknown:
            problems = [(f"/{place}", "is not invited") for place in unknown]
            raise InvalidBody(problems_at("student_ids", problems))
        return list(found.values())


class RevokeInvitationsView(_ChosenView):
    documentation = documentation_of.REVOKE

    def post(self, request: Request, name: str) -> Response:
        changed = invitations.revoke(self.chosen(request, name), now=timezone.now())
        return Response(replies.ChangedInvitations(changed=changed))


class RenewInvitationsView(_ChosenView):
    documentation = documentation_of.RENEW

    def post(self, request: Request, name: str) -> Response:
        return Response(replies.ChangedInvitations(changed=invitations.renew(self.chosen(request, name))))
